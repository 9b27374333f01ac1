"""Two records of the same request: what differs, stage by stage, field by field."""

import base64
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final

from edgerun.observe.tap import KEPT
from edgerun.values import value

Record = dict[str, Any]

PASSING: Final = frozenset(
    {"date", "x-amz-cf-id", "x-amz-request-id", "x-amz-id-2", "age", "server-timing", "via"},
)
"""Headers that differ from one request to the next although nothing else does."""
OF_REQUESTS: Final = frozenset({"requestId"})
MISSING: Final = object()


@value
class Difference:
    """One field that differs.

    `before` and `after` are JSON values; None where the other side alone has the field.
    """

    stage: str
    path: str
    before: Any
    after: Any


def differences(before: Record, after: Record) -> list[Difference]:
    """Return what differs between two records, in the order of a request's way.

    Ids, the date, ages and how long things took are no differences.
    """
    found: list[Difference] = []
    if before["stages"] and after["stages"]:  # a request of another tool's file has none
        found += _stages(before["stages"], after["stages"])
        found += _origins(before["origin"], after["origin"])
    return found + list(_answers(before, after))


def changed_fields(found: Iterable[Difference]) -> list[Record]:
    """Return what differs, for programs."""
    return [{"stage": each.stage, "path": each.path, "before": each.before, "after": each.after} for each in found]


def _answers(before: Record, after: Record) -> Iterator[Difference]:
    for name in ("status", "result_type", "detailed", "path_pattern"):
        if before.get(name) is not None:
            yield from _walk("response", name, before[name], after.get(name))
    yield from _heads("response", before["response"]["headers"], after["response"]["headers"])
    ours, theirs = before["response"].get("body"), after["response"].get("body")
    if not _same_but_for_ids(before, ours, after, theirs):
        yield from _bodies("response", "body", ours, theirs)


def _stages(before: list[Record], after: list[Record]) -> Iterator[Difference]:
    ours, theirs = _named(before), _named(after)
    for name, occurrence in _in_order([*ours], [*theirs]):
        one, other = ours.get((name, occurrence)), theirs.get((name, occurrence))
        if one is None or other is None:
            yield Difference(stage=name, path="", before=_in_words(one), after=_in_words(other))
            continue
        for field in ("outcome", "function", "event", "result", "error"):
            yield from _walk(name, field, one.get(field), other.get(field))


def _named(stages: list[Record]) -> dict[tuple[str, int], Record]:
    """Return stages by name, and a number for those that were taken several times."""
    seen: Counter[str] = Counter()
    found = {}
    for stage in stages:
        found[stage["name"], seen[stage["name"]]] = stage
        seen[stage["name"]] += 1
    return found


def _in_order(before: list[tuple[str, int]], after: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Return the stages of either side; one that only came now stands behind the one it came after."""
    order = list(before)
    for n, name in enumerate(after):
        if name not in order:
            order.insert(order.index(after[n - 1]) + 1 if n else 0, name)
    return order


def _in_words(stage: Record | None) -> str:
    return "did not run" if stage is None else stage["outcome"] or "ran"


def _origins(before: list[Record], after: list[Record]) -> Iterator[Difference]:
    for n in range(max(len(before), len(after))):
        if n >= len(before) or n >= len(after):
            asked = [f"{each['request']['method']} {each['domain']}{each['request']['target']}" for each in before[n:]]
            asks = [f"{each['request']['method']} {each['domain']}{each['request']['target']}" for each in after[n:]]
            yield Difference(stage="origin", path="", before=asked or "not asked", after=asks or "not asked")
            return
        one, other = before[n], after[n]
        yield from _walk("origin", "domain", one["domain"], other["domain"])
        for name in ("method", "target"):
            yield from _walk("origin", f"request.{name}", one["request"][name], other["request"][name])
        yield from _heads("origin", one["request"]["headers"], other["request"]["headers"], "request.")
        yield from _bodies("origin", "request.body", one["request"].get("body"), other["request"].get("body"))
        if one["response"] and other["response"]:
            yield from _walk("origin", "response.status", one["response"]["status"], other["response"]["status"])
            yield from _heads("origin", one["response"]["headers"], other["response"]["headers"], "response.")
            yield from _bodies("origin", "response.body", one["response"]["body"], other["response"]["body"])


def _heads(stage: str, before: list[list[str]], after: list[list[str]], where: str = "") -> Iterator[Difference]:
    ours, theirs = _by_name(before), _by_name(after)
    for name in dict.fromkeys([*ours, *theirs]):
        if name not in PASSING:
            one, other = ours.get(name, MISSING), theirs.get(name, MISSING)
            yield from _walk(stage, f"{where}headers.{name}", _single(one), _single(other))


def _by_name(lines: list[list[str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name, text in lines:
        found[name.lower()].append(text)
    return found


def _single(values: Any) -> Any:
    return values[0] if isinstance(values, list) and len(values) == 1 else values


def _bodies(stage: str, path: str, before: Record | None, after: Record | None) -> Iterator[Difference]:
    if not before or not after or not before.get("complete", True):
        return
    if before["size"] != after["size"]:
        yield Difference(stage=stage, path=f"{path}.size", before=before["size"], after=after["size"])
    if before["sha256"] and before["sha256"] != after["sha256"] and not after.get("padded"):
        yield Difference(stage=stage, path=f"{path}.sha256", before=before["sha256"], after=after["sha256"])


def _same_but_for_ids(before: Record, ours: Record | None, after: Record, theirs: Record | None) -> bool:
    """Tell whether two bodies are the same but for the request's id, which CloudFront's error pages show."""
    if not ours or not theirs or not ours["data"] or not ours["size"] == theirs["size"] <= KEPT:
        return False
    contents = [base64.b64decode(body["data"]) for body in (ours, theirs)]
    return contents[0].replace(before["id"].encode(), after["id"].encode()) == contents[1]


def _walk(stage: str, path: str, before: Any, after: Any) -> Iterator[Difference]:
    """Yield the fields that differ within two JSON values."""
    match before, after:
        case dict(), dict():
            for name in dict.fromkeys([*before, *after]):
                if name not in OF_REQUESTS and name.lower() not in PASSING and name != "stack":
                    deeper = f"{path}.{name}" if path else name
                    yield from _walk(stage, deeper, before.get(name, MISSING), after.get(name, MISSING))
        case list(), list():
            for n in range(max(len(before), len(after))):
                one = before[n] if n < len(before) else MISSING
                other = after[n] if n < len(after) else MISSING
                yield from _walk(stage, f"{path}[{n}]", one, other)
        case _ if before is not after and before != after:
            yield Difference(stage=stage, path=path, before=_plain(before), after=_plain(after))
        case _:
            pass


def _plain(told: Any) -> Any:
    return None if told is MISSING else told
