"""Sources: cloudfront.md §0 step 2 (hosts), §1.4 (path patterns)."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from plays import behavior, distribution
from strategies import paths

from edgerun.distribution.match import behavior_for, distribution_for, normalised, pattern, unreachable

# ---------------------------------------------------------------- hosts

SHOP = distribution(
    behavior(), name="shop", domain_name="d1.cloudfront.net", aliases=("shop.example", "*.shop.example")
)
DEEP = distribution(behavior(), name="deep", domain_name="d2.cloudfront.net", aliases=("*.eu.shop.example",))
PLAIN = distribution(behavior(), name="plain", domain_name="d3.cloudfront.net")
SECOND = distribution(behavior(), name="second", domain_name="d4.cloudfront.net")


# §0 step 2
@pytest.mark.parametrize(
    ("host", "name"),
    [
        pytest.param(b"d1.cloudfront.net", "shop", id="own domain"),
        pytest.param(b"D1.CloudFront.NET", "shop", id="own domain in any case"),
        pytest.param(b"shop.example", "shop", id="exact alias"),
        pytest.param(b"SHOP.example", "shop", id="alias in any case"),
        pytest.param(b"shop.example:8443", "shop", id="the port does not count"),
        pytest.param(b"www.shop.example", "shop", id="wildcard alias"),
        pytest.param(b"a.b.shop.example", "shop", id="a wildcard covers any depth"),
        pytest.param(b"x.eu.shop.example", "deep", id="the longest wildcard wins"),
        pytest.param(b"eu.shop.example", "shop", id="a wildcard does not cover its apex"),
        pytest.param(b"notshop.example", None, id="a wildcard begins at a dot"),
        pytest.param(b"d3.cloudfront.net", None, id="not among these"),
        pytest.param(b"", None, id="empty"),
        pytest.param(None, None, id="no Host"),
        pytest.param(b"[::1]:80", None, id="IPv6 literal"),
        pytest.param(b"\xff\xfe", None, id="not text"),
    ],
)
def test_the_host_chooses_the_distribution(host, name):
    found = distribution_for(host, (SHOP, DEEP))
    assert (found.name if found else None) == name


@pytest.mark.parametrize("host", [b"localhost:8080", b"127.0.0.1", b"[::1]:80", b"", None])
def test_a_distribution_without_aliases_answers_what_nobody_else_claims(host):
    assert distribution_for(host, (SHOP, PLAIN, SECOND)) is PLAIN


def test_a_distribution_without_aliases_takes_nothing_from_those_behind_it():
    assert distribution_for(b"shop.example", (PLAIN, SHOP)) is SHOP
    assert distribution_for(b"www.shop.example", (PLAIN, SHOP)) is SHOP
    assert distribution_for(b"d4.cloudfront.net", (PLAIN, SECOND)) is SECOND


def test_an_exact_alias_wins_over_a_wildcard_before_it():
    exact = distribution(behavior(), name="exact", domain_name="d5.cloudfront.net", aliases=("www.shop.example",))
    assert distribution_for(b"www.shop.example", (SHOP, exact)) is exact


def test_the_order_of_two_wildcards_does_not_matter():
    assert distribution_for(b"x.eu.shop.example", (DEEP, SHOP)) is DEEP
    assert distribution_for(b"x.eu.shop.example", (SHOP, DEEP)) is DEEP


@given(st.binary(max_size=30))
def test_no_host_raises(host):
    assert distribution_for(host, (SHOP, DEEP, PLAIN)) in {SHOP, DEEP, PLAIN}


# ---------------------------------------------------------------- patterns


def matched(text, path):
    chosen = behavior(text)
    return behavior_for(path, distribution(behavior(), chosen)) is chosen


# §1.4
@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        pytest.param("/images/*.jpg", b"/images/a.jpg", True, id="star"),
        pytest.param("/images/*.jpg", b"/images/.jpg", True, id="star is zero characters too"),
        pytest.param("/images/*.jpg", b"/images/a/b.jpg", True, id="star crosses slashes"),
        pytest.param("/images/*.jpg", b"/images/a.jpg.html", False, id="anchored at the end"),
        pytest.param("/images/*.jpg", b"/x/images/a.jpg", False, id="anchored at the start"),
        pytest.param("images/*.jpg", b"/images/a.jpg", True, id="the leading slash is optional"),
        pytest.param("images/*.jpg", b"/x/images/a.jpg", False, id="and still anchors"),
        pytest.param("*product.jpg", b"/product.jpg", True, id="leading star"),
        pytest.param("*product.jpg", b"/a/bproduct.jpg", True, id="leading star, deeper"),
        pytest.param("/*product.jpg", b"/product.jpg", True, id="slash and star"),
        pytest.param("/*product.jpg", b"/a/bproduct.jpg", True, id="slash and star, deeper"),
        pytest.param("*.jpg", b"/LOGO.JPG", False, id="case counts"),
        pytest.param("/a?c", b"/abc", True, id="question mark"),
        pytest.param("/a?c", b"/ac", False, id="question mark is not zero characters"),
        pytest.param("/a?c", b"/abbc", False, id="question mark is not two"),
        pytest.param("/a?c", b"/a/c", True, id="question mark may be a slash"),
        pytest.param("/a??", b"/abc", True, id="two question marks"),
        pytest.param("/a.b", b"/axb", False, id="a dot is a dot"),
        pytest.param("/a+b$", b"/a+b$", True, id="plus and dollar are themselves"),
        pytest.param("/a+b", b"/aab", False, id="plus does not repeat"),
        pytest.param("/~x/\"'@:&_-", b"/~x/\"'@:&_-", True, id="every other allowed character"),
        pytest.param("/*a*b*c", b"/xaxbxc", True, id="three stars"),
        pytest.param("/*a*b*c", b"/xaxcxb", False, id="three stars in order"),
        pytest.param("/*ab*ab", b"/ab", False, id="one stretch does not serve two pieces"),
        pytest.param("/*ab*ab", b"/abab", True, id="two stretches do"),
        pytest.param("/a*a", b"/a", False, id="prefix and suffix do not overlap"),
        pytest.param("/*?b*c", b"/aabxc", True, id="question mark after a star"),
        pytest.param("/**", b"/x", True, id="double star"),
        pytest.param("*", b"/", True, id="everything"),
        pytest.param("/*", b"/", True, id="everything below the root"),
        pytest.param("/a*", b"/a\n/b", True, id="a line feed is a character"),
        pytest.param("/a", b"/a/", False, id="a trailing slash counts"),
        pytest.param("/a*", b"/a/b/..", True, id="the guide's example matches /a*"),
        pytest.param("/a/b*", b"/a/b/..", False, id="the guide's example does not match /a/b*"),
        pytest.param("/a/b", b"//a///b", True, id="slashes are merged"),
        pytest.param("/a/b", b"/a/./b", True, id="dot segments go"),
        pytest.param("/admin*", b"/x/../admin", True, id="dot-dot segments go"),
        pytest.param("/admin*", b"/%61dmin", True, id="unreserved escapes are undone"),
        pytest.param("/a/b", b"/a%2Fb", False, id="an escaped slash is no slash"),
        pytest.param("/a/b", b"/a/%2e/b", True, id="escaped dots are dots"),
    ],
)
def test_a_pattern_matches(text, path, expected):
    assert matched(text, path) is expected


def test_the_first_match_wins_and_the_default_is_last():
    one, two = behavior("/images/*"), behavior("*.jpg")
    whole = distribution(behavior(), one, two)
    assert behavior_for(b"/images/a.jpg", whole) is one
    assert behavior_for(b"/a.jpg", whole) is two
    assert behavior_for(b"/a.png", whole) is whole.default_behavior


def test_without_behaviors_the_default_answers():
    whole = distribution(behavior())
    assert behavior_for(b"/anything", whole) is whole.default_behavior


def test_many_stars_and_a_long_path_take_no_time():
    # A viewer chooses the path: matching must not take time that grows with a power of its length.
    assert not matched("/*-*-*-*-*.jpg", b"/" + b"-" * 8_000)


def naive(text, path):
    """Match by the book, with no regard for time."""
    if not text:
        return not path
    if text[:1] == b"*":
        return naive(text[1:], path) or (bool(path) and naive(text, path[1:]))
    return bool(path) and text[:1] in {b"?", path[:1]} and naive(text[1:], path[1:])


@given(st.text("ab*?/", max_size=8), st.text("ab/", max_size=8))
@example("*ab*ab", "ab")
def test_patterns_agree_with_matching_by_the_book(text, path):
    anchored = text if text.startswith(("/", "*")) else "/" + text
    wanted = naive(anchored.encode(), b"/" + path.encode())
    assert bool(pattern(text).fullmatch(b"/" + path.encode())) is wanted


@given(st.binary(max_size=40))
@example(b"*")
def test_matching_never_raises(path):
    whole = distribution(behavior(), behavior("/a*b?c"), behavior("*.jpg"))
    assert behavior_for(path, whole) in whole.all_behaviors


# ---------------------------------------------------------------- normalising


# §1.4; RFC 3986 §5.2.4, §6.2.2
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(b"/", b"/", id="root"),
        pytest.param(b"/a/b", b"/a/b", id="nothing to do"),
        pytest.param(b"/a/", b"/a/", id="a trailing slash stays"),
        pytest.param(b"//a///b//", b"/a/b/", id="slashes"),
        pytest.param(b"/a/./b", b"/a/b", id="dot"),
        pytest.param(b"/a/b/..", b"/a/", id="dot-dot at the end leaves the slash"),
        pytest.param(b"/a/b/.", b"/a/b/", id="dot at the end leaves the slash"),
        pytest.param(b"/a/b/../c", b"/a/c", id="dot-dot"),
        pytest.param(b"/../../a", b"/a", id="not above the root"),
        pytest.param(b"/..", b"/", id="the root's parent"),
        pytest.param(b"/a//../b", b"/b", id="slashes merge before dots go"),
        pytest.param(b"/.well-known/x", b"/.well-known/x", id="a name with a dot"),
        pytest.param(b"/..a/...", b"/..a/...", id="names of dots"),
        pytest.param(b"/%7Euser", b"/~user", id="unreserved"),
        pytest.param(b"/%2e%2E/a", b"/a", id="escaped dots"),
        pytest.param(b"/a%2Fb", b"/a%2Fb", id="escaped slash stays"),
        pytest.param(b"/a%20b%3F", b"/a%20b%3F", id="reserved and space stay"),
        pytest.param(b"/%25%32%65", b"/%252e", id="an escaped percent sign stays"),
        pytest.param(b"/a%", b"/a%", id="a lone percent sign"),
        pytest.param(b"/%zz", b"/%zz", id="no escape"),
        pytest.param(b"/%%32e%32e", b"/%%32e2e", id="undoing makes no new escape"),
    ],
)
def test_a_path_is_normalised(path, expected):
    assert normalised(path) == expected


@given(paths)
@example(b"/%%32e")
@example(b"/%2%65/")
def test_normalising_twice_is_normalising_once(path):
    assert normalised(normalised(path)) == normalised(path)


@given(paths)
def test_a_normalised_path_has_no_empty_and_no_dot_segments(path):
    plain = normalised(path)
    assert plain.startswith(b"/")
    assert b"//" not in plain
    assert not {b".", b".."} & set(plain.split(b"/"))


@given(paths)
def test_normalising_leaves_a_plain_path_alone(path):
    plain = path.replace(b".", b"").replace(b"%", b"")
    if b"//" not in plain:
        assert normalised(plain) == plain


# ---------------------------------------------------------------- unreachable


@pytest.mark.parametrize(
    ("patterns", "lost"),
    [
        pytest.param(["/a", "/b"], [], id="none"),
        pytest.param(["/a", "*"], [], id="the last may take all"),
        pytest.param(["*", "/a", "/b"], ["/a", "/b"], id="after a star"),
        pytest.param(["/a", "/*", "*"], ["*"], id="after slash and star"),
    ],
)
def test_patterns_behind_one_that_takes_everything_are_lost(patterns, lost):
    assert unreachable(patterns) == lost
