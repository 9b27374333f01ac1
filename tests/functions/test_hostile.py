"""The hostile set (`hostile/`), all at once, beside functions that keep answering; then nothing of it is left."""

import asyncio
import contextlib
import hashlib
import json
import os
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from process_plays import LONG, Play, is_alive, wait_until_gone

from edgerun.answers import row_for
from edgerun.errors import FunctionError, FunctionExecutionError, FunctionTimeout
from edgerun.functions.function import Function
from edgerun.functions.hosts import system

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(sys.platform != "linux", reason="the sweep and the watch need /proc"),
]

REPORT = re.compile(r"\tDuration: ([0-9.]+) ms\t.*\tMemory Size: (\d+) MB\tMax Memory Used: (\d+) MB\t")
HOSTILE = Path(__file__).resolve().parent / "hostile"
NODE = shutil.which("node") is not None
SHORT = {"timeout": 1.0}
TIMED_OUT = (FunctionTimeout, "Sandbox.Timedout", "Task timed out after 1.00 seconds")
KILLED = (FunctionExecutionError, "Runtime.ExitError", "Runtime exited with error: signal: killed")
DAMAGED = (FunctionExecutionError, "Runtime.Unknown", "the function wrote to its runtime's channel")
TOO_LARGE = (FunctionExecutionError, "Function.ResponseSizeTooLarge", "exceeded maximum allowed payload size (6291556")
LATE = {"timeout": 1.0, "init_timeout": 0.3}

# Member, its limits, and what its first invocation comes to: a result, or an error's class, type and words.
SET = [
    ("endless_loop.py", SHORT, TIMED_OUT),
    ("endless_loop.cjs", SHORT, TIMED_OUT),
    ("busy_threads.py", SHORT, TIMED_OUT),
    ("busy_threads.cjs", SHORT, TIMED_OUT),
    ("fork_bomb.py", {"memory": 3008, "processes": 100}, KILLED),
    ("forks_within_the_limit.py", SHORT, TIMED_OUT),
    ("gigabyte.py", {}, KILLED),
    ("gigabyte.cjs", {}, KILLED),
    ("gigabyte_by_and_by.py", {}, KILLED),
    ("gigabyte_by_and_by.cjs", {}, KILLED),
    ("gigabyte_of_children.py", {"memory": 256}, KILLED),
    ("exits.py", {}, (FunctionExecutionError, "Runtime.ExitError", "Runtime exited without providing a reason")),
    ("exits.cjs", {}, (FunctionExecutionError, "Runtime.ExitError", "Runtime exited without providing a reason")),
    ("segfault.py", {}, (FunctionExecutionError, "Runtime.ExitError", "signal: segmentation fault")),
    ("segfault.cjs", {}, (FunctionExecutionError, "Runtime.ExitError", "signal: segmentation fault")),
    ("opens_descriptors.py", {}, (FunctionExecutionError, "OSError", "Too many open files")),
    ("opens_descriptors.cjs", {}, (FunctionExecutionError, "Error", "EMFILE: too many open files")),
    ("writes_everywhere.py", {}, DAMAGED),
    ("writes_everywhere.cjs", {}, DAMAGED),
    ("prints_without_newline.py", {}, "printed"),
    ("prints_without_newline.cjs", {}, "printed"),
    ("logs_megabytes.cjs", {}, "logged"),
    ("never_calls_back.cjs", SHORT, TIMED_OUT),
    ("rejects_after_return.cjs", {}, "returned"),
    ("huge_result.py", {"memory": 1024}, TOO_LARGE),
    ("huge_result.cjs", {"memory": 1024}, TOO_LARGE),
    ("slow_import.py", LATE, TIMED_OUT),
    ("slow_import.cjs", LATE, TIMED_OUT),
    ("import_fails_every_second_time.py", {}, "imported"),
    ("import_fails_every_second_time.cjs", {}, "imported"),
]
MEMBERS = [row for row in SET if NODE or row[0].endswith(".py")]
each_member = pytest.mark.parametrize(
    ("member", "expected"), [(row[0], row[2]) for row in SET], ids=[r[0] for r in SET]
)
each_healthy = pytest.mark.parametrize("member", ["healthy.py", "healthy.cjs"])


def function(member, **limits):
    name, _, suffix = member.partition(".")
    runtime = "python" if suffix == "py" else "nodejs"
    limits = {"timeout": LONG, "memory": 128 if runtime == "python" else 256, "init_timeout": LONG} | limits
    return Function(name=member, root=str(HOSTILE), handler=f"{name}.handler", runtime=runtime, **limits)


