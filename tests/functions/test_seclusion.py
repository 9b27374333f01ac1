"""What an environment has to itself: `/tmp`, its processes. Each way to it is tried by the user that takes it."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from process_plays import HANDLERS, play, python, wait_until_gone

import edgerun
from edgerun.functions.hosts import seclusion

pytestmark = [pytest.mark.process, pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")]

NOBODY = 65534
SOURCE = Path(HANDLERS, "keeps.py").read_text()


@pytest.fixture(scope="module")
def way():
    found = seclusion.Probe().way()
    if not found:
        pytest.skip("this machine allows no namespaces")
    return found


@pytest.fixture
def folder(tmp_path):
    """A function's folder, readable by all, with edgerun itself beside it: nothing of them lies below `/tmp`."""
    if seclusion.stands_in_tmp([str(tmp_path)]):
        pytest.skip("the test's own folder lies in /tmp")
    shutil.copytree(Path(edgerun.__file__).parent, tmp_path / "edgerun", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "keeps.py").write_text(SOURCE)
    (tmp_path / "app.py").write_text(THREADS)
    for place in (tmp_path, *tmp_path.parents):
        if place.owner() == tmp_path.owner() and place.stat().st_mode & 0o077 == 0:
            place.chmod(0o755)
    return tmp_path


PROGRAM = """
import asyncio, json, pathlib, sys
sys.path[:0] = json.loads(sys.argv[2])
from edgerun.functions.function import Function
from edgerun.functions.process import ProcessRuntime

async def main():
    runtime = ProcessRuntime(lambda line: print(line.text, file=sys.stderr))
    async def result(handler):
        function = Function(
            name="f", root=sys.argv[1], handler=handler, runtime="python", timeout=20, memory=512, python=sys.argv[3]
        )
        return json.loads((await runtime.invoke(function, b'{"name": "kept-1"}', label="")).payload)
    said = {"kept": await result("keeps.handler"), "sees": await result("keeps.sees")}
    said["threads"] = await result("app.starts")
    spawner = next(iter(runtime._spawners.values()))
    said["inside"] = [path.name for path in pathlib.Path(spawner._folder).glob("*/*")]
    said["folder"], said["zygote"] = spawner._folder, spawner.pid
    print(json.dumps(said))
    await runtime.aclose()

asyncio.run(main())
"""
THREADS = """
import os, threading

def starts(event, context):
    threading.stack_size(65536)
    made, gate = 0, threading.Event()
    try:
        while made < event.get("most", 1500) and os.getuid():
            threading.Thread(target=gate.wait, daemon=True).start()
            made += 1
    except RuntimeError:
        pass
    return {"made": made, "user": os.getuid()}
"""


def run(folder, python="", become=()):
    paths = [str(folder), *(path for path in sys.path if path and not Path(path, "edgerun").exists())]
    command = [*become, sys.executable, "-c", PROGRAM, str(folder), json.dumps(paths), python]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=50, env={}, cwd=folder)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    wait_until_gone([said["zygote"]])
    assert not Path(said["folder"]).exists()
    return said


@pytest.mark.usefixtures("way")
def test_an_environment_has_a_tmp_of_its_own(folder):
    said = run(folder)
    assert said["kept"]["folder"] == "/tmp"
    assert not Path("/tmp/kept-1").exists()
    assert said["inside"] == ["kept-1"]
    assert said["sees"] == {"tmp": [], "variable": None, "path": str(folder)}


def test_a_function_below_tmp_keeps_seeing_itself():
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder, "keeps.py").write_text(SOURCE)
        said = play(lambda stage: stage.result(python("keeps.sees", root=folder)))
        assert said["path"] == folder
        assert said["variable"].startswith("/")


def python_for_others():
    """Return an interpreter that any user can run: our own, if it is installed for all."""
    own = Path(sys.executable).resolve()
    if all(parent.stat().st_mode & 0o005 == 0o005 for parent in own.parents):
        return ""
    if not Path("/usr/bin/python3").exists():
        pytest.skip("no interpreter here can be run by another user")
    return "/usr/bin/python3"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_processes_are_bounded_for_other_users_too(folder):
    if not shutil.which("setpriv"):
        pytest.skip("becoming another user needs setpriv")
    # It may still read what only root can: the installation, wherever that is.
    reads = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *reads]
    said = run(folder, python_for_others(), become)
    assert said["threads"]["user"] == NOBODY
    if said["sees"]["variable"] is None:  # else this machine lets no other user make namespaces
        assert said["kept"]["folder"] == "/tmp"
        assert 1000 < said["threads"]["made"] < 1024


def may_more_than_an_environment():
    """Tell whether this process has a capability that an environment gives up."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff:")]
    return any(int(line.split()[1], 16) & 1 << each for each in seclusion.GIVEN_UP)


@pytest.mark.skipif(os.geteuid() != 0 or not may_more_than_an_environment(), reason="only root with its capabilities")
def test_roots_functions_cannot_look_into_the_server():
    async def scene(stage):
        own = await stage.result(python("looks.handler"), {"pid": "self"})
        return own, await stage.result(python("looks.handler"), {"pid": os.getpid()})

    own, servers = play(scene)
    assert own["here"].isdecimal()
    assert own["started"].isdecimal()
    assert servers == {"here": "PermissionError", "started": "PermissionError"}
