# ruff: noqa: T201 - functions print
import signal


def handler(event, context):
    print("before the loop")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while event.get("loop", True):
        pass
    return "done"
