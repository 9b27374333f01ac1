"""What the ASGI door makes of requests that came over HTTP/2."""

import asyncio

import pytest
from plays import Play, behavior

from edgerun.doors.asgi import AsgiDoor
from edgerun.doors.secured import TLS_STATE
from edgerun.http.message import Tls


def received(version, *headers, state=None):
    """Return the request that the pipeline logs for one that came with these headers."""
    play = Play(behavior())
    scope = {
        "type": "http",
        "http_version": version,
        "method": "GET",
        "scheme": "https",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [(b"host", b"shop.example"), *headers],
        "client": ("198.51.100.1", 5),
        "state": state or {},
    }
    sent = []

    async def receive():
        if sent and not sent[-1].get("more_body", sent[-1]["type"] == "http.response.start"):
            return {"type": "http.disconnect"}
        return await asyncio.get_running_loop().create_future()

    async def send(message):
        sent.append(message)

    play.run(lambda play: AsgiDoor(play.pipeline)(scope, receive, send))
    return play.logged()[-1].visit.request, sent


@pytest.mark.parametrize(("version", "cookies"), [("2", (b"a=1; b=2; c=3",)), ("1.1", (b"a=1", b"b=2; c=3"))])
def test_crumbs_of_a_cookie_are_put_together(version, cookies):
    request, _ = received(version, (b"cookie", b"a=1"), (b"cookie", b"b=2; c=3"))

    assert request.headers.get_all(b"cookie") == cookies


def test_the_version_is_told_as_cloudfront_does():
    assert received("2")[0].http_version == "2.0"


def test_the_viewers_tls_is_known():
    agreed = Tls(protocol="TLSv1.3", cipher="TLS_AES_128_GCM_SHA256")

    assert received("2", state={TLS_STATE: agreed})[0].tls is agreed
    assert received("2")[0].tls is None


def test_no_connection_header_is_sent():
    _, sent = received("2")

    assert b"connection" not in {name.lower() for name, _ in sent[0]["headers"]}
