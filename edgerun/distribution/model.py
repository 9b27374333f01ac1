"""The configuration in CloudFront's words, as frozen values.

Names and ranges follow `spec/cloudfront.md` §1 and §15. Everything is checked before it is built
(`config/load.py`), so nothing here can hold a value out of range.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal

from edgerun.cache.tags import TAG_HEADERS
from edgerun.distribution.access_log import AccessLog
from edgerun.distribution.geo import PlaceOf, nowhere
from edgerun.distribution.headers_model import ResponseHeadersPolicy
from edgerun.distribution.latitude import STANDARD, Rfc9111
from edgerun.distribution.origins import OriginConfig, OriginGroup
from edgerun.functions.function import Function
from edgerun.values import FrozenMap, value

ALL_METHODS: Final = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
READ_METHODS: Final = frozenset({"GET", "HEAD"})


class Point(StrEnum):
    """The four moments at which a function can run."""

    VIEWER_REQUEST = "viewer-request"
    ORIGIN_REQUEST = "origin-request"
    ORIGIN_RESPONSE = "origin-response"
    VIEWER_RESPONSE = "viewer-response"


class Choice(StrEnum):
    """How a policy picks headers, cookies or query strings."""

    NONE = "none"
    ALL = "all"
    ONLY = "only"
    EXCEPT = "except"
    ALL_VIEWER = "all_viewer"


@value
class Selection:
    """What a policy takes of one kind: none, all, those named, or all but those named.

    Header names are lower case; cookie and query names are as written. `ALL_VIEWER` is the origin request
    policy's: all of the viewer's headers, and the named `CloudFront-*` ones on top.
    """

    choice: Choice = Choice.NONE
    names: frozenset[bytes] = frozenset()

    def takes(self, name: bytes) -> bool:
        """Tell whether something of this name is taken."""
        match self.choice:
            case Choice.NONE:
                return False
            case Choice.ALL | Choice.ALL_VIEWER:
                return True
            case Choice.ONLY:
                return name in self.names
            case Choice.EXCEPT:
                return name not in self.names


NOTHING: Final = Selection()


@value
class CachePolicy:
    """What makes a cache key, and for how long (seconds; min ≤ default ≤ max)."""

    name: str
    id: str = ""
    min_ttl: float = 0.0
    default_ttl: float = 86_400.0
    max_ttl: float = 31_536_000.0
    headers: Selection = NOTHING
    cookies: Selection = NOTHING
    query_strings: Selection = NOTHING
    gzip: bool = False
    brotli: bool = False

    @property
    def disabled(self) -> bool:
        """True when all TTLs are 0: nothing is stored and nothing is collapsed."""
        return self.max_ttl == 0


@value
class OriginRequestPolicy:
    """What reaches the origin besides the cache key's parts."""

    name: str
    id: str = ""
    headers: Selection = NOTHING
    cookies: Selection = NOTHING
    query_strings: Selection = NOTHING


def is_cloudfront(function: Function) -> bool:
    """Tell whether this is a CloudFront Function, and not one of Lambda@Edge."""
    return function.runtime.startswith("cloudfront-js-")


@value
class PublicKey:
    """A key that checks signatures; `id` is what viewers send as Key-Pair-Id, `pem` the key in SPKI PEM."""

    name: str
    id: str
    pem: bytes


@value
class KeyGroup:
    """Keys that a behavior trusts together."""

    name: str
    id: str
    keys: tuple[PublicKey, ...]


@value
class GeoRestriction:
    """The countries that may see a distribution (`whitelist`), or may not (`blacklist`)."""

    restriction_type: Literal["whitelist", "blacklist"]
    locations: frozenset[str]


@value
class Association:
    """A function at one point of a behavior."""

    function: Function
    include_body: bool = False

    @property
    def of_cloudfront(self) -> bool:
        """Whether it is a CloudFront Function."""
        return is_cloudfront(self.function)


