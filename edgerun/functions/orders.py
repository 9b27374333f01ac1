"""What the zygote is asked to run for the hosts of our own."""

from pathlib import Path
from typing import Final

from edgerun.functions.function import Function

_NODE_HOST: Final = Path(__file__).parent / "hosts" / "node_host.cjs"
_MIB: Final = 1024 * 1024
_DATA_ALLOWANCE: Final = 512  # MB beyond the limit that may be asked for at once; the watch sees what is used


def limits(function: Function) -> dict[str, object]:
    """Return what every order says of an environment's place and limits.

    The one on data only keeps a single request from filling the machine; the watch (`hosts/watch.py`) does the rest.
    What a debugger holds is not the function's, so with one memory is not limited.
    """
    debugger = function.debugger
    return {
        "root": function.root,
        "memory": function.memory if debugger is None else 0,
        "processes": function.processes,
        "data": (function.memory + _DATA_ALLOWANCE) * _MIB if debugger is None else 0,
        "needs": [debugger.debugpy] if debugger is not None else [],
    }


def hosted(function: Function, node: str) -> dict[str, object]:
    """Return what the zygote runs: nothing but itself for Python, node with its heap limited otherwise."""
    if function.runtime == "python":
        return {**limits(function), "argv": []}
    heap = f"--max-old-space-size={function.memory}"
    return {**limits(function), "argv": [node, heap, str(_NODE_HOST)], "data": 0}  # a limit keeps node from starting
