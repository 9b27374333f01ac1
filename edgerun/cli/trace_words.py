"""Recorded requests for people: a table of them, one in full, what differs between two."""

import json
from datetime import UTC, datetime
from typing import Any, Final

from edgerun.cache.record import shown
from edgerun.cli.cache_words import size
from edgerun.observe.console import printable, short
from edgerun.observe.trace import target
from edgerun.replay.compare import Difference

Record = dict[str, Any]

COLUMNS: Final = ("N", "ID", "TIME", "METHOD", "STATUS", "RESULT", "MS", "TARGET")
TO_THE_RIGHT: Final = frozenset({"N", "MS"})
LONGEST: Final = 60


def table(rows: list[Record]) -> str:
    """Return summaries of requests, one a line."""
    lines = [COLUMNS, *(_cells(row) for row in rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(COLUMNS) - 1)]
    return "\n".join(_line(line, widths) for line in lines)


def _cells(row: Record) -> tuple[str, ...]:
    marks = " !" * bool(row["failed"])
    took = f"{(row['time_taken'] or 0) * 1000:.1f}"
    where = printable(f"{row['host']}{target(row)}")
    moment = datetime.fromtimestamp(row["at"], UTC).astimezone().strftime("%H:%M:%S")
    first = (str(row["number"]), short(row["id"]), moment, row["method"], str(row["status"]))
    return (*first, f"{row['result_type']}{marks}", took, where)


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    padded = [
        cell.rjust(width) if name in TO_THE_RIGHT else cell.ljust(width)
        for name, cell, width in zip(COLUMNS, cells, widths, strict=False)
    ]
    return "  ".join([*padded, cells[-1]])


def whole(record: Record) -> str:
    """Return one request in full, stage by stage."""
    asked = printable(f"{record['method']} {record['scheme']}://{record['host']}{target(record)}")
    moment = datetime.fromtimestamp(record["at"], UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    took = f"{(record.get('time_taken') or 0) * 1000:.1f} ms"
    head = [
        f"{record['number']}  {asked}: {record['status']} {record['result_type']}",
        _row("id", record["id"]),
        _row("at", f"{moment}, {took}"),
        _row("viewer", f"{record.get('client')}, HTTP/{record.get('http_version')}"),
        _row("behavior", f"{record.get('path_pattern')} of {record.get('distribution')}"),
    ]
    parts = [head, ["request", *_message(record["request"])]]
    parts.append(["stages", *(line for stage in record["stages"] for line in _stage(stage))])
    parts.append(_cache(record["cache"]))
    parts += [_origin(asked) for asked in record["origin"]]
    parts.append(["response", *_message(record["response"])])
    for name, field in (("logs", "text"), ("warnings", "message")):
        lines = [each for each in record[name] if each.get("kind") != "platform"]
        who = "function" if name == "logs" else "point"
        parts.append([name, *(_row(each[who], each[field].rstrip()) for each in lines)] if lines else [])
    return "\n\n".join("\n".join(part) for part in parts if part)


def _row(name: str, text: str) -> str:
    return f"  {name:<22}  {printable(text)}".rstrip()


def _message(message: Record) -> list[str]:
    lines = [_row(name, text) for name, text in message["headers"]]
    body = message.get("body")
    return [*lines, _row("(body)", f"{size(body['size'])}, sha256 {body['sha256'][:16]}")] if body else lines


def _stage(stage: Record) -> list[str]:
    took = "" if stage["duration"] is None else f", {stage['duration'] * 1000:.1f} ms"
    start = "" if stage["init"] is None else f", start {stage['init'] * 1000:.0f} ms"
    who = f"  ({stage['function']}{took}{start})" if stage["function"] else ""
    lines = [_row(stage["name"], f"{stage['outcome']}{who}")]
    if stage["function"]:
        lines += [_row("", f"{name} {_short(stage[name], 2 * LONGEST)}") for name in ("event", "result")]
    error = stage["error"]
    if error:
        lines.append(_row("", f"{error['type']}: {error['message']}"))
        named = [f"{name} {error[name]}" for name in ("rule", "path", "value", "fix") if error[name]]
        lines += [_row("", each) for each in named]
    return lines


def _cache(cache: Record | None) -> list[str]:
    if cache is None:
        return []
    lines = ["cache", _row("result", f"{cache['word']}: {cache['reason']}")]
    lines += [_row("a hit needs", cache["hint"])] if cache["hint"] else []
    for step in (*cache["key"], *cache["steps"]):
        rule = f"  ({step['rule']})" if step["rule"] else ""
        lines.append(_row(step["name"], f"{shown(step['value'])}{rule}"))
    return lines


def _origin(asked: Record) -> list[str]:
    request, response = asked["request"], asked["response"]
    lines = [f"origin {asked['domain']}: {request['method']} {printable(request['target'])}", *_message(request)]
    if response:
        lines += [f"  answered {response['status']}", *_message(response)]
    elif asked["error"]:
        lines.append(f"  {asked['error']['type']}: {printable(asked['error']['message'])}")
    return lines


def changes(found: list[Difference] | tuple[Difference, ...]) -> list[str]:
    """Return what differs, one field a line."""
    widths = [max((len(getattr(each, name)) for each in found), default=0) for name in ("stage", "path")]
    return [
        f"  {each.stage:<{widths[0]}}  {printable(each.path):<{widths[1]}}  "
        f"{_short(each.before)} -> {_short(each.after)}"
        for each in found
    ]


def _short(told: Any, longest: int = LONGEST) -> str:
    text = printable(json.dumps(told, ensure_ascii=False)) if told is not None else "none"
    return text if len(text) <= longest else f"{text[:longest]}..."
