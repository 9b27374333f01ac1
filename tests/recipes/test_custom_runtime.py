"""The programs of `docs/recipes/custom-runtime.md`, through the whole pipeline."""

import re
import shutil
import sys
from pathlib import Path

import pytest

from edgerun.observe.events import Printed
from edgerun.testing import Edge

pytestmark = pytest.mark.process

PAGE = Path(__file__).parents[2] / "docs" / "recipes" / "custom-runtime.md"
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", PAGE.read_text(), re.DOTALL))
OWN = '[functions.hello]\nruntime = "provided.al2023"\nroot = "own"\nhandler = "app.handler"\n'


def answers(folder, configuration, uri):
    """Return status and body of a viewer's request, and what was printed."""
    (folder / "public").mkdir()
    for name, text in FILES.items():
        place = folder / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(text.replace("exec python3", f"exec {sys.executable}"))
        if place.name == "bootstrap":
            place.chmod(0o755)
    (folder / "edgerun.toml").write_text(configuration)
    with Edge(folder / "edgerun.toml", strictness="lenient") as edge:
        answer = edge.get(uri)
    assert answer.errors == []
    return answer.status, answer.body, [event.text for event in edge.events if isinstance(event, Printed)]


@pytest.mark.skipif(shutil.which("curl", path="/usr/local/bin:/usr/bin:/bin") is None, reason="needs curl")
def test_the_shell_script_answers(tmp_path):
    status, body, printed = answers(tmp_path, FILES["edgerun.toml"], "/")

    assert (status, body) == (200, b"Hello from a shell script\n")
    assert [re.sub(r"\d+", "N", line) for line in printed] == ["an event of N characters"]


def test_awss_client_answers(tmp_path):
    start, end = FILES["edgerun.toml"].index("[functions"), FILES["edgerun.toml"].index("[default_behavior]")
    configuration = FILES["edgerun.toml"][:start] + OWN + FILES["edgerun.toml"][end:]
    assert OWN.partition("\n")[2] in PAGE.read_text()

    status, body, _ = answers(tmp_path, configuration, "/page")

    assert status == 200
    assert re.fullmatch(rb"/page by [0-9a-f-]{36}\n", body)
