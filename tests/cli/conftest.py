import contextlib
import io
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgerun.cli.root import run

SITE = """\
[origins.site]
directory = "public"

[functions.greet]
handler = "greet.py"

[functions.shout]
handler = "shout.js"

[default_behavior]
origin = "site"
cache_policy = "CachingOptimized"
viewer_request = "greet"
"""
GREET = """\
def handler(event, context):
    cf = event["Records"][0]["cf"]
    request = cf["request"]
    print("asked for", request["uri"])
    kind = request["uri"].strip("/")
    if kind == "raise":
        return helper(request)
    if kind == "crlf":
        return {"status": "200", "headers": {"x-a": [{"key": "X-A", "value": "a\\r\\nb: c"}]}}
    if kind == "nothing":
        return None
    return cf.get("response") or request


def helper(request):
    raise KeyError("who are you?")
"""
SHOUT = """\
exports.handler = async (event) => {
  const { request } = event.Records[0].cf;
  if (request.uri === "/raise") throw new RangeError("too loud");
  console.log("loud");
  return { status: "200", body: request.uri.toUpperCase() };
};
"""


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project with a Python and a Node function; the working directory."""
    (tmp_path / "public").mkdir()
    (tmp_path / "edgerun.toml").write_text(SITE)
    (tmp_path / "greet.py").write_text(GREET)
    (tmp_path / "shout.js").write_text(SHOUT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def command():
    """Runs a command line in this process."""

    def call(*arguments: str) -> Ended:
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
            code = run([str(each) for each in arguments])
        assert sys.stdout is not out
        return Ended(code, out.getvalue(), err.getvalue())

    return call
