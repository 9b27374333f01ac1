"""The JSON of the distributions page: the picture's parts, and which behavior takes a URL."""

import pytest
from shown_edge import ShownEdge

from edgerun.errors import OriginConnectError
from edgerun.testing import ScriptedOrigin
from edgerun.testing.origin import respond


def config(tmp_path):
    (tmp_path / "site").mkdir(exist_ok=True)
    (tmp_path / "ab.py").write_text("def handler(event, context):\n    pass\n")
    (tmp_path / "light.js").write_text("function handler(event) { return event.request; }\n")
    return {
        "default_root_object": "index.html",
        "origins": {
            "site": {"directory": str(tmp_path / "site"), "website": True},
            "api": {"url": "http://127.0.0.1:3000", "path": "/v1", "custom_headers": {"X-Secret": "hush"}},
            "spare": {"url": "http://127.0.0.1:3001"},
            "bucket": {"bucket": "pictures", "region": "eu-west-1"},
            "behind": {"function": "ab"},
        },
        "origin_groups": {"both": {"primary": "api", "secondary": "spare", "status_codes": [500, 503]}},
        "functions": {
            "ab": {"handler": f"{tmp_path}/ab.py:handler"},
            "light": {"handler": f"{tmp_path}/light.js", "runtime": "cloudfront-js-2.0"},
        },
        "cache_policies": {
            "own": {
                "min_ttl": 1,
                "default_ttl": 60,
                "max_ttl": 600,
                "headers": ["Accept"],
                "cookies": {"except": ["x"]},
            }
        },
        "default_behavior": {"origin": "site", "cache_policy": "CachingOptimized", "viewer_request": "light"},
        "behaviors": [
            {
                "path_pattern": "/api/*",
                "origin": "both",
                "cache_policy": "CachingDisabled",
                "origin_request_policy": "AllViewerExceptHostHeader",
                "allowed_methods": "all",
                "viewer_protocol_policy": "https-only",
                "compress": True,
                "origin_request": {"function": "ab", "include_body": True},
            },
            {"path_pattern": "*.jpg", "origin": "bucket", "cache_policy": "own"},
            {"path_pattern": "*", "origin": "behind", "cache_policy": "CachingDisabled"},
            {"path_pattern": "/late/*", "origin": "site", "cache_policy": "CachingOptimized"},
        ],
        "error_responses": [
            {
                "error_code": 404,
                "response_code": 200,
                "response_page_path": "/index.html",
                "error_caching_min_ttl": 5,
            }
        ],
        "geo_restriction": {"restriction_type": "whitelist", "locations": ["SE", "DE"]},
    }


@pytest.fixture
def shown(tmp_path):
    with ShownEdge(config(tmp_path)) as made:
        yield made


def drawn(shown):
    status, told = shown.get("/api/distributions")
    assert status == 200
    return told


def test_a_distribution_is_told_with_its_behaviors_in_the_order_they_are_tried(shown):
    (one,) = drawn(shown)["distributions"]
    assert [(each["path_pattern"], each["default"], each["unreachable"]) for each in one["behaviors"]] == [
        ("/api/*", False, False),
        ("*.jpg", False, False),
        ("*", False, False),
        ("/late/*", False, True),
        ("*", True, False),
    ]
    assert (one["default_root_object"], one["enabled"], one["caching"]) == ("index.html", True, "cloudfront")
    assert one["geo_restriction"] == {"type": "whitelist", "locations": ["DE", "SE"]}
    assert one["error_responses"] == [
        {"error_code": 404, "response_code": 200, "response_page_path": "/index.html", "error_caching_min_ttl": 5.0}
    ]


def test_a_behavior_is_told_with_its_policies_functions_and_group(shown):
    api, pictures, *_, default = drawn(shown)["distributions"][0]["behaviors"]
    assert api["origin_group"] == {
        "name": "both",
        "primary": "api",
        "secondary": "spare",
        "status_codes": [500, 503],
    }
    assert (api["allowed_methods"], api["cached_methods"], api["compress"]) == ("all methods", "GET, HEAD", True)
    assert (api["cache_policy"]["disabled"], api["viewer_protocol_policy"]) == (True, "https-only")
    assert api["origin_request_policy"]["name"] == "AllViewerExceptHostHeader"
    assert api["origin_request_policy"]["headers"] == "all but host"
    assert api["functions"] == {
        "viewer-request": None,
        "origin-request": {"name": "ab", "runtime": "python", "cloudfront": False, "include_body": True},
        "origin-response": None,
        "viewer-response": None,
    }
    assert default["functions"]["viewer-request"]["cloudfront"] is True
    policy = pictures["cache_policy"]
    assert (policy["min_ttl"], policy["default_ttl"], policy["max_ttl"]) == (1.0, 60.0, 600.0)
    assert (policy["headers"], policy["cookies"], policy["query_strings"]) == ("only accept", "all but x", "none")


