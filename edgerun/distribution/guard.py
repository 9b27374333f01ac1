"""May this be asked at all (`spec/cloudfront.md` §0 steps 4, 8 and 9, §4.4)."""

from typing import Final

from edgerun.distribution.model import READ_METHODS, Behavior
from edgerun.errors import BodyNotAllowed, HeadersTooLarge, HttpsOnly, MethodNotAllowed, UriTooLong
from edgerun.http.fields import split_list
from edgerun.http.message import Request

LONGEST_URL: Final = 8_192
LARGEST_HEAD: Final = 32_768
HTTPS_PORT: Final = 443


def check_size(url: int, head: int) -> None:
    """Check the bytes of a URL, and of request line and headers together, while they arrive or after.

    Raises:
        UriTooLong, HeadersTooLarge.
    """
    if url > LONGEST_URL:
        raise UriTooLong(f"the URL has {url} bytes; CloudFront takes {LONGEST_URL}")
    if head > LARGEST_HEAD:
        raise HeadersTooLarge(f"request line and headers have {head} bytes; CloudFront takes {LARGEST_HEAD}")


def guard(request: Request, behavior: Behavior) -> bool:
    """Check a request against its behavior.

    Returns:
        True if the viewer has to be sent to HTTPS instead.

    Raises:
        BodyNotAllowed, HttpsOnly, MethodNotAllowed.
    """
    if request.method == "GET" and request.body.length != 0:
        raise BodyNotAllowed("a GET with a body")
    if protocol_redirect(request, behavior):
        return True
    if request.method not in behavior.allowed_methods:
        allowed = ", ".join(sorted(behavior.allowed_methods))
        raise MethodNotAllowed(f"behavior {behavior.path_pattern!r} allows {allowed}, not {request.method}")
    return False


def protocol_redirect(request: Request, behavior: Behavior) -> bool:
    """Tell whether a viewer has to be sent to HTTPS.

    Raises:
        HttpsOnly: it cannot be.
    """
    if request.scheme != "http" or behavior.viewer_protocol_policy == "allow-all":
        return False
    if behavior.viewer_protocol_policy == "https-only":
        raise HttpsOnly(f"behavior {behavior.path_pattern!r} allows HTTPS only")
    if request.http_version == "1.0" and request.method not in READ_METHODS:
        raise HttpsOnly("HTTP/1.0 knows no redirect that keeps the method")
    return True


def https_host(host: bytes, port: int) -> bytes:
    """Return the authority that a viewer is sent to from HTTP: the host that was asked for, at the port of HTTPS.

    Args:
        host: the Host header.
        port: where HTTPS is served; 0 when it is not: then whatever comes with Host stays, as on CloudFront, which
            knows no ports but its own.
    """
    if not port:
        return host
    name = host[: host.index(b"]") + 1] if host.startswith(b"[") and b"]" in host else host.partition(b":")[0]
    return name if port == HTTPS_PORT else b"%b:%d" % (name, port)


def wants_tunnel(request: Request) -> bool:
    """Tell whether a request opens a WebSocket, the one upgrade CloudFront passes on (§16)."""
    upgrade = request.headers.get(b"upgrade")
    if upgrade is None or upgrade.lower() != b"websocket" or request.method != "GET":
        return False
    connection = split_list((request.headers.joined(b"connection") or b"").lower())
    return request.http_version == "1.1" and b"upgrade" in connection
