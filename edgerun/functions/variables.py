"""The environment variables a function sees: Lambda's reserved ones, its defaults, the user's own.

Nothing of the server's own environment is among them. Source: spec/lambda-at-edge.md §10.4.
"""

import secrets
import time
from dataclasses import asdict

from edgerun.functions.function import Function
from edgerun.functions.log_lines import LogFormat
from edgerun.values import value

REGION = "us-east-1"
ACCOUNT = "123456789012"


@value
class LogPlace:
    """Where AWS would log: the group of the function, the stream of one environment."""

    group: str
    stream: str


def log_place(function: Function, now: float) -> LogPlace:
    day = time.strftime("%Y/%m/%d", time.gmtime(now))
    return LogPlace(
        group=f"/aws/lambda/{told_name(function)}", stream=f"{day}/[{function.version}]{secrets.token_hex(16)}"
    )


def variables(function: Function, place: LogPlace, log_format: LogFormat = "text") -> dict[str, str]:
    """Return all variables of one environment but `AWS_EXECUTION_ENV`, which its host sets, and perhaps `TMPDIR`."""
    logs = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"} if log_format == "json" else {}
    return {**_defaults(function.root), **function.environment, **_reserved(function, place), **logs}


def context_facts(function: Function, place: LogPlace) -> dict[str, object]:
    """Return what a host needs to know of its function, for the `INIT` frame; its environment adds a little."""
    return {
        "handler": function.handler,
        "root": function.root,
        "timeout": function.timeout,
        "function_name": told_name(function),
        "function_version": function.version,
        "invoked_function_arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{told_name(function)}:{function.version}",
        "memory_limit_in_mb": str(function.memory),
        "log_group_name": place.group,
        "log_stream_name": place.stream,
        "debugger": None if function.debugger is None else asdict(function.debugger),
    }


def _defaults(root: str) -> dict[str, str]:
    return {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        # AWS: the slash after /usr/bin is theirs
        "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
        "LD_LIBRARY_PATH": f"/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:{root}:{root}/lib:/opt/lib",
        "PYTHONPATH": "/var/runtime",
        "NODE_PATH": f"/opt/nodejs/node_modules:/var/runtime/node_modules:/var/runtime:{root}",
    }


def _reserved(function: Function, place: LogPlace) -> dict[str, str]:
    return {
        "_HANDLER": function.handler,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_LAMBDA_FUNCTION_NAME": told_name(function),
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": place.group,
        "AWS_LAMBDA_LOG_STREAM_NAME": place.stream,
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
        # SDK clients refuse to be made without credentials; these open nothing.
        "AWS_ACCESS_KEY_ID": "ASIAEDGERUNEDGERUN00",
        "AWS_SECRET_ACCESS_KEY": "edgerun",
        "AWS_SESSION_TOKEN": "edgerun",
        "LAMBDA_TASK_ROOT": function.root,
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
    }


def told_name(function: Function) -> str:
    """Return the name by which a function knows itself."""
    return function.deployed_as or function.name
