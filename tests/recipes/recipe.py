"""A page of `docs/recipes` as a project in a folder, served on a real socket in the test's own loop."""

import contextlib
import re
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
from served import Served

from edgerun.app import Edge
from edgerun.config.load import Overrides, load

PAGES = Path(__file__).parents[2] / "docs" / "recipes"
TITLED = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```', re.MULTILINE | re.DOTALL)
MARKED = re.compile(r"<!-- file: (\S+) -->\n```\w+\n(.*?)^```", re.MULTILINE | re.DOTALL)


def files_of(page: str) -> dict[str, str]:
    """Return the files that a page shows, by name."""
    text = (PAGES / f"{page}.md").read_text()
    return dict(TITLED.findall(text) + MARKED.findall(text))


def written(page: str, folder: Path, **changes: str) -> Path:
    """Write a page's files to a folder; `changes` are replacements in its configuration, by what they replace."""
    for name, text in files_of(page).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        changed = text
        if name == "edgerun.toml":
            for old, new in changes.items():
                assert old in changed, f"{page}.md does not say {old!r}"
                changed = changed.replace(old, new)
        path.write_text(changed)
    return folder


@contextlib.asynccontextmanager
async def served(folder: Path, **flags: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Serve a folder's configuration, as `edgerun serve` does, and give a client of it."""
    edge = Edge(load(folder / "edgerun.toml", Overrides(**flags)).config, cwd=folder)  # type: ignore[arg-type]
    try:
        await edge.start()
        async with Served(edge, "wire") as door, httpx2.AsyncClient(base_url=f"http://127.0.0.1:{door.port}") as client:
            yield client
    finally:
        await edge.aclose()


def closed_port() -> int:
    """Return a port of loopback on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


PYTHON = {"python3 ": f"{sys.executable} "}
