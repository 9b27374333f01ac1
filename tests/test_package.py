"""A wheel built from this tree holds everything and runs in an empty environment, without network."""

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest

import edgerun

ROOT = Path(__file__).parents[1]
HOSTS = ROOT / "edgerun/functions/hosts"
DISTURBING = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")

pytestmark = [pytest.mark.slow, pytest.mark.process, pytest.mark.timeout(120)]


def environment() -> dict[str, str]:
    """No variable that would lead back to this tree, and none of edgerun's own."""
    kept = {name: text for name, text in os.environ.items() if name not in DISTURBING}
    return {name: text for name, text in kept.items() if not name.startswith("EDGERUN_")}


def run(*command: object, cwd: Path) -> str:
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from a copy, so that nothing is left in the tree."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "edgerun", source / "edgerun", ignore=shutil.ignore_patterns("__pycache__"))
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out, cwd=source)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """Return the scripts of an environment that has the wheel, and our dependencies by a path file."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin/python"
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).strip()
    install = ("install", "--no-deps", "--no-index", "--disable-pip-version-check", "--quiet", wheel)
    run(sys.executable, "-m", "pip", "--python", python, *install, cwd=home)
    dependencies = Path(sysconfig.get_path("purelib"))
    (Path(site) / "dependencies.pth").write_text(f"{dependencies}\n")
    return home / "bin"


def test_the_wheel_holds_everything_that_runs(wheel):
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    wanted = {f"edgerun/functions/hosts/{path.name}" for path in HOSTS.iterdir() if path.suffix in {".py", ".cjs"}}

    pages = ROOT / "edgerun/admin/inspector/static"
    wanted |= {f"edgerun/admin/inspector/static/{path.name}" for path in pages.iterdir()}

    assert len([name for name in wanted if name.endswith((".html", ".css", ".js"))]) > 10
    assert wanted | {"edgerun/py.typed", "edgerun/cli/root.py"} <= held
    assert [name for name in held if name.startswith("tests/") or "__pycache__" in name] == []


def test_the_installed_package_is_the_wheels(installed, tmp_path):
    where = run(installed / "python", "-c", "import edgerun; print(edgerun.__file__)", cwd=tmp_path)

    assert str(installed.parent) in where


def test_the_installed_command_says_its_version(installed, tmp_path):
    assert run(installed / "edgerun", "--version", cwd=tmp_path).strip() == f"edgerun, version {edgerun.__version__}"


def test_the_installed_command_serves_a_folder_with_a_function(installed, tmp_path):
    (tmp_path / "index.html").write_text("hello")
    (tmp_path / "mark.py").write_text(
        "def handler(event, context):\n"
        "    response = event['Records'][0]['cf']['response']\n"
        "    response['headers']['x-mark'] = [{'key': 'X-Mark', 'value': 'made it'}]\n"
        "    return response\n"
    )
    command = [str(installed / "edgerun"), "serve", ".", "--port", "0", "--viewer-response", "mark.py", "--json"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = re.search(r'"url": "([^"]+)"', server.stdout.readline())
            assert url is not None
            with urllib.request.urlopen(url[1], timeout=20) as answer:
                assert (answer.read(), answer.headers["X-Mark"]) == (b"hello", "made it")
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(timeout=20)
