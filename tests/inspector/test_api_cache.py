"""The JSON of the cache page: the store, its objects page by page, one object whole, orders to forget, explanations."""

import json

import pytest
from shown_edge import ShownEdge

from edgerun.admin.inspector.api_cache import LARGEST_PAGE, NAMED, PAGE
from edgerun.admin.inspector.listings import OPEN
from edgerun.testing import ScriptedOrigin
from edgerun.testing.origin import respond

HOSTILE = "/<script>alert(1)</script>"
CONFIG = {
    "origins": {"origin": {"url": "http://origin.example.org"}},
    "store": {"size": "1MiB", "tag_header": "x-tags"},
    "distributions": {
        name: {
            "aliases": [f"{name}.example"],
            "default_behavior": {"origin": "origin", "cache_policy": "CachingOptimized"},
        }
        for name in ("one", "two")
    },
}
TWO = "http://two.example"


def page(request):
    tags = "sale,Red" if request.path.startswith(b"/shoes") else ""
    return respond(200, b"page", cache_control="max-age=60", **({"x_tags": tags} if tags else {}))


class Replies(dict):
    """The same answer for every path."""

    def get(self, *_):
        return page


@pytest.fixture
def shown():
    with ShownEdge(CONFIG, origins={"origin": ScriptedOrigin()}) as made:
        made.edge.origins["origin"].replies = Replies()
        yield made


def fill(shown, *urls):
    for url in urls:
        assert shown.ask(url if url.startswith("http") else f"http://one.example{url}").status == 200


def uris(shown, **query):
    status, told = shown.get("/api/cache/objects", **query)
    assert status == 200, told
    return sorted(row["uri"] for row in told["objects"])


def test_an_empty_store_says_so(shown):
    status, told = shown.get("/api/cache")
    assert (status, told["kind"], told["size"], told["used"], told["objects"]) == (200, "memory", 1 << 20, 0, 0)
    assert told["tag_headers"] == ["x-tags"]
    assert [each["name"] for each in told["distributions"]] == ["one", "two"]
    assert shown.get("/api/cache/objects") == (200, {"objects": [], "next": None})


def test_the_store_tells_how_full_it_is(shown):
    fill(shown, "/a", "/b")
    _, told = shown.get("/api/cache")
    assert told["objects"] == 2
    assert told["used"] == shown.inner.store.used > 1000


@pytest.mark.parametrize(
    ("match", "found"),
    [
        ("/*", ["/a", "/b", "/shoes/1", "/shoes/2"]),
        ("/shoes/*", ["/shoes/1", "/shoes/2"]),
        ("/a", ["/a"]),
        ("/a*", ["/a"]),
        ("#sale", ["/shoes/1", "/shoes/2"]),
        ("#RED", ["/shoes/1", "/shoes/2"]),
        ("#none", []),
        ("/no", []),
    ],
)
def test_objects_are_found_by_path_and_by_tag(shown, match, found):
    fill(shown, "/a", "/b", "/shoes/1", "/shoes/2")
    assert uris(shown, match=match) == found


def test_a_row_tells_key_status_size_age_freshness_and_tags(shown):
    fill(shown, "/shoes/1")
    shown.edge.clock.advance(10)
    _, told = shown.get("/api/cache/objects")
    (row,) = told["objects"]
    assert (row["uri"], row["status"], row["age"], row["ttl"], row["state"]) == ("/shoes/1", 200, 10, 50.0, "fresh")
    assert (sorted(row["tags"]), row["key"]["path"], row["length"]) == (["red", "sale"], "/shoes/1", 4)
    shown.edge.clock.advance(100)
    assert shown.get("/api/cache/objects")[1]["objects"][0]["state"] == "expired"


def test_a_list_is_read_page_by_page_and_each_object_stands_on_one(shown):
    fill(shown, *(f"/{number}" for number in range(5)))
    seen, query, sizes = [], {"limit": 2}, []
    while query:
        _, told = shown.get("/api/cache/objects", **query)
        seen += [row["uri"] for row in told["objects"]]
        sizes.append(len(told["objects"]))
        query = {"limit": 2, "next": told["next"]} if told["next"] else None
    assert (sorted(seen), sizes) == ([f"/{number}" for number in range(5)], [2, 2, 1])


