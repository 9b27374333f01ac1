"""Sources: cloudfront.md §2.4, §2.5. Every id and every value, written down a second time from the tables."""

import pytest
from plays import MANAGED, MANAGED_ORIGIN

from edgerun.distribution.managed import only
from edgerun.distribution.model import Choice, Selection

ALL, NONE = Selection(choice=Choice.ALL), Selection()
YEAR, DAY = 31_536_000, 86_400
OVERRIDES = "Host Origin X-HTTP-Method-Override X-HTTP-Method X-Method-Override"


def names(text):
    return only(*text.split()) if text else NONE


# §2.4: name, id, Min / Max / Default, headers, cookies, query, gzip, brotli
@pytest.mark.parametrize(
    ("name", "id_", "ttls", "headers", "cookies", "query", "gzip", "brotli"),
    [
        (
            *("Amplify", "2e54312d-136d-493c-8eb9-b001f22f67d2", (2, 600, 2)),
            *("Authorization CloudFront-Viewer-Country Host", ALL, ALL, True, True),
        ),
        ("CachingDisabled", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad", (0, 0, 0), "", NONE, NONE, False, False),
        ("CachingOptimized", "658327ea-f89d-4fab-a63d-7e88639e58f6", (1, YEAR, DAY), "", NONE, NONE, True, True),
        (
            *("CachingOptimizedForUncompressedObjects", "b2884449-e4de-46a7-ac36-70bc7f1ddd6d", (1, YEAR, DAY)),
            *("", NONE, NONE, False, False),
        ),
        (
            *("Elemental-MediaPackage", "08627262-05a9-4f76-9ded-b50ca2e3a84f", (0, YEAR, DAY)),
            *("Origin", NONE, names("aws.manifestfilter start end m"), True, False),
        ),
        (
            *("UseOriginCacheControlHeaders", "83da9c7e-98b4-4e11-a168-04f0df8e2c65", (0, YEAR, 0)),
            *(OVERRIDES, ALL, NONE, True, True),
        ),
        (
            *("UseOriginCacheControlHeaders-QueryStrings", "4cc15a8a-d715-48a4-82b8-cc0b614638fe", (0, YEAR, 0)),
            *(OVERRIDES, ALL, ALL, True, True),
        ),
    ],
)
def test_a_managed_cache_policy(name, id_, ttls, headers, cookies, query, gzip, brotli):
    policy = MANAGED[name]
    assert policy.id == id_
    assert (policy.min_ttl, policy.max_ttl, policy.default_ttl) == ttls
    assert policy.headers == names(headers)
    assert (policy.cookies, policy.query_strings) == (cookies, query)
    assert (policy.gzip, policy.brotli) == (gzip, brotli)


def test_only_caching_disabled_is_disabled():
    assert [name for name, policy in MANAGED.items() if policy.disabled] == ["CachingDisabled"]


CORS = "Origin Access-Control-Request-Headers Access-Control-Request-Method"
CLOUDFRONT = " ".join(
    "CloudFront-" + part
    for part in (
        "Forwarded-Proto Is-Android-Viewer Is-Desktop-Viewer Is-IOS-Viewer Is-Mobile-Viewer Is-SmartTV-Viewer "
        "Is-Tablet-Viewer Viewer-Address Viewer-ASN Viewer-City Viewer-Country Viewer-Country-Name "
        "Viewer-Country-Region Viewer-Country-Region-Name Viewer-Http-Version Viewer-Latitude Viewer-Longitude "
        "Viewer-Metro-Code Viewer-Postal-Code Viewer-Time-Zone Viewer-TLS"
    ).split()
)


# §2.5: name, id, how headers are chosen and which, cookies, query
@pytest.mark.parametrize(
    ("name", "id_", "choice", "headers", "cookies", "query"),
    [
        ("AllViewer", "216adef6-5c7f-47e4-b989-5492eafa07d3", Choice.ALL_VIEWER, "", ALL, ALL),
        (
            *("AllViewerAndCloudFrontHeaders-2022-06", "33f36d7e-f396-46d9-90e0-52428a34d9dc"),
            *(Choice.ALL_VIEWER, CLOUDFRONT, ALL, ALL),
        ),
        ("AllViewerExceptHostHeader", "b689b0a8-53d0-40ab-baf2-68738e2966ac", Choice.EXCEPT, "Host", ALL, ALL),
        ("CORS-CustomOrigin", "59781a5b-3903-41f3-afcb-af62929ccde1", Choice.ONLY, "Origin", NONE, NONE),
        ("CORS-S3Origin", "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf", Choice.ONLY, CORS, NONE, NONE),
        (
            *("Elemental-MediaTailor-PersonalizedManifests", "775133bc-15f2-49f9-abea-afb2e0bf67d2"),
            *(Choice.ONLY, CORS + " User-Agent X-Forwarded-For", NONE, ALL),
        ),
        ("HostHeaderOnly", "bf0718e1-ba1e-49d1-88b1-f726733018ae", Choice.ONLY, "Host", NONE, NONE),
        (
            "UserAgentRefererHeaders",
            "acba4595-bd28-49b8-b9fe-13317c0390fa",
            Choice.ONLY,
            "User-Agent Referer",
            NONE,
            NONE,
        ),
    ],
)
def test_a_managed_origin_request_policy(name, id_, choice, headers, cookies, query):
    policy = MANAGED_ORIGIN[name]
    assert policy.id == id_
    assert policy.headers.choice is choice
    assert policy.headers.names == names(headers).names
    assert (policy.cookies, policy.query_strings) == (cookies, query)


def test_there_are_no_others():
    assert len(MANAGED) == 7
    assert len(MANAGED_ORIGIN) == 8
