"""Which object a URI means: the target of a request, and references relative to it (RFC 3986 §5.2, RFC 9110 §4.2.3)."""

import re
from typing import Final, NamedTuple

from edgerun.http.message import Request

_REFERENCE: Final = re.compile(
    rb"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.\-]*):)?(?://(?P<authority>[^/?#]*))?"
    rb"(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#.*)?",
    re.DOTALL,
)
_DEFAULT_PORT: Final = {b"http": b":80", b"https": b":443"}


class Uri(NamedTuple):
    """A URI as far as it tells objects apart: `query` is None without a `?`, empty after a bare one."""

    scheme: bytes
    authority: bytes
    path: bytes
    query: bytes | None = None

    @property
    def origin(self) -> tuple[bytes, bytes]:
        """Scheme and authority."""
        return self.scheme, self.authority


def target(request: Request) -> Uri:
    """Return what a request is for: path and query byte for byte, scheme and host in one form."""
    scheme = request.scheme.lower().encode()
    return Uri(scheme, authority(scheme, request.headers.get(b"host") or b""), request.path, request.query)


def authority(scheme: bytes, text: bytes) -> bytes:
    """Return host and port in one form: in lower case, without the scheme's own port."""
    lower = text.lower()
    return lower.removesuffix(_DEFAULT_PORT.get(scheme, b"\0")).removesuffix(b":")


def resolved(request: Request, reference: bytes) -> Uri | None:
    """Return what a reference in an answer means, None if it is none; the fragment does not count.

    Args:
        request: what was answered; its target is the base.
        reference: such as a `Location` or `Content-Location`.
    """
    base, found = target(request), _REFERENCE.fullmatch(reference.strip(b" \t"))
    if found is None:
        return None
    scheme, host, path, query = found["scheme"], found["authority"], found["path"], found["query"]
    if scheme is not None or host is not None:
        scheme = base.scheme if scheme is None else scheme.lower()
        if host is None:
            return None
        return Uri(scheme, authority(scheme, host), _dotless(path) or b"/", query)
    if not path:
        return base._replace(query=base.query if query is None else query)
    if not path.startswith(b"/"):
        path = base.path[: base.path.rfind(b"/") + 1] + path
    return base._replace(path=_dotless(path), query=query)


def _dotless(path: bytes) -> bytes:
    """Return a path without its `.` and `..` segments."""
    kept: list[bytes] = []
    segments = path.split(b"/")
    for segment in segments:
        if segment == b"..":
            if len(kept) > 1:
                kept.pop()
        elif segment != b".":
            kept.append(segment)
    if segments[-1] in {b".", b".."}:
        kept.append(b"")
    return b"/".join(kept)
