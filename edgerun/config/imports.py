"""Which imports of a function cannot be found, read from its file without running it.

Only what is certain is named: an import that stands at the top level of the file, outside any `try` or `if`, of
a package that is in no place where the runtime looks.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

# AWS's Python runtime brings these; a function that uses them here needs them in its own folder.
BROUGHT_BY_AWS: Final = frozenset({"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six"})

_NODE_BUILT_IN: Final = frozenset(
    (
        "assert async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel dns domain "
        "events fs http http2 https inspector module net os path perf_hooks process punycode querystring readline repl "
        "stream string_decoder sys timers tls trace_events tty url util v8 vm wasi worker_threads zlib"
    ).split()
)
_NODE_IMPORT: Final = re.compile(
    r"""^(?:import\b[^'"\n;]*?|export\b[^'"\n;]*?\bfrom\s*|(?:const|let|var)\s+[^=\n;]+=\s*require\(\s*)['"]([^'"\n]+)['"]""",
    re.MULTILINE,
)


def missing_in_python(tree: ast.Module, root: Path) -> Iterator[tuple[str, int]]:
    """Yield (package, line) of each top-level import that is neither of the standard library nor in the root.

    Args:
        tree: the parsed file.
        root: the function's folder, first on its path.
    """
    for node in tree.body:
        for package in _packages(node):
            if package not in sys.stdlib_module_names and not _in_root(package, root):
                yield package, node.lineno


def _packages(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name.partition(".")[0] for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
        return [node.module.partition(".")[0]]
    return []


def _in_root(package: str, root: Path) -> bool:
    return (root / package).is_dir() or any(root.glob(f"{package}.*"))


def missing_in_node(code: str, file: Path) -> Iterator[tuple[str, int]]:
    """Yield (package, line) of each bare import that no `node_modules` from the file upwards holds.

    Args:
        code: the file without its comments, on the same lines.
        file: where it is.
    """
    for match in _NODE_IMPORT.finditer(code):
        name = match[1]
        if name.startswith((".", "/", "node:", "#", "file:", "data:")) or name.partition("/")[0] in _NODE_BUILT_IN:
            continue
        scope, _, rest = name.partition("/")
        package = f"{scope}/{rest.partition('/')[0]}" if scope.startswith("@") else scope
        if not any((folder / "node_modules" / package).exists() for folder in file.parents):
            yield package, code.count("\n", 0, match.start()) + 1
