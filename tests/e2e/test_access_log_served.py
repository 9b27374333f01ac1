"""The access log of a real server, over HTTP and HTTPS."""

import contextlib
import gzip
import http.client
import json
import socket
import ssl

from running import SITE, Running, until

from edgerun.observe.access_line import FIELDS


def rows(path):
    lines = path.read_text().splitlines() if path.exists() else []
    return [dict(zip(FIELDS, line.split("\t"), strict=True)) for line in lines if not line.startswith("#")]


def test_a_line_for_each_answer(tmp_path):
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "page.txt").write_text("a page")
    (tmp_path / "edgerun.toml").write_text(SITE)
    log = tmp_path / "logs" / "access.log"
    flags = ("--port", "0", "--https", "--https-port", "0", "--no-ui", "--json", "--access-log", log)
    with Running("serve", *flags, cwd=tmp_path, environment={"EDGERUN_DATA": str(tmp_path / "data")}) as server:
        server.ready()
        answers = [server.ask("/page.txt", headers={"User-Agent": "a b"}) for _ in range(2)]
        facts = server.events("ready")[0]
        context = ssl.create_default_context(cafile=facts["authority"])
        plain = socket.create_connection(("127.0.0.1", facts["https_port"]), 10)
        with plain, context.wrap_socket(plain, server_hostname="localhost") as connection:
            viewer = http.client.HTTPConnection("localhost")
            viewer.sock = connection
            viewer.request("GET", "/page.txt")
            viewer.getresponse().read()
            agreed = (connection.version(), connection.cipher()[0])
        until(lambda: len(rows(log)) == 3, "three lines")
        assert server.end() == 0

    first, second, third = rows(log)
    assert [first["x-edge-request-id"], second["x-edge-request-id"]] == [a.headers["x-amz-cf-id"] for a in answers]
    assert [row["x-edge-result-type"] for row in (first, second, third)] == ["Miss", "Hit", "Hit"]
    assert (first["cs(User-Agent)"], first["sc-content-len"], first["ssl-protocol"]) == ("a%20b", "6", "-")
    assert (third["cs-protocol"], third["ssl-protocol"], third["ssl-cipher"]) == ("https", *agreed)


def test_a_reload_begins_a_log_and_the_end_finishes_its_file(tmp_path):
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "page.txt").write_text("a page")
    (tmp_path / "edgerun.toml").write_text(SITE)
    with Running("dev", "--port", "0", "--no-ui", "--json", cwd=tmp_path) as server:
        server.ready()
        server.ask("/page.txt")
        (tmp_path / "edgerun.toml").write_text(f'{SITE}\n[access_log]\npath = "logs"\nformat = "json"\n')
        with contextlib.suppress(FileNotFoundError):
            until(lambda: server.ask("/page.txt") and (tmp_path / "logs").exists(), "the first file")
        assert server.end() == 0

    [path] = (tmp_path / "logs").iterdir()
    assert path.suffix == ".gz"
    with gzip.open(path, "rt") as text:
        told = [json.loads(line) for line in text]
    assert {row["cs-uri-stem"] for row in told} == {"/page.txt"}
    assert told[0]["cache-behavior-path-pattern"] == "*"
