"""Origin groups: from tables to values."""

from collections.abc import Mapping
from typing import Final

from edgerun.config import names, raw
from edgerun.config.bench import Bench
from edgerun.config.faults import shown
from edgerun.distribution.origins import OriginConfig, OriginGroup

QUOTA: Final = 10


def origin_groups(file: raw.FileTable, origins: Mapping[str, OriginConfig], bench: Bench) -> dict[str, OriginGroup]:
    """Return the groups that could be made, by name; `origins` are those that could be made."""
    if len(file.origin_groups) > QUOTA:
        bench.note(("origin_groups",), f"CloudFront's quota is {QUOTA} per distribution")
    made = {name: _group(name, table, file, origins, bench) for name, table in file.origin_groups.items()}
    return {name: group for name, group in made.items() if group is not None}


def _group(
    name: str, table: raw.OriginGroupTable, file: raw.FileTable, origins: Mapping[str, OriginConfig], bench: Bench
) -> OriginGroup | None:
    key = ("origin_groups", name)
    bench.fault(key, names.table_name(name))
    if name in file.origins:
        bench.fault(key, f"{shown(name)} is the name of an origin already")
    for word, member in (("primary", table.primary), ("secondary", table.secondary)):
        bench.named((*key, word), member, "an origin", file.origins)
    if table.primary == table.secondary:
        bench.fault((*key, "secondary"), f"expected another origin than the primary, got {shown(table.secondary)}")
    primary, secondary = origins.get(table.primary), origins.get(table.secondary)
    if primary is None or secondary is None:
        return None
    return OriginGroup(
        name=name, primary=primary, secondary=secondary, status_codes=frozenset(map(int, table.status_codes))
    )
