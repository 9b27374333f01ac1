"""AWS's managed policies by name and id (`spec/cloudfront.md` §2.4 to §2.6)."""

from collections.abc import Iterable
from typing import Final

from edgerun.distribution.headers_model import (
    ContentTypeOptions,
    Cors,
    FrameOptions,
    ReferrerPolicy,
    ResponseHeadersPolicy,
    Security,
    StrictTransportSecurity,
    XssProtection,
)
from edgerun.distribution.model import CachePolicy, Choice, OriginRequestPolicy, Selection

_ALL: Final = Selection(choice=Choice.ALL)
_YEAR: Final = 31_536_000.0
_DAY: Final = 86_400.0


def only(*names: str) -> Selection:
    """Select the named ones; header names are given in any case and kept in lower case."""
    return Selection(choice=Choice.ONLY, names=frozenset(name.lower().encode() for name in names))


_OVERRIDES: Final = ("Host", "Origin", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")

CACHE_POLICIES: Final = (
    CachePolicy(
        name="Amplify",
        id="2e54312d-136d-493c-8eb9-b001f22f67d2",
        min_ttl=2,
        default_ttl=2,
        max_ttl=600,
        headers=only("Authorization", "CloudFront-Viewer-Country", "Host"),
        cookies=_ALL,
        query_strings=_ALL,
        gzip=True,
        brotli=True,
    ),
    CachePolicy(name="CachingDisabled", id="4135ea2d-6df8-44a3-9df3-4b5a84be39ad", min_ttl=0, default_ttl=0, max_ttl=0),
    CachePolicy(
        name="CachingOptimized",
        id="658327ea-f89d-4fab-a63d-7e88639e58f6",
        min_ttl=1,
        default_ttl=_DAY,
        max_ttl=_YEAR,
        gzip=True,
        brotli=True,
    ),
    CachePolicy(
        name="CachingOptimizedForUncompressedObjects",
        id="b2884449-e4de-46a7-ac36-70bc7f1ddd6d",
        min_ttl=1,
        default_ttl=_DAY,
        max_ttl=_YEAR,
    ),
    CachePolicy(
        name="Elemental-MediaPackage",
        id="08627262-05a9-4f76-9ded-b50ca2e3a84f",
        min_ttl=0,
        default_ttl=_DAY,
        max_ttl=_YEAR,
        headers=only("Origin"),
        query_strings=Selection(choice=Choice.ONLY, names=frozenset((b"aws.manifestfilter", b"start", b"end", b"m"))),
        gzip=True,
    ),
    CachePolicy(
        name="UseOriginCacheControlHeaders",
        id="83da9c7e-98b4-4e11-a168-04f0df8e2c65",
        min_ttl=0,
        default_ttl=0,
        max_ttl=_YEAR,
        headers=only(*_OVERRIDES),
        cookies=_ALL,
        gzip=True,
        brotli=True,
    ),
    CachePolicy(
        name="UseOriginCacheControlHeaders-QueryStrings",
        id="4cc15a8a-d715-48a4-82b8-cc0b614638fe",
        min_ttl=0,
        default_ttl=0,
        max_ttl=_YEAR,
        headers=only(*_OVERRIDES),
        cookies=_ALL,
        query_strings=_ALL,
        gzip=True,
        brotli=True,
    ),
)

_DEVICES: Final = tuple(
    f"CloudFront-Is-{kind}-Viewer" for kind in ("Android", "Desktop", "IOS", "Mobile", "SmartTV", "Tablet")
)
_LOCATION: Final = tuple(
    f"CloudFront-Viewer-{part}"
    for part in (
        "City",
        "Country",
        "Country-Name",
        "Country-Region",
        "Country-Region-Name",
        "Latitude",
        "Longitude",
        "Metro-Code",
        "Postal-Code",
        "Time-Zone",
    )
)
_CONNECTION: Final = ("CloudFront-Forwarded-Proto", "CloudFront-Viewer-Http-Version", "CloudFront-Viewer-TLS")


def _lower(names: Iterable[str]) -> frozenset[bytes]:
    return frozenset(name.lower().encode() for name in names)


ORIGIN_REQUEST_POLICIES: Final = (
    OriginRequestPolicy(
        name="AllViewer",
        id="216adef6-5c7f-47e4-b989-5492eafa07d3",
        headers=Selection(choice=Choice.ALL_VIEWER),
        cookies=_ALL,
        query_strings=_ALL,
    ),
    OriginRequestPolicy(
        name="AllViewerAndCloudFrontHeaders-2022-06",
        id="33f36d7e-f396-46d9-90e0-52428a34d9dc",
        headers=Selection(
            choice=Choice.ALL_VIEWER,
            names=_lower(
                (*_DEVICES, *_LOCATION, *_CONNECTION, "CloudFront-Viewer-Address", "CloudFront-Viewer-ASN"),
            ),
        ),
        cookies=_ALL,
        query_strings=_ALL,
    ),
    OriginRequestPolicy(
        name="AllViewerExceptHostHeader",
        id="b689b0a8-53d0-40ab-baf2-68738e2966ac",
        headers=Selection(choice=Choice.EXCEPT, names=frozenset((b"host",))),
        cookies=_ALL,
        query_strings=_ALL,
    ),
    OriginRequestPolicy(name="CORS-CustomOrigin", id="59781a5b-3903-41f3-afcb-af62929ccde1", headers=only("Origin")),
    OriginRequestPolicy(
        name="CORS-S3Origin",
        id="88a5eaf4-2fd4-4709-b370-b4c650ea3fcf",
        headers=only("Origin", "Access-Control-Request-Headers", "Access-Control-Request-Method"),
    ),
    OriginRequestPolicy(
        name="Elemental-MediaTailor-PersonalizedManifests",
        id="775133bc-15f2-49f9-abea-afb2e0bf67d2",
        headers=only(
            "Origin",
            "Access-Control-Request-Headers",
            "Access-Control-Request-Method",
            "User-Agent",
            "X-Forwarded-For",
        ),
        query_strings=_ALL,
    ),
    OriginRequestPolicy(name="HostHeaderOnly", id="bf0718e1-ba1e-49d1-88b1-f726733018ae", headers=only("Host")),
    OriginRequestPolicy(
        name="UserAgentRefererHeaders",
        id="acba4595-bd28-49b8-b9fe-13317c0390fa",
        headers=only("User-Agent", "Referer"),
    ),
)

# What `AllViewerExceptHostHeader` adds besides the viewer's headers (§2.5).
EXCEPT_HOST_ADDS: Final = _lower((*_DEVICES, *_LOCATION, *_CONNECTION))

_SIMPLE: Final = Cors(allow_origins=("*",), origin_override=False)
_WITH_PREFLIGHT: Final = Cors(
    allow_origins=("*",),
    allow_methods=("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"),
    expose_headers=("*",),
    origin_override=False,
)
_SECURITY: Final = Security(
    strict_transport_security=StrictTransportSecurity(max_age=31_536_000, override=False),
    content_type_options=ContentTypeOptions(override=True),
    frame_options=FrameOptions(frame_option="SAMEORIGIN", override=False),
    referrer_policy=ReferrerPolicy(referrer_policy="strict-origin-when-cross-origin", override=False),
    xss_protection=XssProtection(protection=True, mode_block=True, override=False),
)

RESPONSE_HEADERS_POLICIES: Final = (
    ResponseHeadersPolicy(name="SimpleCORS", id="60669652-455b-4ae9-85a4-c4c02393f86c", cors=_SIMPLE),
    ResponseHeadersPolicy(name="CORS-With-Preflight", id="5cc3b908-e619-4b99-88e5-2cf7f45965bd", cors=_WITH_PREFLIGHT),
    ResponseHeadersPolicy(name="SecurityHeadersPolicy", id="67f7725c-6f97-4210-82d7-5512b31e9d03", security=_SECURITY),
    ResponseHeadersPolicy(
        name="CORS-and-SecurityHeadersPolicy",
        id="e61eb60c-9c35-4d20-a928-2b84e02af89c",
        cors=_SIMPLE,
        security=_SECURITY,
    ),
    ResponseHeadersPolicy(
        name="CORS-with-preflight-and-SecurityHeadersPolicy",
        id="eaab4381-ed33-4a86-88ca-d9558dc6cd63",
        cors=_WITH_PREFLIGHT,
        security=_SECURITY,
    ),
)