def test_a_list_that_ends_with_a_full_page_has_no_empty_one_behind_it(shown):
    fill(shown, "/0", "/1")
    assert shown.get("/api/cache/objects", limit=2)[1]["next"] is None


def test_a_page_costs_no_more_than_its_rows(shown):
    """Of many objects as many are looked at as a page shows, and one more."""
    fill(shown, *(f"/{number}" for number in range(12)))
    looked, entries = [], shown.inner.store.entries

    async def watched(item):
        async for entry in entries(item):
            looked.append(entry)
            yield entry

    shown.inner.store.entries = watched
    _, told = shown.get("/api/cache/objects", limit=3)
    assert len(looked) == 4
    shown.get("/api/cache/objects", limit=3, next=told["next"])
    assert len(looked) == 7


def test_the_page_that_was_read_last_can_be_read_again(shown):
    fill(shown, *(f"/{number}" for number in range(5)))
    following = shown.get("/api/cache/objects", limit=2)[1]["next"]
    first = shown.get("/api/cache/objects", limit=2, next=following)
    assert shown.get("/api/cache/objects", limit=2, next=following) == first


def test_a_page_behind_the_last_one_and_a_list_too_many_are_refused(shown):
    fill(shown, *(f"/{number}" for number in range(5)))
    following = shown.get("/api/cache/objects", limit=1)[1]["next"]
    name = following.partition(".")[0]
    for wrong in (f"{name}.9", f"{name}.0", f"{name}.x", f"{name}.", "none.2", "", "." * 100):
        assert shown.get("/api/cache/objects", limit=1, next=wrong)[0] == 410
    for _ in range(OPEN):
        shown.get("/api/cache/objects", limit=1)
    status, told = shown.get("/api/cache/objects", limit=1, next=following)
    assert (status, told["error"]) == (410, "this page of the list is not kept any more: list the objects anew")


@pytest.mark.parametrize("limit", ["0", "-1", "x", "", str(LARGEST_PAGE + 1), "9" * 5000, "²"])
def test_a_limit_has_bounds(shown, limit):
    status, told = shown.get("/api/cache/objects", limit=limit)
    assert status == 400
    assert f"expected a number from 1 to {LARGEST_PAGE}" in told["error"]


def test_a_page_has_a_usual_size(shown):
    fill(shown, *(f"/{number}" for number in range(PAGE + 1)))
    assert len(shown.get("/api/cache/objects")[1]["objects"]) == PAGE


@pytest.mark.parametrize("match", ["a", "*", "", "# ", "#a,b", "/" + "x" * 4001])
def test_a_filter_is_what_an_invalidation_takes(shown, match):
    status, told = shown.get("/api/cache/objects", match=match)
    assert status == 400
    assert "is not an invalidation path" in told["error"] or "is no cache tag" in told["error"]


def test_an_object_is_told_whole(shown):
    fill(shown, "/shoes/1")
    shown.edge.clock.advance(5)
    row = shown.get("/api/cache/objects")[1]["objects"][0]
    status, told = shown.get("/api/cache/object", uri=row["uri"], id=row["id"])
    assert (status, told["uri"], told["why"], told["lifetime"]) == (200, "/shoes/1", "it is fresh", 60.0)
    assert ["Cache-Control", "max-age=60"] in [[name.title(), text] for name, text in told["headers"]]
    names = [step["name"] for step in told["steps"]]
    assert {"max-age", "age"} & set(names)
    assert [part["name"] for part in told["parts"]][:3] == ["distribution", "method", "path"]


def test_to_look_at_an_object_does_not_use_it(shown):
    fill(shown, "/a", "/b")
    before = list(shown.inner.store._entries)
    row = next(row for row in shown.get("/api/cache/objects")[1]["objects"] if row["uri"] == "/a")
    assert shown.get("/api/cache/object", uri="/a", id=row["id"])[0] == 200
    assert list(shown.inner.store._entries) == before


@pytest.mark.parametrize(
    ("query", "status"),
    [({"uri": "/a", "id": "00"}, 404), ({"uri": "/gone", "id": ""}, 404), ({"uri": "a", "id": ""}, 400), ({}, 400)],
)
def test_an_object_that_is_not_there_is_refused(shown, query, status):
    fill(shown, "/a")
    code, told = shown.get("/api/cache/object", **query)
    assert (code, bool(told["error"])) == (status, True)


