"""The code of `docs/recipes/function-origin.md`, with real processes, through the whole edge."""

import re
from pathlib import Path

import pytest

from edgerun.config.load import load
from edgerun.observe.events import Noted, Printed
from edgerun.testing import Edge

pytestmark = pytest.mark.process

PAGE = Path(__file__).parents[2] / "docs" / "recipes" / "function-origin.md"
FILES = dict(re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", PAGE.read_text(), re.DOTALL))


def test_functions_answer_as_origins(tmp_path):
    (tmp_path / "api").mkdir()
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "api/app.py").write_text(
        FILES["api/app.py"] + "\n\ndef broken(event, context):\n    raise ValueError('no')\n"
    )
    more = '\n[functions.broken]\nhandler = "api/app.py:broken"\n\n[origins.broken]\nfunction = "broken"\n'
    more += '\n[[behaviors]]\npath_pattern = "/broken"\norigin = "broken"\ncache_policy = "CachingDisabled"\n'
    (tmp_path / "edgerun.toml").write_text(FILES["edgerun.toml"] + more)
    with Edge(tmp_path / "edgerun.toml") as edge:
        first, second, balanced, broken = (edge.get(path) for path in ("/x?a=1", "/x?a=1", "/balanced/y", "/broken"))

    assert (first.status, first.json()) == (200, {"stage": "local", "query": {"a": "1"}})
    assert (first.cache.word, second.cache.word) == ("Miss", "Hit")
    assert first.lines.get_all(b"set-cookie") == (b"seen=yes; Path=/", b"theme=dark; Path=/")
    assert (balanced.status, balanced.text) == (200, "GET /balanced/y")
    assert (broken.status, broken.text) == (502, "Internal Server Error")
    assert "GET /x" in [event.text for event in edge.events if isinstance(event, Printed)]
    notes = [event.text for event in edge.events if isinstance(event, Noted) and event.level == "error"]
    assert notes == ["origin broken: function broken: no"]
    assert load(tmp_path / "edgerun.toml").notes == ()