@value
class Behavior:
    """What happens to the paths that match a pattern; `path_pattern` is `*` for the default behavior.

    With an `origin_group`, `origin` is its primary.
    """

    path_pattern: str
    origin: OriginConfig
    cache_policy: CachePolicy
    origin_group: OriginGroup | None = None
    origin_request_policy: OriginRequestPolicy | None = None
    response_headers_policy: ResponseHeadersPolicy | None = None
    viewer_protocol_policy: Literal["allow-all", "https-only", "redirect-to-https"] = "allow-all"
    allowed_methods: frozenset[str] = READ_METHODS
    cached_methods: frozenset[str] = READ_METHODS
    compress: bool = False
    trusted_key_groups: tuple[KeyGroup, ...] = ()
    viewer_request: Association | None = None
    origin_request: Association | None = None
    origin_response: Association | None = None
    viewer_response: Association | None = None

    @property
    def of_cloudfront(self) -> bool:
        """Whether its viewer points have CloudFront Functions; they cannot have both kinds."""
        found = self.viewer_request or self.viewer_response
        return found is not None and found.of_cloudfront

    def function_at(self, point: Point) -> Association | None:
        """Return what is associated with one point."""
        match point:
            case Point.VIEWER_REQUEST:
                return self.viewer_request
            case Point.ORIGIN_REQUEST:
                return self.origin_request
            case Point.ORIGIN_RESPONSE:
                return self.origin_response
            case Point.VIEWER_RESPONSE:
                return self.viewer_response


@value
class ErrorResponse:
    """What to answer instead of an error status, and how long the error itself is kept (seconds)."""

    error_code: int
    response_code: int | None = None
    response_page_path: str = ""
    error_caching_min_ttl: float = 10.0


NO_ERROR_RESPONSES: Final[FrozenMap[int, ErrorResponse]] = FrozenMap({})


@value
class Distribution:
    """One CloudFront distribution: hosts, behaviors in order, error pages, rules of caching, and `Cache-Status`."""

    name: str
    id: str
    domain_name: str
    default_behavior: Behavior
    behaviors: tuple[Behavior, ...] = ()
    aliases: tuple[str, ...] = ()
    default_root_object: str = ""
    enabled: bool = True
    geo_restriction: GeoRestriction | None = None
    error_responses: Mapping[int, ErrorResponse] = NO_ERROR_RESPONSES
    access_log: AccessLog | None = None
    cache_status: Literal["", "short", "detailed"] = ""
    caching: Literal["cloudfront", "rfc9111"] = "cloudfront"
    rfc9111: Rfc9111 = STANDARD

    @property
    def all_behaviors(self) -> tuple[Behavior, ...]:
        """Behaviors in the order in which they are tried, the default one last."""
        return (*self.behaviors, self.default_behavior)

    def error_caching_min_ttl(self, status: int) -> float:
        """Seconds an error of this status is kept at least; 10 unless configured (§6.2)."""
        entry = self.error_responses.get(status)
        return entry.error_caching_min_ttl if entry is not None else 10.0


@value
class StoreConfig:
    """The cache store, its bounds in bytes, its folder or server, and the headers (lower case) with cache tags."""

    kind: Literal["memory", "lmdb", "redis"] = "memory"
    size: int = 256 * 1024 * 1024
    max_object_size: int = 64 * 1024 * 1024
    path: str = ""
    url: str = ""
    tag_headers: tuple[bytes, ...] = TAG_HEADERS


@value
class Config:
    """Everything one edgerun process serves.

    `country` is that of all viewers, or "" for what `geo` says of an address.
    """

    distributions: tuple[Distribution, ...]
    origins: Mapping[str, OriginConfig]
    functions: Mapping[str, Function]
    store: StoreConfig
    strictness: Literal["strict", "pedantic", "lenient"] = "strict"
    country: str = ""
    geo: PlaceOf = nowhere
