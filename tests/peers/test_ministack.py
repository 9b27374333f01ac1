"""What ministack 1.5.33 says it lacks, in the order of the survey: what edgerun has instead.

| fault | waits for | reason |
| --- | --- | --- |
| WAF, access logs, geo restriction, signed URLs | their parts | refused in the configuration |
| `import cf from 'cloudfront'` | CloudFront Functions and the key value store | no such runtime yet |
| viewer headers but country and device | a MaxMind file, TLS to viewers | unknown here, so not sent |
"""

from peering import EVERY_POINT, PAGE, PASSING, VIEWER_POINTS, edge, event_at, kit
from plays import OBEDIENT, Play, behavior, changed, distribution

from edgerun.distribution.model import Choice, Selection
from edgerun.testing import Edge

# ---------------------------------------------------------------- no caching, X-Cache always Miss


def test_x_cache_tells_miss_hit_and_refresh():
    with kit() as made:
        words = [made.get("/").cache.word for _ in range(2)]
        made.clock.advance(61)
        made.origin.replies["/"] = lambda asked: PAGE.changed(status=304) if b"if-none-match" in asked.headers else PAGE
        words.append(made.get("/").cache.word)
    assert words == ["Miss", "Hit", "RefreshHit"]


# ---------------------------------------------------------------- no Lambda@Edge


def test_all_four_points_run():
    with kit() as made:
        assert [made.get("/").ran for _ in range(2)] == [EVERY_POINT, VIEWER_POINTS]


# ---------------------------------------------------------------- no preflight


def test_a_preflight_reaches_the_origin_with_its_headers():
    methods = frozenset({"GET", "HEAD", "OPTIONS"})
    names = frozenset({b"origin", b"access-control-request-method", b"access-control-request-headers"})
    policy = changed(OBEDIENT, headers=Selection(choice=Choice.ONLY, names=names))
    play = edge(changes={"allowed_methods": methods, "cache_policy": policy})
    asked = {"origin": "https://a.example", "access_control_request_method": "PUT"}
    play.run(lambda p: p.ask(method="OPTIONS", **asked))
    headers = play.origin.seen[0].headers
    assert (headers.get(b"origin"), headers.get(b"access-control-request-method")) == (b"https://a.example", b"PUT")


# ---------------------------------------------------------------- no viewer headers


def test_the_viewers_country_is_told_where_a_policy_asks_for_it():
    policy = changed(OBEDIENT, headers=Selection(choice=Choice.ONLY, names=frozenset({b"cloudfront-viewer-country"})))
    points = {"viewer_request": "vrq", "origin_request": "orq"}
    told = behavior("/told", cache_policy=policy, points=points)
    play = Play(distribution(behavior(points=points), told), functions=PASSING, country="DE")
    play.get("/told")
    seen = event_at(play, "origin-request")["request"]["headers"]
    assert seen["cloudfront-viewer-country"] == [{"key": "CloudFront-Viewer-Country", "value": "DE"}]
    assert "cloudfront-viewer-country" not in event_at(play, "viewer-request")["request"]["headers"]
    play.get("/")
    assert "cloudfront-viewer-country" not in event_at(play, "origin-request")["request"]["headers"]


# ---------------------------------------------------------------- AWS host names as origins are 502


def test_a_bucket_has_its_name_on_aws_and_is_a_folder_here(tmp_path):
    (tmp_path / "a.txt").write_text("from the bucket")
    config = {
        "origins": {"site": {"directory": str(tmp_path), "domain_name": "bucket.s3.us-east-1.amazonaws.com"}},
        "default_behavior": {"origin": "site", "cache_policy": "CachingOptimized"},
    }
    with Edge(config) as made:
        answer = made.get("/a.txt")
    assert (answer.status, answer.text, answer["Server"]) == (200, "from the bucket", "AmazonS3")
    assert "bucket.s3.us-east-1.amazonaws.com" in answer.stage("fetch").outcome
