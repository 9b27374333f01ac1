"""`edgerun ab` that is stopped before its end."""

import json
import os
import signal
import subprocess
import sys

import pytest
from running import clean_environment, until

CONFIG = """
[origins.site]
directory = "public"

[functions.ab]
handler = "ab.py"

[default_behavior]
origin = "site"
cache_policy = "CachingOptimized"
viewer_request = "ab"
"""
HANDLER = """
calls = []

def handler(event, context):
    calls.append(event)
    if len(calls) == 50:
        open({called!r}, "w").close()
    request = event["Records"][0]["cf"]["request"]
    request["uri"] = "/a" if int(request["clientIp"].rpartition(".")[2]) % 2 else "/b"
    return request
"""


@pytest.mark.process
def test_ctrl_c_prints_what_was_found_so_far(tmp_path):
    called = tmp_path / "called"
    (tmp_path / "public").mkdir()
    (tmp_path / "edgerun.toml").write_text(CONFIG)
    (tmp_path / "ab.py").write_text(HANDLER.format(called=str(called)))
    command = [sys.executable, "-m", "edgerun", "ab", "/", "--viewers", "10000", "--json"]
    running = subprocess.Popen(command, cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE)
    until(called.exists, "call 50")
    os.kill(running.pid, signal.SIGINT)
    out, _ = running.communicate(timeout=30)
    verdict = json.loads(out)

    assert running.returncode == 130
    assert verdict["visits"] >= 50
    assert verdict["missing"] > 5000
