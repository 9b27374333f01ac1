# ruff: noqa: T201 - functions print
import os


def without_newline(event, context):
    print("x" * event["size"], end="")
    return len("done")


def raw(event, context):
    os.write(1, b"one\n\xff\xfe\n")
    os.write(2, b"two\n")
    os.system("echo three")
