"""Redirects, through the whole edge."""

import pytest
from redirects import target_of


@pytest.mark.parametrize(
    ("url", "status", "location"),
    [
        ("/old", 301, "/new/index.html"),
        ("/old?a=1", 301, "/new/index.html?a=1"),
        ("/blog/2020/x", 301, "/articles/2020/x"),
        ("/docs/a?b=c", 302, "https://docs.example.com/a?b=c"),
        ("/blog//evil.example", 301, "/articles/evil.example"),
    ],
)
def test_what_is_redirected(edge, url, status, location):
    answer = edge.get(url)
    assert (answer.status, answer["Location"]) == (status, location)


def test_all_else_is_served(edge):
    assert edge.get("/new/index.html").status == 200
    assert edge.get("/older").status in {403, 404}


def test_a_prefix_never_leads_to_another_host():
    assert target_of("/x//evil.example", "/x/*", "/*") == "/evil.example"
