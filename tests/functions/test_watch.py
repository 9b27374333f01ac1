"""What the watch on environments counts, on processes of the test's own."""

import os
import subprocess
import sys

import pytest
from process_plays import wait_until_gone

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the watch needs /proc")

if sys.platform == "linux":
    from edgerun.functions.hosts import system

    sys.modules.setdefault("system", system)  # as inside the zygote, where it stands beside it
    from edgerun.functions.hosts import watch

HOLDS = "import sys; kept = bytearray(b'x' * {size}); print(flush=True); sys.stdin.read()"
THREADS = (
    "import sys, threading; [threading.Thread(target=threading.Event().wait, daemon=True).start() for _ in range(9)]; "
    "print(flush=True); sys.stdin.read()"
)


@pytest.fixture
def start():
    """Return what starts a program and waits until it says that it is ready."""
    started = []

    def begin(program):
        process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        started.append(process)
        process.stdout.readline()
        return process.pid

    yield begin
    for process in started:
        process.communicate()
    wait_until_gone([process.pid for process in started])


def looked(environment, *pids):
    found = watch.Watch(lambda: {environment.key: list(pids)}).look([environment])
    return [each.cause for each in found]


def test_what_one_process_holds_is_its_resident_memory(start):
    pid = start(HOLDS.format(size=50_000_000))
    modest = watch.Watched(1, pid, 200 * watch.MIB, 0)
    assert looked(modest, pid) == []
    assert 50_000_000 < modest.peak < 150_000_000
    assert looked(watch.Watched(1, pid, 40 * watch.MIB, 0), pid) == ["memory"]


def test_a_family_is_judged_as_a_whole(start):
    pids = [start(HOLDS.format(size=30_000_000)) for _ in range(3)]
    assert looked(watch.Watched(1, pids[0], 80 * watch.MIB, 0), *pids) == ["memory"]
    assert looked(watch.Watched(1, pids[0], 300 * watch.MIB, 0), *pids) == []


def test_threads_count_as_processes_do(start):
    pid = start(THREADS)
    assert looked(watch.Watched(1, pid, 0, 10), pid) == []
    assert looked(watch.Watched(1, pid, 0, 9), pid) == ["processes"]


def test_a_crowd_is_counted_without_looking_at_each():
    environment = watch.Watched(1, os.getpid(), 0, 100)
    assert looked(environment, *range(4_000_000, 4_000_101)) == ["processes"]
    assert environment.peak == 0


def test_who_is_being_killed_is_not_judged_again():
    environment = watch.Watched(1, os.getpid(), 1, 0)
    environment.cause = watch.ORDERED
    assert looked(environment, os.getpid()) == []


@pytest.mark.parametrize(
    ("pages", "least"),
    [
        pytest.param([], 0, id="nobody"),
        pytest.param([10], 10, id="one"),
        pytest.param([10, 10, 10], 10, id="all may be shared"),
        pytest.param([10, 15, 40], 45, id="what is over the smallest"),
        pytest.param([0, 10, 12], 12, id="the dead hold nothing"),
    ],
)
def test_what_a_crowd_holds_at_the_least(pages, least):
    assert watch.least(pages) == least


def test_a_process_that_is_gone_holds_nothing():
    assert watch.usage(4_000_000) == (0, 0)
    assert watch.shared_out(4_000_000) == 0
