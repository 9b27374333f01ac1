"""The `CloudFront-*` request headers: what the edge knows of a viewer (`spec/cloudfront.md` §12)."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, Protocol
from urllib.parse import quote_from_bytes

from edgerun.distribution.geo import PlaceOf, ViewerPlace, nowhere, place_in
from edgerun.distribution.managed import EXCEPT_HOST_ADDS
from edgerun.distribution.model import Behavior, CachePolicy, Choice, OriginRequestPolicy
from edgerun.http.message import Request
from edgerun.values import remembered

PREFIX: Final = b"cloudfront-"
ORDER_CHARACTERS: Final = 7680

_PRINTABLE: Final = bytes(range(0x20, 0x7F))

_TELEVISION: Final = re.compile(
    rb"smart-?_?tv|HbbTV|Apple ?TV|Google ?TV|Android ?TV|\bTV Safari|BRAVIA|AFT[A-Z0-9]+\b|Roku|CrKey|NetCast|Web0S"
    rb"|Tizen.*TV|VIERA|AQUOS|SHIELD Android|Viera|InettvBrowser|PhilipsTV",
    re.IGNORECASE,
)
_PHONE: Final = re.compile(
    rb"Mobi|iPhone|iPod|Windows Phone|IEMobile|Opera Mini|BlackBerry|BB10|webOS/|Symbian|\bMIDP\b|Dalvik", re.IGNORECASE
)
# `Tablet PC` is part of Windows on desktops.
_TABLET: Final = re.compile(
    rb"iPad|Tablet(?! PC)|PlayBook|Silk/|Kindle|\bKF[A-Z]{2,6}\b|Nexus (?:7|9|10)\b", re.IGNORECASE
)
_ANDROID: Final = re.compile(rb"Android", re.IGNORECASE)
_IOS: Final = re.compile(rb"iPhone|iPad|iPod", re.IGNORECASE)
_WINDOWS_PHONE: Final = re.compile(rb"Windows Phone", re.IGNORECASE)  # which calls itself Android and iPhone too


class Visited(Protocol):
    """What is asked of a visit: the request as it was received, and as it was after viewer-request."""

    request: Request
    seen: Request


@remembered
def wanted(cache: CachePolicy, origin: OriginRequestPolicy | None) -> tuple[bytes, ...]:
    """Return the generated headers (lower case, sorted) that a behavior's policies ask for."""
    names = {name for name in cache.headers.names if name.startswith(PREFIX)}
    if origin is not None:
        chosen = origin.headers
        if chosen.choice in {Choice.ONLY, Choice.ALL_VIEWER}:
            names |= {name for name in chosen.names if name.startswith(PREFIX)}
        elif chosen.choice is Choice.EXCEPT and b"host" in chosen.names:
            names |= EXCEPT_HOST_ADDS
    return tuple(sorted(names))


def with_viewer_headers(
    request: Request, behavior: Behavior, country: str = "", place_of: PlaceOf = nowhere, visit: Visited | None = None
) -> Request:
    """Return the request with the `CloudFront-*` headers its policies ask for, over any the viewer sent.

    What is not known is absent, also if the viewer sent it.

    Args:
        request: after viewer-request, or the one for a custom error page.
        behavior: whose policies ask.
        country: the country of all viewers, or "" for what `place_of` says.
        place_of: where an address is; asked only if a policy asks for something of the place.
        visit: the visit this belongs to. A request other than its `seen` is for a custom error page.
    """
    names = wanted(behavior.cache_policy, behavior.origin_request_policy)
    if not names:
        return request
    viewer = _Viewer(request, country, place_of, visit)
    lines = []
    for name in names:
        known = _KNOWN.get(name)
        text = known[1](viewer) if known is not None else ""
        if known is not None and text:
            lines.append((known[0], text.encode("latin-1")))
    return request.changed(headers=request.headers.without(*names).plus(*lines))


@lru_cache(maxsize=1024)
def devices(agent: bytes) -> frozenset[str]:
    """Return which of `Android`, `Desktop`, `IOS`, `Mobile`, `SmartTV` and `Tablet` a User-Agent belongs to.

    Several may be true; what is none of the others is a desktop, a program without a browser too.
    """
    kinds = set()
    foreign = _WINDOWS_PHONE.search(agent)
    if _ANDROID.search(agent) and not foreign:
        kinds.add("Android")
    if _IOS.search(agent) and not foreign:
        kinds.add("IOS")
    if _TELEVISION.search(agent):
        return frozenset(kinds | {"SmartTV"})
    if _PHONE.search(agent):
        kinds.add("Mobile")
    # Android says Mobile on telephones only.
    if _TABLET.search(agent) or ("Android" in kinds and "Mobile" not in kinds):
        kinds.add("Tablet")
    return frozenset(kinds if kinds & {"Mobile", "Tablet"} else kinds | {"Desktop"})


