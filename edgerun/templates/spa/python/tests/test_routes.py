"""Routes, through the whole edge."""

import pytest


@pytest.mark.parametrize("path", ["/", "/orders", "/orders/17", "/a.b/c"])
def test_a_route_is_the_app(edge, path):
    answer = edge.get(path)
    assert answer.status == 200
    assert "/app.js" in answer.text


def test_a_file_is_itself(edge):
    assert "location.pathname" in edge.get("/app.js").text


@pytest.mark.parametrize("path", ["/missing.js", "/api/orders", "/.well-known/x"])
def test_what_is_missing_stays_missing(edge, path):
    assert edge.get(path).status in {403, 404}


def test_all_routes_share_one_cache_entry(edge):
    edge.get("/orders")
    assert edge.get("/customers").cache.word == "Hit"
