"""Headers, cookies and parameters as a CloudFront Function returns them (`spec/cloudfront-functions.md` §2.2).

What the function left alone keeps its bytes; of an entry with several values, a changed `multiValue` wins, else
`value` replaces the first.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from edgerun.functions.cloudfront_event import Collection, Entry, Piece
from edgerun.functions.lambda_headers import BAD_IN_VALUE, TOKEN, default_key, text
from edgerun.functions.lambda_refusal import Judge, plain_text
from edgerun.http.headers import Line
from edgerun.values import value

_BAD_IN_COOKIE_NAME: Final = re.compile(r"[\x00-\x20\x7f=;\ud800-\udfff]")
_BAD_IN_COOKIE: Final = re.compile(r"[\x00-\x1f\x7f;\ud800-\udfff]")
BAD_IN_QUERY: Final = re.compile(r"[\x00-\x20\x7f#\ud800-\udfff]")


@value
class Returned:
    """One name of a returned collection.

    Attributes:
        name: as it stands in the result.
        path: where it stands.
        kept: the pieces of the original, if the function left the entry as it was; else None.
        items: value and attributes, in order; the attributes are None where there are none.
    """

    name: str
    path: str
    kept: tuple[bytes, ...] | None
    items: tuple[tuple[str, str | None], ...]

    @property
    def values(self) -> list[str]:
        """The values, without attributes."""
        return [each for each, _ in self.items]


def member(path: str, name: str) -> str:
    """Return the place of a member, as CloudFront's messages have it."""
    return f"{path}[{name[:80]!a}]"


def read_entries(
    returned: object, *, sent: Collection, pieces: Iterable[Piece], path: str, judge: Judge
) -> list[Returned]:
    """Return a collection of a result, in its order.

    Args:
        returned: the result's `headers`, `cookies` or `querystring`.
        sent: the event's; entries equal to its are taken unchecked.
        pieces: what `sent` was made from.
        path: where the collection stands in the result.
        judge: decides what is forgiven.

    Raises:
        FunctionResultError: it is not shaped as §2.2 says.
    """
    if not isinstance(returned, dict):
        judge.broken("C302", path, returned, sense=returned is None)
        return []
    known: dict[str, list[bytes]] = {}
    for name, octets, _ in pieces:
        known.setdefault(name, []).append(octets)
    found = []
    for name, entry in returned.items():
        place = member(path, name)
        if name in known and entry == sent.get(name):
            found.append(_kept(name, place, known[name], sent[name]))
        else:
            found.append(_changed(name, entry, place, sent.get(name, {}), judge))
    return found


def _kept(name: str, path: str, octets: list[bytes], sent: Entry) -> Returned:
    items = tuple((each["value"], each.get("attributes")) for each in sent.get("multiValue", [sent]))
    return Returned(name=name, path=path, kept=tuple(octets), items=items)


def _changed(name: str, entry: object, path: str, sent: Mapping[str, object], judge: Judge) -> Returned:
    if not isinstance(entry, dict) or not {"value", "multiValue"} & entry.keys():
        bare = plain_text(entry)
        judge.broken("C303", path, entry, sense=bare is not None)
        entry = {"value": bare}
    several, items = entry.get("multiValue"), []
    if several is not None and not isinstance(several, list):
        judge.broken("C310", f"{path}.multiValue", several)
        several = None
    if several is None:
        items = [_item(entry, path, judge)]
    elif several != sent.get("multiValue") or "value" not in entry:
        items = [_item(each, f"{path}.multiValue[{n}]", judge) for n, each in enumerate(several)]
    else:  # only `value` was changed, or the attributes beside it: the first one, the others stay
        items = [_item(entry, path, judge), *(_item(each, path, judge) for each in several[1:])]
    return Returned(name=name, path=path, kept=None, items=tuple(items))


