"""What Lambda@Edge allows at each point: header lists, sizes and ranges (`spec/lambda-at-edge.md`)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from edgerun.distribution.model import Point
from edgerun.values import value

# §7.1: hidden from every event; adding one is a 502. A name ending in "-" in PREFIXES covers all that start so.
DISALLOWED: Final = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "trailer",
        "upgrade",
        "x-accel-buffering",
        "x-accel-charset",
        "x-accel-limit-rate",
        "x-accel-redirect",
        "x-amzn-auth",
        "x-amzn-cf-billing",
        "x-amzn-cf-id",
        "x-amzn-cf-xff",
        "x-amzn-errortype",
        "x-amzn-fle-profile",
        "x-amzn-header-count",
        "x-amzn-header-order",
        "x-amzn-lambda-integration-tag",
        "x-amzn-requestid",
        "x-cache",
        "x-forwarded-proto",
        "x-real-ip",
    }
)
DISALLOWED_PREFIXES: Final = ("x-amz-cf-", "x-edge-")

# §7.1, last sentence: goes to the origin only. AWS: no list forbids adding it; we hide it, so we refuse it.
NEVER_EXPOSED: Final = frozenset({"cloudfront-viewer-cert-pem"})

# §7.1: visible when the viewer sent it, but not to be added here.
NOT_ADDED: Final[Mapping[Point, frozenset[str]]] = MappingProxyType(
    {
        Point.VIEWER_REQUEST: frozenset({"cloudfront-viewer-country"}),
        Point.ORIGIN_REQUEST: frozenset(),
        Point.ORIGIN_RESPONSE: frozenset(),
        Point.VIEWER_RESPONSE: frozenset(),
    }
)

# §7.2: in the event, and to be returned as they were.
READ_ONLY: Final[Mapping[Point, frozenset[str]]] = MappingProxyType(
    {
        Point.VIEWER_REQUEST: frozenset({"cdn-loop", "content-length", "host", "transfer-encoding", "via"}),
        Point.ORIGIN_REQUEST: frozenset(
            {
                "accept-encoding",
                "cdn-loop",
                "content-length",
                "if-modified-since",
                "if-none-match",
                "if-range",
                "if-unmodified-since",
                "transfer-encoding",
                "via",
            }
        ),
        Point.ORIGIN_RESPONSE: frozenset({"transfer-encoding", "via"}),
        Point.VIEWER_RESPONSE: frozenset({"content-encoding", "content-length", "transfer-encoding", "via", "warning"}),
    }
)

# §13.17: HTTP allows one value; more are sent as they are, with a warning.
SINGLE_VALUED: Final = frozenset(
    {
        "age",
        "content-length",
        "content-location",
        "content-type",
        "date",
        "etag",
        "expires",
        "host",
        "last-modified",
        "location",
        "retry-after",
        "server",
        "user-agent",
    }
)

# §3.5 rule (2): refused in `customHeaders` besides the disallowed ones.
CUSTOM_DENIED: Final = frozenset(
    {
        "cache-control",
        "connection",
        "content-length",
        "cookie",
        "host",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "max-forwards",
        "pragma",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "range",
        "request-range",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-real-ip",
    }
)
CUSTOM_DENIED_PREFIXES: Final = ("x-amz-", "x-edge-")

# §3.5, §8: quotas of origin custom headers, in characters.
CUSTOM_HEADERS: Final = 30
CUSTOM_NAME: Final = 256
CUSTOM_VALUE: Final = 1_783
CUSTOM_TOTAL: Final = 10_240

# §4.2, §5, §8: headers and body of a returned response, in bytes.
RESPONSE_BYTES: Final[Mapping[Point, int]] = MappingProxyType(
    {
        Point.VIEWER_REQUEST: 40_960,
        Point.ORIGIN_REQUEST: 1_048_576,
        Point.ORIGIN_RESPONSE: 1_048_576,
        Point.VIEWER_RESPONSE: 40_960,
    }
)

# §6: a request body as a function sees it, and as it may replace it, in bytes before base64.
EXPOSED_BODY: Final[Mapping[Point, int]] = MappingProxyType(
    {
        Point.VIEWER_REQUEST: 40_960,
        Point.ORIGIN_REQUEST: 1_048_576,
    }
)

# §3.2: uri and querystring together stay below this many characters.
URI_CHARACTERS: Final = 8_192

# §4.1: statuses a function may return.
STATUSES: Final = range(200, 600)

# §4.2 row 204, and RFC 9110 §6.4.1.
BODYLESS_STATUSES: Final = frozenset({204, 304})

# §2.5: the origin's fields.
ORIGIN_PORTS: Final = frozenset({80, 443})
ORIGIN_HIGH_PORTS: Final = range(1024, 65_536)
ORIGIN_PROTOCOLS: Final = frozenset({"http", "https"})
ORIGIN_SSL_PROTOCOLS: Final = frozenset({"TLSv1.2", "TLSv1.1", "TLSv1", "SSLv3"})
ORIGIN_TIMEOUTS: Final = range(1, 121)
ORIGIN_AUTH_METHODS: Final = frozenset({"origin-access-identity", "none"})
CUSTOM_DOMAIN_CHARACTERS: Final = 253
S3_DOMAIN_CHARACTERS: Final = 128
ORIGIN_PATH_CHARACTERS: Final = 255

# §8: the function itself; the same at all four points since 2026.
FUNCTION_TIMEOUT: Final = 30.0
FUNCTION_MEMORY: Final = range(128, 10_241)
FUNCTION_PACKAGE_BYTES: Final = 50 * 1024 * 1024
FUNCTION_TMP_BYTES: Final = 512 * 1024 * 1024
FUNCTION_DEFAULT_TIMEOUT: Final = 3.0
FUNCTION_DEFAULT_MEMORY: Final = 128

# §10.1: as of April 2026; a bare language is whatever version is installed here.
RUNTIMES: Final = frozenset(
    {"python", "nodejs"}
    | {f"python3.{minor}" for minor in range(10, 15)}
    | {f"nodejs{major}.x" for major in (20, 22, 24)}
)
RUNTIMES_DEPRECATED: Final = frozenset(
    {f"python3.{minor}" for minor in range(6, 10)}
    | {"python2.7"}
    | {f"nodejs{major}.x" for major in (4, 6, 8, 10, 12, 14, 16, 18)}
)

# §8: what the viewer's URL, and a request or an origin's response without body, may have, in bytes.
URL_BYTES: Final = 8_192
HEAD_BYTES: Final = 32_768

# §8: quotas of accounts and distributions, and Lambda's payload, which is never reached before the limits above.
CONCURRENT_EXECUTIONS: Final = 1_000
REQUESTS_PER_ENVIRONMENT_AND_SECOND: Final = 10
REQUESTS_PER_SECOND: Final = 10_000
FUNCTIONS_PER_DISTRIBUTION: Final = 100
DISTRIBUTIONS_WITH_FUNCTIONS: Final = 500
DISTRIBUTIONS_PER_FUNCTION: Final = 500
ASSOCIATIONS_PER_BEHAVIOR: Final = 4
PAYLOAD_BYTES: Final = 6 * 1024 * 1024

# CloudFront Functions, cloudfront-functions.md §5: bytes of code, and percent of the time that are worth a word.
CLOUDFRONT_FUNCTION_CODE_BYTES: Final = 10_240
UTILIZATION_TO_WARN_OF: Final = 70


@value
class Limit:
    """One limit of §8, in words, with where it comes from; `enforced` tells whether breaking it fails here too."""

    name: str
    viewer: str
    origin: str
    source: str
    enforced: bool = True


def _bytes(size: int) -> str:
    return f"{size:,} bytes"


_GUIDE: Final = "cloudfront-limits"
_RESTRICTIONS: Final = "lambda-at-edge-function-restrictions"

LIMITS: Final[tuple[Limit, ...]] = tuple(
    Limit(name=name, viewer=viewer, origin=origin or viewer, source=source, enforced=enforced)
    for name, viewer, origin, source, enforced in (
        ("function timeout", f"{FUNCTION_TIMEOUT:g} s", "", _GUIDE, True),
        (
            "function memory",
            "128 MB, or 128 to 10,240 MB",
            "128 to 10,240 MB",
            f"{_GUIDE}, edge-functions-choosing",
            True,
        ),
        ("package, compressed", _bytes(FUNCTION_PACKAGE_BYTES), "", _GUIDE, True),
        (
            "response of a function",
            _bytes(RESPONSE_BYTES[Point.VIEWER_REQUEST]),
            _bytes(RESPONSE_BYTES[Point.ORIGIN_REQUEST]),
            _GUIDE,
            True,
        ),
        (
            "request body, exposed or replaced",
            _bytes(EXPOSED_BODY[Point.VIEWER_REQUEST]),
            _bytes(EXPOSED_BODY[Point.ORIGIN_REQUEST]),
            _RESTRICTIONS,
            True,
        ),
        ("temporary folder", _bytes(FUNCTION_TMP_BYTES), "", "edge-functions-choosing", False),
        ("uri and querystring together", f"below {URI_CHARACTERS:,} characters", "", _RESTRICTIONS, True),
        ("URL of a request", _bytes(URL_BYTES), "", _GUIDE, True),
        ("request without body", _bytes(HEAD_BYTES), "", _GUIDE, True),
        (
            "origin custom headers",
            "",
            f"{CUSTOM_HEADERS}; name {CUSTOM_NAME}, value {CUSTOM_VALUE:,}, all {CUSTOM_TOTAL:,} characters",
            "add-origin-custom-headers",
            True,
        ),
        ("associations of a behavior", f"{ASSOCIATIONS_PER_BEHAVIOR}, one per event", "", _GUIDE, True),
        ("concurrent executions, per Region", f"{CONCURRENT_EXECUTIONS:,}", "", _GUIDE, False),
        ("requests per second, per Region", f"{REQUESTS_PER_SECOND:,}", "", _GUIDE, False),
        ("functions of a distribution", str(FUNCTIONS_PER_DISTRIBUTION), "", _GUIDE, False),
        ("distributions of a function", str(DISTRIBUTIONS_PER_FUNCTION), "", _GUIDE, False),
        ("payload of an invocation", _bytes(PAYLOAD_BYTES), "", "Lambda quotas", True),
    )
)


def is_disallowed(name: str) -> bool:
    """Tell whether no function may see or add this header (§7.1).

    Args:
        name: the header's name in lower case.
    """
    return name in DISALLOWED or name in NEVER_EXPOSED or name.startswith(DISALLOWED_PREFIXES)


def is_denied_as_custom(name: str) -> bool:
    """Tell whether an origin's `customHeaders` may not hold this header (§3.5 rule 2).

    Args:
        name: the header's name in lower case.
    """
    return name in CUSTOM_DENIED or name.startswith(CUSTOM_DENIED_PREFIXES)
