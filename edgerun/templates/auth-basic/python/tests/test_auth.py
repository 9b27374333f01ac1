"""Basic authentication, through the whole edge."""

import base64

import pytest


def basic(text):
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def test_who_knows_the_password_comes_in(edge):
    answer = edge.get("/", headers=basic("demo:edge"))
    assert answer.status == 200
    assert "You are in." in answer.text


@pytest.mark.parametrize(
    "headers",
    [{}, basic("demo:wrong"), basic("nobody:edge"), basic(""), {"Authorization": "Basic ?"}, {"Authorization": "Bearer x"}],
)
def test_nobody_else_does(edge, headers):
    answer = edge.get("/", headers=headers)
    assert answer.status == 401
    assert answer["WWW-Authenticate"].startswith("Basic realm=")


def test_what_is_in_the_cache_is_protected_too(edge):
    edge.get("/", headers=basic("demo:edge"))
    assert edge.get("/", headers=basic("demo:edge")).cache.word == "Hit"
    assert edge.get("/").status == 401
