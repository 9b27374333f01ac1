"""How an environment of a custom runtime begins: its Runtime API is opened, then its bootstrap is started."""

import asyncio
import uuid
from collections.abc import Callable, Mapping

from edgerun.functions.frames import Frame
from edgerun.functions.function import Function
from edgerun.functions.hosts.lambda_python import trace_id
from edgerun.functions.link import Link
from edgerun.functions.orders import limits
from edgerun.functions.runtime_api import RuntimeApi, peak_memory


def begin(
    loop: asyncio.AbstractEventLoop,
    function: Function,
    bootstrap: str,
    variables: Mapping[str, str],
    hear: Callable[[Frame], None],
    largest: int,
    pid: Callable[[], int],
) -> tuple[Link, dict[str, object]]:
    """Open the Runtime API for one environment; return it, and what the zygote is to run.

    Args:
        loop: serves it.
        function: whose limits hold.
        bootstrap: the program.
        variables: Lambda's, as any runtime sees them.
        hear: gets the frames that a host would send.
        largest: bytes of a result.
        pid: tells the process, once it is known.

    Raises:
        OSError: no port can be opened.
    """
    api = RuntimeApi(loop, hear, largest, lambda: peak_memory(pid()))
    ours = {"AWS_LAMBDA_RUNTIME_API": api.address, "_X_AMZN_TRACE_ID": trace_id(str(uuid.uuid4()))}
    order: dict[str, object] = {
        **limits(function),
        "argv": [bootstrap],
        "channel": False,
        "environment": {**variables, **ours},
    }
    return api, order
