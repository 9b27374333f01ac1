"""Response headers policies as they are written: types, ranges and a description of every key."""

from typing import Annotated, Final, Literal

from pydantic import Field

from edgerun.config.shapes import Table

LONGEST: Final = 2**31 - 1

Seconds = Annotated[int, Field(ge=0, le=LONGEST)]

_OVERRIDE: Final = "True: also in place of the origin's."


class CorsTable(Table):
    """What is answered to requests from other origins."""

    allow_origins: list[str] = Field(
        min_length=1,
        description="Such as https://example.com, *.example.com, http://localhost:*, or * for all.",
    )
    allow_headers: list[str] = Field(
        default_factory=list, description="Request headers that may be sent: names, x-amz-*, or * for all."
    )
    allow_methods: list[str] = Field(
        default_factory=list, description="GET, POST, OPTIONS, PUT, DELETE, PATCH, HEAD, or ALL for these seven."
    )
    allow_credentials: bool = Field(False, description="Whether cookies and authorization may be sent.")
    expose_headers: list[str] = Field(
        default_factory=list, description="Response headers that scripts may read: names, or * for all."
    )
    max_age: Seconds | None = Field(
        None, ge=0, le=LONGEST, description="Seconds a browser may keep the answer to a preflight."
    )
    origin_override: bool = Field(
        description="True: in place of the origin's; false: only if the origin sends no CORS header at all."
    )


class StrictTransportSecurityTable(Table):
    """`Strict-Transport-Security`."""

    max_age: Seconds = Field(description="Seconds a browser comes by HTTPS only.")
    include_subdomains: bool = Field(False, description="Adds includeSubDomains.")
    preload: bool = Field(False, description="Adds preload.")
    override: bool = Field(description=_OVERRIDE)


class ContentTypeOptionsTable(Table):
    """`X-Content-Type-Options: nosniff`."""

    override: bool = Field(description=_OVERRIDE)


class FrameOptionsTable(Table):
    """`X-Frame-Options`."""

    frame_option: Literal["DENY", "SAMEORIGIN"] = Field(description="Its value.")
    override: bool = Field(description=_OVERRIDE)


class ReferrerPolicyTable(Table):
    """`Referrer-Policy`."""

    referrer_policy: Literal[
        "no-referrer",
        "no-referrer-when-downgrade",
        "origin",
        "origin-when-cross-origin",
        "same-origin",
        "strict-origin",
        "strict-origin-when-cross-origin",
        "unsafe-url",
    ] = Field(description="Its value.")
    override: bool = Field(description=_OVERRIDE)


class ContentSecurityPolicyTable(Table):
    """`Content-Security-Policy`."""

    content_security_policy: str = Field(description="Its value, at most 1783 characters.")
    override: bool = Field(description=_OVERRIDE)


class XssProtectionTable(Table):
    """`X-XSS-Protection`."""

    protection: bool = Field(description="True is 1, false is 0.")
    mode_block: bool = Field(False, description="Adds mode=block; not together with report_uri.")
    report_uri: str | None = Field(None, description="Adds report= and this; not together with mode_block.")
    override: bool = Field(description=_OVERRIDE)


class SecurityTable(Table):
    """Security headers; those left out are not added."""

    strict_transport_security: StrictTransportSecurityTable | None = Field(None, description="How long HTTPS only.")
    content_type_options: ContentTypeOptionsTable | None = Field(None, description="No guessing of types.")
    frame_options: FrameOptionsTable | None = Field(None, description="Who may frame the page.")
    referrer_policy: ReferrerPolicyTable | None = Field(None, description="What a browser says of the page before.")
    content_security_policy: ContentSecurityPolicyTable | None = Field(None, description="What the page may load.")
    xss_protection: XssProtectionTable | None = Field(None, description="The filter of old browsers.")


class CustomHeaderTable(Table):
    """A header that is added."""

    header: str = Field(description="Its name.")
    value: str = Field(description="Its value; may be empty.")
    override: bool = Field(description=_OVERRIDE)


class ServerTimingTable(Table):
    """The `Server-Timing` header: how an answer came about."""

    enabled: bool = Field(description="True: added when a request has `Pragma: server-timing`, and to a sample.")
    sampling_rate: float = Field(
        0, ge=0, le=100, description="Percentage of answers that get it unasked, 0 to 100 with at most 4 decimals."
    )


class ResponseHeadersPolicyTable(Table):
    """A response headers policy: what is taken from an answer, then what is put on it."""

    cors: CorsTable | None = Field(None, description="Headers for requests from other origins.")
    security: SecurityTable | None = Field(None, description="Security headers.")
    custom: list[CustomHeaderTable] = Field(default_factory=list, description="Headers of your own.")
    remove: list[str] = Field(default_factory=list, description="Names of headers that are taken away.")
    server_timing: ServerTimingTable | None = Field(None, description="The header Server-Timing.")
