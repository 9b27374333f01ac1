"""What the cache tells, for people: a table of its objects, and the explanation of one request."""

from collections.abc import Iterable
from typing import Any, Final

from edgerun.cache.record import shown
from edgerun.observe.console import printable

COLUMNS: Final = ("STATUS", "STATE", "SIZE", "AGE", "TTL", "URI")
UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"))


def table(rows: list[dict[str, Any]], total: int) -> str:
    """Return stored objects, one a line, and how many there are."""
    lines = [_cells(row) for row in rows]
    widths = [max(len(line[n]) for line in [COLUMNS, *lines]) for n in range(len(COLUMNS) - 1)]
    shown_rows = [_line(line, widths) for line in ([COLUMNS] if lines else []) + lines]
    more = f", {total - len(rows)} of them not shown" if total > len(rows) else ""
    return "\n".join([*shown_rows, f"{total} object{'s' * (total != 1)}{more}"])


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    left = [cell.ljust(width) for cell, width in zip(cells[:2], widths, strict=False)]
    right = [cell.rjust(width) for cell, width in zip(cells[2:5], widths[2:], strict=True)]
    return "  ".join([*left, *right, cells[5]])


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    more = [f"{name}={told}" for name, told in row["key"].items() if name not in {"distribution", "path", "query"}]
    more = [each for each in more if each != "method=GET"] + [f"#{tag}" for tag in row["tags"]]
    uri = "  ".join(map(printable, [row["uri"], *more]))
    return str(row["status"]), row["state"], size(row["size"]), duration(row["age"]), duration(row["ttl"]), uri


def size(octets: float) -> str:
    """Return a number of bytes as `ls -h` does."""
    for unit in ("B", "KiB", "MiB"):
        if octets < 1024:
            return f"{octets:.0f} {unit}" if unit == "B" else f"{octets:.1f} {unit}"
        octets /= 1024
    return f"{octets:.1f} GiB"


def duration(seconds: float) -> str:
    """Return seconds in the largest unit of which there are two at least: `90s`, `5m`, `-3d`."""
    for length, unit in UNITS:
        if abs(seconds) >= 2 * length:
            return f"{int(seconds / length)}{unit}"
    return f"{int(seconds // 1)}s"


def explanation(told: dict[str, Any]) -> str:
    """Return the explanation of a request in lines."""
    head = [f"{printable(told['method'])} {printable(told['target'])}: {told['result']}"]
    head.append(_row("why", told["why"]))
    if told.get("hint"):
        head.append(_row("a hit needs", told["hint"]))
    if told.get("status"):
        head.append(_row("answer", str(told["status"])))
    parts = [head, _place(told)]
    if told.get("key"):
        parts.append(_key(told))
    if told.get("steps"):
        parts.append(["freshness", *(_step(step) for step in told["steps"])])
    if told.get("object"):
        parts.append(["stored object", *_object(told["object"])])
    if told["warnings"]:
        parts.append([f"note: {printable(each)}" for each in told["warnings"]])
    return "\n\n".join("\n".join(part) for part in parts if part)


def _row(name: str, text: str) -> str:
    return f"  {name:<16}  {printable(text)}".rstrip()


def _place(told: dict[str, Any]) -> list[str]:
    lines = []
    if told.get("distribution"):
        lines.append(_row("distribution", "{name}, {id}".format(**told["distribution"])))
    if told.get("behavior"):
        policy = told["cache_policy"]
        ttls = ", ".join(f"{word} {policy[f'{word}_ttl']:.15g} s" for word in ("min", "default", "max"))
        lines += [_row("behavior", told["behavior"]), _row("cache policy", f"{policy['name']} (TTLs: {ttls})")]
        function = told["viewer_request"]
        if function is not None:
            lines.append(_row("viewer-request", f"{function['name']}, {'run' if function['ran'] else 'not run'}"))
    if told.get("rewritten"):
        lines.append(_row("rewritten to", told["rewritten"]))
    return lines


def _key(told: dict[str, Any]) -> list[str]:
    lines = ["key", *(_row(part["name"], _because(shown(part["value"]), part["rule"])) for part in told["key"])]
    return lines + ([_row("not in it", ", ".join(told["left_out"]))] if told["left_out"] else [])


def _step(step: dict[str, Any]) -> str:
    value = step["value"]
    return _row(step["name"], _because(shown(round(value, 3) if isinstance(value, float) else value), step["rule"]))


def _because(what: str, rule: str) -> str:
    return f"{what}  ({rule})" if rule else what


def _object(found: dict[str, Any]) -> Iterable[str]:
    made = " by an origin-request function" if found["generated"] else ""
    yield _row("stored", f"{found['stored_at']}{made}, request {found['stored_by'] or 'unknown'}")
    status = f"{found['status']}"
    if found["origin_status"] != found["status"]:
        status += f", the origin said {found['origin_status']}"
    yield _row("status", status)
    yield _row(
        "size", f"{size(found['size'])} with head and key" + (", compressed here" if found["compressed"] else "")
    )
    yield _row("asked for as", found["requested"])
    yield _row(
        "fresh for", f"{duration(found['ttl'])}" if found["ttl"] >= 0 else f"expired {duration(-found['ttl'])} ago"
    )
    if found["tags"]:
        yield _row("tags", ", ".join(found["tags"]))
