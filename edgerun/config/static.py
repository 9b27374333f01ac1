"""What can be found wrong with functions by reading their files, without running anything: `edgerun check`.

Only what is sure is said: a file that makes its names at run time is left alone.
"""

import ast
import os
import re
import warnings
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from edgerun.config import custom
from edgerun.config.faults import suggestion
from edgerun.config.finding import Finding
from edgerun.config.handlers import ARN
from edgerun.config.imports import BROUGHT_BY_AWS, missing_in_node, missing_in_python
from edgerun.distribution.model import Config, Point, is_cloudfront
from edgerun.functions import bootstraps
from edgerun.functions.function import Function
from edgerun.functions.limits import FUNCTION_PACKAGE_BYTES, FUNCTION_TIMEOUT, RUNTIMES, RUNTIMES_DEPRECATED

Progress = Callable[[str, int, int], None]
"""Told now and then: which function's package is measured, bytes read, bytes in all."""

PYTHON_SUFFIXES: Final = (".py",)
NODE_SUFFIXES: Final = (".js", ".mjs", ".cjs")
_CHUNK: Final = 1 << 20
_RESPONSE_POINTS: Final = (Point.ORIGIN_RESPONSE, Point.VIEWER_RESPONSE)

# What makes names that no reader sees.
_MAKERS: Final = frozenset({"exec", "eval", "globals", "vars", "setattr", "locals", "__import__", "import_module"})

_COMMENT: Final = re.compile(
    r"""(?P<keep>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|//[^\n]*|/\*.*?\*/""", re.DOTALL
)
_ASSIGNED: Final = re.compile(r"""\bexports(?:\.([A-Za-z_$][\w$]*)|\[["']([A-Za-z_$][\w$]*)["']\])\s*=(?!=)""")
_DECLARED: Final = re.compile(r"\bexport\s+(?:async\s+)?(?:function\s*\*?|const|let|var|class)\s+([A-Za-z_$][\w$]*)")
_LISTED: Final = re.compile(r"\bexport\s*\{([^}]*)\}")


def findings(config: Config, progress: Progress | None = None) -> list[Finding]:
    """Return what is wrong with the Lambda functions of a configuration and with where they are used.

    Args:
        config: a configuration that can be loaded.
        progress: told while a large package is measured.
    """
    found: list[Finding] = []
    for function in config.functions.values():
        if is_cloudfront(function):
            continue  # static_cloudfront.py
        found += _limits(function, config)
        found += _bootstrap(function) if function.runtime in bootstraps.RUNTIMES else _handler(function)
        found += _package(function, progress)
    for distribution in config.distributions:
        for behavior in distribution.all_behaviors:
            for point in _RESPONSE_POINTS:
                association = behavior.function_at(point)
                if association is not None and association.include_body:
                    found.append(_include_body(association.function, point, behavior.path_pattern))
    return found


def _include_body(function: Function, point: Point, pattern: str) -> Finding:
    return Finding(
        code="include-body-on-response",
        function=function.name,
        file=function.root,
        message=f"behavior {pattern!r} gives the request's body to {function.name!r} at {point}",
        aws="The IncludeBody option can only be used with viewer-request or origin-request events.",
        fix="Leave include_body out: response events have no request body.",
    )


def _limits(function: Function, config: Config) -> Iterator[Finding]:
    arn = ARN.format(function.name)
    if function.timeout > FUNCTION_TIMEOUT:
        yield Finding(
            code="timeout-too-large",
            function=function.name,
            file=function.root,
            message=f"function {function.name!r} may run {function.timeout:g} s",
            aws="The function timeout is larger than the maximum allowed for functions that are triggered by a "
            f"CloudFront event: {function.timeout:g} Max allowed: {FUNCTION_TIMEOUT:g} Function: {arn}",
            fix=f"Set timeout to at most {FUNCTION_TIMEOUT:g}.",
        )
    if function.environment and config.strictness != "lenient":
        yield Finding(
            code="environment-variables",
            function=function.name,
            file=function.root,
            message=f"function {function.name!r} has environment variables: {', '.join(function.environment)}",
            aws=f"The function cannot have environment variables. Function: {arn}",
            fix="Put the values into the code, or into the origin's custom headers.",
        )
    if function.runtime not in RUNTIMES and not _forgiven(function, config):
        old = function.runtime in RUNTIMES_DEPRECATED
        yield Finding(
            code="runtime-deprecated" if old else "runtime-unknown",
            function=function.name,
            file=function.root,
            message=f"{function.runtime!r} is {'a deprecated' if old else 'no'} runtime of Lambda@Edge"
            + ("" if old else suggestion(function.runtime, RUNTIMES)),
            fix=f"Use one of {', '.join(sorted(each for each in RUNTIMES if each[-1].isdigit() or each[-1] == 'x'))}.",
        )