def test_origins_are_told_by_kind_and_place_and_their_headers_only_counted(shown, tmp_path):
    origins = drawn(shown)["origins"]
    assert {name: (each["kind"], each["place"]) for name, each in origins.items()} == {
        "site": ("website folder", str(tmp_path / "site")),
        "api": ("HTTP server", "http://127.0.0.1:3000"),
        "spare": ("HTTP server", "http://127.0.0.1:3001"),
        "bucket": ("bucket", "s3://pictures"),
        "behind": ("function URL", "function ab"),
    }
    assert (origins["api"]["path"], origins["api"]["custom_headers"]) == ("/v1", 1)
    assert "hush" not in str(drawn(shown))


def test_the_last_failure_of_an_origin_is_told(tmp_path):
    down = ScriptedOrigin({"/v1/a": OriginConnectError("origin 'api': refused")})
    given = config(tmp_path) | {
        "default_behavior": {"origin": "api", "cache_policy": "CachingOptimized"},
        "behaviors": [],
        "geo_restriction": {},
    }
    del given["geo_restriction"]
    with ShownEdge(given, origins={"api": down}) as shown:
        assert drawn(shown)["origins"]["api"]["failure"] is None
        assert shown.ask("/a").status == 502
        failure = drawn(shown)["origins"]["api"]["failure"]
        assert (failure["count"], failure["message"], failure["at"]) == (1, "origin 'api': refused", shown.edge.clock())
        assert drawn(shown)["origins"]["spare"]["failure"] is None


@pytest.mark.parametrize(
    ("url", "index", "path"),
    [
        ("/api/a", 0, "/api/a"),
        ("/a.jpg", 1, "/a.jpg"),
        ("/api/a.jpg", 0, "/api/a.jpg"),
        ("/x/../api/%61", 0, "/api/a"),
        ("//api//a", 0, "/api/a"),
        ("/", 2, "/index.html"),
        ("/late/a", 2, "/late/a"),
        ("http://localhost:8787/api/a?b=/x.jpg", 0, "/api/a"),
    ],
)
def test_the_edge_itself_decides_which_behavior_takes_a_url(shown, url, index, path):
    status, told = shown.get("/api/distributions/match", url=url)
    (match,) = told["matches"]
    assert (status, match["index"], match["path"]) == (200, index, path)
    behavior = drawn(shown)["distributions"][0]["behaviors"][index]
    assert match["path_pattern"] == behavior["path_pattern"]


def test_the_root_without_a_default_root_object_is_itself(tmp_path):
    given = config(tmp_path)
    del given["default_root_object"]
    with ShownEdge(given) as shown:
        assert shown.get("/api/distributions/match", url="/")[1]["matches"][0]["path"] == "/"


@pytest.fixture
def two(tmp_path):
    whole = config(tmp_path)
    shared = ("origins", "origin_groups", "functions", "cache_policies")
    own = {name: whole[name] for name in ("default_behavior", "behaviors")}
    given = {name: whole[name] for name in shared} | {
        "distributions": {
            "shop": {"aliases": ["shop.example", "*.shop.example"], **own},
            "blog": {"aliases": ["blog.example"], "default_behavior": own["default_behavior"]},
        },
    }
    with ShownEdge(given) as made:
        yield made


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("http://shop.example/api/a", [("shop", 0)]),
        ("https://eu.shop.example/api/a", [("shop", 0)]),
        ("http://blog.example/api/a", [("blog", 0)]),
        ("/api/a", [("shop", 0), ("blog", 0)]),
    ],
)
def test_a_url_is_taken_by_one_distribution_and_a_path_asked_of_all(two, url, found):
    _, told = two.get("/api/distributions/match", url=url)
    assert [(match["name"], match["index"]) for match in told["matches"]] == found


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "is neither a URL"),
        ("api/a", "is neither a URL"),
        ("/a b", "percent-encode"),
        ("/caf\xe9", "percent-encode"),
        ("ftp://shop.example/", "is neither a URL"),
        ("http://shpo.example/", "did you mean"),
        ("http://[::1/", "is neither a URL"),
        ("javascript:alert(1)", "is neither a URL"),
        ("/\x00", "percent-encode"),
    ],
)
def test_what_is_no_url_of_this_server_is_refused_in_words(two, url, words):
    status, told = two.get("/api/distributions/match", url=url)
    assert status == 400
    assert words in told["error"]


def test_a_cached_answer_changes_nothing_in_the_picture(shown):
    before = drawn(shown)
    shown.edge.origin.replies["/a"] = respond(200, b"a")
    assert drawn(shown) == before
