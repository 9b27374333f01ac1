# ruff: noqa: T201 - functions print
import os
import signal
import sys


class MoodError(Exception):
    pass


def helper():
    raise MoodError("not today")


def raises(event, context):
    helper()


def exits(event, context):
    sys.exit(event.get("code"))


def exits_now(event, context):
    print("last words")
    os._exit(3)


def segfaults(event, context):
    os.kill(os.getpid(), signal.SIGSEGV)


def works_or_not(event, context):
    if event.get("fail"):
        raise ValueError("as told")
    return os.getpid()
