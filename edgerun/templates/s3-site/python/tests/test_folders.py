"""The site, through the whole edge."""

import pytest


@pytest.mark.parametrize(("path", "title"), [("/", "Home"), ("/about/", "About"), ("/about/index.html", "About")])
def test_a_page(edge, path, title):
    answer = edge.get(path)
    assert answer.status == 200
    assert f"<h1>{title}</h1>" in answer.text


@pytest.mark.parametrize(
    ("path", "location"), [("/about", "/about/"), ("/about?a=1", "/about/?a=1"), ("//evil", "/evil/")]
)
def test_a_folder_without_its_slash(edge, path, location):
    answer = edge.get("https://d111111abcdef8.cloudfront.net" + path)
    assert (answer.status, answer["Location"]) == (301, location)


def test_what_is_missing_has_a_page(edge):
    answer = edge.get("/nothing.html")
    assert answer.status == 404
    assert "<h1>Not here</h1>" in answer.text