def _forgiven(function: Function, config: Config) -> bool:
    return function.runtime in bootstraps.RUNTIMES and config.strictness == "lenient"


# ------------------------------------------------------------------------------ handlers


def _bootstrap(function: Function) -> Iterator[Finding]:
    """Yield what is wrong with the program of a custom runtime."""
    fault = custom.bootstrap_fault(function.root)
    if fault is not None:
        yield Finding(
            code=fault.code,
            function=function.name,
            file=fault.place,
            message=fault.message,
            aws="Runtime.InvalidEntrypoint: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]",
            fix=fault.fix,
        )


def handler_file(function: Function) -> Path | None:
    """Return the file that Lambda would load, or None if there is none."""
    module = function.handler.rpartition(".")[0]
    suffixes = PYTHON_SUFFIXES if function.runtime.startswith("python") else NODE_SUFFIXES
    places = [Path(function.root, f"{module}{suffix}") for suffix in suffixes]
    if function.runtime.startswith("python"):
        places.append(Path(function.root, module, "__init__.py"))
    return next((place for place in places if place.is_file()), None)


def _handler(function: Function) -> list[Finding]:
    file = handler_file(function)
    module, _, name = function.handler.rpartition(".")
    if file is None:
        return [
            Finding(
                code="handler-file-missing",
                function=function.name,
                file=function.root,
                message=f"there is no file for module {module!r}",
                aws=f"Runtime.ImportModuleError: Unable to import module '{module}'",
                fix="Correct the handler, or add the file.",
            )
        ]
    try:
        content = file.read_bytes()
    except OSError as error:
        return [
            Finding(
                code="handler-file-unreadable",
                function=function.name,
                file=str(file),
                message=f"cannot be read: {error.strerror}",
                fix="Make the file readable.",
            )
        ]
    if function.runtime.startswith("python"):
        return list(_python(function, file, content, module, name))
    return list(_node(function, file, content.decode("utf-8", "replace"), name))


def _missing(function: Function, file: Path, name: str, names: Mapping[str, int]) -> Finding:
    there = f"; it has {', '.join(sorted(names)[:8])}" if names else ""
    module = function.handler.rpartition(".")[0]
    aws = f"Runtime.HandlerNotFound: Handler '{name}' missing on module '{module}'"
    if not function.runtime.startswith("python"):
        aws = f"Runtime.HandlerNotFound: {function.handler} is undefined or not exported"
    return Finding(
        code="handler-name-missing",
        function=function.name,
        file=str(file),
        message=f"{file.name} has no {name!r}" + (suggestion(name, names) or there),
        aws=aws,
        fix=f"Define {name}, or name another one in handler.",
    )


def _not_found(function: Function, file: Path, line: int, package: str, what: str) -> Finding:
    brought = " AWS's runtime brings it; edgerun's does not." if package in BROUGHT_BY_AWS else ""
    module = function.handler.rpartition(".")[0]
    return Finding(
        code="import-not-found",
        function=function.name,
        file=str(file),
        line=line,
        message=f"{package!r} is imported and not in the function's folder{brought and '.' + brought}",
        aws="" if brought else f"Runtime.ImportModuleError: Unable to import module '{module}': {what}",
        fix=f"Install {package} into {function.root}.",
    )


