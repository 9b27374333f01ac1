"""What servers record, from a process of their own."""

import json

import pytest
from running import SITE, Running, until

from edgerun.cli.root import run
from edgerun.observe import traces

pytestmark = pytest.mark.process


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "a.txt").write_text("hello")
    (tmp_path / "edgerun.toml").write_text(SITE)
    return tmp_path


def kept(folder):
    return traces.read(folder / ".edgerun" / "traces", pytest.fail)


def test_dev_records_what_it_serves_and_the_commands_find_it(folder, monkeypatch, capsys):
    with Running("dev", "--port", "0", "--no-ui", "--json", cwd=folder).ready() as server:
        server.ask("/a.txt")
        server.ask("/a.txt", "POST", body=b"x" * 10)
        records = until(lambda: found if len(found := kept(folder)) == 2 else None, "two records on disk")
        assert server.events("stepped") == []  # these are for --verbose

    assert [(each["method"], each["status"]) for each in records] == [("GET", 200), ("POST", 403)]
    assert records[0]["response"]["body"]["size"] == 5
    monkeypatch.chdir(folder)
    assert run(["replay", "1", "2", "--json"]) == 0
    assert [each["same"] for each in json.loads(capsys.readouterr().out)] == [True, True]


def test_serve_records_only_when_asked_to(folder):
    with Running("serve", "--port", "0", "--no-ui", "--json", cwd=folder).ready() as server:
        server.ask("/a.txt")
    assert kept(folder) == []

    with Running("serve", "--record", "--port", "0", "--no-ui", "--json", cwd=folder).ready() as server:
        server.ask("/a.txt")
    assert [each["path"] for each in kept(folder)] == ["/a.txt"]  # written at the end at the latest
