"""Response headers policies in CloudFront's words (`spec/cloudfront.md` §11)."""

from typing import Literal

from edgerun.values import value


@value
class Cors:
    """What a response headers policy answers to requests from other origins.

    `allow_origins` may hold `*`, `*.example.org` or a port with `*`; `allow_methods` may be `ALL`. `max_age`
    is in seconds. `origin_override` puts the policy's headers over the origin's; else one CORS header of the
    origin is enough to keep all of the policy's out.
    """

    allow_origins: tuple[str, ...]
    allow_headers: tuple[str, ...] = ()
    allow_methods: tuple[str, ...] = ()
    allow_credentials: bool = False
    expose_headers: tuple[str, ...] = ()
    max_age: int | None = None
    origin_override: bool


@value
class StrictTransportSecurity:
    """`Strict-Transport-Security`; `max_age` is in seconds."""

    max_age: int
    include_subdomains: bool = False
    preload: bool = False
    override: bool


@value
class ContentTypeOptions:
    """`X-Content-Type-Options: nosniff`."""

    override: bool


@value
class FrameOptions:
    """`X-Frame-Options`."""

    frame_option: Literal["DENY", "SAMEORIGIN"]
    override: bool


@value
class ReferrerPolicy:
    """`Referrer-Policy`."""

    referrer_policy: str
    override: bool


@value
class ContentSecurityPolicy:
    """`Content-Security-Policy`."""

    content_security_policy: str
    override: bool


@value
class XssProtection:
    """`X-XSS-Protection`; of `mode_block` and `report_uri` one at most."""

    protection: bool
    mode_block: bool = False
    report_uri: str = ""
    override: bool


@value
class Security:
    """The security headers of a response headers policy; None is no such header."""

    strict_transport_security: StrictTransportSecurity | None = None
    content_type_options: ContentTypeOptions | None = None
    frame_options: FrameOptions | None = None
    referrer_policy: ReferrerPolicy | None = None
    content_security_policy: ContentSecurityPolicy | None = None
    xss_protection: XssProtection | None = None


@value
class CustomHeader:
    """A header that a response headers policy adds; without `override` only where the response has none."""

    header: str
    value: str
    override: bool


@value
class ServerTiming:
    """Whether answers tell how they came about; `sampling_rate` is the percentage that do unasked."""

    enabled: bool
    sampling_rate: float = 0.0


@value
class ResponseHeadersPolicy:
    """What is taken from an answer on its way to the viewer, and what is put on it; `remove` is in lower case."""

    name: str
    id: str = ""
    cors: Cors | None = None
    security: Security | None = None
    custom: tuple[CustomHeader, ...] = ()
    remove: frozenset[bytes] = frozenset()
    server_timing: ServerTiming | None = None
