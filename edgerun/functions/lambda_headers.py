"""Headers between the wire and a function: bytes with order and case on one side, a JSON object on the other."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from edgerun.distribution.model import Point
from edgerun.functions.lambda_refusal import Judge, plain_text, refused
from edgerun.functions.limits import NOT_ADDED, READ_ONLY, SINGLE_VALUED, is_disallowed
from edgerun.http.headers import EMPTY, Headers, Line
from edgerun.values import value

HeaderObject = dict[str, list[dict[str, str]]]

# What may not stand in a header value: controls but tab, and halves of a surrogate pair (they have no UTF-8).
BAD_IN_VALUE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_USUAL_NAME: Final = 64
_PLAIN_MEMBER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@value
class ReturnedHeader:
    """One header of a result: its lines for the wire, and what its elements said.

    Attributes:
        name: lower case.
        path: JSON path of its entry.
        lines: name and value as bytes; empty when the list was.
        texts: the values as returned.
        keys: what the elements call it, in lower case.
    """

    name: str
    path: str
    lines: tuple[Line, ...]
    texts: tuple[str, ...]
    keys: frozenset[str]


ReturnedHeaders = dict[str, ReturnedHeader]


def text(octets: bytes) -> str:
    """Return bytes as a function sees them: UTF-8 if they are, else ISO-8859-1 (§3.6)."""
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def names_in_event(name: bytes) -> tuple[str, str] | None:
    """Return a header's name in lower case and as it came, or None if it is hidden from functions (§7.1)."""
    # Names come from viewers: long ones must not fill the memory of the cache.
    return _usual_names(name) if len(name) <= _USUAL_NAME else _names(name)


def _names(name: bytes) -> tuple[str, str] | None:
    lower = name.lower().decode("latin-1")
    return None if is_disallowed(lower) else (lower, name.decode("latin-1"))


_usual_names: Final = lru_cache(maxsize=2048)(_names)


def header_object(headers: Headers) -> HeaderObject:
    """Return headers as the event has them, without the disallowed ones (§2.4, §7.1)."""
    entries: HeaderObject = {}
    for name, octets in headers.lines:
        names = names_in_event(name)
        if names is not None:
            element = {"key": names[1], "value": text(octets)}
            entry = entries.get(names[0])
            if entry is None:
                entries[names[0]] = [element]
            else:
                entry.append(element)
    return entries


def read_changed_headers(
    point: Point, returned: object, *, sent: HeaderObject, original: Headers, judge: Judge
) -> Headers:
    """Return the headers of a changed message: the result's in its order, then those hidden from the function.

    Args:
        point: whose lists apply.
        returned: the result's `headers`; absent counts as empty, so that read-only ones are missed.
        sent: the event's.
        original: the message's, from which the event was built: unchanged values keep their bytes.
        judge: decides what is forgiven.

    Raises:
        FunctionResultError: shape, disallowed or read-only headers.
    """
    if returned == sent:
        return original
    headers = read_headers(returned, sent=sent, original=original, judge=judge)
    headers = without_disallowed(point, headers, sent=sent, judge=judge)
    headers = with_read_only(point, headers, sent=sent, original=original, judge=judge)
    hidden = [line for line in original.lines if names_in_event(line[0]) is None]
    return Headers([*lines_of(headers), *hidden])


def read_new_headers(point: Point, returned: object, *, judge: Judge) -> Headers:
    """Return the headers of a generated response, each an addition at this point (§7.2).

    Raises:
        FunctionResultError: shape, disallowed or read-only headers.
    """
    return read_changed_headers(point, returned, sent={}, original=EMPTY, judge=judge)


def read_headers(
    returned: object,
    *,
    sent: Mapping[str, object],
    original: Headers,
    judge: Judge,
    path: str = "headers",
    rule: str = "",
) -> ReturnedHeaders:
    """Return the headers of a JSON object by lower-case name, in order, whatever their names.

    Args:
        returned: the object.
        sent: the object that was sent; entries equal to one of its are taken unchecked.
        original: the lines behind `sent`.
        judge: decides what is forgiven.
        path: where the object stands in the result.
        rule: the rule that a bad shape breaks, if it is one rule for all.

    Raises:
        FunctionResultError: something is not shaped as §2.4 says.
    """
    if not isinstance(returned, dict):
        judge.broken(rule or "L301", path, returned, sense=returned is None)
        returned = {}
    lines = _by_name(original)
    headers: ReturnedHeaders = {}
    for written, entry in returned.items():
        place = member(path, written)
        if written in sent and entry == sent[written]:
            header = _unchanged(written, place, lines.get(written, []))
        else:
            header = _read_header(written, entry, place, lines.get(written.lower(), []), judge=judge, rule=rule)
        headers[header.name] = _merged(headers.get(header.name), header, judge)
    return headers


def lines_of(headers: ReturnedHeaders) -> list[Line]:
    """Return the lines of returned headers in order."""
    return [line for header in headers.values() for line in header.lines]


def without_disallowed(
    point: Point, headers: ReturnedHeaders, *, sent: Mapping[str, object], judge: Judge
) -> ReturnedHeaders:
    """Return the headers that a function may add (§7.1); others are refused, or left out."""
    kept: ReturnedHeaders = {}
    for name, header in headers.items():
        if header.lines and is_disallowed(name):
            judge.broken("L401", header.path, list(header.texts), name=name)
        elif header.lines and name in NOT_ADDED[point] and name not in sent:
            judge.broken("L402", header.path, list(header.texts), name=name)
        else:
            kept[name] = header
    return kept


