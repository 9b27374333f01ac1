"""An entry as bytes and back."""

from dataclasses import fields, replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import entry, headers, paths, queries

from edgerun.cache import format as form
from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.format import FormatError, OtherVersionError, decode, digest, encode
from edgerun.cache.record import Reckoned
from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody

times = st.floats(allow_nan=False)
told = st.none() | st.booleans() | times | st.text(max_size=4)
maybe = st.none() | st.binary(max_size=8)
key_headers = st.lists(
    st.tuples(st.binary(max_size=4), st.lists(st.binary(max_size=4), max_size=3).map(tuple)), max_size=3
)
keys = st.builds(
    CacheKey,
    distribution=st.text(max_size=6),
    method=st.sampled_from(["GET", "HEAD", "OPTIONS"]),
    path=paths,
    query=st.none() | queries,
    headers=key_headers.map(tuple),
    cookies=maybe,
    encoding=maybe,
)
PARTS = {
    "key": keys,
    "requested_uri": paths,
    "status": st.integers(100, 599),
    "reason": st.binary(max_size=5),
    "headers": headers,
    "body": st.binary(max_size=50).map(BytesBody),
    "origin_status": st.integers(100, 599),
    "request_time": times,
    "response_time": times,
    "lifetime": times,
    "stale_while_revalidate": st.none() | times,
    "stale_if_error": st.none() | times,
    "max_stale_at": times,
    "retry_at": times,
    "initial_age": times,
    "must_validate": st.booleans(),
    "never_stale": st.booleans(),
    "withheld": st.lists(st.sampled_from([b"set-cookie", b"x-a", b"a,b", b""]), max_size=3).map(tuple),
    "stored_by": st.text(max_size=8),
    "reckoned": st.lists(st.builds(Reckoned, st.text(max_size=4), told, st.text(max_size=4)), max_size=3).map(tuple),
    "generated": st.booleans(),
    "compressed": st.booleans(),
    "tags": st.lists(st.sampled_from(["a", "sale", "x" * 256]), max_size=3).map(tuple),
    "generation": st.integers(0, 2**64 - 1),
}
entries = st.builds(Entry, **PARTS)


def elsewhere(place, length):
    return (place, length)


def test_every_field_is_tried():
    assert PARTS.keys() == {field.name for field in fields(Entry)} - {"version"}


@given(entries)
def test_every_field_comes_back(one):
    back = decode(encode(one, generation=one.generation), elsewhere)
    for field in fields(Entry):
        if field.name != "body":
            assert getattr(back, field.name) == getattr(one, field.name), field.name
    assert back.body.data == one.body.data
    assert back.headers.block == one.headers.block


@given(entries, st.binary(min_size=1, max_size=20))
def test_a_body_elsewhere_is_told_by_its_place_and_length(one, place):
    record = encode(one, generation=3, place=place)
    back = decode(memoryview(record), elsewhere)
    assert back.body == (place, one.body.length)
    assert (back.generation, back.headers) == (3, one.headers)


@given(entries, st.data())
def test_a_part_of_a_record_is_never_taken_for_the_whole(one, data):
    record = encode(one, generation=0)
    with pytest.raises(FormatError):
        decode(record[: data.draw(st.integers(0, len(record) - 1))], elsewhere)
    with pytest.raises(FormatError):
        decode(record + b"x", elsewhere)


@given(st.binary(max_size=400) | st.binary(max_size=400).map(lambda tail: b"\1\0" + tail))
@example(b"\1\0" + bytes(400))
def test_any_bytes_are_an_entry_or_refused(record):
    for read in (lambda: decode(record, elsewhere), lambda: form.names(record)):
        try:
            read()
        except FormatError:
            continue


@given(entries, st.integers(2, 200), st.integers(0, 255))
def test_a_changed_record_is_an_entry_or_refused(one, place, byte):
    record = bytearray(encode(one, generation=0))
    record[min(place, len(record) - 1)] = byte
    try:
        decode(bytes(record), elsewhere)
    except FormatError:
        return


@given(entries)
def test_what_an_invalidation_asks_for_is_found_without_decoding(one):
    record = encode(one, generation=7)
    found = form.names(record)
    assert form.names(form.front(record)) == found
    with pytest.raises(FormatError):
        form.names(form.front(record)[:-1])
    assert found == (one.key.distribution, one.key.uri, one.requested_uri, one.tags, 7)


def test_another_version_is_told_apart():
    one = entry(b"/a")
    with pytest.raises(OtherVersionError, match="version 3, this is 2"):
        decode(encode(replace(one, version=3), generation=0), elsewhere)


@pytest.mark.parametrize("line", [(b"a: b", b""), (b"a:", b""), (b"a", b"b\r\nc: d"), (b"a\n", b"")])
def test_a_header_that_could_not_be_read_back_is_refused(line):
    with pytest.raises(FormatError):
        encode(entry(b"/a", lines=(line,)), generation=0)


@given(keys, keys)
def test_a_digest_is_one_keys_own(one, other):
    assert (digest(one) == digest(other)) is (one == other)
    assert digest(one) == digest(CacheKey(*one))


@given(headers)
def test_headers_come_back_from_their_block(given_headers):
    back = Headers.of_block(given_headers.block)
    assert (back, back.block, list(back.names())) == (given_headers, given_headers.block, list(given_headers.names()))


@pytest.mark.parametrize("block", [b"a", b"a: b", b"a:b\r\n", b"\r\n", b"a: b\r\nc"])
def test_what_is_no_block_makes_no_headers(block):
    with pytest.raises(ValueError, match="no block"):
        Headers.of_block(block)
