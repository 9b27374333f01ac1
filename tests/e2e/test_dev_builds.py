"""`build` and `watch`: built before the first load and on a change of a source; a failure keeps the old code."""

import json

import pytest
from running import edgerun, project, until
from test_dev import in_place, says_broken, turns_into

pytestmark = pytest.mark.process

# Copies the source, as a bundler would; fails on the word "broken".
BUILD = "mkdir -p dist; echo bundling; ! grep -q broken src/fn.py || exit 3; cp src/fn.py dist/fn.py"
CODE = "def handler(event, context):\n    return {'status': '200', 'body': 'NAME'}\n"
TABLE = f"""
[functions.fn]
handler = "dist/fn.py"
build = "{BUILD}"
"""


def sources(folder, name="old"):
    (folder / "src").mkdir()
    (folder / "src/fn.py").write_text(CODE.replace("NAME", name))
    return project(folder, config='viewer_request = "fn"\n' + TABLE)


def builds(server):
    return [event["text"] for event in server.events("noted") if event["text"] == "build fn: bundling"]


def test_a_function_is_built_before_it_is_loaded_and_again_when_a_source_changes(tmp_path, serve):
    sources(tmp_path)
    server = serve("dev")
    assert server.ask("/").body == b"old"
    assert len(builds(server)) == 1
    in_place(tmp_path / "src/fn.py", CODE.replace("NAME", "new"))
    turns_into(server, "/", b"new")
    in_place(tmp_path / "src/fn.py", CODE.replace("NAME", "broken"))
    says_broken(server, "build of fn exited with status 3: mkdir")
    in_place(tmp_path / "dist/fn.py", "half written")
    assert server.ask("/").body == b"new"
    in_place(tmp_path / "src/fn.py", CODE.replace("NAME", "mended"))
    turns_into(server, "/", b"mended")
    assert len(builds(server)) == 4


def test_a_build_that_fails_at_first_is_told_and_a_mended_one_serves(tmp_path, serve):
    sources(tmp_path, "broken")
    server = serve("dev")
    until(lambda: server.noted("build of fn exited with status 3"), "the failure")
    assert server.ask("/").status == 503
    in_place(tmp_path / "src/fn.py", CODE.replace("NAME", "mended"))
    turns_into(server, "/", b"mended")


def test_serve_builds_once_and_does_not_start_without(tmp_path, serve):
    sources(tmp_path)
    server = serve("serve")
    assert server.ask("/").body == b"old"
    assert len(builds(server)) == 1
    in_place(tmp_path / "src/fn.py", "broken")
    ended = edgerun("serve", "--port", "0", cwd=tmp_path)
    assert ended.returncode == 2
    assert "build of fn exited with status 3" in ended.stderr


def test_a_call_builds_first_and_a_check_does_not(tmp_path):
    sources(tmp_path)
    checked = edgerun("check", cwd=tmp_path)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert not (tmp_path / "dist").exists()
    ended = edgerun("invoke", "fn", "--json", cwd=tmp_path)
    assert json.loads(ended.stdout)["result"]["body"] == "old"
    assert "build fn: bundling" in ended.stderr


def test_data_that_a_function_reads_can_be_watched(tmp_path, serve):
    code = "WORD = open('data.txt').read()\n" + CODE.replace("'NAME'", "WORD")
    (tmp_path / "data.txt").write_text("old")
    table = '[functions.fn]\nhandler = "fn.py"\nwatch = ["data.*"]\n'
    (tmp_path / "fn.py").write_text(code)
    project(tmp_path, config='viewer_request = "fn"\n' + table)
    server = serve("dev")
    assert server.ask("/").body == b"old"
    in_place(tmp_path / "data.txt", "new")
    turns_into(server, "/", b"new")


def test_a_saved_build_command_is_run_before_the_configuration_is_taken_over(tmp_path, serve):
    sources(tmp_path)
    server = serve("dev")
    assert server.ask("/").body == b"old"
    place = tmp_path / "edgerun.toml"
    text = place.read_text()
    in_place(place, text.replace("cp src/fn.py", "exit 5; cp src/fn.py"))
    says_broken(server, "build of fn exited with status 5")
    assert server.ask("/").body == b"old"
    in_place(place, text.replace("cp src/fn.py dist", "sed s/old/other/ src/fn.py > dist"))
    turns_into(server, "/", b"other")
