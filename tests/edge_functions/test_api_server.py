import http.client
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

SERVER = Path(__file__).parents[2] / "sites/api/server.py"
pytestmark = pytest.mark.process


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port):
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, "the API did not start"
            time.sleep(0.02)
        else:
            return


@pytest.fixture(scope="module")
def api():
    port = free_port()
    with subprocess.Popen(
        [sys.executable, SERVER, str(port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        try:
            wait_for(port)
            yield port
        finally:
            process.terminate()
            output = process.communicate(timeout=30)
    assert output == (b"", b"")
    assert process.returncode == 0


@pytest.fixture
def ask(api):
    connection = http.client.HTTPConnection("127.0.0.1", api, timeout=30)

    def send(method, path, body=None, **headers):
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        connection.request(method, path, body, named, encode_chunked="Transfer-Encoding" in named)
        response = connection.getresponse()
        return response, response.read()

    yield send
    connection.close()


@pytest.mark.parametrize(
    ("method", "path", "status", "cache_control"),
    [
        pytest.param("GET", "/api/products", 200, "max-age=30", id="products"),
        pytest.param("GET", "/api/products?page=2", 200, "max-age=30", id="products with a query"),
        pytest.param("GET", "/api/time", 200, "no-store", id="time"),
        pytest.param("DELETE", "/api/echo", 200, "no-store", id="echo"),
        pytest.param("GET", "/api/broken", 500, None, id="broken"),
        pytest.param("GET", "/api/cart", 405, None, id="cart is for POST"),
        pytest.param("GET", "/api/none", 404, None, id="no such route"),
        pytest.param("GET", "/", 404, None, id="root"),
    ],
)
def test_every_route_answers_json(ask, method, path, status, cache_control):
    response, body = ask(method, path)
    assert response.version == 11
    assert (response.status, response.getheader("Cache-Control")) == (status, cache_control)
    assert response.getheader("Content-Type") == "application/json"
    assert isinstance(json.loads(body), dict)


def test_products_are_those_of_the_site(ask):
    _, body = ask("GET", "/api/products")
    listed = json.loads(body)
    assert listed["source"] == "live"
    for product in listed["products"]:
        assert (SERVER.parents[1] / f"shop{product['url']}.html").is_file()
        assert (SERVER.parents[1] / f"shop{product['image']}").is_file()


def test_echo_tells_what_arrived(ask):
    _, body = ask("PUT", "/api/echo?a=1", b"hello", X_Thing="yes")
    received = json.loads(body)
    assert (received["method"], received["path"], received["body"]) == ("PUT", "/api/echo?a=1", "hello")
    assert ["X-Thing", "yes"] in received["headers"]


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param(b"item=brass-lantern", {}, id="with a length"),
        pytest.param([b"item=", b"brass-lantern"], {"Transfer_Encoding": "chunked"}, id="in chunks"),
    ],
)
def test_cart_echoes_and_the_connection_stays(ask, body, headers):
    for _ in range(2):
        response, echoed = ask("POST", "/api/cart", body, Content_Type="application/x-www-form-urlencoded", **headers)
        assert (response.status, echoed) == (200, b"item=brass-lantern")
        assert response.getheader("Content-Type") == "application/x-www-form-urlencoded"


def test_head_has_the_length_and_no_body(ask):
    _, whole = ask("GET", "/api/products")
    response, body = ask("HEAD", "/api/products")
    assert (response.getheader("Content-Length"), body) == (str(len(whole)), b"")


@pytest.mark.parametrize("headers", [{"Content_Length": "9999999"}, {"Content_Length": "nine"}])
def test_a_body_that_cannot_be_read_closes_the_connection(ask, headers):
    response, _ = ask("POST", "/api/cart", **headers)
    assert (response.status, response.getheader("Connection")) == (413, "close")
