# ruff: noqa: T201 - functions print
import logging
import os
import sys
from pathlib import Path

CALLS = []


def handler(event, context):
    CALLS.append(event)
    print("hello from", event.get("name"))
    logging.getLogger("greet").warning("logged")
    logging.getLogger().info("below the level")
    print("half a line", end="")
    return {"calls": len(CALLS), "pid": os.getpid(), "event": event}


def world(event, context):
    return {"variables": dict(os.environ), "cwd": str(Path.cwd()), "path": sys.path, "modules": sorted(sys.modules)}


def proc_environ(event, context):
    return Path("/proc/self/environ").read_bytes()


def describe(event, context):
    names = [name for name in dir(context) if not name.startswith("_")]
    said = {name: getattr(context, name) for name in names if isinstance(getattr(context, name), str | None)}
    return {
        "names": names,
        "said": said,
        "left": context.get_remaining_time_in_millis(),
        "identity": [context.identity.cognito_identity_id, context.identity.cognito_identity_pool_id],
    }
