"""Sources: RFC 3986 §5.2 and §5.4; http-caching.md §4, §12."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plays import changed
from plays import request as asked

from edgerun.cache.uri import Uri, resolved, target
from edgerun.http.headers import Headers


def at(text, host="a", scheme="http"):
    return changed(asked(text), headers=Headers([(b"Host", host.encode())]), scheme=scheme)


BASE = at("/b/c/d;p?q")


# RFC 3986 §5.4.1 and §5.4.2, with the fragment left out
@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("g", "/b/c/g"),
        ("./g", "/b/c/g"),
        ("g/", "/b/c/g/"),
        ("/g", "/g"),
        ("?y", "/b/c/d;p?y"),
        ("g?y", "/b/c/g?y"),
        ("#s", "/b/c/d;p?q"),
        ("g#s", "/b/c/g"),
        ("g?y#s", "/b/c/g?y"),
        (";x", "/b/c/;x"),
        ("g;x", "/b/c/g;x"),
        ("", "/b/c/d;p?q"),
        (".", "/b/c/"),
        ("./", "/b/c/"),
        ("..", "/b/"),
        ("../", "/b/"),
        ("../g", "/b/g"),
        ("../..", "/"),
        ("../../g", "/g"),
        ("../../../g", "/g"),
        ("/./g", "/g"),
        ("/../g", "/g"),
        ("g.", "/b/c/g."),
        (".g", "/b/c/.g"),
        ("./../g", "/b/g"),
        ("g/./h", "/b/c/g/h"),
        ("g/../h", "/b/c/h"),
        ("g?y/./x", "/b/c/g?y/./x"),
        ("g?", "/b/c/g?"),
    ],
)
def test_a_relative_reference(reference, expected):
    path, mark, query = expected.encode().partition(b"?")
    assert resolved(BASE, reference.encode()) == Uri(b"http", b"a", path, query if mark else None)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("http://a/x", Uri(b"http", b"a", b"/x")),
        ("HTTP://A:80/x?", Uri(b"http", b"a", b"/x", b"")),
        ("https://a:443", Uri(b"https", b"a", b"/")),
        ("https://a:80/x", Uri(b"https", b"a:80", b"/x")),
        ("//g/x/../y", Uri(b"http", b"g", b"/y")),
        ("g:h", None),
        ("mailto:a@b", None),
    ],
)
def test_an_absolute_reference(reference, expected):
    assert resolved(BASE, reference.encode()) == expected


@pytest.mark.parametrize(
    ("host", "scheme", "expected"),
    [
        ("Shop.Example", "http", b"shop.example"),
        ("shop.example:80", "http", b"shop.example"),
        ("shop.example:", "http", b"shop.example"),
        ("shop.example:443", "https", b"shop.example"),
        ("shop.example:443", "http", b"shop.example:443"),
        ("[::1]:8080", "http", b"[::1]:8080"),
    ],
)
def test_host_and_port_have_one_form(host, scheme, expected):
    assert target(at("/", host, scheme)).authority == expected


def test_path_and_query_stay_byte_for_byte():
    assert target(at("/a//b/./%7e?x=%41&")) == Uri(b"http", b"a", b"/a//b/./%7e", b"x=%41&")


@given(st.binary(max_size=30).map(lambda raw: raw.translate(None, b"\r\n\0")))
def test_no_reference_raises_or_leaves_the_root(reference):
    found = resolved(BASE, reference)
    assert found is None or found.path.startswith(b"/")
    assert found is None or b"/../" not in found.path + b"/"
