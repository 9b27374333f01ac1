"""Origins as configured, their groups, and an origin as functions see it.

Names and ranges follow `spec/cloudfront.md` §1 and §9.
"""

from collections.abc import Mapping
from typing import Literal

from edgerun.http.headers import EMPTY as NO_HEADERS
from edgerun.http.headers import Headers
from edgerun.values import NO_TEXTS, value


@value
class DirectoryOrigin:
    """A folder that behaves like an S3 bucket, or like its website endpoint."""

    name: str
    directory: str
    domain_name: str
    website: bool = False
    index_document: str = "index.html"
    error_document: str = ""
    list_bucket: bool = False
    path: str = ""
    custom_headers: Mapping[str, str] = NO_TEXTS
    connection_attempts: int = 3
    connection_timeout: float = 10.0
    read_timeout: float = 30.0
    keepalive_timeout: float = 5.0
    response_completion_timeout: float | None = None


@value
class HttpOrigin:
    """An HTTP server; `command` starts it with edgerun, `{port}` standing for a free port."""

    name: str
    scheme: Literal["http", "https"]
    host: str
    port: int
    domain_name: str
    host_header: str
    path: str = ""
    custom_headers: Mapping[str, str] = NO_TEXTS
    connection_attempts: int = 3
    connection_timeout: float = 10.0
    read_timeout: float = 30.0
    keepalive_timeout: float = 5.0
    response_completion_timeout: float | None = None
    command: str = ""


@value
class BucketOrigin:
    """A bucket of S3, or of a server that speaks its protocol.

    Attributes:
        bucket: its name.
        domain_name: its name on AWS, which functions see.
        region: for signatures, and functions.
        scheme, host, port: where it is reached.
        path_style: the bucket's name stands in the path, not in the host.
        host_header: what `Host` says there.
        profile: whose credentials sign, of AWS's own files; "" for the environment's.
        sign: True: reads without credentials fail; None: signed if there are credentials; False: never.
    """

    name: str
    bucket: str
    domain_name: str
    region: str
    scheme: Literal["http", "https"]
    host: str
    port: int
    path_style: bool
    host_header: str
    profile: str = ""
    sign: bool | None = None
    path: str = ""
    custom_headers: Mapping[str, str] = NO_TEXTS
    connection_attempts: int = 3
    connection_timeout: float = 10.0
    read_timeout: float = 30.0
    keepalive_timeout: float = 5.0
    response_completion_timeout: float | None = None


@value
class FunctionOrigin:
    """A function behind its own URL or behind a load balancer (`spec/lambda-service.md` §6, §7).

    `function` is its name, `payload` the form of its events; `multi_value` is the target group's
    `lambda.multi_value_headers.enabled`, for `alb` only.
    """

    name: str
    function: str
    payload: Literal["function-url", "alb"]
    domain_name: str
    multi_value: bool = False
    path: str = ""
    custom_headers: Mapping[str, str] = NO_TEXTS
    connection_attempts: int = 3
    connection_timeout: float = 10.0
    read_timeout: float = 30.0
    keepalive_timeout: float = 5.0
    response_completion_timeout: float | None = None


OriginConfig = DirectoryOrigin | HttpOrigin | BucketOrigin | FunctionOrigin


def is_bucket(origin: OriginConfig) -> bool:
    """Tell whether an origin is S3 to CloudFront; a bucket's website endpoint is not."""
    return isinstance(origin, BucketOrigin) or (isinstance(origin, DirectoryOrigin) and not origin.website)


def place_of(origin: OriginConfig) -> str:
    """Return where an origin is, for people: a folder, a URL, `s3://bucket` or `function NAME`."""
    match origin:
        case DirectoryOrigin():
            return origin.directory
        case BucketOrigin():
            return f"s3://{origin.bucket}"
        case FunctionOrigin():
            return f"function {origin.function}"
        case HttpOrigin():
            return f"{origin.scheme}://{origin.host}:{origin.port}"


@value
class OriginGroup:
    """Two origins, the second asked where the first fails (§9); `status_codes` are what counts as failing."""

    name: str
    primary: OriginConfig
    secondary: OriginConfig
    status_codes: frozenset[int]


@value
class OriginSpec:
    """An origin as functions see and may replace it: the `origin` of the event (`spec/lambda-at-edge.md` §2.5).

    `port`, `protocol`, `keepalive_timeout` and `ssl_protocols` mean something for `custom` only,
    `auth_method` and `region` for `s3` only. Timeouts are whole seconds; `custom_headers` are lines.
    `connection_attempts` and `connection_timeout` are in no event; a CloudFront Function may change them.
    """

    kind: Literal["custom", "s3"]
    domain_name: str
    path: str = ""
    custom_headers: Headers = NO_HEADERS
    port: int = 443
    protocol: str = "https"
    read_timeout: int = 30
    keepalive_timeout: int = 5
    ssl_protocols: tuple[str, ...] = ("TLSv1.2",)
    response_completion_timeout: int | None = None
    auth_method: str = "none"
    region: str = ""
    connection_attempts: int = 3
    connection_timeout: int = 10
