from collections.abc import Callable
from pathlib import Path

import pytest

from edgerun.config.load import Loaded, Overrides, load
from edgerun.errors import ConfigError

BASE = """\
[origins.site]
directory = "public"

[default_behavior]
origin = "site"
cache_policy = "CachingOptimized"
"""

Read = Callable[..., Loaded]


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A folder with a site and a few functions; the working directory."""
    for folder in ("public", "fns/auth", "venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    for name in ("fns/ab_test.py", "fns/auth/index.mjs", "fns/both.js", "fns/both.mjs", "fns/v2.old.py", "fns/main.ts"):
        (tmp_path / name).write_text("")
    (tmp_path / "venv/bin/python").write_text("")
    (tmp_path / "public/index.html").write_text("hello")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def read(project) -> Read:
    """Loads a text as edgerun.toml, or as the file named."""

    def load_text(text: str, name: str = "edgerun.toml", *, port: int = 4321, **flags) -> Loaded:
        (project / name).write_text(text)
        return load(project / name, Overrides(**flags), free_port=lambda: port)

    return load_text


@pytest.fixture
def refusal(read) -> Callable[..., list[str]]:
    """Loads a text that is refused, and returns the lines of the refusal."""

    def lines(text: str, name: str = "edgerun.toml", **flags) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            read(text, name, **flags)
        return str(caught.value).split("\n")

    return lines
