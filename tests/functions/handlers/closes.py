import os


def handler(event, context):
    if event.get("close"):
        os.closerange(0, 4096)
    return "open"
