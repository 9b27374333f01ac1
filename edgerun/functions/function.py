"""One deployed function, as the function service sees it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from edgerun.values import NO_TEXTS, value

if TYPE_CHECKING:
    from pathlib import Path


@value
class Debugger:
    """Where an environment listens for a debugger.

    Attributes:
        host, port: where; an environment waits until the port is free.
        wait: whether the function's code is loaded only once somebody is attached.
        debugpy: the folder that debugpy is imported from, if the interpreter has none of its own.
    """

    host: str
    port: int
    wait: bool = False
    debugpy: str = ""


@value
class Function:
    """A function and its limits; nothing in it knows what will call it.

    Attributes:
        name: as configured, `ab`.
        root: absolute path of the folder that is `LAMBDA_TASK_ROOT`.
        handler: `module.function` in Lambda's form; the module part may hold `/`. A CloudFront Function's module is
            its file without `.js`, and its function is always `handler`.
        runtime: `python`, `nodejs`, a custom one (`bootstraps.py`), `cloudfront-js-1.0` or `cloudfront-js-2.0`.
        timeout: seconds one invocation may take.
        memory: MB.
        concurrency: environments that may exist at one time.
        queue: invocations that may wait for an environment.
        queue_timeout: seconds one may wait.
        init_timeout: seconds from start to the first event.
        processes: processes and threads an environment may have.
        environment: variables of the user's own; empty at the edge.
        python: interpreter to run a Python function with; "" is the server's own.
        version: what `AWS_LAMBDA_FUNCTION_VERSION` says.
        deployed_as: the name the function itself is told, in its context and environment; `name` if empty.
        debugger: for a debugger, if one is wanted.
        key_value_store: the JSON file that a CloudFront Function's store is read from; None without a store.
    """

    name: str
    root: str
    handler: str
    runtime: str
    timeout: float = 3.0
    memory: int = 128
    concurrency: int = 10
    queue: int = 1000
    queue_timeout: float = 5.0
    init_timeout: float = 10.0
    processes: int = 1024
    environment: Mapping[str, str] = NO_TEXTS
    python: str = ""
    version: str = "1"
    deployed_as: str = ""
    debugger: Debugger | None = None
    key_value_store: "Path | None" = None


def code_file(function: Function) -> str:
    """Return the path of a CloudFront Function's one file."""
    return f"{function.root}/{function.handler.removesuffix('handler')}js"
