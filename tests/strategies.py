"""Hypothesis strategies and ready-made values for tests."""

from typing import Any

from hypothesis import strategies as st

from edgerun.cache.entry import CacheKey, Entry
from edgerun.distribution.model import Choice, Selection
from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody

NAMES = (b"Accept", b"Cache-Control", b"ETag", b"Set-Cookie", b"Vary", b"X-One", b"X-Two")


def in_any_case(name: bytes) -> st.SearchStrategy[bytes]:
    return st.sampled_from([name, name.lower(), name.upper(), name.swapcase()])


names = st.sampled_from(NAMES).flatmap(in_any_case)
values = st.binary(max_size=12).map(lambda raw: raw.translate(None, b"\r\n\0"))
lines = st.lists(st.tuples(names, values), max_size=8)
headers = lines.map(Headers)

# Short pieces, so that slashes, dots and escapes meet often.
paths = st.lists(
    st.sampled_from([b"/", b"//", b".", b"..", b"a", b"b", b"%", b"%2", b"%2e", b"%2F", b"%41", b"2", b"e", b"~"])
    | st.binary(max_size=2),
    max_size=12,
).map(lambda parts: b"/" + b"".join(parts))

parameter_names = st.sampled_from([b"a", b"b", b"c", b"A", b""])
parameters = st.lists(
    st.tuples(parameter_names, st.sampled_from([b"", b"=", b"=1", b"=2", b"=%20", b"==", b"=;"])), max_size=5
)
queries = parameters.map(lambda found: b"&".join(name + rest for name, rest in found))

cookie_names = st.sampled_from([b"a", b"b", b"c", b"A", b"session"])
cookies = st.lists(st.tuples(cookie_names, st.sampled_from([b"", b"1", b"2", b"x=y"])), max_size=5)

listed = st.frozensets(st.sampled_from([b"a", b"b", b"c", b"A", b"session"]), max_size=3)
selections = (
    st.sampled_from([Selection(), Selection(choice=Choice.ALL)])
    | st.builds(Selection, choice=st.just(Choice.ONLY), names=listed)
    | st.builds(Selection, choice=st.just(Choice.EXCEPT), names=listed)
)

ENTRY_MADE = 1_775_556_000.0


def entry(path: bytes = b"/", body: bytes = b"body", *, query: bytes | None = None, **changes: Any) -> Entry:
    """Return an entry made at `ENTRY_MADE`; `lines` are its headers."""
    key = changes.pop("key", None) or CacheKey("E1", "GET", path, query)
    given = {
        "key": key,
        "requested_uri": key.uri,
        "status": 200,
        "reason": b"OK",
        "headers": Headers(changes.pop("lines", ())),
        "body": BytesBody(body),
        "origin_status": 200,
        "request_time": ENTRY_MADE,
        "response_time": ENTRY_MADE,
        "lifetime": 60.0,
        "max_stale_at": ENTRY_MADE + 31_536_000,
    }
    return Entry(**{**given, **changes})
