"""Behaviours that docs/fidelity.md names and no other test holds, and that the page names existing tests."""

import ast
import asyncio
import re
from functools import cache
from pathlib import Path

import pytest
from plays import request

from edgerun import answers
from edgerun.cache.caching import Answer, Keep
from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.freshness import CloudFrontCaching
from edgerun.cache.memory import MemoryStore
from edgerun.config.zero import zero_config
from edgerun.distribution.model import Behavior, CachePolicy, Choice, Distribution, Selection
from edgerun.distribution.origins import DirectoryOrigin, HttpOrigin, OriginSpec
from edgerun.distribution.viewer import with_viewer_headers
from edgerun.errors import FunctionTimeout, OriginDnsError, OriginProtocolError
from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody, Response
from edgerun.origins import framing
from edgerun.origins.registry import Origins
from edgerun.visit import Marks, Obtained

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/fidelity.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
ROWS = [
    line
    for line in PAGE.read_text().splitlines()
    if line.startswith("| ") and "---" not in line and not line.startswith("| behaviour |")
]

SITE = DirectoryOrigin(name="site", directory="/nowhere", domain_name="site.s3.us-east-1.amazonaws.com")
API = HttpOrigin(
    name="api", scheme="http", host="127.0.0.1", port=3000, domain_name="api.internal", host_header="api.internal"
)


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:50])
def test_every_row_names_tests_that_exist(row):
    named = NAMED.findall(row)
    assert len(row.replace("\\|", "").split("|")) == 6, "four columns"
    assert named, "a test"
    assert [f"{path}::{name}" for path, name in named if name not in names_in(path)] == []


# ------------------------------------------------------------------------------ lifetimes


def test_an_error_is_kept_for_ten_seconds():
    behavior = Behavior(path_pattern="*", origin=SITE, cache_policy=CachePolicy(name="p"))
    some = Distribution(name="d", id="E1", domain_name="d.cloudfront.net", default_behavior=behavior)
    answer = Answer(status=404, headers=Headers())
    verdict = CloudFrontCaching().judge(answer, behavior.cache_policy, some.error_caching_min_ttl(404), 0.0)

    assert isinstance(verdict, Keep)
    assert verdict.lifetime == 10.0


# ------------------------------------------------------------------------------ answers


def test_a_generated_response_keeps_its_own_server_and_date():
    own = ((b"Server", b"mine"), (b"Date", b"then"))

    assert tuple(answers.signed(Response(status=200, headers=Headers(own)), b"now").headers) == own
    assert answers.signed(Response(status=200, headers=Headers()), b"now").headers.get(b"server") == b"CloudFront"


def test_a_function_out_of_time_is_an_execution_error():
    row = answers.row_for(FunctionTimeout("Task timed out after 3.00 seconds"))

    assert (row.status, row.word) == (503, "LambdaExecutionError")


# ------------------------------------------------------------------------------ store


def test_the_store_is_bounded_and_forgets_what_was_not_used():
    store = MemoryStore(size=3 * entry(b"/a", 1000).size, max_object_size=10_000)
    for path in (b"/a", b"/b", b"/c"):
        store.put(entry(path, 1000).key, entry(path, 1000), 0)
    store.peek(entry(b"/a", 0).key)
    store.put(entry(b"/d", 1000).key, entry(b"/d", 1000), 0)

    assert [path for path in (b"/a", b"/b", b"/c", b"/d") if store.peek(entry(path, 0).key)] == [b"/a", b"/c", b"/d"]


def test_an_object_larger_than_the_limit_is_not_kept(tmp_path):
    limit = zero_config(tmp_path, {}).config.store.max_object_size
    store = MemoryStore(size=10_000, max_object_size=1000)

    assert limit == 64 * 1024 * 1024
    assert not store.put(entry(b"/a", 1001).key, entry(b"/a", 1001), 0)
    assert store.put(entry(b"/a", 1000).key, entry(b"/a", 1000), 0)


def entry(path: bytes, size: int) -> Entry:
    return Entry(
        key=CacheKey("E1", "GET", path),
        requested_uri=path,
        status=200,
        reason=b"OK",
        headers=Headers(),
        body=BytesBody(bytes(size)),
        origin_status=200,
        request_time=0.0,
        response_time=0.0,
        lifetime=60.0,
    )


# ------------------------------------------------------------------------------ what is known of viewers


def viewer_headers(names: tuple[str, ...], country: str) -> dict[str, str]:
    policy = CachePolicy(
        name="p", headers=Selection(choice=Choice.ONLY, names=frozenset(name.lower().encode() for name in names))
    )
    behavior = Behavior(path_pattern="*", origin=SITE, cache_policy=policy)
    given = request("/").changed(headers=Headers([(b"Host", b"h")]))
    told = with_viewer_headers(given, behavior, country).headers
    return {name: (told.get(name.lower().encode()) or b"-").decode() for name in names}


def test_the_viewers_place_is_unknown():
    names = tuple(
        f"CloudFront-Viewer-{part}"
        for part in ("City", "Country-Region", "Latitude", "Longitude", "Time-Zone", "ASN", "TLS", "JA3-Fingerprint")
    )

    assert set(viewer_headers(names, "DE").values()) == {"-"}


def test_the_edge_location_is_always_the_same():
    headers = Marks("E1").fixed(Obtained(response=Response(status=200, headers=Headers()), word="Hit"))

    assert headers.get(b"x-amz-cf-pop") == b"EDG50-P1"


# ------------------------------------------------------------------------------ origins


def test_an_origin_is_reached_by_its_domain_name():
    origins = Origins((API,), lambda: 0.0)
    spec = OriginSpec(kind="custom", domain_name="api.internal", port=80, protocol="http")

    assert origins.origin_for(spec) is origins["api"]


def test_a_bucket_that_is_not_configured_cannot_be_named():
    other = Origins((API,), lambda: 0.0).origin_for(OriginSpec(kind="s3", domain_name="b.s3.amazonaws.com"))

    with pytest.raises(OriginDnsError, match=r"b\.s3\.amazonaws\.com"):
        asyncio.run(other.resolve())


def test_a_repeated_content_length_of_an_origin_is_refused():
    answer = framing.Answer(framing.ask(request("/")), label="origin 'api'")
    answer.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx")

    assert isinstance(answer.error, OriginProtocolError)
