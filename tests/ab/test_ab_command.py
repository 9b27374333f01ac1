"""`edgerun ab`, with real functions."""

import contextlib
import io
import json

import pytest

from edgerun.cli.root import run

CONFIG = """
default_root_object = "index.html"

[origins.site]
directory = "public"

[functions.ab]
handler = "ab.py"

[default_behavior]
origin = "site"
cache_policy = "CachingOptimized"
viewer_request = "ab"

[store]
kind = "lmdb"
path = "kept"
"""
HANDLER = """
def handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    request["uri"] = "/a.html" if int(request["clientIp"].rpartition(".")[2]) % 2 else "/b.html"
    return request
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "public").mkdir()
    for name in "ab":
        (tmp_path / "public" / f"{name}.html").write_text(name)
    (tmp_path / "edgerun.toml").write_text(CONFIG)
    (tmp_path / "ab.py").write_text(HANDLER)
    return tmp_path


def command(*arguments):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = run([str(each) for each in arguments])
    return code, out.getvalue(), err.getvalue()


@pytest.mark.process
def test_a_trial_of_real_functions_is_repeatable_and_leaves_no_traces(project):
    file = project / "report.html"
    asked = ("ab", "/", "-c", project / "edgerun.toml", "--viewers", 60, "--json", "--html", file, "--seed", 3)
    code, out, _ = command(*asked)
    said = json.loads(out)

    assert (code, said["ok"], said["by"], said["viewers"]) == (0, True, "uri", 60)
    assert {each["name"] for each in said["variants"]} == {"/a.html", "/b.html"}
    assert command(*asked) == (code, out, "")
    assert "<svg" in file.read_text()
    assert not (project / "kept").exists()


@pytest.mark.process
def test_a_split_that_is_not_kept_exits_with_1(project):
    code, out, _ = command("ab", "/", "-c", project / "edgerun.toml", "--viewers", 60, "--split", "/a.html=9,/b.html=1")

    assert code == 1
    assert "verdict    biased" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["index.html"], "expected a path"),
        (["/", "--split", "a"], "expected NAME=WEIGHT"),
        (["/", "--split", "a=0,b=0"], "above zero"),
        (["/", "--devices", "fridge=1"], "there is no 'fridge'"),
        (["/", "--by", "cookie"], "expected cookie:NAME"),
        (["/", "-H", "x"], "expected 'name: value'"),
    ],
)
def test_what_makes_no_sense_is_told(project, arguments, said):
    code, _, err = command("ab", *arguments, "-c", project / "edgerun.toml")

    assert code == 2
    assert said in " ".join(err.split())
