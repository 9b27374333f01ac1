"""Source: cloudfront.md §8.1, line by line."""

import pytest
from hypothesis import given
from strategies import entry, paths

from edgerun.cache.invalidation import covers, matches


@pytest.mark.parametrize(
    ("pattern", "uri", "expected"),
    [
        pytest.param(b"/a.html", b"/a.html", True, id="exact"),
        pytest.param(b"/a.html", b"/A.html", False, id="case counts"),
        pytest.param(b"/a", b"/a.html", False, id="the whole path"),
        pytest.param(b"/images", b"/images/", False, id="a directory and its slash are two paths"),
        pytest.param(b"/images/", b"/images", False, id="and the other way round"),
        pytest.param(b"/*", b"/anything/at/all?x=1", True, id="everything"),
        pytest.param(b"/*", b"/", True, id="everything includes the root"),
        pytest.param(b"/dir/*", b"/dir/a/b", True, id="the star crosses slashes"),
        pytest.param(b"/dir/*", b"/dir/", True, id="the star is zero characters too"),
        pytest.param(b"/dir/*", b"/dir", False, id="but the slash before it counts"),
        pytest.param(b"/dir/*", b"/directory2/a", False, id="/dir/* is not /dir*"),
        pytest.param(b"/dir*", b"/directory2/a", True, id="/dir* takes /directory2"),
        pytest.param(b"/dir*", b"/dir?x=1", True, id="the star takes the query"),
        pytest.param(b"/*.jpg", b"/a.jpg", False, id="a star elsewhere is literal"),
        pytest.param(b"/*.jpg", b"/*.jpg", True, id="and matches itself"),
        pytest.param(b"/a?b", b"/aXb", False, id="a question mark is no wildcard"),
        pytest.param(b"/a", b"/a?x=1", False, id="a cached query has to be named"),
        pytest.param(b"/a?x=1", b"/a?x=1", True, id="and may be"),
        pytest.param(b"/a?x=1", b"/a?x=2", False, id="another query"),
        pytest.param(b"/a?*", b"/a?x=2", True, id="every query"),
        pytest.param(b"/a%20b", b"/a b", False, id="byte for byte"),
        pytest.param(b"*", b"/a", True, id="a star alone"),
    ],
)
def test_an_invalidation_path_covers(pattern, uri, expected):
    assert covers(pattern, uri) is expected
    path, _, query = uri.partition(b"?")
    assert matches(pattern, entry(path, query=query or None)) is expected


def test_both_the_requested_and_the_rewritten_uri_count():
    rewritten = entry(b"/en/a", requested_uri=b"/a")
    assert matches(b"/a", rewritten)
    assert matches(b"/en/*", rewritten)
    assert not matches(b"/b", rewritten)


def test_every_variant_of_a_path_goes():
    kept = entry(b"/a")
    for variant in (
        {"headers": ((b"x-a", (b"1",)),)},
        {"cookies": b"a=1"},
        {"encoding": b"br"},
        {"method": "HEAD"},
        {"method": "OPTIONS"},
    ):
        assert matches(b"/a", entry(key=kept.key._replace(**variant)))


@given(paths, paths)
def test_a_path_with_a_star_covers_exactly_what_begins_with_it(prefix, path):
    assert covers(prefix + b"*", path) is path.startswith(prefix)
    assert covers(path, path)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (b"E1/a", True),
        (b"E1/*", True),
        (b"E2/a", False),
        (b"E2/*", False),
        (b"E1/b", False),
        (b"E1#sale", True),
        (b"E2#sale", False),
        (b"E1#other", False),
    ],
)
def test_an_item_may_mean_one_distribution(item, expected):
    assert matches(item, entry(b"/a", tags=("sale",))) is expected