class _Viewer:
    """What the headers tell, each found when it is asked for."""

    def __init__(self, request: Request, country: str, place_of: PlaceOf, visit: Visited | None) -> None:
        self.request = request
        self.received = request if visit is None else visit.request
        self.for_error_page = visit is not None and request is not visit.seen
        self._country = country
        self._place_of = place_of
        self._place: ViewerPlace | None = None

    @property
    def place(self) -> ViewerPlace:
        if self._place is None:
            self._place = place_in(self._country) if self._country else self._place_of(self.request.client[0])
        return self._place


def _ascii(text: str) -> str:
    """Return a text with everything but printable ASCII percent-encoded as UTF-8."""
    return text if text.isascii() and text.isprintable() else _encoded(text.encode("utf-8", "replace"))


def _encoded(raw: bytes) -> str:
    return quote_from_bytes(raw, safe=_PRINTABLE)


def _degrees(number: float | None) -> str:
    return "" if number is None else f"{number:.5f}"


def _address(viewer: _Viewer) -> str:
    return "{}:{}".format(*viewer.request.client)


def _metro_code(viewer: _Viewer) -> str:
    place = viewer.place
    return str(place.metro_code) if place.metro_code and place.country == "US" else ""


def _header_order(viewer: _Viewer) -> str:
    return b":".join(name for name, _ in viewer.received.headers)[:ORDER_CHARACTERS].decode("latin-1")


def _error_uri(viewer: _Viewer) -> str:
    return _encoded(viewer.received.path) if viewer.for_error_page else ""


def _error_args(viewer: _Viewer) -> str:
    return _encoded(viewer.received.query or b"") if viewer.for_error_page else ""


def _device(kind: str) -> Callable[[_Viewer], str]:
    return lambda viewer: "true" if kind in devices(viewer.request.headers.get(b"user-agent") or b"") else "false"


def _tls(viewer: _Viewer) -> str:
    agreed = viewer.received.tls
    if agreed is None:
        return ""
    return f"{agreed.protocol}:{agreed.cipher}:{'sessionResumed' if agreed.resumed else 'fullHandshake'}"


# Each header with what it says, "" if that is not known. Not here and so never sent: JA3 and JA4, which the doors do
# not tell, and what is known of viewers' certificates.
_SAID: Final[dict[str, Callable[[_Viewer], str]]] = {
    **{f"Is-{kind}-Viewer": _device(kind) for kind in ("Android", "Desktop", "IOS", "Mobile", "SmartTV", "Tablet")},
    "Viewer-Address": _address,
    "Viewer-ASN": lambda viewer: str(viewer.place.asn or ""),
    "Viewer-Country": lambda viewer: _ascii(viewer.place.country),
    "Viewer-Country-Name": lambda viewer: _ascii(viewer.place.country_name),
    "Viewer-Country-Region": lambda viewer: _ascii(viewer.place.region),
    "Viewer-Country-Region-Name": lambda viewer: _ascii(viewer.place.region_name),
    "Viewer-City": lambda viewer: _ascii(viewer.place.city),
    "Viewer-Latitude": lambda viewer: _degrees(viewer.place.latitude),
    "Viewer-Longitude": lambda viewer: _degrees(viewer.place.longitude),
    "Viewer-Metro-Code": _metro_code,
    "Viewer-Postal-Code": lambda viewer: _ascii(viewer.place.postal_code),
    "Viewer-Time-Zone": lambda viewer: _ascii(viewer.place.time_zone),
    "Viewer-Header-Order": _header_order,
    "Viewer-Header-Count": lambda viewer: str(len(viewer.received.headers)),
    "Viewer-TLS": _tls,
    "Viewer-Http-Version": lambda viewer: viewer.request.http_version,
    "Forwarded-Proto": lambda viewer: viewer.request.scheme,
    "Error-Uri": _error_uri,
    "Error-Args": _error_args,
}
_KNOWN: Final = {
    PREFIX + suffix.lower().encode(): (b"CloudFront-" + suffix.encode(), said) for suffix, said in _SAID.items()
}
