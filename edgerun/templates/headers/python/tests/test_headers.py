"""Security headers, through the whole edge."""

import pytest


@pytest.mark.parametrize("path", ["/", "/nothing-here"])
def test_every_answer_has_them(edge, path):
    answer = edge.get(path)
    assert answer["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'self'" in answer["Content-Security-Policy"]


def test_they_are_stored_with_the_object(edge):
    edge.get("/")
    answer = edge.get("/")
    assert answer.cache.word == "Hit"
    assert answer["X-Frame-Options"] == "DENY"
