"""The other engines that the tests compare with: node, and njs, which is AWS's."""

import functools
import json
import shutil
import subprocess

import pytest


def node(expressions, before=""):
    """Return the JSON of each expression under node, the text of an error as `{"error": type}`."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("needs node")
    return _node(program, tuple(expressions), before)


@functools.cache
def _node(program, expressions, before):
    script = f"""{before}
    const told = {json.dumps(expressions)}.map((text) => {{
      try {{ return eval('(' + text + ')') }} catch (error) {{ return {{error: error.name}} }}
    }});
    console.log(JSON.stringify(told));"""
    done = subprocess.run([program, "-e", script], capture_output=True, text=True, check=True, timeout=30)
    return json.loads(done.stdout)


def njs(code, folder):
    """Return what njs prints for a program: its last lines and whether it took it."""
    program = shutil.which("njs")
    if program is None:
        pytest.skip("needs njs")
    file = folder / "njs.js"
    file.write_text(code)
    done = subprocess.run([program, "-q", str(file)], capture_output=True, text=True, check=False, timeout=30)
    return (done.stdout + done.stderr).strip()
