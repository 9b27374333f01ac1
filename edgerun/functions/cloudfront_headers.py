"""Headers that a CloudFront Function returns, held to its lists (`spec/cloudfront-functions.md` §2.4)."""

from collections.abc import Mapping
from typing import Final

from edgerun.functions.cloudfront_entries import Returned, check_header_names, header_wire, member, read_entries
from edgerun.functions.cloudfront_event import COOKIE, SET_COOKIE, Collection, header_lines
from edgerun.functions.lambda_headers import names_in_event
from edgerun.functions.lambda_refusal import Judge
from edgerun.functions.limits import is_disallowed
from edgerun.http.headers import EMPTY, Headers, Line

# The same hidden headers as with Lambda@Edge; fewer read-only ones at viewer-response.
READ_ONLY: Final[Mapping[str, frozenset[str]]] = {
    "request": frozenset({"cdn-loop", "content-length", "host", "transfer-encoding", "via"}),
    "response": frozenset({"via", "warning"}),
}


def read_headers(message: str, returned: object, *, sent: Collection, original: Headers, judge: Judge) -> Headers:
    """Return the headers of a message: the result's in its order, then those hidden from the function, cookies too.

    Args:
        message: `request` or `response`, whose lists apply.
        returned: the result's `headers`; absent counts as empty, so that read-only ones are missed.
        sent: the event's.
        original: the message's, from which the event was built: unchanged values keep their bytes.
        judge: decides what is forgiven.

    Raises:
        FunctionResultError: shape, disallowed or read-only headers.
    """
    if returned == sent:
        return original
    lines = _by_name(original)
    read = read_entries(returned, sent=sent, pieces=header_lines(original), path=f"{message}.headers", judge=judge)
    read = check_header_names(read, f"{message}.headers", judge)
    found = {header.name.lower(): header for header in read}
    found = {name: header for name, header in found.items() if _is_allowed(name, header, judge)}
    wire = {name: header_wire(header, lines.get(name, []), judge) for name, header in found.items()}
    wire |= _undone(message, found, sent, lines, judge)
    hidden = [line for line in original.lines if _is_hidden(line[0])]
    return Headers([*(line for each in wire.values() for line in each), *hidden])


def read_new_headers(returned: object, *, judge: Judge) -> Headers:
    """Return the headers of a generated response, each an addition at viewer-request.

    Raises:
        FunctionResultError: shape, disallowed or read-only headers.
    """
    lists = read_headers("response", returned, sent={}, original=EMPTY, judge=judge)
    forbidden = [name for name in sorted(READ_ONLY["request"]) if name.encode() in lists]
    for name in forbidden:
        judge.broken("C402", member("response.headers", name), (lists.get(name.encode()) or b"").decode("latin-1"))
    return lists.without(*(name.encode() for name in forbidden)) if forbidden else lists


def _by_name(headers: Headers) -> dict[str, list[Line]]:
    lines: dict[str, list[Line]] = {}
    for line in headers.lines:
        lines.setdefault(line[0].lower().decode("latin-1"), []).append(line)
    return lines


def _is_hidden(name: bytes) -> bool:
    names = names_in_event(name)
    return names is None or names[0] in {COOKIE, SET_COOKIE}


def _is_allowed(name: str, header: Returned, judge: Judge) -> bool:
    """Tell whether a header is sent; one that is not allowed is refused, or left out."""
    if is_disallowed(name):
        judge.broken("C401", header.path, header.values)
        return False
    if name in {COOKIE, SET_COOKIE}:
        judge.broken("C307", header.path, header.values)
    return True


def _undone(
    message: str, found: Mapping[str, Returned], sent: Collection, lines: Mapping[str, list[Line]], judge: Judge
) -> dict[str, list[Line]]:
    """Return the read-only headers that are not as they were, as they were; refused, or undone."""
    undone: dict[str, list[Line]] = {}
    for name in sorted(READ_ONLY[message] & (found.keys() | sent.keys())):
        header, before = found.get(name), sent.get(name)
        values = [] if before is None else [each["value"] for each in before.get("multiValue", [before])]
        if header is not None and header.values == values:
            continue
        note = f"the event had {', '.join(values)}" if values else "the event had none"
        after = None if header is None else header.values
        judge.broken("C402", member(f"{message}.headers", name), after, note=note)
        undone[name] = lines.get(name, [])
    return undone
