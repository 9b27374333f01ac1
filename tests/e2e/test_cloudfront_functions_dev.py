"""`edgerun dev` with CloudFront Functions: served for real, and taken over on every save of code and store."""

import json

import pytest
from running import project, until
from test_dev import atomically, in_place, turns_into

pytestmark = pytest.mark.process

CODE = """\
import cf from 'cloudfront';
async function handler(event) {
    console.log('for ' + event.request.uri);
    return {statusCode: 200, body: 'WORD ' + await cf.kvs().get('name')};
}
"""
STORE = """
[key_value_stores.names]
file = "names.json"
"""


@pytest.fixture
def server(tmp_path, serve):
    project(tmp_path, {"light.js": CODE.replace("WORD", "old")}, viewer_request="light")
    (tmp_path / "names.json").write_text('{"name": "Ann"}')
    config = tmp_path / "edgerun.toml"
    text = config.read_text()
    written = 'handler = "light.js"\ntimeout = 5'
    assert written in text
    meant = 'handler = "light.js"\nruntime = "cloudfront-js-2.0"\nkey_value_store = "names"'
    config.write_text(text.replace(written, meant) + STORE)
    return serve("dev")


def noted(server, word):
    return until(
        lambda: [event["text"] for event in server.events("noted") if word in event["text"]], f"a note of {word}"
    )


def test_code_and_store_are_taken_over_when_they_are_saved(tmp_path, server):
    answer = server.ask("/")
    assert (answer.body, answer.cache) == (b"old Ann", "FunctionGeneratedResponse")
    in_place(tmp_path / "light.js", CODE.replace("WORD", "new"))
    turns_into(server, "/", b"new Ann")
    atomically(tmp_path / "names.json", '{"data": [{"key": "name", "value": "Bob"}]}')
    turns_into(server, "/", b"new Bob")
    assert "reloaded: light" in noted(server, "reloaded: light")
    assert noted(server, "names.json") == ["names.json reloaded"]
    in_place(tmp_path / "light.js", "class A {}")
    assert 'Token "class" not supported' in noted(server, "not supported")[0]
    in_place(tmp_path / "names.json", "{")
    assert "not taken over" in noted(server, "not JSON")[0]
    assert server.ask("/").body == b"new Bob"
    log = until(
        lambda: (tmp_path / ".edgerun/logs/light.log").exists() and (tmp_path / ".edgerun/logs/light.log"), "log"
    )
    first = until(lambda: len(lines := log.read_text().splitlines()) > 2 and lines, "a run")[:3]
    assert [line.partition(" ")[2].partition(":")[0] for line in first] == ["START DistributionID", "for /", "END"]
    answered = server.events("answered")[0]
    assert answered["utilization"] in range(101)


def test_a_save_of_another_file_reloads_nothing(tmp_path, server):
    assert server.ask("/").status == 200
    in_place(tmp_path / "other.js", "1;")
    in_place(tmp_path / "light.js", CODE.replace("WORD", "new"))
    turns_into(server, "/", b"new Ann")
    assert json.dumps(noted(server, "reloaded")).count("reloaded") == 1