class Show:
    """The whole set, played once."""

    def __init__(self, folder):
        self.folder = folder
        self.outcomes = {}
        self.printed = {}
        self.answers = {}
        self.stage = Play(platform_lines=True)

    def report(self, member):
        """Return milliseconds and MB: how long it ran, what it may use, what it used."""
        return next(
            [float(number) for number in REPORT.search(line.text).groups()]
            for line in self.stage.lines
            if line.label == member and line.text.startswith("REPORT")
        )

    async def run(self):
        self.before = descriptors()
        self.zygotes = []
        over = asyncio.Event()
        healthy = [asyncio.create_task(self.ask(name, over)) for name in ("healthy.py", "healthy.cjs")[: 1 + NODE]]
        try:
            await asyncio.gather(*(self.play(member, limits) for member, limits, _ in MEMBERS))
            over.set()
            await asyncio.gather(*healthy)
        finally:
            over.set()
            spawners = list(self.stage.runtime._spawners.values())
            self.pids = self.stage.runtime.pids() | self.stage.runtime.spares()
            self.folders = [Path(spawner._folder) for spawner in spawners]
            self.marks = {spawner._mark for spawner in spawners}
            await self.stage.runtime.aclose()
        self.after = descriptors()
        self.left = [pid for pid in system.processes() if system.mark_of(pid) >> system.KEY_BITS in self.marks]

    async def play(self, member, limits):
        its = replace(function(member, **limits), environment={"MARK": str(self.folder / member)})
        try:
            invocation = await self.stage.runtime.invoke(its, b"{}", label=member)
        except FunctionError as error:
            self.outcomes[member] = error
        else:
            self.outcomes[member] = json.loads(invocation.payload)
        self.printed[member] = sum(
            len(line.text) for line in self.stage.lines if line.label == member and line.kind == "output"
        )

    async def ask(self, name, over):
        """Ask a healthy function until all is over, and compare every answer."""
        its = function(name, concurrency=2)
        self.answers[name] = []
        while not over.is_set():
            number, text = len(self.answers[name]), "text" * (len(self.answers[name]) % 50)
            event = json.dumps({"number": number, "text": text}).encode()
            right = {"number": number, "sum": hashlib.sha256(text.encode()).hexdigest()}
            try:
                got = json.loads((await self.stage.runtime.invoke(its, event, label=name)).payload)
            except FunctionError as error:
                got = repr(error)
            self.answers[name].append(got == right or got)
            await asyncio.sleep(0.002)  # load enough


def descriptors():
    return {os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if _open(fd)}  # noqa: PTH115, PTH208


def _open(fd):
    with contextlib.suppress(OSError):
        os.fstat(int(fd))
        return True
    return False


@pytest.fixture(scope="module")
def show(tmp_path_factory):
    played = Show(tmp_path_factory.mktemp("hostile"))
    asyncio.run(played.run())
    return played


def outcome(show, member):
    if not NODE and not member.endswith(".py"):
        pytest.skip("needs node")
    return show.outcomes[member]


@each_member
def test_what_harms_itself_gets_its_error_and_nobody_else_notices(show, member, expected):
    got = outcome(show, member)
    if isinstance(expected, str):
        assert got == expected
        return
    kind, error_type, words = expected
    assert isinstance(got, kind), got
    assert (got.error_type, got.function) == (error_type, member)
    assert words in str(got)


@each_member
def test_at_the_edge_it_is_a_503_of_its_own(show, member, expected):
    got = outcome(show, member)
    if isinstance(got, FunctionError):
        assert (row_for(got).status, row_for(got).word) == (503, "LambdaExecutionError")
    else:
        assert got == expected


@each_healthy
def test_the_others_keep_their_answers(show, member):
    if not NODE and not member.endswith(".py"):
        pytest.skip("needs node")
    assert len(show.answers[member]) > 10
    assert [answer for answer in show.answers[member] if answer is not True] == []


@pytest.mark.parametrize(
    ("member", "size"),
    [
        ("prints_without_newline.py", 8_000_000),
        ("prints_without_newline.cjs", 8_000_000),
        ("logs_megabytes.cjs", 8_000_000),
    ],
)
def test_all_that_was_printed_arrived_before_the_result(show, member, size):
    outcome(show, member)
    assert size <= show.printed[member] < size + 1000


@pytest.mark.parametrize("member", ["gigabyte.py", "gigabyte.cjs", "gigabyte_by_and_by.py", "gigabyte_of_children.py"])
def test_who_ran_out_of_memory_used_all_of_it_and_the_terminal_says_so(show, member):
    outcome(show, member)
    _, memory, used = show.report(member)
    assert used == memory
    notes = [line.text for line in show.stage.lines if line.kind == "note" and line.function == member]
    said = f"function '{member}' was killed: it needed more than its {memory:.0f} MB of memory; "
    assert notes == [said + "free some, or give it more with 'memory'"]


def test_who_had_too_many_processes_is_told(show):
    notes = [line.text for line in show.stage.lines if line.kind == "note" and line.function == "fork_bomb.py"]
    assert notes == ["function 'fork_bomb.py' was killed: it had more than 100 processes and threads"]


@pytest.mark.parametrize("member", ["huge_result.py", "huge_result.cjs"])
def test_the_report_of_a_result_that_is_too_large_has_the_functions_own_time_and_memory(show, member):
    outcome(show, member)
    duration, _, used = show.report(member)
    assert 0 < duration < LONG * 1000
    assert used > 100


def test_nothing_is_left(show):
    wait_until_gone(show.pids | set(show.left))
    assert [pid for pid in show.left if is_alive(pid)] == []
    assert [folder for folder in show.folders if folder.exists()] == []
    assert {name for name in show.after - show.before if name.startswith(("socket:", "pipe:"))} == set()
