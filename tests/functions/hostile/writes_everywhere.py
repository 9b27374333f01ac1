import contextlib
import os


def handler(event, context):
    for descriptor in range(3, 4096):
        with contextlib.suppress(OSError):
            os.set_blocking(descriptor, False)
            os.write(descriptor, b"\xff garbage \x00" * 10)
    return "written"
