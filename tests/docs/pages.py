"""Runs a page of the documentation: writes its files, starts its server, compares its outputs.

A fenced block is run when one of these comments stands before it:
`<!-- file: NAME -->` a file to write, `<!-- save: NAME -->` one that a running edge takes over, `<!-- run -->` shell,
`<!-- change: NAME -->` shell that changes such a file, `<!-- serve -->` a server in the background, `<!-- output -->`
what the last shell block prints, `<!-- terminal -->` what the server has said, `...` for anything.
"""

import ast
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

BLOCK = re.compile(
    r"<!-- (file|save|change|run|serve|terminal|output|config)(?:: (\S+))? -->\n```\w*\n(.*?)```", re.DOTALL
)
GAP = re.compile(r"(?<=\S) +")
DOCUMENTED = "localhost:8787"
PATIENCE = 30.0


def blocks(page: Path) -> list[tuple[str, str, str]]:
    """Return the marked blocks of a page as (mark, name, text)."""
    return [match.groups("") for match in BLOCK.finditer(page.read_text())]


class Stage:
    """A folder, a shell that remembers where it is, and at most one server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.printed = ""
        self.failed = ""
        self._place = folder / ".place"
        self._log = folder / ".log"
        self._place.write_text(str(folder))
        self._log.touch()
        self._port = _free_port()
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        self._environment = {**os.environ, "PATH": path, "NO_COLOR": "1"}
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)
            self._server.wait(timeout=PATIENCE)

    @property
    def cwd(self) -> Path:
        return Path(self._place.read_text().strip())

    def write(self, name: str, text: str) -> None:
        (self.cwd / name).write_text(text)

    def save(self, name: str, text: str) -> None:
        """Write a file and wait until the server says what it made of it."""
        words = words_about(name, text)
        told = self._told(words)
        fresh = self.folder / ".fresh"
        fresh.write_text(text)
        fresh.replace(self.cwd / name)  # at once, so that the edge never sees half of it
        self._wait(lambda: self._told(words) > told, f"the edge took over {name}")

    def change(self, name: str, command: str) -> None:
        """Run what changes a file, and wait until the server says what it made of it."""
        words = words_about(name, "")
        told = self._told(words)
        self.run(command)
        self._wait(lambda: self._told(words) > told, f"the edge took over {name}")

    def said(self, text: str) -> None:
        """Wait until the server has said a text, line after line."""
        self._wait(lambda: said_in(text, self._log.read_text()), f"the edge says:\n{text}")

    def run(self, command: str) -> None:
        script = command.replace(DOCUMENTED, f"localhost:{self._port}") + f"\npwd > {self._place}\n"
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.cwd, env=self._environment, capture_output=True, text=True, check=False
        )
        self.printed = done.stdout.replace("\r\n", "\n")
        self.failed = done.stderr

    def serve(self, command: str) -> None:
        with self._log.open("wb") as log:
            self._server = subprocess.Popen(
                ["bash", "-c", f"exec {command.strip()} --port {self._port} --strict-port"],
                cwd=self.cwd,
                env=self._environment,
                stdout=log,
                stderr=log,
            )
        self._wait(lambda: "ready in" in self._log.read_text(), "the edge is ready")

    def _told(self, words: str) -> int:
        return self._log.read_text().count(words)

    def _wait(self, condition, what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"not seen in {PATIENCE:g} s: {what}\n{self._log.read_text()}"
            time.sleep(0.01)


def words_about(name: str, text: str) -> str:
    """Return what an edge says of this save alone: of one before it something may be said only now."""
    if name.endswith(".toml"):
        return f"{name} reloaded"
    if not name.endswith(".py"):
        return "site changed"
    try:
        ast.parse(text)
    except SyntaxError:
        return "keeps serving"
    return "reloaded: "


def fits(wanted: str, printed: str) -> bool:
    """Tell whether an output is the documented one: `...` is anything within a line, the width of gaps is free."""
    return re.fullmatch(_pattern(wanted), GAP.sub(" ", printed).rstrip() + "\n") is not None


def said_in(wanted: str, log: str) -> bool:
    """Tell whether a text stands somewhere in what a server has said."""
    return re.search("^" + _pattern(wanted), GAP.sub(" ", log), re.MULTILINE) is not None


def _pattern(wanted: str) -> str:
    lines = GAP.sub(" ", wanted).rstrip().splitlines()
    return "".join(".*".join(re.escape(part) for part in line.split("...")) + "\n" for line in lines)


def play(page: Path, folder: Path) -> None:
    """Do what a page says, and compare."""
    with Stage(folder) as stage:
        for mark, name, text in blocks(page):
            match mark:
                case "output":
                    assert fits(text, stage.printed), (
                        f"{page.name} says:\n{text}\nbut it is:\n{stage.printed}{stage.failed}"
                    )
                case "config":
                    stage.write("edgerun.toml", text)
                case "file":
                    stage.write(name, text)
                case "save":
                    stage.save(name, text)
                case "change":
                    stage.change(name, text)
                case "terminal":
                    stage.said(text)
                case "serve":
                    stage.serve(text)
                case _:
                    stage.run(text)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