def _item(entry: object, path: str, judge: Judge) -> tuple[str, str | None]:
    if not isinstance(entry, dict):
        bare = plain_text(entry)
        judge.broken("C303", path, entry, sense=bare is not None)
        entry = {"value": bare}
    said, attributes = entry.get("value"), entry.get("attributes")
    return _string(said, f"{path}.value", judge), (
        None if attributes is None else _string(attributes, f"{path}.attributes", judge)
    )


def _string(returned: object, path: str, judge: Judge) -> str:
    if isinstance(returned, str):
        return returned
    bare = plain_text(returned)
    judge.broken("C304", path, returned, sense=bare is not None)
    return bare or ""


# ------------------------------------------------------------------------------ to the wire


def check_header_names(headers: list[Returned], path: str, judge: Judge) -> list[Returned]:
    """Return headers whose names may stand on the wire, in lower case as they have to be."""
    found = []
    for header in headers:
        if header.kept is None and header.name != header.name.lower():
            judge.broken("C301", path, header.name, note=f"write {header.name.lower()}")
        if header.kept is None and not TOKEN.fullmatch(header.name):
            judge.broken("C305", header.path, header.name, sense=False)
        found.append(header)
    return found


def header_wire(header: Returned, original: list[Line], judge: Judge) -> list[Line]:
    """Return the lines of one header: the original ones, or in the usual case of names (§2.2)."""
    if header.kept is not None:
        return original
    unused = [octets for _, octets in original]
    key = default_key(header.name).encode()
    return [(key, _octets(each, unused, BAD_IN_VALUE, header.path, judge)) for each in header.values]


def parameter_wire(parameter: Returned, judge: Judge) -> list[bytes]:
    """Return one parameter's pieces of the query."""
    if parameter.kept is not None:
        return list(parameter.kept)
    _check(parameter.name, BAD_IN_QUERY, parameter.path, judge, "C503")
    name = parameter.name.encode()
    return [name + b"=" + _octets(each, [], BAD_IN_QUERY, parameter.path, judge, "C503") for each in parameter.values]


def cookie_wire(cookie: Returned, judge: Judge) -> list[bytes]:
    """Return one cookie's pieces of a Cookie line; attributes are for responses only."""
    for _, attributes in cookie.items if cookie.kept is None else ():
        if attributes is not None:
            judge.broken("C308", f"{cookie.path}.attributes", attributes)
    return _cookies(cookie, judge, lambda _: b"")


def set_cookie_wire(cookie: Returned, judge: Judge) -> list[bytes]:
    """Return one cookie's Set-Cookie lines."""

    def attributes_of(attributes: str | None) -> bytes:
        if not attributes:
            return b""
        return b"; " + _octets(attributes, [], BAD_IN_VALUE, f"{cookie.path}.attributes", judge)

    return _cookies(cookie, judge, attributes_of)


def _cookies(cookie: Returned, judge: Judge, attributes_of: Callable[[str | None], bytes]) -> list[bytes]:
    if cookie.kept is not None:
        return list(cookie.kept)
    _check(cookie.name, _BAD_IN_COOKIE_NAME, cookie.path, judge, "C309")
    name = cookie.name.encode()
    return [
        name + b"=" + _octets(each, [], _BAD_IN_COOKIE, f"{cookie.path}.value", judge, "C309") + attributes_of(rest)
        for each, rest in cookie.items
    ]


def _check(returned: str, bad: re.Pattern[str], path: str, judge: Judge, rule: str) -> None:
    if bad.search(returned):
        judge.broken(rule, path, returned, sense=False)


def _octets(
    returned: str, unused: list[bytes], bad: re.Pattern[str], path: str, judge: Judge, rule: str = "C306"
) -> bytes:
    """Return a value for the wire: the original's bytes if it is one of the original's values (§2.2)."""
    for index, octets in enumerate(unused):
        if text(octets) == returned:
            return unused.pop(index)
    _check(returned, bad, path, judge, rule)
    return returned.encode()
