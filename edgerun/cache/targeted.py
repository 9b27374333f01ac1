"""Which fields of a response decide about caching: a targeted one, or Cache-Control and Expires (RFC 9213)."""

from collections.abc import Iterable
from typing import Any, Final

from edgerun.http.fields import LONGEST, CacheControl, cache_control
from edgerun.http.headers import Headers
from edgerun.http.structured import Member, Token, dictionary
from edgerun.values import value

_SECONDS: Final = ("max-age", "s-maxage", "stale-while-revalidate", "stale-if-error")
_FLAGS: Final = (
    *("no-store", "public", "must-revalidate", "proxy-revalidate", "must-understand", "no-transform", "immutable"),
)
_FRESHNESS: Final = frozenset({"max-age", "s-maxage"})


@value
class Directives:
    """What an origin says about caching, and the field that says it; `expires` tells whether Expires counts too."""

    control: CacheControl
    field: str = "Cache-Control"
    expires: bool = True


def directives(headers: Headers, targets: Iterable[bytes]) -> Directives:
    """Return what counts of a response: the first usable targeted field alone, else Cache-Control and Expires.

    Args:
        headers: the response's.
        targets: names of the targeted fields that concern this cache, in lower case, in their order.

    Source: RFC 9213 §2.2; http-caching.md §2.
    """
    for name in targets:
        text = headers.joined(name)
        control = None if text is None else _control(text)
        if control is not None:
            return Directives(control=control, field=_titled(name), expires=False)
    return Directives(control=cache_control(headers.get_all(b"cache-control")))


def _titled(name: bytes) -> str:
    return name.decode("latin-1").title().replace("Cdn-", "CDN-")


def _control(text: bytes) -> CacheControl | None:
    """Return the directives of a targeted field; None if it is empty, malformed, or its lifetime of another type."""
    members = dictionary(text)
    if not members:
        return None
    if any(name in members and _seconds(members[name]) is None for name in _FRESHNESS):
        return None
    given: dict[str, Any] = {name.replace("-", "_"): _seconds(members.get(name)) for name in _SECONDS}
    given |= {name.replace("-", "_"): members.get(name) is True for name in _FLAGS}
    no_cache, private = members.get("no-cache"), members.get("private")
    return CacheControl(
        **given,
        no_cache=no_cache is True,
        no_cache_fields=_names(no_cache),
        private=private is True,
        private_fields=_names(private),
    )


def _seconds(member: Member | None) -> int | None:
    return min(member, LONGEST) if type(member) is int and member >= 0 else None


def _names(member: Member | None) -> tuple[bytes, ...]:
    """Return field names: one string with commas, or an inner list of strings."""
    texts = member if isinstance(member, tuple) else (member,)
    found = [
        name.strip(" \t").lower().encode()
        for text in texts
        if isinstance(text, str) and not isinstance(text, Token)
        for name in text.split(",")
    ]
    return tuple(name for name in found if name)
