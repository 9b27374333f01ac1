"""The inspector of a real server: where it says it is, the key that opens it, its end with a page open."""

import asyncio
import contextlib
import json
import os
import re
import signal
import stat
import subprocess
import sys
import termios
import urllib.request

import pytest
from running import SITE, Running, clean_environment, until

from edgerun.keys import Keys, browser

pytestmark = pytest.mark.process

ADDRESS = re.compile(r"Inspector  (http://localhost:(\d+)/#token=([\w-]+))")

IN_FRONT = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


@pytest.fixture
def site(tmp_path):
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "page.html").write_text("a page")
    (tmp_path / "edgerun.toml").write_text(SITE)
    return tmp_path


class Terminal:
    """`edgerun dev` in front on a terminal of its own, and a browser that notes what it is to open."""

    def __init__(self, site):
        self.opened = site / "opened"
        script = site / "browser"
        script.write_text(f'#!/bin/sh\nprintf "%s" "$1" > {self.opened}.part && mv {self.opened}.part {self.opened}\n')
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        self.master, self.slave = os.openpty()
        self.before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(
            [sys.executable, "-c", IN_FRONT, "-m", "edgerun", "dev", "--port", "0", "--ui-port", "0"],
            cwd=site,
            env=clean_environment() | {"BROWSER": f"{script} %s", "NO_COLOR": "1"},
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            start_new_session=True,
        )
        os.set_blocking(self.master, False)
        self._text = ""

    def text(self):
        with contextlib.suppress(BlockingIOError):
            self._text += os.read(self.master, 65_536).decode(errors="replace")
        return self._text

    def type(self, text):
        os.write(self.master, text)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)


@pytest.fixture
def terminal(site):
    opened = Terminal(site)
    yield opened
    opened.close()


def test_o_and_enter_open_the_inspector_and_the_terminal_stays_as_it_was(terminal):
    until(lambda: "Ctrl-C stops it" in terminal.text(), "the first screen")
    address = ADDRESS.search(terminal.text())[1]
    assert "(o + Enter opens it)" in terminal.text()
    terminal.type(b"x\n")
    until(lambda: "o + Enter opens the inspector, Ctrl-C stops the server" in terminal.text(), "help")
    terminal.type(b"o\n")
    until(terminal.opened.exists, "the browser")
    assert terminal.opened.read_text() == address
    assert termios.tcgetattr(terminal.slave) == terminal.before
    terminal.type(b"\x03")
    until(lambda: terminal.text() is not None and terminal.process.poll() is not None, "the end")
    assert terminal.process.returncode == 130
    assert termios.tcgetattr(terminal.slave) == terminal.before


def test_a_server_with_an_open_page_ends_at_once_and_without_complaint(site):
    with Running("dev", "--port", "0", "--ui-port", "0", cwd=site).listening() as server:
        _, port, token = ADDRESS.search(server.err.text).groups()
        asked = urllib.request.Request(f"http://localhost:{port}/api/events", headers={"X-Edgerun-Token": token})
        with urllib.request.urlopen(asked, timeout=20) as stream:
            assert stream.readline() == b"event: hello\n"
            server.ask("/page.html")
            assert b"event: request\n" in [stream.readline() for _ in range(3)]
            assert server.end(signal.SIGINT) == 130
            assert stream.read().endswith(b"\n\n")
        assert "Exception" not in server.err.text
        assert "Traceback" not in server.err.text


@pytest.mark.parametrize(("options", "recording"), [((), False), (("--record",), True)])
def test_serve_names_the_inspector_only_when_it_records(site, options, recording):
    with Running("serve", *options, "--port", "0", "--ui-port", "0", cwd=site).listening() as server:
        assert (ADDRESS.search(server.err.text) is not None) == recording
        state = json.loads((site / ".edgerun" / "server.json").read_text())
        asked = urllib.request.Request(f"{state['url']}/api/about", headers={"X-Edgerun-Token": state["token"]})
        with urllib.request.urlopen(asked, timeout=20) as answer:
            about = json.load(answer)
        assert (about["recording"], about["edge_url"]) == (recording, server.url)


def test_what_programs_read_has_no_token_in_it(site):
    with Running("dev", "--port", "0", "--ui-port", "0", "--json", cwd=site).ready() as server:
        token = json.loads((site / ".edgerun" / "server.json").read_text())["token"]
        assert token not in server.out.text + server.err.text


# ------------------------------------------------------------------------------------ keys, without a server


def test_nothing_is_read_where_there_is_no_terminal(tmp_path):
    with (tmp_path / "empty").open("w+") as file:
        assert Keys.of(file, "http://localhost:8788/") is None
    assert Keys.of(None, "http://localhost:8788/") is None
    assert Keys.of(sys.stdin, "") is None


def test_what_is_typed_for_another_program_is_left_to_it():
    master, slave = os.openpty()  # no process group of ours is in front of it
    told = []

    async def act():
        keys = Keys(slave, "http://localhost:8788/", lambda _: True, told.append)
        os.write(master, b"hello\n")
        while keys._again is None:
            await asyncio.sleep(0)
        keys.close()

    try:
        asyncio.run(act())
        assert told == []
        assert os.read(slave, 100) == b"hello\n"
    finally:
        os.close(master)
        os.close(slave)


def test_no_browser_is_opened_within_the_terminal_itself():
    if sys.platform == "darwin":
        pytest.skip("there is always a browser there")
    assert browser({})("http://localhost:8788/") is False
