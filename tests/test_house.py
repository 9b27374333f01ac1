"""What every file of the house keeps to."""

import ast
import functools
import re
import statistics
import subprocess
import sys
import tomllib
import typing
from pathlib import Path

import edgerun

ROOT = Path(__file__).parents[1]
TEMPLATES = ROOT / "edgerun" / "templates"  # projects of their own
MODULES = sorted(path for path in (ROOT / "edgerun").rglob("*.py") if TEMPLATES not in path.parents)
TESTS = sorted((ROOT / "tests").rglob("*.py"))
TEXTS = {".py", ".md", ".toml", ".txt", ".js", ".mjs", ".cjs", ".json", ".html", ".css", ".svg", ".xml", ""}
OURS = ("edgerun", "tests", "docs", "edge_functions", "sites", "benchmarks", ".ci")
AT_THE_TOP = ("README.md", "CHANGELOG.md", "Makefile", "pyproject.toml", "edgerun.toml", "requirements.txt")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CALLED = {"yaml": "PyYAML", "prometheus_client": "prometheus-client"}  # packages whose module has another name
INSIDE = {path.stem for path in (ROOT / "edgerun" / "functions" / "hosts").glob("*.py")}  # beside each other
# By pydantic, and pytest by itself: only it loads the plugin.
BROUGHT_ALONG = {"pydantic_core", "pytest"}
LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
USUAL_FUNCTION = 10

# Folders that only one machine has; put together so that this file does not hold them itself.
MACHINE_PATHS = re.compile("|".join(f"(?<![\\w.~])/{name}/" for name in ("home", "root", "Users", "work")))
HEAVY = ("pydantic", "uvicorn", "uvloop", "httptools", "orjson", "watchfiles", "starlette", "cachetools", "asyncio")


class Facts(typing.NamedTuple):
    """What the rules ask of a module."""

    docstring: str | None
    lengths: dict[str, int]
    imports: set[str]


@functools.cache
def facts(module: Path) -> Facts:
    tree = ast.parse(module.read_text())
    lengths, imports = {}, set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lengths[f"{node.name}:{node.lineno}"] = length(node)
        elif isinstance(node, ast.Import):
            imports |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            imports |= {f"{node.module}.{alias.name}" for alias in node.names}
    return Facts(ast.get_docstring(tree), lengths, imports)


def named(paths) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, without the docstring."""
    first = function.body[0]
    told = ast.get_docstring(function, clean=False) is not None and first.end_lineno is not None
    docstring = first.end_lineno - first.lineno + 1 if told else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def test_no_module_is_too_long():
    assert named(module for module in MODULES if len(module.read_text().splitlines()) > LONGEST_MODULE) == []


def test_no_function_is_too_long():
    lengths = [(module, *row) for module in MODULES for row in facts(module).lengths.items()]

    assert [f"{module}: {name}" for module, name, length in lengths if length > LONGEST_FUNCTION] == []


def test_most_functions_are_short():
    lengths = [length for module in MODULES for length in facts(module).lengths.values()]

    assert statistics.median(lengths) < USUAL_FUNCTION


def test_every_module_says_what_it_is():
    silent = [module for module in MODULES if not facts(module).docstring]

    assert named(module for module in silent if module.name != "__main__.py") == []


def test_the_public_names_are_these():
    public = {name for name, found in vars(edgerun).items() if not name.startswith(("_", "@"))}
    modules = {path.stem for path in (ROOT / "edgerun").iterdir()}

    assert public - modules == set()
    assert edgerun.__version__


def test_no_test_patches_what_it_tests():
    names = [(module, name) for module in TESTS if "mock" in module.read_text() for name in facts(module).imports]

    assert named(module for module, name in names if f"{name}.".startswith(("unittest.mock.", "mock."))) == []


def test_no_file_holds_a_path_of_one_machine():
    files = [ROOT / name for name in AT_THE_TOP]
    files += [path for folder in OURS for path in (ROOT / folder).rglob("*") if path.suffix in TEXTS and path.is_file()]
    files = [path for path in files if path.exists() and not {"__pycache__", "node_modules"} & set(path.parts)]

    assert [str(path.relative_to(ROOT)) for path in files if MACHINE_PATHS.search(path.read_text())] == []


def test_every_package_that_is_imported_is_declared():
    extras = (lines for extra, lines in PROJECT["optional-dependencies"].items() if extra != "dev")
    declared = {re.split(r"[^\w-]", line)[0] for lines in (PROJECT["dependencies"], *extras) for line in lines}
    imported = {name.partition(".")[0] for module in MODULES for name in facts(module).imports}
    imported -= set(sys.stdlib_module_names)
    imported = {CALLED.get(name, name) for name in imported}

    assert imported - {"edgerun"} - INSIDE - BROUGHT_ALONG <= declared


def test_the_command_line_imports_little_until_a_command_needs_more():
    program = "import sys, edgerun.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert [name for name in HEAVY if name in done.stdout.split()] == []
