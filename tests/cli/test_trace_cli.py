"""`edgerun trace` and `edgerun replay`, on what was recorded."""

import json

import pytest
from recorded import CONFIG, Recording

from edgerun.observe.recorder import Recorder
from edgerun.testing.origin import respond

PAGE = respond(200, b"hello", content_type="text/plain", cache_control="max-age=60")


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "edgerun.json").write_text(json.dumps(CONFIG))
    play = Recording(tmp_path, {"/a": PAGE}, recorder=Recorder(folder=tmp_path / ".edgerun" / "traces"))
    play.run("/a", "/a", {"path": "/none?token=tok-12345", "authorization": "Bearer abcdef"})
    return play


def test_the_list_is_a_table(recorded, command):
    ended = command("trace", "ls")

    first, *rows = ended.out.splitlines()
    assert (ended.code, ended.err) == (0, "")
    assert first.split() == ["N", "ID", "TIME", "METHOD", "STATUS", "RESULT", "MS", "TARGET"]
    assert [row.split()[0] for row in rows] == ["1", "2", "3"]
    assert rows[1].split()[4:6] == ["200", "Hit"]


def test_the_list_can_be_narrowed(recorded, command):
    ended = command("trace", "ls", "Hit", "--json")

    assert [json.loads(row)["number"] for row in ended.out.splitlines()] == [2]


def test_one_request_is_shown_in_full(recorded, command):
    text = command("trace", "show", "1").out

    for said in ("look up", "nothing is stored for this key", "origin origin.example.org: GET /a", "sha256", "Miss"):
        assert said in text
    assert json.loads(command("trace", "show", "1", "--json").out) == recorded.record(1)


def test_secrets_can_be_left_out(recorded, command, tmp_path):
    outs = [command("trace", "show", "last", "--mask").out, command("trace", "ls", "--mask").out]
    command("trace", "export", "--har", tmp_path / "x.har", "--mask")

    for text in (*outs, (tmp_path / "x.har").read_text()):
        assert "tok-12345" not in text
        assert "abcdef" not in text
        assert "[masked]" in text


def test_two_requests_are_compared(recorded, command):
    ended = command("trace", "diff", "1", "2")

    assert ended.code == 1
    assert '"Miss from cloudfront" -> "Hit from cloudfront"' in ended.out
    assert command("trace", "diff", "1", "1").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("trace", "show", "9"), "no recorded request is meant by '9': expected last, a number from 1 to 3"),
        (("trace", "diff", "1", "zz"), "no recorded request is meant by 'zz'"),
        (("replay", "9"), "no recorded request is meant by '9'"),
        (("replay", "none.har"), "none.har: No such file"),
        (("replay", "edgerun.json"), "expected lines of CloudFront's standard log, found none"),
    ],
)
def test_what_is_not_there_is_said_to_be(recorded, command, arguments, said):
    ended = command(*arguments)

    assert ended.code != 0
    assert said in ended.err


def test_nothing_recorded_is_said_to_be(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)

    assert "edgerun dev records" in command("trace", "ls").err
    assert "start edgerun dev" in command("trace", "show").err


def test_a_damaged_file_is_told_of_beside_the_output(recorded, command, tmp_path):
    (file,) = (tmp_path / ".edgerun" / "traces").iterdir()
    file.write_text("damaged\n" + file.read_text())

    ended = command("trace", "ls")

    assert f"{file.name}, line 1" in ended.err
    assert len(ended.out.splitlines()) == 4


def test_requests_are_replayed_through_the_configuration_of_today(recorded, command, tmp_path):
    ended = command("replay", "1", "2", "last")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[-1] == "3 requests, 0 of them differ"

    behavior = CONFIG["default_behavior"] | {"viewer_protocol_policy": "redirect-to-https"}
    (tmp_path / "edgerun.json").write_text(json.dumps(CONFIG | {"default_behavior": behavior}))
    ended = command("replay", "1", "--json")

    (told,) = json.loads(ended.out)
    assert (ended.code, told["same"]) == (1, False)
    assert {"stage": "response", "path": "status", "before": 200, "after": 301} in told["differences"]


def test_what_was_exported_is_replayed(recorded, command, tmp_path):
    assert command("trace", "export", "1", "2", "--har", "x.har").out == "2 requests written to x.har\n"

    ended = command("replay", "x.har")

    assert (ended.code, ended.out.splitlines()[-1]) == (0, "2 requests, 0 of them differ")


def test_a_request_is_replayed_against_the_live_origin(recorded, command, tmp_path):
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "a").write_text("changed")

    ended = command("replay", "1", "--live", "--origin", f"site={tmp_path / 'public'}", "--json")

    (told,) = json.loads(ended.out)
    assert ended.code == 1
    assert {"stage": "response", "path": "body.size", "before": 5, "after": 7} in told["differences"]
