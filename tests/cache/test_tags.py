"""Source: cloudfront.md §8.4."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plays import Play, behavior
from strategies import entry

from edgerun.cache.invalidation import fault_of, matches
from edgerun.cache.tags import MOST_TAGS, TAG_HEADERS, cache_tags, is_tag
from edgerun.http.headers import Headers
from edgerun.testing.origin import respond


@pytest.mark.parametrize(
    ("name", "text", "tags"),
    [
        pytest.param(b"x-amz-meta-cache-tag", b"a,b", ("a", "b"), id="commas separate"),
        pytest.param(b"Cache-Tag", b" a ,\tb ", ("a", "b"), id="blanks around are not part of it"),
        pytest.param(b"Cache-Tag", b"a,,b,", ("a", "b"), id="empty ones are none"),
        pytest.param(b"Cache-Tag", b"Sale,SALE", ("sale",), id="case does not count"),
        pytest.param(b"Cache-Tag", b"a b,c", ("c",), id="a blank inside is no tag's"),
        pytest.param(b"Cache-Tag", b"\xe9,c", ("c",), id="nor is what is not ASCII"),
        pytest.param(b"Cache-Tag", b"x" * 257 + b",c", ("c",), id="nor what is too long"),
        pytest.param(b"Cache-Tag", b"x" * 256, ("x" * 256,), id="256 characters are not"),
        pytest.param(b"Cache-Tag", b"!,~,#,*", ("!", "~", "#", "*"), id="every visible character but the comma"),
        pytest.param(b"Surrogate-Key", b"a b\tc", ("a", "b", "c"), id="a surrogate key's separator is the blank"),
        pytest.param(b"Surrogate-Key", b"a,b c", ("c",), id="and no comma may be in it"),
        pytest.param(b"X-Other", b"a", (), id="another header"),
    ],
)
def test_the_tags_of_a_response(name, text, tags):
    assert cache_tags(Headers([(name, text)]), TAG_HEADERS) == tags


def test_tags_of_several_lines_are_gathered_and_fifty_are_kept():
    lines = [(b"Cache-Tag", b"t%d" % number) for number in range(MOST_TAGS + 10)]
    assert cache_tags(Headers(lines), (b"cache-tag",)) == tuple(f"t{number}" for number in range(MOST_TAGS))


@given(st.binary(max_size=60))
def test_whatever_the_header_says_what_comes_out_are_tags(text):
    for name in TAG_HEADERS:
        tags = cache_tags(Headers([(name, text)]), TAG_HEADERS)
        assert all(is_tag(tag) and tag == tag.lower() for tag in tags)
        assert all(matches(b"#" + tag.encode(), entry(tags=tags)) for tag in tags)


@pytest.mark.parametrize(
    ("item", "fine"),
    [
        *(("/", True), ("/*", True), ("#sale", True), ("#SALE", True), ("##", True), ("/" + "x" * 3_999, True)),
        *(("#", False), ("#a b", False), ("#a,b", False), ("#é", False), ("#" + "x" * 257, False)),
        *(("", False), ("a", False), ("*", False), ("/" + "x" * 4_000, False), (None, False), (7, False)),
    ],
)
def test_what_may_be_invalidated(item, fine):
    assert (fault_of(item) == "") is fine


@pytest.mark.parametrize("header", [{"cache_tag": "sale, shoes"}, {"surrogate_key": "sale shoes"}])
def test_an_object_is_kept_with_the_tags_its_origin_gave_and_goes_with_one_of_them(header):
    play = Play(behavior(), replies={"/a": respond(200, b"a", **header), "/b": respond(200, b"b")})
    assert (play.get("/a").status, play.get("/b").status) == (200, 200)
    assert play.purge("#Shoes") == 1
    assert play.get("/a").x_cache == "Miss from cloudfront"
    assert play.get("/b").x_cache == "Hit from cloudfront"


def test_tags_follow_what_a_revalidation_says():
    told = [
        respond(200, b"a", cache_tag="old", etag='"1"', cache_control="max-age=1"),
        respond(304, b"", cache_tag="new", etag='"1"', cache_control="max-age=9"),
    ]
    play = Play(behavior(), replies={"/a": lambda _: told.pop(0)})
    play.get("/a")
    play.clock.advance(2)
    assert play.get("/a").x_cache == "RefreshHit from cloudfront"
    assert (play.purge("#old"), play.purge("#new")) == (0, 1)
