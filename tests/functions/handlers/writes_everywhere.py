import contextlib
import os


def handler(event, context):
    if event.get("write"):
        for descriptor in range(3, 4096):
            with contextlib.suppress(OSError):
                os.write(descriptor, b"\xff garbage \x00" * 10)
    return "written"
