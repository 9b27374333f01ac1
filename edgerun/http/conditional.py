"""Preconditions and ranges: which part of a representation a request gets, if any."""

from enum import Enum, auto
from itertools import pairwise
from typing import Final

from edgerun.http.fields import byte_ranges, entity_tags, parse_date, strong_match, weak_match
from edgerun.http.headers import Headers
from edgerun.values import value

MOST_RANGES: Final = 16
"""More ranges than this in one request are answered with the whole (RFC 9110 §14.2 allows it)."""

_KEPT_BY_304: Final = frozenset(
    (b"age", b"cache-control", b"cdn-cache-control", b"content-location", b"date", b"etag", b"expires", b"vary")
)


class Precondition(Enum):
    """What a request's preconditions come to."""

    PROCEED = auto()
    """Answer as if there were none."""
    NOT_MODIFIED = auto()
    """Answer 304."""
    FAILED = auto()
    """Answer 412."""


def evaluate(
    request_method: str,
    request_headers: Headers,
    *,
    etag: bytes | None,
    last_modified: float | None,
    status: int = 200,
) -> Precondition:
    """Return what a request's preconditions come to, in the order of RFC 9110 §13.2.2.

    `If-Match` set means `If-Unmodified-Since` is not looked at; the same for `If-None-Match` and
    `If-Modified-Since`. A cache forwards requests with `If-Match` or `If-Unmodified-Since` and never asks here.

    Args:
        request_method: in upper case; `If-Modified-Since` counts for GET and HEAD only.
        request_headers: the request's.
        etag: the representation's entity tag as sent, with quotes.
        last_modified: in whole seconds. A cache without it passes the stored `Date` (http-caching.md §9.2).
        status: that of the answer without preconditions; they count for 200 and 206 only.
    """
    if status not in {200, 206} or request_method in {"CONNECT", "OPTIONS", "TRACE"}:
        return Precondition.PROCEED
    if not _may_proceed(request_headers, etag, last_modified):
        return Precondition.FAILED
    reading = request_method in {"GET", "HEAD"}
    none_match = request_headers.joined(b"if-none-match")
    if none_match is not None:
        if not _names(none_match, etag, weakly=True):
            return Precondition.PROCEED
        return Precondition.NOT_MODIFIED if reading else Precondition.FAILED
    since = _single_date(request_headers, b"if-modified-since")
    if reading and since is not None and last_modified is not None and last_modified <= since:
        return Precondition.NOT_MODIFIED
    return Precondition.PROCEED


@value
class Whole:
    """Send the whole representation: 200."""


@value
class Partial:
    """Send these parts: 206. Each is (start, stop), stop exclusive; ascending, without overlap, not empty."""

    ranges: tuple[tuple[int, int], ...]


@value
class Unsatisfiable:
    """None of the parts exists: 416."""


def select_ranges(
    headers: Headers, length: int, *, etag: bytes | None, last_modified: float | None, date: float | None
) -> Whole | Partial | Unsatisfiable:
    """Return which parts of a representation a GET asks for; only for GET, and after `evaluate`.

    Parts that overlap or come in another order than ascending, and more than `MOST_RANGES`, get the whole.

    Args:
        headers: the request's; `Range` and `If-Range` are read.
        length: of the representation, in bytes.
        etag: its entity tag as sent, with quotes.
        last_modified: in whole seconds.
        date: when the representation was sent; a `last_modified` less than a second before it is weak.

    Source: RFC 9110 §13.1.5, §14.2; http-caching.md §13.1.
    """
    fields = headers.get_all(b"range")
    wanted = byte_ranges(fields[0]) if len(fields) == 1 else None
    if wanted is None or len(wanted) > MOST_RANGES or not _if_range_holds(headers, etag, last_modified, date):
        return Whole()
    parts = [part for first, last in wanted if (part := _resolve(first, last, length))]
    if not parts:
        return Unsatisfiable()
    apart = all(before[1] <= after[0] for before, after in pairwise(parts))
    return Partial(ranges=tuple(parts)) if apart else Whole()


def not_modified_headers(headers: Headers, *, since: Headers | None = None) -> Headers:
    """Return what of a 200's headers its 304 carries (RFC 9110 §15.4.5; http-caching.md §9.2, last item).

    Args:
        headers: the 200's.
        since: as the object was stored, if that is not the same; what was added later, by a policy or a
            function, is no matter of the object.
    """
    kept = _KEPT_BY_304 if b"etag" in headers else _KEPT_BY_304 | {b"last-modified"}
    own = set(headers if since is None else since)
    return Headers(
        line
        for line in headers
        if line[0].lower() in kept or (line not in own and not line[0].lower().startswith(b"content-"))
    )


def content_range_value(start: int, stop: int, length: int) -> bytes:
    """Return the `Content-Range` of a part; `stop` is exclusive (RFC 9110 §14.4)."""
    return b"bytes %d-%d/%d" % (start, stop - 1, length)


def unsatisfied_range_value(length: int) -> bytes:
    """Return the `Content-Range` of a 416 (RFC 9110 §15.5.17)."""
    return b"bytes */%d" % length


def _may_proceed(headers: Headers, etag: bytes | None, last_modified: float | None) -> bool:
    match = headers.joined(b"if-match")
    if match is not None:
        return _names(match, etag, weakly=False)
    since = _single_date(headers, b"if-unmodified-since")
    return since is None or last_modified is None or last_modified <= since


def _names(tags: bytes, etag: bytes | None, *, weakly: bool) -> bool:
    """Return whether a list of tags names the representation; `*` names any."""
    if tags.strip(b" \t") == b"*":
        return True
    matches = weak_match if weakly else strong_match
    return etag is not None and any(matches(tag, etag) for tag in entity_tags(tags))


def _single_date(headers: Headers, name: bytes) -> float | None:
    """Return a date field's time; None if it is absent, invalid or there are several (http-caching.md §1.4)."""
    values = headers.get_all(name)
    return parse_date(values[0]) if len(values) == 1 else None


def _if_range_holds(headers: Headers, etag: bytes | None, last_modified: float | None, date: float | None) -> bool:
    values = headers.get_all(b"if-range")
    if not values:
        return True
    if len(values) > 1:
        return False
    if b'"' in values[0]:
        return etag is not None and strong_match(values[0], etag)
    if last_modified is None or date is None:
        return False
    return parse_date(values[0]) == last_modified and date >= last_modified + 1


def _resolve(first: int | None, last: int | None, length: int) -> tuple[int, int] | None:
    """Return a wanted range as (start, stop) within the length, or None if nothing of it exists."""
    if first is None:
        start, stop = max(0, length - (last or 0)), length
    else:
        start, stop = first, length if last is None else min(last + 1, length)
    return (start, stop) if start < stop else None
