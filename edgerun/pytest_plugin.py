"""The pytest plugin: fixtures for an edge, its origin and its clock; a failing test tells the stages of its requests.

Imports the edge only when a test asks for it: projects that have edgerun installed pay nothing for the others.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from edgerun.testing.clock import SettableClock
    from edgerun.testing.edge import Edge
    from edgerun.testing.origin import ScriptedOrigin

EDGES: Final = pytest.StashKey[list[Any]]()
CONFIGS: Final = ("edgerun.toml", "edgerun.json", "pyproject.toml")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("edgerun")
    group.addoption(
        "--edgerun-config", metavar="FILE", help="The configuration of the edge fixture; edgerun.toml if left out."
    )
    parser.addini("edgerun_config", "The configuration of the edge fixture.", default="")


@pytest.fixture
def edge_clock() -> "SettableClock":
    """The edge's one clock: `edge_clock.advance(60)` lets a minute pass."""
    from edgerun.testing.clock import SettableClock  # noqa: PLC0415

    return SettableClock()


@pytest.fixture
def edge_origin() -> "ScriptedOrigin":
    """A scripted origin that stands for every HTTP origin of the configuration; folders stay what they are."""
    from edgerun.testing.origin import ScriptedOrigin  # noqa: PLC0415

    return ScriptedOrigin()


@pytest.fixture
def edge(
    request: pytest.FixtureRequest, edge_clock: "SettableClock", edge_origin: "ScriptedOrigin"
) -> "Iterator[Edge]":
    """An edge with the project's configuration and its functions as worker processes.

    `@pytest.mark.edgerun(config=..., functions={"ab": handler})` gives it another configuration, or callables.
    """
    from edgerun.config.load import load  # noqa: PLC0415
    from edgerun.distribution.origins import HttpOrigin  # noqa: PLC0415
    from edgerun.testing.edge import Edge  # noqa: PLC0415

    mark = request.node.get_closest_marker("edgerun")
    more: dict[str, Any] = dict(mark.kwargs) if mark else {}
    config = more.pop("config", None) or configured(request.config)
    if isinstance(config, str | Path):
        origins = load(Path(config)).config.origins
        scripted = {name: edge_origin for name, origin in origins.items() if isinstance(origin, HttpOrigin)}
        more["origins"] = scripted | more.get("origins", {})
    elif config is None:
        more.setdefault("origin", edge_origin)
    with Edge(config, clock=edge_clock, **more) as made:
        request.node.stash.setdefault(EDGES, []).append(made)
        yield made


def configured(config: pytest.Config) -> Path | None:
    """Return the configuration that flags or the ini file name, or the one in the root folder; None for none."""
    named = config.getoption("--edgerun-config") or config.getini("edgerun_config")
    if named:
        return config.rootpath / str(named)
    for name in CONFIGS:
        path = config.rootpath / name
        if path.exists() and (name != "pyproject.toml" or "[tool.edgerun" in path.read_text()):
            return path
    return None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    if report.when == "call" and report.failed:
        for made in item.stash.get(EDGES, []):
            if made.last is not None:
                report.sections.append(("edgerun: stages of the last request", made.last.report()))
    return report


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "edgerun(config, functions, origins, country, strictness): how the edge fixture is made."
    )
