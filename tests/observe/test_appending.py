"""Files to which several processes append."""

import os
import re
import subprocess
import sys
import threading

import pytest
from running import clean_environment

from edgerun.observe.appending import append, hold, is_held

LINES, WRITERS = 400, 4


WRITER = """
import sys
from pathlib import Path
from edgerun.observe.appending import append

path, name, largest, lines = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])

def move():
    for number in range(99, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.rename(path.with_name(f"{path.name}.{number + 1}"))
    path.rename(path.with_name(f"{path.name}.1"))

for number in range(lines):
    batch = "".join(f"{name} {number} {part} {'x' * 60}\\n" for part in range(3))
    append(path, batch.encode(), largest, move, mode=0o600, head=b"#head\\n")
"""


def test_lines_of_several_processes_are_whole_and_none_is_lost_when_the_file_is_moved(tmp_path):
    path, largest = tmp_path / "log", 40_000
    words = [sys.executable, "-c", WRITER, str(path)]
    writers = [
        subprocess.Popen([*words, str(name), str(largest), str(LINES)], env=clean_environment())
        for name in range(WRITERS)
    ]
    assert [each.wait(60) for each in writers] == [0] * WRITERS
    files = list(tmp_path.iterdir())
    seen = []
    for file in files:
        first, *lines = file.read_text().splitlines()
        assert first == "#head"
        assert file.stat().st_size <= largest
        assert all(re.fullmatch(r"\d \d+ \d x{60}", line) for line in lines)
        seen += [line.rsplit(" ", 1)[0] for line in lines]
    assert len(seen) == len(set(seen)) == WRITERS * LINES * 3
    # A file is moved once, and only when it is full: no two writers move it one after the other.
    sizes = sorted(file.stat().st_size for file in files if file != path)
    assert sizes[0] > largest - 1_000


def test_a_file_that_is_held_is_known_to_be_until_its_writer_lets_go(tmp_path):
    path = tmp_path / "logs" / "log"
    assert not is_held(path)
    descriptor = hold(path, 0o600)
    assert is_held(path)
    os.close(descriptor)
    assert not is_held(path)


def test_what_has_no_size_gets_everything(tmp_path):
    path, got = tmp_path / "pipe", []
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: got.append(path.read_text()), daemon=True)
    reader.start()
    assert append(path, b"a line\n", 3, lambda: pytest.fail("moved"), mode=0o600, head=b"#head\n") is False
    reader.join(10)
    assert got == ["#head\na line\n"]
