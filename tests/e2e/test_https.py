"""HTTPS and HTTP/2 to viewers, by a real server and by clients that are not ours."""

import http.client
import json
import shutil
import socket
import ssl
import subprocess

import pytest
from running import Running, until

CONFIGURATION = """\
aliases = ["shop.example", "*.shop.example"]

[origins.site]
directory = "public"

[functions.tell]
handler = "tell.py"

[default_behavior]
origin = "site"
cache_policy = "CachingOptimized"
viewer_protocol_policy = "redirect-to-https"

[[behaviors]]
path_pattern = "/seen*"
origin = "site"
cache_policy = "CachingDisabled"
origin_request_policy = "tls"
allowed_methods = "all"
origin_request = { function = "tell", include_body = true }

[[behaviors]]
path_pattern = "/only"
origin = "site"
cache_policy = "CachingOptimized"
viewer_protocol_policy = "https-only"

[origin_request_policies.tls]
headers = { all_viewer = ["CloudFront-Viewer-TLS", "CloudFront-Forwarded-Proto", "CloudFront-Viewer-Http-Version"] }
cookies = "all"
"""
TELL = """\
import json

def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    told = {name: [line["value"] for line in lines] for name, lines in request["headers"].items()}
    told["size"] = len(request["body"]["data"]) * 3 // 4
    return {"status": "200", "body": json.dumps(told)}
"""
HOST = "shop.example"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("https")
    (folder / "public").mkdir()
    (folder / "public" / "page.html").write_text("a page")
    (folder / "tell.py").write_text(TELL)
    (folder / "edgerun.toml").write_text(CONFIGURATION)
    data = {"EDGERUN_DATA": str(folder / "data")}
    flags = ("--port", "0", "--https", "--https-port", "0", "--http2", "--no-ui", "--json")
    with Running("serve", *flags, cwd=folder, environment=data) as running:
        running.ready()
        running.facts = running.events("ready")[0]
        yield running


def secure(server, path="/page.html", *, host=HOST, headers=None):
    """Ask over TLS with the standard library, trusting the authority alone; return answer and cipher."""
    context = ssl.create_default_context(cafile=server.facts["authority"])
    plain = socket.create_connection(("127.0.0.1", server.facts["https_port"]), 10)
    with plain, context.wrap_socket(plain, server_hostname=host) as connection:
        http1 = http.client.HTTPConnection(host)
        http1.sock = connection
        http1.request("GET", path, headers=headers or {})
        answer = http1.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read(), connection.version(), connection.cipher()[0]


