"""The programs of `docs/recipes/custom-runtime.md`, through the whole pipeline."""

import asyncio
import re
import shutil
import sys
from pathlib import Path

import pytest
from plays import consume
from plays import request as plain_request

from edgerun.app import Edge
from edgerun.config.load import Overrides, load
from edgerun.observe.events import Failed, Printed
from edgerun.visit import Delivery

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
    told = []

    async def act():
        config = load(folder / "edgerun.toml", Overrides(strictness="lenient")).config
        edge = Edge(config, told.append)
        try:
            begun = edge.begin(plain_request(uri))
            return await consume(begun if isinstance(begun, Delivery) else await asyncio.ensure_future(begun))
        finally:
            await edge.aclose()

    answer = asyncio.run(act())
    assert [event for event in told if isinstance(event, Failed)] == []
    return answer.status, answer.body, [event.text for event in told if isinstance(event, Printed)]


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
