"""The faults of localfront, in the order of the survey: what edgerun does instead.

| fault | waits for | reason |
| --- | --- | --- |
| CloudFront Functions without limits, their js-1.0 label | CloudFront Functions | Lambda@Edge is tested |
| geo restriction not enforced | the part on access | refused in the configuration |
"""

import asyncio
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from peering import PAGE, Deployed, asked, edge, event_at, http_origin
from plays import OBEDIENT, behavior, changed, distribution
from plays import request as plain_request

from edgerun.app import Edge
from edgerun.distribution.model import Choice, Config, Selection, StoreConfig

# ---------------------------------------------------------------- a loop blocks its request for ever

LOOPS = "def handler(event, context):\n    while True:\n        pass\n"


@pytest.mark.process
def test_a_loop_is_ended_at_its_time_limit_and_the_next_request_gets_an_environment(tmp_path):
    with Deployed(tmp_path, {"auth.py": LOOPS}, {"viewer_request": "auth.handler"}, timeout=0.2) as deployed:
        assert [deployed.ask().status for _ in range(2)] == [503, 503]


@pytest.mark.process
def test_memory_has_a_limit(tmp_path):
    source = "def handler(event, context):\n    return {'status': '200', 'body': 'x' * (1 << 30)}\n"
    with Deployed(tmp_path, {"auth.py": source}, {"viewer_request": "auth.handler"}) as deployed:
        assert deployed.ask().status == 503


# ---------------------------------------------------------------- viewer protocol not enforced


def test_https_only_refuses_plain_http_and_runs_nothing():
    play = edge(changes={"viewer_protocol_policy": "https-only"})
    assert play.get().status == 403
    assert play.ran == []


def test_redirect_to_https_keeps_path_and_query():
    play = edge(changes={"viewer_protocol_policy": "redirect-to-https"})
    answer = play.get("/a%20b?c=%2F")
    assert (answer.status, answer["Location"]) == (301, "https://shop.example/a%20b?c=%2F")


# ---------------------------------------------------------------- connection attempts and timeouts not wired


@pytest.mark.parametrize("attempts", [1, 3])
def test_a_configured_number_of_attempts_is_made(attempts):
    origin = replace(http_origin(port=1, scheme="https"), connection_attempts=attempts)
    met = 0

    async def slams(reader, writer):
        nonlocal met
        met += 1
        writer.close()

    async def whole():
        async with await asyncio.start_server(slams, "127.0.0.1", 0) as server:
            there = replace(origin, port=server.sockets[0].getsockname()[1])
            chosen = distribution(behavior(origin=there))
            config = Config(distributions=(chosen,), origins={"site": there}, functions={}, store=StoreConfig())
            real = Edge(config)
            try:
                return await asked(real, plain_request("/"))
            finally:
                await real.aclose()

    assert asyncio.run(whole()).status == 502
    assert met == attempts


def test_a_configured_read_timeout_ends_the_wait():
    async def whole(port):
        there = replace(http_origin(port=port), read_timeout=0.05)
        config = Config(
            distributions=(distribution(behavior(origin=there)),),
            origins={"site": there},
            functions={},
            store=StoreConfig(),
        )
        real = Edge(config)
        try:
            return await asked(real, plain_request("/"))
        finally:
            await real.aclose()

    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert asyncio.run(whole(silent.getsockname()[1])).status == 504


# ---------------------------------------------------------------- CloudFront-* headers lose their case


def test_cloudfront_headers_have_their_case_in_events_and_at_the_origin():
    policy = changed(OBEDIENT, headers=Selection(choice=Choice.ONLY, names=frozenset({b"cloudfront-is-mobile-viewer"})))
    play = edge(changes={"cache_policy": policy})
    play.get()
    seen = event_at(play, "origin-request")["request"]["headers"]
    assert [each["key"] for each in seen["cloudfront-is-mobile-viewer"]] == ["CloudFront-Is-Mobile-Viewer"]
    assert "cloudfront-viewer-address" not in seen
    assert b"CloudFront-Is-Mobile-Viewer" in [line[0] for line in play.origin.seen[0].headers]


# ---------------------------------------------------------------- OPTIONS never answered at the edge


def test_options_is_answered_from_the_cache_where_that_is_configured():
    methods = frozenset({"GET", "HEAD", "OPTIONS"})
    play = edge(changes={"allowed_methods": methods, "cached_methods": methods}, replies={"/": PAGE})
    words = [play.run(lambda p: p.ask(method="OPTIONS")).x_cache.partition(" ")[0] for _ in range(2)]
    assert words == ["Miss", "Hit"]
    assert play.get().x_cache == "Miss from cloudfront"


def test_options_goes_to_the_origin_each_time_where_it_is_not():
    methods = frozenset({"GET", "HEAD", "OPTIONS"})
    play = edge(changes={"allowed_methods": methods})
    for _ in range(2):
        assert play.run(lambda p: p.ask(method="OPTIONS")).x_cache == "Miss from cloudfront"


# ---------------------------------------------------------------- an honest table: copied


def test_what_differs_from_cloudfront_is_published():
    page = (Path(__file__).parents[2] / "docs" / "fidelity.md").read_text()
    assert "| absent: refused in the configuration, never ignored |" in page