def curl(server, *options, path="/page.html", host=HOST, port=None):
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    port = port or server.facts["https_port"]
    done = subprocess.run(
        [
            *("curl", "-sS", "-i", "--cacert", server.facts["authority"], "--max-time", "10"),
            *("--connect-to", f"{host}:{port}:127.0.0.1:{port}", *options, f"https://{host}:{port}{path}"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    head, _, body = done.stdout.replace("\r\n", "\n").partition("\n\n")
    return head.split("\n"), body


def answered(server, path):
    def found():
        return [event for event in server.events("answered") if event["path"] == path]

    return until(found, f"the event of {path}")[-1]


def until_asked(server, request_id):
    """Return what is told of one request, once it is answered."""

    def found():
        return [event for event in server.events("answered") if event["request_id"] == request_id]

    return until(found, f"the event of {request_id}")


def test_a_page_over_https(server):
    status, headers, body, version, _ = secure(server)

    assert (status, body, version) == (200, b"a page", "TLSv1.3")
    assert headers["X-Cache"].endswith("from cloudfront")
    assert [event["scheme"] for event in until_asked(server, headers["X-Amz-Cf-Id"])] == ["https"]


@pytest.mark.parametrize("host", ["shop.example", "de.shop.example"])
def test_every_alias_has_its_certificate(server, host):
    assert secure(server, host=host)[0] == 200


def test_openssl_verifies_it(server):
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    done = subprocess.run(
        [
            *("openssl", "s_client", "-connect", f"127.0.0.1:{server.facts['https_port']}", "-servername", HOST),
            *("-CAfile", server.facts["authority"], "-verify_return_error", "-verify_hostname", HOST, "-tls1_2"),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )

    assert "Verify return code: 0 (ok)" in done.stdout


def test_http_is_sent_to_the_port_of_https(server):
    answer = server.ask("/page.html?a=b", headers={"Host": f"{HOST}:{server.port}"})

    assert (answer.status, answer.cache) == (301, "Redirect")
    assert answer.headers["location"] == f"https://{HOST}:{server.facts['https_port']}/page.html?a=b"


def test_https_only_is_not_for_http(server):
    refused = server.ask("/only", headers={"Host": HOST})
    status, _, body, _, _ = secure(server, "/only")

    assert (refused.status, b"Generated by cloudfront" in refused.body) == (403, True)
    assert (status, b"<Code>AccessDenied</Code>" in body) == (403, True)  # the bucket's: there is no such key


def test_plain_http_to_the_port_of_https_ends_and_harms_nobody(server):
    with socket.create_connection(("127.0.0.1", server.facts["https_port"]), 10) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n")
        ended = b"".join(iter(lambda: _received(connection), b""))

    assert not ended.startswith(b"HTTP/1.1 2")
    assert secure(server)[0] == 200
    assert server.err.text == ""


def _received(connection):
    try:
        return connection.recv(65_536)
    except ConnectionError:
        return b""


def test_functions_are_told_of_the_viewers_tls(server):
    _, _, body, version, cipher = secure(server, "/seen")
    told = json.loads(body)

    assert told["cloudfront-viewer-tls"] == [f"{version}:{cipher}:fullHandshake"]
    assert told["cloudfront-forwarded-proto"] == ["https"]
    assert told["cloudfront-viewer-http-version"] == ["1.1"]


def test_http2_by_curl(server):
    first, body = curl(server, "--http2")

    assert first[0].rstrip() == "HTTP/2 200"
    assert body == "a page"
    names = [line.partition(":")[0] for line in first[1:]]
    assert names == [name.lower() for name in names]
    assert "connection" not in names


def test_http2_is_told_in_events_and_headers(server):
    _, body = curl(server, "--http2", "-H", "Cookie: a=1; b=2", path="/seen-by-curl")
    told = json.loads(body)

    assert told["cloudfront-viewer-http-version"] == ["2.0"]
    assert told["cloudfront-viewer-tls"][0].startswith("TLSv1.3:TLS_AES_")
    assert told["cookie"] == ["a=1; b=2"]
    event = answered(server, "/seen-by-curl")
    assert (event["http_version"], event["host"]) == ("2.0", f"{HOST}:{server.facts['https_port']}")


def test_http2_with_prior_knowledge(server):
    if shutil.which("curl") is None:
        pytest.skip("needs curl")
    url = f"http://127.0.0.1:{server.port}/only"
    done = subprocess.run(
        ["curl", "-sSi", "--max-time", "10", "--http2-prior-knowledge", "-H", f"Host: {HOST}", url],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.startswith("HTTP/2 403")


def test_those_who_do_not_speak_it_have_http_1_1(server):
    first, _ = curl(server, "--http1.1")

    assert first[0] == "HTTP/1.1 200 OK"
    assert "Connection: keep-alive" in first  # the wire door's own


def test_a_body_over_http2(server, tmp_path):
    (tmp_path / "body").write_text("x" * 200_000)
    first, body = curl(server, "--http2", "--data-binary", f"@{tmp_path / 'body'}", path="/seen")

    assert first[0].rstrip() == "HTTP/2 200"
    assert json.loads(body)["size"] == 200_001  # base64 in threes


def test_the_first_screen_says_where_and_whom_to_trust(tmp_path):
    (tmp_path / "public").mkdir()
    data = {"EDGERUN_DATA": str(tmp_path / "data")}
    flags = ("--port", "0", "--https", "--https-port", "0", "--no-ui")
    with Running("dev", "public", *flags, cwd=tmp_path, environment=data) as running:
        running.listening()
        text = running.err.text

    assert "➜  HTTPS      https://localhost:" in text
    assert "➜  Trust      data/ca/ca.pem (edgerun ca says how)" in text
