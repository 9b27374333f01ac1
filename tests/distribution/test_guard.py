"""Sources: cloudfront.md §0 steps 1, 4, 8 and 9, §4.4, §16."""

import pytest
from plays import behavior, request

from edgerun.distribution.guard import check_size, guard, https_host, wants_tunnel
from edgerun.distribution.model import ALL_METHODS
from edgerun.errors import BodyNotAllowed, HeadersTooLarge, HttpsOnly, MethodNotAllowed, UriTooLong
from edgerun.http.message import StreamBody

OPEN = behavior(allowed_methods=ALL_METHODS)
SECURE = behavior(allowed_methods=ALL_METHODS, viewer_protocol_policy="https-only")
REDIRECTING = behavior(allowed_methods=ALL_METHODS, viewer_protocol_policy="redirect-to-https")


def outcome(asked, chosen):
    try:
        return guard(asked, chosen)
    except (BodyNotAllowed, HttpsOnly, MethodNotAllowed) as error:
        return type(error)


# §4.4
@pytest.mark.parametrize(
    ("asked", "chosen", "expected"),
    [
        pytest.param(request(), behavior(), False, id="GET"),
        pytest.param(request(body=b"x"), OPEN, BodyNotAllowed, id="GET with a body"),
        pytest.param(request(body=b"x"), REDIRECTING, BodyNotAllowed, id="a body is refused before the redirect"),
        pytest.param(request(method="DELETE", body=b"x"), OPEN, False, id="DELETE with a body"),
        pytest.param(request(method="OPTIONS", body=b"x"), OPEN, False, id="OPTIONS with a body"),
        pytest.param(request(method="POST", body=b"x"), behavior(), MethodNotAllowed, id="method not allowed"),
        pytest.param(request(method="TRACE"), OPEN, MethodNotAllowed, id="unknown method"),
        pytest.param(request(method="get"), OPEN, MethodNotAllowed, id="methods are case-sensitive"),
        pytest.param(request(), SECURE, HttpsOnly, id="http on https-only"),
        pytest.param(request().changed(scheme="https"), SECURE, False, id="https on https-only"),
        pytest.param(request().changed(scheme="https"), REDIRECTING, False, id="https on redirect"),
        *[
            pytest.param(request(method=method), REDIRECTING, True, id=f"redirect {method}")
            for method in sorted(ALL_METHODS)
        ],
        *[
            pytest.param(request(method=method).changed(http_version="1.0"), REDIRECTING, HttpsOnly, id=f"1.0 {method}")
            for method in sorted(ALL_METHODS - {"GET", "HEAD"})
        ],
        pytest.param(request().changed(http_version="1.0"), REDIRECTING, True, id="1.0 GET"),
        pytest.param(
            request(method="POST"),
            behavior(viewer_protocol_policy="redirect-to-https"),
            True,
            id="the redirect comes before the method",
        ),
    ],
)
def test_a_request_is_let_through_redirected_or_refused(asked, chosen, expected):
    assert outcome(asked, chosen) is expected


def test_a_get_with_a_body_of_unknown_length_is_refused():
    async def nothing():
        yield b""

    assert outcome(request().changed(body=StreamBody(nothing())), OPEN) is BodyNotAllowed


# §4.4
@pytest.mark.parametrize(
    ("url", "head", "error"),
    [
        pytest.param(8_192, 32_768, None, id="both at their limit"),
        pytest.param(8_193, 0, UriTooLong, id="URL"),
        pytest.param(0, 32_769, HeadersTooLarge, id="head"),
        pytest.param(8_193, 32_769, UriTooLong, id="the URL is judged first"),
    ],
)
def test_sizes(url, head, error):
    if error is None:
        check_size(url, head)
        return
    with pytest.raises(error):
        check_size(url, head)


# §16
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param(request(upgrade="websocket", connection="Upgrade"), True, id="WebSocket"),
        pytest.param(request(upgrade="WebSocket", connection="keep-alive, upgrade"), True, id="in a list, in any case"),
        pytest.param(request(upgrade="h2c", connection="Upgrade"), False, id="another protocol"),
        pytest.param(request(upgrade="websocket"), False, id="without Connection"),
        pytest.param(
            request(upgrade="websocket", connection="keep-alive"), False, id="Connection names something else"
        ),
        pytest.param(request(connection="Upgrade"), False, id="without Upgrade"),
        pytest.param(request(method="POST", upgrade="websocket", connection="Upgrade"), False, id="not with POST"),
        pytest.param(
            request(upgrade="websocket", connection="Upgrade").changed(http_version="1.0"), False, id="not in HTTP/1.0"
        ),
        pytest.param(request(upgrade="websocket", connection="x-upgrade-now"), False, id="whole tokens only"),
    ],
)
def test_only_a_websocket_is_let_through(asked, expected):
    assert wants_tunnel(asked) is expected


@pytest.mark.parametrize(
    ("host", "port", "told"),
    [
        (b"shop.example:8787", 8443, b"shop.example:8443"),
        (b"shop.example", 8443, b"shop.example:8443"),
        (b"shop.example:8787", 443, b"shop.example"),
        (b"[::1]:8787", 8443, b"[::1]:8443"),
        (b"[::1]", 443, b"[::1]"),
        (b"shop.example:8787", 0, b"shop.example:8787"),
    ],
)
def test_the_host_that_viewers_are_sent_to_has_the_port_of_https(host, port, told):
    assert https_host(host, port) == told
