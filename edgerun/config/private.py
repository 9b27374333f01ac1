"""Private content: public keys, key groups, and the countries a distribution is for."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Final

from edgerun.config import raw
from edgerun.config.bench import Bench
from edgerun.config.faults import Key, shown
from edgerun.config.geo import country
from edgerun.config.read import is_file, neighbour
from edgerun.distribution.model import GeoRestriction, KeyGroup, PublicKey
from edgerun.signatures import flaw

QUOTAS: Final = {"keys in a key group": 5, "key groups of a behavior": 4}


def key_groups(file: raw.FileTable, bench: Bench) -> Mapping[str, KeyGroup]:
    """Return the key groups by name; what cannot be made is a fault."""
    keys = {name: _public_key(("public_keys", name), name, table, bench) for name, table in file.public_keys.items()}
    ids = [key.id for key in keys.values() if key is not None]
    for name, key in keys.items():
        if key is not None and ids.count(key.id) > 1:
            bench.fault(("public_keys", name, "id"), f"{key.id!r} is the id of another key too")
    return {name: _key_group(name, table, file, keys, bench) for name, table in file.key_groups.items()}


def trusted(key: Key, names: list[str], groups: Mapping[str, KeyGroup], bench: Bench) -> tuple[KeyGroup, ...]:
    """Return the key groups a behavior trusts."""
    if len(names) > QUOTAS["key groups of a behavior"]:
        bench.note(key, "CloudFront's quota is 4 key groups for a behavior")
    for n, name in enumerate(names):
        bench.named((*key, n), name, "a key group", groups)
    return tuple(groups[name] for name in dict.fromkeys(names) if name in groups)


def geo_restriction(key: Key, table: raw.GeoRestrictionTable | None, bench: Bench) -> GeoRestriction | None:
    """Return a distribution's restriction, or None."""
    if table is None or table.restriction_type == "none":
        return None
    for n, code in enumerate(table.locations):
        bench.fault((*key, "locations", n), country(code))
    if not table.locations:
        bench.fault((*key, "locations"), "expected one country at least, such as ['DE']")
    return GeoRestriction(restriction_type=table.restriction_type, locations=frozenset(table.locations))


def _public_key(key: Key, name: str, table: raw.PublicKeyTable, bench: Bench) -> PublicKey | None:
    path = bench.path(table.file)
    if table.id is not None and not (table.id.isascii() and table.id.isalnum() and len(table.id) <= 64):
        bench.fault((*key, "id"), f"expected letters and digits, such as 'K2EXAMPLE', got {shown(table.id)}")
    if not is_file(path):
        bench.fault((*key, "file"), f"there is no file {shown(table.file)}{neighbour(path)}")
        return None
    pem = path.read_bytes()
    wrong = flaw(pem)
    if wrong:
        bench.fault((*key, "file"), f"{shown(table.file)} {wrong}")
        return None
    return PublicKey(name=name, id=table.id or derived_id(name), pem=pem)


def derived_id(name: str) -> str:
    """Return the Key-Pair-Id of a key that has no id of its own: it follows from its name."""
    return "K" + base64.b32encode(hashlib.sha256(name.encode()).digest()).decode()[:13]


def _key_group(
    name: str, table: raw.KeyGroupTable, file: raw.FileTable, keys: Mapping[str, PublicKey | None], bench: Bench
) -> KeyGroup:
    place: Key = ("key_groups", name, "keys")
    if not table.keys:
        bench.fault(place, "expected one public key at least")
    if len(table.keys) > QUOTAS["keys in a key group"]:
        bench.note(place, "CloudFront's quota is 5 public keys for a key group")
    for n, word in enumerate(table.keys):
        bench.named((*place, n), word, "a public key", file.public_keys)
    found = tuple(key for word in dict.fromkeys(table.keys) if (key := keys.get(word)) is not None)
    return KeyGroup(name=name, id=derived_id(f"group {name}"), keys=found)
