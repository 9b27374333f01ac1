"""All four events of one miss, through the whole pipeline, compared with golden files (`lambda-at-edge.md` §2, §7.3).

`EDGERUN_UPDATE_GOLDEN=1` rewrites them; read the difference before it is committed.
"""

import json
import os
from pathlib import Path

import pytest
from plays import MANAGED, MANAGED_ORIGIN, Play, behavior, distribution

from edgerun.distribution.origins import DirectoryOrigin, HttpOrigin
from edgerun.testing.origin import respond
from edgerun.values import FrozenMap

GOLDEN = Path(__file__).parent / "golden" / "pipeline"
POINTS = ("viewer_request", "origin_request", "origin_response", "viewer_response")

BUCKET = DirectoryOrigin(
    name="site", directory="/srv", domain_name="demo-bucket.s3.eu-west-1.amazonaws.com", path="/site"
)
SERVER = HttpOrigin(
    name="api",
    scheme="https",
    host="origin.example.org",
    port=443,
    domain_name="origin.example.org",
    host_header="origin.example.org",
    custom_headers=FrozenMap({"X-Origin-Token": "s3cret"}),
    read_timeout=20,
)
VIEWER = {
    "user_agent": "curl/8.5.0",
    "accept": "*/*",
    "accept_encoding": "gzip, br",
    "cookie": "theme=dark; session-id=42",
    "cloudfront_viewer_country": "XX",
    "x_custom": "kept?",
    "x_forwarded_for": "203.0.113.9",
}
ANSWER = {
    "cache_control": "max-age=60",
    "etag": '"9b2cf5"',
    "date": "Tue, 07 Apr 2026 10:00:00 GMT",
    "server": "demo-origin",
    "set_cookie": "theme=light",
    "x_cache": "Hit from elsewhere",
}

CASES = {
    "custom-all-viewer": (SERVER, "CachingOptimized", "AllViewerAndCloudFrontHeaders-2022-06"),
    "custom-nothing-forwarded": (SERVER, "CachingOptimized", None),
    "s3": (BUCKET, "CachingOptimized", "CORS-S3Origin"),
    "caching-disabled": (SERVER, "CachingDisabled", "AllViewerExceptHostHeader"),
}


def events(case):
    origin, cache, forwarded = CASES[case]
    seen = {}

    def remember(event, context):
        cf = event["Records"][0]["cf"]
        seen[cf["config"]["eventType"]] = event
        return cf.get("response") or cf["request"]

    chosen = behavior(
        origin=origin,
        cache_policy=MANAGED[cache],
        origin_request_policy=MANAGED_ORIGIN[forwarded] if forwarded else None,
        points=dict.fromkeys(POINTS, "remember"),
    )
    play = Play(distribution(chosen), functions={"remember": remember}, country="DE")
    play.origin.replies |= {path: respond(200, b"x" * 20, **ANSWER) for path in ("/img/cat.jpg", "/site/img/cat.jpg")}
    play.get("/img/cat.jpg?size=large&x=%20", **VIEWER)
    return seen


@pytest.mark.parametrize("case", CASES)
def test_the_four_events_of_a_miss_are_the_golden_ones(case):
    got = json.loads(json.dumps(events(case)))
    file = GOLDEN / f"{case}.json"
    if os.environ.get("EDGERUN_UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(got, indent=2, sort_keys=True) + "\n")
    assert got == json.loads(file.read_text())
