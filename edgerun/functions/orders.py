"""What the zygote is asked to run for the hosts of our own."""

from pathlib import Path
from typing import Final

from edgerun.functions.function import Function

_NODE_HOST: Final = Path(__file__).parent / "hosts" / "node_host.cjs"
_MIB: Final = 1024 * 1024
_DATA_ALLOWANCE: Final = 64 * _MIB  # the interpreter itself and the stacks of some threads


def hosted(function: Function, node: str) -> dict[str, object]:
    """Return what the zygote runs: nothing but itself for Python, node with its heap limited otherwise.

    The data limit is coarse, it also counts stacks; a watch on resident memory belongs beside it.
    """
    if function.runtime == "python":
        return {"argv": [], "root": function.root, "data": function.memory * _MIB + _DATA_ALLOWANCE}
    heap = f"--max-old-space-size={function.memory}"
    return {"argv": [node, heap, str(_NODE_HOST)], "root": function.root, "data": 0}
