"""Several answers under one URI, told apart by the fields that `Vary` names (RFC 9111 §4.1; http-caching.md §4).

As long as no answer varies, it stands under the primary key itself. The first that does puts an index there
instead: an entry that answers nothing (its status is 0) and lists its variants, each under a key of its own,
which is the primary key with the named fields and what the request said in them. So any store that keeps
entries by key keeps variants too. An index also remembers when its URI was last invalidated.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

from edgerun.cache.entry import CacheKey, Entry
from edgerun.http.fields import split_list
from edgerun.http.headers import Headers
from edgerun.http.message import NO_BODY

MOST_VARIANTS: Final = 64
VARY: Final = b":vary"
"""Stands in a variant's key before the fields: a name that no field can have."""

_INDEX: Final = b"Variant"
_WEIGHTED: Final = frozenset({b"accept", b"accept-charset", b"accept-encoding", b"accept-language"})
_WEIGHT: Final = re.compile(rb"[ \t]*[qQ]=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)[ \t]*")

Part = tuple[bytes, tuple[bytes, ...]]


def vary_names(headers: Headers) -> tuple[bytes, ...]:
    """Return the fields a response varies on, in lower case and in order of name; `*` is one of them if named."""
    lines = headers.get_all(b"vary")
    return tuple(sorted({name.lower() for line in lines for name in split_list(line)}))


def variant_key(primary: CacheKey, names: tuple[bytes, ...], request: Headers) -> CacheKey:
    """Return the key of the variant that a request selects among those that vary on these fields."""
    parts = tuple((name, _values(name, request)) for name in names)
    return primary._replace(headers=(*primary.headers, (VARY, ()), *parts))


def selects(key: CacheKey, request: Headers) -> bool:
    """Tell whether a request selects the variant of a key; what does not vary is selected by all."""
    return sibling(key, request) == key


def sibling(key: CacheKey, request: Headers) -> CacheKey:
    """Return the variant that a request selects among those that vary as one does."""
    names = [name for name, _ in key.headers]
    if VARY not in names:
        return key
    return variant_key(primary_of(key), tuple(names[names.index(VARY) + 1 :]), request)


def primary_of(key: CacheKey) -> CacheKey:
    """Return the key under which the index of a variant stands."""
    names = [name for name, _ in key.headers]
    return key._replace(headers=key.headers[: names.index(VARY)]) if VARY in names else key


def is_index(entry: Entry) -> bool:
    """Tell whether an entry is an index of variants rather than an answer."""
    return entry.status == 0


def sets(index: Entry) -> tuple[tuple[bytes, ...], ...]:
    """Return the different sets of fields that the variants of an index vary on."""
    return tuple(dict.fromkeys(tuple(name for name, _ in parts) for parts in _listed(index.headers)))


def variants(index: Entry) -> tuple[CacheKey, ...]:
    """Return the keys of an index's variants, the one stored last first."""
    own = index.key.headers
    return tuple(index.key._replace(headers=(*own, (VARY, ()), *parts)) for parts in reversed(_listed(index.headers)))


def index(primary: CacheKey, uri: bytes, keys: Iterable[CacheKey], now: float, invalidated: float = 0.0) -> Entry:
    """Return the index of some variants.

    Args:
        primary: where it stands.
        uri: the requested one, for invalidation.
        keys: of the variants, the one stored last first.
        now: seconds since the epoch.
        invalidated: when the URI was last invalidated, 0 for never.
    """
    start = len(primary.headers) + 1
    lines = [(_INDEX, _written(key.headers[start:])) for key in keys]
    return Entry(
        key=primary,
        requested_uri=uri,
        status=0,
        reason=b"",
        headers=Headers(reversed(lines)),
        body=NO_BODY,
        origin_status=0,
        request_time=invalidated,
        response_time=now,
        lifetime=0.0,
    )


def with_variant(found: Entry, key: CacheKey) -> tuple[tuple[CacheKey, ...], tuple[CacheKey, ...]]:
    """Return the keys an index has with one more, the last one first, and those that are too many."""
    keys = (key, *(each for each in variants(found) if each != key))
    return keys[:MOST_VARIANTS], keys[MOST_VARIANTS:]


def _values(name: bytes, request: Headers) -> tuple[bytes, ...]:
    text = request.joined(name)
    return () if text is None else (normal(name, text),)


@lru_cache(maxsize=512)
def normal(name: bytes, text: bytes) -> bytes:
    """Return a request field in the form in which it is compared: white space around commas does not count.

    In `Accept` and its kin the order of members and the spelling of weights do not count either.
    """
    members = _members(text)
    if name in _WEIGHTED:
        weighted = [_weighted(member) for member in members if member]
        known = {member for member in weighted if member is not None}
        if None not in weighted:
            return b", ".join(sorted(known))
    return b", ".join(members)


def _members(text: bytes) -> list[bytes]:
    if b'"' in text:
        return split_list(text)
    return [member.strip(b" \t") for member in text.split(b",")]


def _weighted(member: bytes) -> bytes | None:
    name, *parameters = member.split(b";")
    weight, others = 1.0, []
    for parameter in parameters:
        found = _WEIGHT.fullmatch(parameter)
        if found is not None:
            weight = float(found[1])
        elif parameter.strip(b" \t").lower().startswith(b"q="):
            return None
        else:
            others.append(parameter.strip(b" \t"))
    return b";".join([name.strip(b" \t").lower(), *others, b"q=%d" % round(weight * 1000)])


@lru_cache(maxsize=256)
def _listed(headers: Headers) -> tuple[tuple[Part, ...], ...]:
    return tuple(_read(line) for line in headers.get_all(_INDEX.lower()))


def _written(parts: Iterable[Part]) -> bytes:
    """Write the fields of a variant as `name=value&name=value`; an absent field is its name alone."""
    written = [
        quote_from_bytes(name, safe="") + "".join("=" + quote_from_bytes(text, safe="") for text in values)
        for name, values in parts
    ]
    return "&".join(written).encode()


def _read(line: bytes) -> tuple[Part, ...]:
    parts = []
    for member in line.split(b"&") if line else ():
        name, equals, text = member.partition(b"=")
        parts.append((unquote_to_bytes(name), (unquote_to_bytes(text),) if equals else ()))
    return tuple(parts)
