"""The `CloudFront-*` request headers: what the edge knows of a viewer (`spec/cloudfront.md` §12)."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from edgerun.distribution.managed import EXCEPT_HOST_ADDS
from edgerun.distribution.model import Behavior, CachePolicy, Choice, OriginRequestPolicy
from edgerun.http.headers import Line
from edgerun.http.message import Request

PREFIX: Final = b"cloudfront-"

_TABLET: Final = re.compile(rb"iPad|Tablet|PlayBook|Silk|Kindle|Android(?!.*Mobile)", re.IGNORECASE)
_MOBILE: Final = re.compile(rb"Mobi|iPhone|iPod|IEMobile|Opera Mini|BlackBerry", re.IGNORECASE)
_SMART_TV: Final = re.compile(rb"Smart-?TV|SMART_TV|HbbTV|AppleTV|GoogleTV|BRAVIA|Roku|Tizen.*TV|Web0S", re.IGNORECASE)
_ANDROID: Final = re.compile(rb"Android", re.IGNORECASE)
_IOS: Final = re.compile(rb"iPhone|iPad|iPod", re.IGNORECASE)


def _flag(truth: bool) -> bytes:
    return b"true" if truth else b"false"


def _agent(request: Request) -> bytes:
    return request.headers.get(b"user-agent") or b""


def _is_desktop(agent: bytes) -> bool:
    return not (_MOBILE.search(agent) or _TABLET.search(agent) or _SMART_TV.search(agent))


_DEVICES: Final[dict[bytes, tuple[bytes, Callable[[bytes], bool]]]] = {
    b"cloudfront-is-android-viewer": (b"CloudFront-Is-Android-Viewer", lambda a: bool(_ANDROID.search(a))),
    b"cloudfront-is-desktop-viewer": (b"CloudFront-Is-Desktop-Viewer", _is_desktop),
    b"cloudfront-is-ios-viewer": (b"CloudFront-Is-IOS-Viewer", lambda a: bool(_IOS.search(a))),
    b"cloudfront-is-mobile-viewer": (b"CloudFront-Is-Mobile-Viewer", lambda a: bool(_MOBILE.search(a))),
    b"cloudfront-is-smarttv-viewer": (b"CloudFront-Is-SmartTV-Viewer", lambda a: bool(_SMART_TV.search(a))),
    b"cloudfront-is-tablet-viewer": (b"CloudFront-Is-Tablet-Viewer", lambda a: bool(_TABLET.search(a))),
}


@lru_cache(maxsize=1024)
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


def with_viewer_headers(request: Request, behavior: Behavior, country: str) -> Request:
    """Return the request with the `CloudFront-*` headers its policies ask for, over any the viewer sent."""
    names = wanted(behavior.cache_policy, behavior.origin_request_policy)
    if not names:
        return request
    lines = [line for name in names if (line := _line(name, request, country)) is not None]
    return request.changed(headers=request.headers.without(*names).plus(*lines))


def _line(name: bytes, request: Request, country: str) -> Line | None:
    device = _DEVICES.get(name)
    if device is not None:
        return device[0], _flag(device[1](_agent(request)))
    match name:
        case b"cloudfront-viewer-country":
            return (b"CloudFront-Viewer-Country", country.encode()) if country else None
        case b"cloudfront-viewer-address":
            return b"CloudFront-Viewer-Address", f"{request.client[0]}:{request.client[1]}".encode()
        case b"cloudfront-forwarded-proto":
            return b"CloudFront-Forwarded-Proto", request.scheme.encode()
        case b"cloudfront-viewer-http-version":
            return b"CloudFront-Viewer-Http-Version", request.http_version.encode()
        case _:
            return None  # the location and TLS headers: nothing is known of them here
