"""What CloudFront compresses, and what that makes of the head (`spec/cloudfront.md` §7)."""

from typing import Final

from edgerun.http.headers import Headers
from edgerun.http.message import Response

SMALLEST: Final = 1_000
LARGEST: Final = 10_000_000
STATUSES: Final = frozenset({200, 403, 404})
CONTENT_TYPES: Final = frozenset(
    name.encode()
    for name in (
        "application/dash+xml application/eot application/font application/font-sfnt application/javascript "
        "application/json application/opentype application/otf application/pdf application/pkcs7-mime "
        "application/protobuf application/rss+xml application/truetype application/ttf application/vnd.apple.mpegurl "
        "application/vnd.mapbox-vector-tile application/vnd.ms-fontobject application/wasm application/xhtml+xml "
        "application/xml application/x-font-opentype application/x-font-truetype application/x-font-ttf "
        "application/x-httpd-cgi application/x-javascript application/x-mpegurl application/x-opentype "
        "application/x-otf application/x-perl application/x-ttf font/eot font/opentype font/otf font/ttf "
        "image/svg+xml text/css text/csv text/html text/javascript text/js text/plain text/richtext "
        "text/tab-separated-values text/xml text/x-component text/x-java-source text/x-script vnd.apple.mpegurl"
    ).split()
)


def encoding_for(response: Response, offered: bytes | None) -> bytes | None:
    """Return the coding an object enters the cache in, `br` before `gzip`, or None for as it is (§7.1, §7.2).

    Args:
        response: the origin's, after origin-response; its body is of declared length, or never compressed.
        offered: the normalised `Accept-Encoding` of the key: what viewer and cache policy both take, and never
            anything for HTTP/1.0.
    """
    if offered is None or response.status not in STATUSES or b"content-encoding" in response.headers:
        return None
    length = response.body.length
    if length is None or not SMALLEST <= length <= LARGEST:
        return None
    content_type = (response.headers.get(b"content-type") or b"").partition(b";")[0]
    if content_type.strip(b" \t").lower() not in CONTENT_TYPES:
        return None
    return b"br" if b"br" in offered.split(b",") else b"gzip"


def compressed_head(headers: Headers, encoding: bytes) -> Headers:
    """Return the head of the compressed object (§7.4); a head that is that already stays as it is."""
    etag = headers.get(b"etag")
    changed = headers.without(b"content-length", b"accept-ranges")
    if etag is not None and not etag.startswith(b"W/"):
        changed = changed.replaced(b"ETag", b"W/" + etag) if etag.startswith(b'"') else changed.without(b"etag")
    changed = changed.replaced(b"Content-Encoding", encoding)
    # Names are tokens: a stray quote in what an origin sends hides no comma.
    members = b",".join(changed.get_all(b"vary")).split(b",")
    varies = [name for member in members if (name := member.strip(b" \t"))]
    if b"*" not in varies and b"accept-encoding" not in {member.lower() for member in varies}:
        changed = changed.replaced(b"Vary", b", ".join((*varies, b"Accept-Encoding")))
    return changed