def test_an_object_with_a_name_beyond_ascii_is_found(shown):
    fill(shown, "/caf\xe9")
    row = shown.get("/api/cache/objects")[1]["objects"][0]
    status, told = shown.get("/api/cache/object", uri=row["uri"], id=row["id"])
    assert (status, told["uri"]) == (200, row["uri"])


# ---------------------------------------------------------------- forgetting


@pytest.mark.parametrize(
    ("order", "count", "left"),
    [
        ({"paths": ["/shoes/*"]}, 2, ["/a", "/b"]),
        ({"paths": ["/a"]}, 1, ["/b", "/shoes/1", "/shoes/2"]),
        ({"paths": ["/*"]}, 4, []),
        ({"tags": ["SALE"]}, 2, ["/a", "/b"]),
        ({"paths": ["/a", "#red"]}, 3, ["/b"]),
        ({"paths": ["/s*es/1"]}, 0, ["/a", "/b", "/shoes/1", "/shoes/2"]),
    ],
)
def test_a_purge_forgets_what_cloudfront_would_and_says_what(shown, order, count, left):
    fill(shown, "/a", "/b", "/shoes/1", "/shoes/2")
    status, told = shown.post("/api/cache/purge", order)
    assert (status, told["invalidated"]) == (201, count)
    assert sorted(told["objects"]) == sorted({"/a", "/b", "/shoes/1", "/shoes/2"} - set(left))
    assert uris(shown) == left


def test_a_purge_of_one_distribution_leaves_the_others_alone(shown):
    fill(shown, "/a", f"{TWO}/a")
    ids = {each["name"]: each["id"] for each in shown.get("/api/cache")[1]["distributions"]}
    status, told = shown.post("/api/cache/purge", {"paths": ["/*"], "distribution": ids["two"]})
    assert (status, told["invalidated"], told["objects"]) == (201, 1, ["/a"])
    assert uris(shown) == ["/a"]
    status, told = shown.post("/api/cache/purge", {"paths": ["/*"], "distribution": "E0"})
    assert (status, uris(shown)) == (400, ["/a"])
    assert "there is no distribution 'E0'" in told["error"]


def test_a_purge_names_no_more_than_some_objects(shown):
    fill(shown, *(f"/{number}" for number in range(NAMED + 3)))
    _, told = shown.post("/api/cache/purge", {"paths": ["/*"]})
    assert (told["invalidated"], len(told["objects"])) == (NAMED + 3, NAMED)


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"paths": ["shoes"]}, "begins with /"),
        ({"paths": ["http://one.example/a"]}, "begins with /"),
        ({"paths": ["/" + "x" * 4000]}, "4,000 characters at most"),
        ({"paths": [HOSTILE, 7]}, "7 is not an invalidation path"),
        ({"tags": ["a,b"]}, "is no cache tag"),
        ({"paths": ["/\ud800"]}, "a surrogate stands alone"),
        ({"paths": []}, "expected"),
        ({"paths": "/a"}, "expected"),
        ([], "expected"),
        (b"{", "is not JSON"),
        (b"\xff", "is not JSON"),
    ],
)
def test_a_bad_order_is_refused_with_what_is_wrong_and_forgets_nothing(shown, order, words):
    fill(shown, "/a")
    status, told = shown.post("/api/cache/purge", order if isinstance(order, bytes) else as_json(order))
    assert status == 400
    assert words in told["error"]
    assert uris(shown) == ["/a"]


def as_json(order):
    return json.dumps(order).encode()


# ---------------------------------------------------------------- explaining


def test_an_explanation_is_that_of_the_cache(shown):
    fill(shown, "/a")
    status, told = shown.post("/api/cache/explain", {"url": "http://one.example/a"})
    assert (status, told["result"], told["behavior"]) == (200, "hit", "*")
    assert shown.post("/api/cache/explain", {"url": "http://one.example/b"})[1]["result"] == "miss"


@pytest.mark.parametrize("order", [{}, {"url": "a b"}, {"url": "http://nobody.example/"}, [], b"{"])
def test_a_question_that_is_none_says_what_was_expected(shown, order):
    status, told = shown.post("/api/cache/explain", order)
    assert (status, bool(told["error"])) == (400, True)


def test_a_hostile_path_comes_through_as_text(shown):
    fill(shown, "/%3Cscript%3E?<b>")
    assert uris(shown)[0].startswith("/%3Cscript%3E")
