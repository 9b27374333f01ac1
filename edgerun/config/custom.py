"""Functions that bring their own runtime: found by their folder, refused at the edge."""

from pathlib import Path, PurePath

from edgerun.config import raw
from edgerun.config.bench import Bench
from edgerun.config.faults import Key, shown
from edgerun.config.read import is_file, is_folder, neighbour
from edgerun.functions import bootstraps
from edgerun.functions.function import Function
from edgerun.values import value


@value
class BootstrapFault:
    """Why a folder's bootstrap cannot be run: a stable word, the place, a sentence and what to do."""

    code: str
    place: str
    message: str
    fix: str


def inferred(handler: str) -> str | None:
    """Return the runtime of a handler that names a bootstrap, else None."""
    return "provided" if PurePath(handler).name == bootstraps.NAME and "/" in handler else None


def found(key: Key, table: raw.FunctionTable, root: Path | None, bench: Bench) -> tuple[Path, str, str] | None:
    """Return root, handler and runtime; a bootstrap that is missing may still be built, and is only noted."""
    handler = table.handler
    if root is None:
        root = bench.path(table.handler)
        handler = bootstraps.NAME
        if root.name == bootstraps.NAME and not is_folder(root):
            root = root.parent
        if not is_folder(root) and not table.build:
            what = f"expected the folder of a bootstrap, got {shown(table.handler)}{neighbour(root, folders=True)}"
            bench.fault((*key, "handler"), what)
            return None
    elif not is_folder(root) and not table.build:
        return None  # which is a fault already
    if not handler:
        bench.fault((*key, "handler"), "expected what _HANDLER is to say, such as 'bootstrap', got ''")
    fault = None if table.build else bootstrap_fault(str(root))
    if fault is not None:
        bench.note(key, f"{fault.message}: {fault.fix}")
    return root, handler, table.runtime or "provided"


def bootstrap_fault(root: str) -> BootstrapFault | None:
    """Return why a folder's bootstrap cannot be run, or None if it can."""
    if bootstraps.find(root) is not None:
        return None
    place = bootstraps.places(root)[0]
    if is_file(Path(place)):
        return BootstrapFault(
            code="bootstrap-not-executable",
            place=place,
            message=f"{bootstraps.NAME!r} is not executable",
            fix=f"chmod +x {place}",
        )
    return BootstrapFault(
        code="bootstrap-missing",
        place=root,
        message=f"there is no {bootstraps.NAME!r} in {root}",
        fix=f"Put the program that runs the function there, as an executable file named {bootstraps.NAME}.",
    )


def check_at_the_edge(place: Key, function: Function, bench: Bench) -> None:
    """Refuse a custom runtime at any of the four points, where AWS has Node.js and Python (lambda-at-edge.md §10.1)."""
    if function.runtime not in bootstraps.RUNTIMES:
        return
    said = f"function {function.name!r} has runtime {function.runtime!r}, and Lambda@Edge runs Node.js and Python only"
    if bench.strictness == "lenient":
        bench.note(place, f"forgiven: {said}")
    else:
        bench.fault(place, f"{said}; --lenient runs it here")