def with_read_only(
    point: Point, headers: ReturnedHeaders, *, sent: HeaderObject, original: Headers, judge: Judge
) -> ReturnedHeaders:
    """Return headers whose read-only ones are as they were; only values count (§7.2). Others are refused, or undone."""
    undone: ReturnedHeaders = {}
    for name in sorted(READ_ONLY[point]):
        before = [element["value"] for element in sent.get(name, ())]
        header = headers.get(name)
        after = list(header.texts) if header else []
        if before == after:
            continue
        rule = "L403" if not before else "L404" if after else "L405"
        path = header.path if header else member("headers", name)
        note = f"the {point} event had {', '.join(before)}" if before else f"the {point} event had none"
        judge.broken(rule, path, after, note=note, name=name)
        undone[name] = _unchanged(name, path, _by_name(original).get(name, []))
    return {**headers, **undone} if undone else headers


def member(path: str, name: str) -> str:
    """Return the JSON path of a member, quoted where its name is not plain."""
    if _PLAIN_MEMBER.fullmatch(name):
        return f"{path}.{name}"
    return f"{path}[{name[:80]!a}]"


def default_key(name: str) -> str:
    """Return a header's name as CloudFront writes it when `key` is missing (§2.4)."""
    return "-".join(part.capitalize() for part in name.split("-"))


def _by_name(headers: Headers) -> dict[str, list[Line]]:
    lines: dict[str, list[Line]] = {}
    for line in headers.lines:
        lines.setdefault(line[0].lower().decode("latin-1"), []).append(line)
    return lines


def _unchanged(name: str, path: str, lines: list[Line]) -> ReturnedHeader:
    texts = tuple(text(octets) for _, octets in lines)
    return ReturnedHeader(name=name, path=path, lines=tuple(lines), texts=texts, keys=frozenset({name}))


def _merged(first: ReturnedHeader | None, second: ReturnedHeader, judge: Judge) -> ReturnedHeader:
    """Return a header that stands twice under different case as one (§13.18)."""
    if first is None:
        return second
    judge.broken("L309", second.path, list(second.texts), note=f"and {first.path} is there too")
    return ReturnedHeader(
        name=first.name,
        path=first.path,
        lines=first.lines + second.lines,
        texts=first.texts + second.texts,
        keys=first.keys | second.keys,
    )


def _read_header(
    written: str, entry: object, path: str, known: list[Line], *, judge: Judge, rule: str
) -> ReturnedHeader:
    if not isinstance(entry, list):
        bare = plain_text(entry)
        judge.broken(rule or "L302", path, entry, name=written, sense=isinstance(entry, dict) or bare is not None)
        entry = [entry if bare is None else {"value": bare}]
    if not TOKEN.fullmatch(written):
        raise refused(rule or "L306", path, written, name=written)
    unused = [octets for _, octets in known]
    lines: list[Line] = []
    texts: list[str] = []
    keys: set[str] = set()
    for index, element in enumerate(entry):
        place = f"{path}[{index}]"
        if not isinstance(element, dict):
            bare = plain_text(element)
            judge.broken(rule or "L303", place, element, name=written, sense=bare is not None)
            element = {"value": bare}  # noqa: PLW2901  # what it is taken for
        key = _read_key(written, element, place, judge=judge, rule=rule)
        named = element.get("key", key)
        keys.add((named if isinstance(named, str) else key).lower())
        for returned in _read_values(element.get("value"), f"{place}.value", name=written, judge=judge, rule=rule):
            texts.append(returned)
            lines.append((key.encode(), _octets(returned, unused, f"{place}.value", name=written, rule=rule)))
    name = written.lower()
    if len(lines) > 1 and name in SINGLE_VALUED:
        judge.broken("L310", path, texts)
    return ReturnedHeader(name=name, path=path, lines=tuple(lines), texts=tuple(texts), keys=frozenset(keys))


def _read_key(written: str, element: dict[str, object], path: str, *, judge: Judge, rule: str) -> str:
    """Return the name to send: the element's key, unless that is another header's (§13.1)."""
    if "key" not in element:
        return default_key(written)
    key = element["key"]
    if not isinstance(key, str):
        judge.broken(rule or "L305", f"{path}.key", key, name=written)
        return default_key(written)
    if key.isascii() and key.lower() == written.lower():
        return key
    if not rule:
        judge.broken("L308", f"{path}.key", key, note=f"it is sent as {default_key(written)}")
    return default_key(written)


def _read_values(returned: object, path: str, *, name: str, judge: Judge, rule: str) -> list[str]:
    if isinstance(returned, str):
        return [returned]
    values = returned if isinstance(returned, list) else [returned]
    texts = [text for each in values if (text := plain_text(each)) is not None]
    if texts != values:
        note = "null also stands for a missing value"
        judge.broken(rule or "L304", path, returned, name=name, note=note, sense=len(texts) == len(values))
    return texts


def _octets(returned: str, unused: list[bytes], path: str, *, name: str, rule: str) -> bytes:
    """Return a value for the wire: the original's bytes if the function left it as it was (§3.6)."""
    for index, octets in enumerate(unused):
        if text(octets) == returned:
            return unused.pop(index)
    bad = BAD_IN_VALUE.search(returned)
    if bad:
        character = quote(bad.group(), safe="", errors="replace")
        raise refused(rule or "L307", path, returned, name=name, character=character)
    return returned.encode()
