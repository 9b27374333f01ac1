"""How old a response is and how long it stays fresh: the arithmetic of RFC 9111 §4.2 (http-caching.md §5, §6)."""

from typing import Final

from edgerun.cache.record import Reckoned, Trail
from edgerun.cache.targeted import Directives
from edgerun.http.fields import LONGEST, delta_seconds, parse_date, split_list
from edgerun.http.headers import Headers

HEURISTIC: Final = frozenset({200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501})
"""Statuses whose lifetime may be guessed (RFC 9110 §15.1)."""
GUESSED_SHARE: Final = 0.1
LONGEST_GUESS: Final = 86_400.0


def age_value(headers: Headers) -> float:
    """Return what `Age` says, 0 when it says nothing that can be read; of a list the first member counts (§1.5)."""
    members = split_list(headers.joined(b"age") or b"")
    return float(delta_seconds(members[0]) or 0) if members else 0.0


def date_value(headers: Headers, received: float) -> float:
    """Return when a response was made: its `Date`, or when it was received if there is none that can be read."""
    text = headers.get(b"date")
    moment = None if text is None else parse_date(text, now=received)
    return received if moment is None else moment


def initial_age(headers: Headers, began: float, ended: float, trail: Trail) -> float:
    """Return seconds old a response was when it came (RFC 9111 §4.2.3).

    Args:
        headers: the response's.
        began: seconds since the epoch, when it was asked for.
        ended: when its head was in.
        trail: where the steps are noted.
    """
    apparent = max(0.0, ended - date_value(headers, ended))
    told, delay = age_value(headers), max(0.0, ended - began)
    corrected = told + delay
    initial = min(max(apparent, corrected), float(LONGEST))
    trail += (
        Reckoned("apparent age", apparent, "received - Date, 0 at least"),
        Reckoned("age value", told, "Age"),
        Reckoned("response delay", delay, "received - asked for"),
        Reckoned("corrected age value", corrected, "age value + response delay"),
        Reckoned("initial age", initial, "the larger of apparent age and corrected age value, §4.2.3"),
    )
    return initial


def lifetime(
    said: Directives, headers: Headers, status: int, received: float, default: float | None, trail: Trail
) -> float | None:
    """Return seconds of freshness, or None when nothing gives any (RFC 9111 §4.2.1).

    Args:
        said: the directives that count.
        headers: the response's.
        status: the response's; the lifetime of some may be guessed.
        received: seconds since the epoch.
        default: the configured lifetime of what says nothing, None for none.
        trail: where the steps are noted.
    """
    found = _explicit(said, headers, received)
    if found is None and default is not None:
        found = default, "the configured default_ttl"
    if found is None and (status in HEURISTIC or said.control.public):
        found = _guessed(headers, received)
    if found is None:
        return None
    trail.append(Reckoned("lifetime", *found))
    return found[0]


def _explicit(said: Directives, headers: Headers, received: float) -> tuple[float, str] | None:
    control = said.control
    if control.malformed:
        return 0.0, f"{said.field}: a lifetime that cannot be read makes a response stale, §4.2.1"
    if control.s_maxage is not None:
        return float(control.s_maxage), f"{said.field}: s-maxage"
    if control.max_age is not None:
        return float(control.max_age), f"{said.field}: max-age"
    lines = headers.get_all(b"expires") if said.expires else ()
    if not lines:
        return None
    if len(set(lines)) > 1:
        return 0.0, "several values of Expires: already expired, §4.2.1"
    moment = parse_date(lines[0], now=received)
    if moment is None:
        return 0.0, "an Expires that cannot be read lies in the past, §5.3"
    seconds = min(max(0.0, moment - date_value(headers, received)), float(LONGEST))
    return seconds, "Expires - Date, 0 at least"


def _guessed(headers: Headers, received: float) -> tuple[float, str] | None:
    text = headers.get(b"last-modified")
    modified = None if text is None else parse_date(text, now=received)
    made = date_value(headers, received)
    if modified is None or modified >= made:
        return None
    return min(
        GUESSED_SHARE * (made - modified), LONGEST_GUESS
    ), "a tenth of Date - Last-Modified, a day at most, §4.2.2"
