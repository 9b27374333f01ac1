"""What is compressed and what its head becomes. Source: cloudfront.md §7."""

import pytest
from hypothesis import given
from strategies import headers

from edgerun.distribution.compression import CONTENT_TYPES, compressed_head, encoding_for
from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody, Response, StreamBody
from edgerun.testing.origin import respond

SIZE = 2_000


def page(status=200, size=SIZE, content_type="text/html", **lines):
    more = {"content_type": content_type} if content_type is not None else {}
    return respond(status, b"x" * size, **more, **lines)


# §7.1, §7.2
@pytest.mark.parametrize(
    ("offered", "encoding"),
    [(b"br,gzip", b"br"), (b"br", b"br"), (b"gzip", b"gzip"), (None, None)],
)
def test_brotli_comes_before_gzip_of_what_viewer_and_policy_both_take(offered, encoding):
    assert encoding_for(page(), offered) == encoding


@pytest.mark.parametrize(
    ("size", "yes"), [(0, False), (999, False), (1_000, True), (10_000_000, True), (10_000_001, False)]
)
def test_from_1000_to_10000000_bytes(size, yes):
    assert (encoding_for(page(size=size), b"gzip") is not None) is yes


@pytest.mark.parametrize(
    ("status", "yes"),
    [
        *((status, True) for status in (200, 403, 404)),
        *((status, False) for status in (201, 203, 206, 301, 400, 410, 500, 503)),
    ],
)
def test_of_three_statuses(status, yes):
    assert (encoding_for(page(status), b"gzip") is not None) is yes


@pytest.mark.parametrize("coding", ["gzip", "br", "identity", "aws-chunked", ""])
def test_any_content_encoding_stands_in_the_way(coding):
    assert encoding_for(page(content_encoding=coding), b"gzip") is None


def test_a_body_of_undeclared_length_stays_as_it_is():
    async def chunks():
        yield b"x" * SIZE

    assert encoding_for(page().changed(body=StreamBody(chunks())), b"gzip") is None


def test_the_head_of_an_object_alone_is_not_compressed():
    assert encoding_for(page(content_length=str(SIZE)).changed(body=BytesBody(b"")), b"gzip") is None


def test_no_transform_is_no_condition_of_cloudfronts():
    assert encoding_for(page(cache_control="no-transform"), b"gzip") == b"gzip"


# §7.3
def test_48_content_types():
    assert len(CONTENT_TYPES) == 48


@pytest.mark.parametrize(
    ("content_type", "yes"),
    [
        *((content_type.decode(), True) for content_type in sorted(CONTENT_TYPES)),
        ("text/html; charset=utf-8", True),
        ("Text/HTML ;charset=utf-8", True),
        ("APPLICATION/JSON", True),
        *((content_type, False) for content_type in ("image/png", "image/jpeg", "font/woff", "font/woff2")),
        ("application/manifest+json", False),
        ("application/ld+json", False),
        ("application/atom+xml", False),
        ("text/markdown", False),
        ("text/html, text/plain", False),
        ("", False),
        (None, False),
    ],
)
def test_by_content_type(content_type, yes):
    assert (encoding_for(page(content_type=content_type), b"gzip") is not None) is yes


# §7.4
@pytest.mark.parametrize(
    ("etag", "becomes"),
    [
        ('"x"', b'W/"x"'),
        ('W/"x"', b'W/"x"'),
        ('""', b'W/""'),
        ("x", None),
        ("w/x", None),
        ("", None),
    ],
)
def test_the_etag_becomes_weak_or_goes(etag, becomes):
    assert compressed_head(respond(200, b"", etag=etag).headers, b"br").get(b"etag") == becomes


def test_the_head_of_a_compressed_object():
    given = page(etag='"x"', accept_ranges="bytes", last_modified="Mon, 06 Apr 2026 10:00:00 GMT")
    head = compressed_head(given.headers, b"br")
    assert list(head) == [
        (b"Content-Type", b"text/html"),
        (b"ETag", b'W/"x"'),
        (b"Last-Modified", b"Mon, 06 Apr 2026 10:00:00 GMT"),
        (b"Content-Encoding", b"br"),
        (b"Vary", b"Accept-Encoding"),
    ]


@pytest.mark.parametrize(
    ("vary", "becomes"),
    [
        (["Cookie"], [b"Cookie, Accept-Encoding"]),
        (["accept-encoding"], [b"accept-encoding"]),
        (["Cookie, Accept-Encoding"], [b"Cookie, Accept-Encoding"]),
        (["Cookie", "Origin"], [b"Cookie, Origin, Accept-Encoding"]),
        (["*"], [b"*"]),
        ([], [b"Accept-Encoding"]),
    ],
)
def test_vary_names_accept_encoding_once(vary, becomes):
    told = Headers([(b"Vary", text.encode()) for text in vary])
    assert list(compressed_head(told, b"gzip").get_all(b"vary")) == becomes


@given(headers)
def test_a_compressed_head_stays_as_it_is(lines):
    once = compressed_head(lines, b"gzip")
    assert compressed_head(once, b"gzip") == once


def test_a_response_without_any_header_is_left_alone():
    assert encoding_for(Response(status=200, body=BytesBody(b"x" * SIZE)), b"gzip") is None
