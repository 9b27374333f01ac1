"""`edgerun init`: projects from templates."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from edgerun.cli.init import NAMES, TEMPLATES, files_of, languages
from edgerun.testing import Edge

VARIANTS = [(name, language) for name in NAMES for language in languages(name)]
# Runs the tests of several projects, each in a child that has pytest and the edge imported already.
EVERY = """
import os, sys, pytest, edgerun.testing, edgerun.app
failed = []
for project in sys.argv[1:]:
    child = os.fork()
    if not child:
        os.chdir(project)
        os._exit(pytest.main(["-q", "-p", "edgerun.pytest_plugin", "-p", "no:cacheprovider"]))
    if os.waitpid(child, 0)[1]:
        failed.append(project)
sys.exit(f"failed: {failed}" if failed else 0)
"""
# What each README says of a request.
SAID = {
    "ab-test": ("/", {"Cookie": "variant=b"}, 200, "Variant B"),
    "auth-basic": ("/", {"Authorization": "Basic ZGVtbzplZGdl"}, 200, "You are in."),
    "auth-jwt": ("/", {}, 401, "A valid token is needed."),
    "redirects": ("/old", {}, 301, ""),
    "headers": ("/", {}, 200, "Look at the headers."),
    "spa": ("/orders/17", {}, 200, "/app.js"),
    "s3-site": ("/about/", {}, 200, "A page in a folder."),
}


@pytest.fixture
def esbuild() -> str:
    found = shutil.which("esbuild")
    if not (found and shutil.which("npx")):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no esbuild or npx: make tools installs esbuild")
    return found


def begun(command, place: Path, name: str, language: str = "python") -> Path:
    more = ["--typescript"] if language == "typescript" else []
    done = command("init", place, "--template", name, *more)
    assert done.code == 0, done.err
    return place


def own_tests(*projects: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(
        [sys.executable, "-c", EVERY, *map(str, projects)], env=env, capture_output=True, text=True, check=False
    )


@pytest.mark.process
@pytest.mark.slow
def test_the_own_tests_of_every_project_pass(command, tmp_path):
    done = own_tests(*(begun(command, tmp_path / name, name) for name in NAMES))

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" passed") == len(NAMES)


@pytest.mark.process
@pytest.mark.node
@pytest.mark.slow
def test_the_own_tests_of_projects_in_typescript_pass(command, tmp_path, esbuild):
    projects = [begun(command, tmp_path / name, name, each) for name, each in VARIANTS if each == "typescript"]
    for project in projects:
        (project / "node_modules" / ".bin").mkdir(parents=True)
        (project / "node_modules" / ".bin" / "esbuild").symlink_to(esbuild)
    done = own_tests(*projects)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" passed") == len(projects) == 2


@pytest.mark.parametrize(("name", "language"), VARIANTS)
def test_a_project_can_be_served(command, tmp_path, name, language):
    place = begun(command, tmp_path / "new", name, language)
    done = command("check", place, "--json")

    assert done.code == 0, done.out
    assert json.loads(done.out)["findings"] == []
    assert {".gitignore", "README.md", "edgerun.toml", "tests"} <= {path.name for path in place.iterdir()}


@pytest.mark.process
@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_request_is_answered_as_the_readme_says(command, tmp_path, name):
    place = begun(command, tmp_path / "new", name)
    path, headers, status, text = SAID[name]
    with Edge(place / "edgerun.toml") as edge:
        answer = edge.get(path, headers=headers)

    assert (answer.status, text in answer.text) == (status, True)
    assert path in (place / "README.md").read_text()


def test_nothing_is_overwritten(command, tmp_path):
    (tmp_path / "edgerun.toml").write_text("mine")
    done = command("init", tmp_path)

    assert done.code == 1
    assert f"{tmp_path / 'edgerun.toml'} is there already" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["edgerun.toml"]
    assert (tmp_path / "edgerun.toml").read_text() == "mine"


def test_force_overwrites_but_follows_no_link(command, tmp_path):
    (tmp_path / "elsewhere").write_text("mine")
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "README.md").symlink_to(tmp_path / "elsewhere")
    done = command("init", tmp_path / "new", "--force", "--json")

    assert done.code == 0
    assert json.loads(done.out)["existing"] == ["README.md"]
    assert (tmp_path / "elsewhere").read_text() == "mine"
    assert (tmp_path / "new" / "README.md").read_text().startswith("# A/B test")


def test_what_is_there_and_the_same_is_no_matter(command, tmp_path):
    first = json.loads(command("init", tmp_path, "--json").out)
    again = json.loads(command("init", tmp_path, "--json").out)

    assert "functions/ab.py" in first["written"]
    assert again == {**first, "written": []}


@pytest.mark.parametrize(
    ("there", "said"), [("functions", "expected a folder, found a file"), ("edgerun.toml/x", "found a folder")]
)
def test_files_and_folders_in_each_others_place_are_told(command, tmp_path, there, said):
    (tmp_path / there).parent.mkdir(exist_ok=True)
    (tmp_path / there).write_text("")
    done = command("init", tmp_path)

    assert done.code == 2
    assert said in done.err


def test_a_template_without_typescript_says_which_have_it(command, tmp_path):
    done = command("init", tmp_path, "--template", "spa", "--typescript")

    assert done.code == 2
    assert "these are: ab-test, headers" in done.err


def test_the_list(command):
    rows = json.loads(command("init", "--list", "--json").out)["templates"]
    plain = command("init", "--list").out

    assert [row["name"] for row in rows] == list(NAMES)
    assert all(row["about"] in plain for row in rows)
    assert sorted(path.name for path in TEMPLATES.iterdir() if "common" not in path.name) == sorted(NAMES)


def test_every_project_has_a_secret_of_its_own_that_git_ignores():
    first, second = (files_of("auth-jwt", "python") for _ in range(2))

    assert first["functions/secret.py"] != second["functions/secret.py"]
    assert "functions/secret.py" in first[".gitignore"].splitlines()
    assert not any("{{" in text for text in first.values())


def test_templates_are_no_ones_to_hide():
    """Nothing of a template is left out of packages, as what a `.gitignore` covers is."""
    project = tomllib.loads((TEMPLATES.parents[1] / "pyproject.toml").read_text())

    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["edgerun"]
    assert [path for path in TEMPLATES.rglob(".*") if path.name != ".pytest_cache"] == []
