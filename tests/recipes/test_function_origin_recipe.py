"""The code of `docs/recipes/function-origin.md`, with real processes, through the whole edge."""

import asyncio
import json
import re
from pathlib import Path

import pytest
from plays import consume
from plays import request as asking

from edgerun.app import Edge
from edgerun.config.load import load
from edgerun.observe.events import Noted, Printed
from edgerun.visit import Delivery

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
    loaded = load(tmp_path / "edgerun.toml")
    events = []

    async def play():
        edge = Edge(loaded.config, events.append)
        await edge.start()
        answers = []
        try:
            for path in ("/x?a=1", "/x?a=1", "/balanced/y", "/broken"):
                begun = edge.begin(asking(path))
                delivery = begun if isinstance(begun, Delivery) else await asyncio.ensure_future(begun)
                answers.append(await consume(delivery))
        finally:
            await edge.aclose()
        return answers

    first, second, balanced, broken = asyncio.run(play())
    assert (first.status, json.loads(first.body)) == (200, {"stage": "local", "query": {"a": "1"}})
    assert (first.x_cache, second.x_cache) == ("Miss from cloudfront", "Hit from cloudfront")
    assert first.headers.get_all(b"set-cookie") == (b"seen=yes; Path=/", b"theme=dark; Path=/")
    assert (balanced.status, balanced.body) == (200, b"GET /balanced/y")
    assert (broken.status, broken.body) == (502, b"Internal Server Error")
    assert "GET /x" in [event.text for event in events if isinstance(event, Printed)]
    notes = [event.text for event in events if isinstance(event, Noted) and event.level == "error"]
    assert notes == ["origin broken: function broken: no"]
    assert loaded.notes == ()