def _python(function: Function, file: Path, content: bytes, module: str, name: str) -> Iterator[Finding]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(content, str(file))
            compile(content, str(file), "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if function.python:
            return  # another interpreter may read it
        line = getattr(error, "lineno", None) or 0
        what = getattr(error, "msg", None) or str(error) or "too deeply nested"
        yield Finding(
            code="syntax-error",
            function=function.name,
            file=str(file),
            line=line,
            message=str(what),
            aws=f"Runtime.UserCodeSyntaxError: Syntax error in module '{module}': {what} ({file.name}, line {line})",
            fix="Correct the syntax.",
        )
        return
    bound, sure = _bound(tree)
    if name not in bound and sure:
        yield _missing(function, file, name, bound)
    if not function.python:  # an interpreter of its own has packages of its own
        for package, line in missing_in_python(tree, Path(function.root)):
            yield _not_found(function, file, line, package, f"No module named '{package}'")
    definitions = [node for node in tree.body if isinstance(node, ast.AsyncFunctionDef) and node.name == name]
    if definitions and definitions[-1].lineno == bound.get(name) and not definitions[-1].decorator_list:
        yield Finding(
            code="async-handler",
            function=function.name,
            file=str(file),
            line=definitions[-1].lineno,
            message=f"{name!r} is an async def, which Lambda's Python does not await",
            aws="Runtime.MarshalError: Unable to marshal response: Object of type coroutine is not JSON serializable",
            fix=f"Make {name} a plain def that calls asyncio.run.",
        )


def _bound(tree: ast.Module) -> tuple[dict[str, int], bool]:
    """Return the names a module binds at its top level with the line of the last binding, and whether that is all."""
    bound: dict[str, int] = {}
    sure = True
    todo: list[ast.AST] = [*reversed(tree.body)]
    while todo:
        node = todo.pop()
        match node:
            case ast.FunctionDef(name="__getattr__"):
                sure = False
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                bound[name] = node.lineno
                todo += node.decorator_list
                sure = sure and not any(isinstance(each, ast.Global) for each in ast.walk(node))
                continue
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                bound.update({(each.asname or each.name).partition(".")[0]: node.lineno for each in names})
                sure = sure and all(each.name != "*" for each in names)
            case ast.Name(id=name, ctx=ast.Store()):
                bound[name] = node.lineno
            case ast.Name(id=name) | ast.Attribute(attr=name):
                sure = sure and name not in _MAKERS and name not in {"modules", "__dict__"}
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                bound[name] = node.lineno
            case ast.Lambda() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                sure = sure and not any(isinstance(each, ast.NamedExpr) for each in ast.walk(node))
                continue
            case _:
                pass
        todo += reversed(list(ast.iter_child_nodes(node)))
    return bound, sure


def _node(function: Function, file: Path, content: str, name: str) -> Iterator[Finding]:
    code = _COMMENT.sub(lambda match: match["keep"] or "\n" * match[0].count("\n") or " ", content)
    for package, line in missing_in_node(code, file):
        yield _not_found(function, file, line, package, f"Error: Cannot find module '{package}'")
    exported = dict.fromkeys(_exported(code), 0)
    told = _says_all(code) if exported else _says_nothing(code)
    # A regular expression may look like a comment: what stands in the text as it is counts too.
    if told and name not in exported and name not in _exported(content):
        yield _missing(function, file, name, exported)


def _exported(code: str) -> Iterator[str]:
    for match in _ASSIGNED.finditer(code):
        yield match[1] or match[2]
    yield from _DECLARED.findall(code)
    for listed in _LISTED.findall(code):
        for part in listed.split(","):
            word = part.split()[-1:] or [""]
            if word[0]:
                yield word[0]


def _says_nothing(code: str) -> bool:
    """Tell whether a file exports nothing at all."""
    return re.search(r"\bexports?\b|\bthis\b|\beval\b|\bmodule\b", code) is None


def _says_all(code: str) -> bool:
    """Tell whether every export of a file is one that was read."""
    rest = _LISTED.sub(" ", _DECLARED.sub(" ", _ASSIGNED.sub(" ", code)))
    rest = re.sub(r"\bexport\s+default\b|\bmodule\s*\.(?=\s|$)", " ", rest)
    return re.search(r"\bexports?\b|\bmodule\b|\beval\b", rest) is None


# ------------------------------------------------------------------------------ package


def _package(function: Function, progress: Progress | None) -> Iterator[Finding]:
    size = compressed_size(Path(function.root), FUNCTION_PACKAGE_BYTES, function.name, progress)
    if size > FUNCTION_PACKAGE_BYTES:
        yield Finding(
            code="package-too-large",
            function=function.name,
            file=function.root,
            message=f"the package is larger than {FUNCTION_PACKAGE_BYTES // 1024**2} MB, compressed",
            aws="The function code size is larger than the maximum allowed size for functions that are triggered by a "
            f"CloudFront event: {size} Max allowed: {FUNCTION_PACKAGE_BYTES} Function: {ARN.format(function.name)}",
            fix="Set root to the folder that is deployed, or leave libraries out.",
        )


def compressed_size(root: Path, limit: int, name: str = "", progress: Progress | None = None) -> int:
    """Return about how large a zip of a folder is, or at least that it is over a limit.

    Hidden files and Python's caches are not packed. A folder that is no larger than the limit as it is gets no look.

    Args:
        root: the folder.
        limit: measuring ends when it is passed.
        name: handed on to `progress`.
        progress: told after each MiB.
    """
    files = list(_packed(root))
    whole = sum(size for _, size in files)
    if whole <= limit:
        return whole
    packed = read = 0
    for file, _ in files:
        packer = zlib.compressobj()
        try:
            with file.open("rb") as opened:
                for chunk in iter(lambda: opened.read(_CHUNK), b""):
                    packed += len(packer.compress(chunk))
                    read += len(chunk)
                    if progress is not None:
                        progress(name, min(read, whole), whole)
                    if packed > limit:
                        return packed
        except OSError:
            continue
        packed += len(packer.flush())
    return packed


def _packed(root: Path) -> Iterator[tuple[Path, int]]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(each for each in folders if not each.startswith(".") and each != "__pycache__")
        for name in sorted(names):
            file = Path(folder, name)
            if not name.startswith(".") and file.is_file() and not file.is_symlink():
                yield file, file.stat().st_size
