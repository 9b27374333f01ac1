"""Header values: text to typed value and back. Nothing here raises, whatever the bytes."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

from edgerun.values import value

LONGEST: Final = 2147483648
"""What every number of seconds is clamped to (RFC 9111 §1.2.2)."""

_BIGGEST: Final = 10**18  # positions beyond any file; keeps int() away from its limit on digits
_TWO_DIGIT_YEARS_FROM: Final = 1767225600.0  # 2026-01-01: rules have no clock
_EPOCH_DAY: Final = 719163
_EARLIEST: Final = -62135596800
_LATEST: Final = 253402300799

_DAYS: Final = (b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun")
_MONTHS: Final = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")
_DAY: Final = rb"(?:mon|tue|wed|thu|fri|sat|sun)"
_LONG_DAY: Final = rb"(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
_MONTH: Final = rb"(?P<month>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_TIME: Final = rb"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_DATES: Final = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        _DAY + rb", (?P<day>\d\d) " + _MONTH + rb" (?P<year>\d{4}) " + _TIME + rb" gmt",
        _LONG_DAY + rb", (?P<day>\d\d)-" + _MONTH + rb"-(?P<year>\d\d) " + _TIME + rb" gmt",
        _DAY + rb" " + _MONTH + rb" (?P<day>\d\d| \d) " + _TIME + rb" (?P<year>\d{4})",
    )
)

_TOKEN: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_QUOTED: Final = re.compile(rb'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_LIST_MEMBER: Final = re.compile(rb'(?:[^",]++|"(?:[^"\\]++|\\.)*+"?)+', re.DOTALL)
_TAG: Final = re.compile(rb'(?:W/)?"([^"]*)"')
_TAG_MEMBER: Final = re.compile(rb'(?:W/)?"[^"]*"(?=[ \t]*(?:,|\Z))|[^, \t][^,]*')
_RANGE: Final = re.compile(rb"(\d*)-(\d*)")
_CONTENT_RANGE: Final = re.compile(rb"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.IGNORECASE)


def parse_date(text: bytes, *, now: float = _TWO_DIGIT_YEARS_FROM) -> float | None:
    """Return an HTTP date as seconds since the epoch, or None if it is not exactly one of the three forms.

    Args:
        text: the field value.
        now: only a two-digit year looks at it: such a date is never more than 50 years ahead of it.

    Source: RFC 9110 §5.6.7; http-caching.md §1.4.
    """
    for form in _DATES:
        match = form.fullmatch(text)
        if match is not None:
            return _seconds(match, now)
    return None


def format_date(seconds: float) -> bytes:
    """Return a time as an IMF-fixdate, rounded down; years outside 1-9999 are clamped (RFC 9110 §5.6.7)."""
    return _date_of(int(max(_EARLIEST, min(seconds, _LATEST)) // 1))


@lru_cache(maxsize=64)  # every answer of one second bears the same
def _date_of(seconds: int) -> bytes:
    days, rest = divmod(seconds, 86400)
    day = date.fromordinal(days + _EPOCH_DAY)
    name, month = _DAYS[day.weekday()], _MONTHS[day.month - 1]
    clock = (rest // 3600, rest // 60 % 60, rest % 60)
    return b"%s, %02d %s %04d %02d:%02d:%02d GMT" % (name, day.day, month, day.year, *clock)


def delta_seconds(text: bytes) -> int | None:
    """Return a number of seconds, at most `LONGEST`; None if it is anything but digits (http-caching.md §1.3)."""
    if not text.isdigit():
        return None
    digits = text.lstrip(b"0")
    return min(int(digits or b"0"), LONGEST) if len(digits) <= 10 else LONGEST


def split_list(text: bytes) -> list[bytes]:
    """Return the members of a list field, trimmed and without empty ones; commas in quoted strings do not split.

    An unterminated quoted string reaches to the end of the text.

    Source: RFC 9110 §5.6.1.2; http-caching.md §1.1.
    """
    parts: list[bytes] = _LIST_MEMBER.findall(text) if b'"' in text else text.split(b",")
    return [member for part in parts if (member := part.strip(b" \t"))]


@value
class CacheControl:
    """The directives of a `Cache-Control` field, of a request or a response.

    `no_cache` and `private` are the unqualified directives; field names that qualify them stand, in lower
    case, in `no_cache_fields` and `private_fields`. `max_stale` is `LONGEST` when it came without a value.

    `malformed` says that a `max-age` or `s-maxage` could not be read. It is 0 then: a response is stale
    rather than judged by a laxer field. A request's malformed `max-age` is to be ignored instead.
    """

    max_age: int | None = None
    s_maxage: int | None = None
    malformed: bool = False
    no_cache: bool = False
    no_cache_fields: tuple[bytes, ...] = ()
    private: bool = False
    private_fields: tuple[bytes, ...] = ()
    no_store: bool = False
    public: bool = False
    must_revalidate: bool = False
    proxy_revalidate: bool = False
    must_understand: bool = False
    no_transform: bool = False
    immutable: bool = False
    stale_while_revalidate: int | None = None
    stale_if_error: int | None = None
    max_stale: int | None = None
    min_fresh: int | None = None
    only_if_cached: bool = False


def cache_control(values: Iterable[bytes]) -> CacheControl:
    """Return the directives of all `Cache-Control` lines of one message.

    Of differing duplicates the first counts, unless one of them is malformed. An unterminated quoted string
    hides all that follows it; the directive it belongs to has a malformed argument.

    Source: RFC 9111 §5.2; http-caching.md §1.2, §1.3.
    """
    return _directives(b", ".join(values))


@lru_cache(maxsize=512)  # an origin says the same of most of its objects
def _directives(line: bytes) -> CacheControl:
    given: dict[bytes, list[bytes | None]] = {}
    for member in split_list(line):
        name = _TOKEN.match(member)
        if name is not None:
            given.setdefault(name[0].lower(), []).append(_argument(member[name.end() :]))
    max_age, s_maxage = (_numbers(given.get(name, [])) for name in (b"max-age", b"s-maxage"))
    no_cache, private = given.get(b"no-cache", []), given.get(b"private", [])
    return CacheControl(
        max_age=_first(max_age, 0),
        s_maxage=_first(s_maxage, 0),
        malformed=None in max_age + s_maxage,
        no_cache=any(not _field_names(argument) for argument in no_cache),
        no_cache_fields=tuple(name for argument in no_cache for name in _field_names(argument)),
        private=any(not _field_names(argument) for argument in private),
        private_fields=tuple(name for argument in private for name in _field_names(argument)),
        no_store=b"no-store" in given,
        public=b"public" in given,
        must_revalidate=b"must-revalidate" in given,
        proxy_revalidate=b"proxy-revalidate" in given,
        must_understand=b"must-understand" in given,
        no_transform=b"no-transform" in given,
        immutable=b"immutable" in given,
        stale_while_revalidate=_first(_numbers(given.get(b"stale-while-revalidate", []))),
        stale_if_error=_first(_numbers(given.get(b"stale-if-error", []))),
        max_stale=_first([LONGEST if text is None else delta_seconds(text) for text in given.get(b"max-stale", [])]),
        min_fresh=_first(_numbers(given.get(b"min-fresh", []))),
        only_if_cached=b"only-if-cached" in given,
    )


def entity_tags(text: bytes) -> list[bytes]:
    """Return the members of an `If-Match` or `If-None-Match` list as they stand, `W/` and quotes included.

    Commas and backslashes inside a tag belong to it. `*` and malformed members are returned too.

    Source: RFC 9110 §8.8.3; http-caching.md §1.7.
    """
    return [member.rstrip(b" \t") for member in _TAG_MEMBER.findall(text)]


def is_tag(text: bytes) -> bool:
    """Tell whether a text is one well-formed entity tag."""
    return _TAG.fullmatch(text) is not None


def weak_match(one: bytes, other: bytes) -> bool:
    """Return whether two entity tags are equal but for `W/`; malformed ones only match themselves."""
    first, second = _TAG.fullmatch(one), _TAG.fullmatch(other)
    if first is None or second is None:
        return one == other
    return bool(first[1] == second[1])


def strong_match(one: bytes, other: bytes) -> bool:
    """Return whether two entity tags are equal and both strong (RFC 9110 §8.8.3.2); malformed ones count as weak."""
    return one == other and one.startswith(b'"') and _TAG.fullmatch(one) is not None


def byte_ranges(text: bytes) -> list[tuple[int | None, int | None]] | None:
    """Return the ranges a `Range` field asks for, or None if it is malformed or of another unit than bytes.

    Each is (first, last), both inclusive: `a-` is (a, None) and the last n bytes, `-n`, are (None, n).

    Source: RFC 9110 §14.1.2, §14.2; http-caching.md §13.1.
    """
    unit, equals, text = text.partition(b"=")
    if unit.lower() != b"bytes" or not equals:
        return None
    ranges = [_range(member) for member in text.split(b",") if member.strip(b" \t")]
    whole = [each for each in ranges if each is not None]
    return whole if whole and len(whole) == len(ranges) else None


@value
class ContentRange:
    """Which part of a representation a 206 holds: first and last position inclusive, length if it is known."""

    first: int
    last: int
    length: int | None


def content_range(text: bytes) -> ContentRange | None:
    """Return a `Content-Range` that names a part in bytes, or None: malformed, impossible or unsatisfied.

    Source: RFC 9110 §14.4; http-caching.md §13.3.
    """
    match = _CONTENT_RANGE.fullmatch(text)
    if match is None:
        return None
    first, last, length = int(match[1]), int(match[2]), None if match[3] == b"*" else int(match[3])
    if last < first or (length is not None and length <= last):
        return None
    return ContentRange(first=first, last=last, length=length)


def _seconds(match: re.Match[bytes], now: float) -> float | None:
    month = _MONTHS.index(match["month"].title()) + 1
    day, hour, minute, second = (int(match[part]) for part in ("day", "hour", "minute", "second"))
    year = int(match["year"])
    if len(match["year"]) == 2:
        year = _full_year(year, (month, day, hour, minute, second), now)
    if hour > 23 or minute > 59 or second > 60:
        return None
    try:
        days = date(year, month, day).toordinal() - _EPOCH_DAY
    except ValueError:
        return None
    return float(days * 86400 + hour * 3600 + minute * 60 + second)


def _full_year(two_digits: int, rest: tuple[int, ...], now: float) -> int:
    """Return the latest year with these digits that puts a date at most 50 years ahead of `now`."""
    today = datetime.fromtimestamp(now, UTC)
    year = (today.year // 100 + 1) * 100 + two_digits
    limit = (today.year + 50, today.month, today.day, today.hour, today.minute, today.second)
    while (year, *rest) > limit:
        year -= 100
    return year


def _argument(text: bytes) -> bytes | None:
    """Return what follows a directive's name: None for nothing, empty for anything malformed."""
    if not text:
        return None
    if not text.startswith(b"="):
        return b""
    quoted = _QUOTED.fullmatch(text, 1)
    if quoted is not None:
        return re.sub(rb"\\(.)", rb"\1", quoted[1], flags=re.DOTALL)
    return text[1:] if _TOKEN.fullmatch(text, 1) else b""


def _numbers(arguments: list[bytes | None]) -> list[int | None]:
    return [delta_seconds(argument or b"") for argument in arguments]


def _first(numbers: list[int | None], malformed: int | None = None) -> int | None:
    """Return the first of duplicate values; None if there is none, `malformed` if one could not be read."""
    return malformed if None in numbers else next(iter(numbers), None)


def _field_names(argument: bytes | None) -> tuple[bytes, ...]:
    """Return the field names that qualify a directive; none if any is malformed, which makes it unqualified."""
    names = split_list((argument or b"").lower())
    return tuple(names) if all(_TOKEN.fullmatch(name) for name in names) else ()


def _range(member: bytes) -> tuple[int | None, int | None] | None:
    match = _RANGE.fullmatch(member.strip(b" \t"))
    if match is None or match[0] == b"-":
        return None
    first, last = (_position(digits) for digits in match.groups())
    return None if first is not None and last is not None and last < first else (first, last)


def _position(digits: bytes) -> int | None:
    if not digits:
        return None
    digits = digits.lstrip(b"0")
    return int(digits or b"0") if len(digits) <= 18 else _BIGGEST
