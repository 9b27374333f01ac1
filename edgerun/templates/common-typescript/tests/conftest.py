"""Builds the functions once, as edgerun.toml says, before the tests."""

import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session", autouse=True)
def built():
    functions = tomllib.loads((ROOT / "edgerun.toml").read_text())["functions"].values()
    for command in {function["build"] for function in functions}:
        subprocess.run(command, shell=True, cwd=ROOT, check=True)
