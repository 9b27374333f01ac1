"""What every file of the house keeps to."""

import ast
import re
import statistics
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import edgerun

ROOT = Path(__file__).parents[1]
TEMPLATES = ROOT / "edgerun" / "templates"  # projects of their own
MODULES = sorted(path for path in (ROOT / "edgerun").rglob("*.py") if TEMPLATES not in path.parents)
TESTS = sorted((ROOT / "tests").rglob("*.py"))
TEXTS = {".py", ".md", ".toml", ".txt", ".js", ".mjs", ".cjs", ".json", ".html", ".css", ".svg", ".xml", ""}
OURS = ("edgerun", "tests", "docs", "edge_functions", "sites", "benchmarks", ".ci")
AT_THE_TOP = ("README.md", "CHANGELOG.md", "Makefile", "pyproject.toml", "edgerun.toml", "requirements.txt")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CALLED = {"yaml": "PyYAML"}  # packages whose module has another name
INSIDE = {path.stem for path in (ROOT / "edgerun" / "functions" / "hosts").glob("*.py")}  # beside each other
# By pydantic, and pytest by itself: only it loads the plugin.
BROUGHT_ALONG = {"pydantic_core", "pytest"}
LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
USUAL_FUNCTION = 10

# Folders that only one machine has; put together so that this file does not hold them itself.
MACHINE_PATHS = re.compile("|".join(f"(?<![\\w.~])/{name}/" for name in ("home", "root", "Users", "work")))
HEAVY = ("pydantic", "uvicorn", "uvloop", "httptools", "orjson", "watchfiles", "starlette", "cachetools", "asyncio")

each_module = pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))


def functions(module: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(module.read_text())
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, without the docstring."""
    first = function.body[0]
    told = ast.get_docstring(function, clean=False) is not None and first.end_lineno is not None
    docstring = first.end_lineno - first.lineno + 1 if told else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


@each_module
def test_a_module_is_not_too_long(module):
    assert len(module.read_text().splitlines()) <= LONGEST_MODULE


@each_module
def test_functions_are_not_too_long(module):
    assert [function.name for function in functions(module) if length(function) > LONGEST_FUNCTION] == []


def test_most_functions_are_short():
    lengths = [length(function) for module in MODULES for function in functions(module)]

    assert statistics.median(lengths) < USUAL_FUNCTION


@each_module
def test_a_module_says_what_it_is(module):
    docstring = ast.get_docstring(ast.parse(module.read_text()))

    assert docstring or module.name == "__main__.py"


def test_the_public_names_are_these():
    public = {name for name, found in vars(edgerun).items() if not name.startswith(("_", "@"))}
    modules = {path.stem for path in (ROOT / "edgerun").iterdir()}

    assert public - modules == set()
    assert edgerun.__version__


@pytest.mark.parametrize("module", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_test_patches_what_it_tests(module):
    tree = ast.parse(module.read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert [name for name in imported if name.startswith(("unittest.mock", "mock"))] == []


def test_no_file_holds_a_path_of_one_machine():
    files = [ROOT / name for name in AT_THE_TOP]
    files += [path for folder in OURS for path in (ROOT / folder).rglob("*") if path.suffix in TEXTS and path.is_file()]
    files = [path for path in files if path.exists() and not {"__pycache__", "node_modules"} & set(path.parts)]

    assert [str(path.relative_to(ROOT)) for path in files if MACHINE_PATHS.search(path.read_text())] == []


def test_every_package_that_is_imported_is_declared():
    extras = (lines for extra, lines in PROJECT["optional-dependencies"].items() if extra != "dev")
    declared = {re.split(r"[^\w-]", line)[0] for lines in (PROJECT["dependencies"], *extras) for line in lines}
    imported = {name for module in MODULES for name in imports(module)} - set(sys.stdlib_module_names)
    imported = {CALLED.get(name, name) for name in imported}

    assert imported - {"edgerun"} - INSIDE - BROUGHT_ALONG <= declared


def imports(module: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(module.read_text())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {name.partition(".")[0] for name in names}


def test_the_command_line_imports_little_until_a_command_needs_more():
    program = "import sys, edgerun.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert [name for name in HEAVY if name in done.stdout.split()] == []
