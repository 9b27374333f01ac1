"""Does what each event says, and keeps account of it."""

# ruff: noqa: T201 - functions print
import os
import time


def handler(event, context):
    """Do it; `book` is a file to which each event's number is added when it begins."""
    if "book" in event:
        with open(event["book"], "a") as book:  # noqa: PTH123
            book.write(f"{event['number']}\n")
    match event.get("do"):
        case "print":
            print("printed by", event["number"])
        case "sleep":
            time.sleep(event["seconds"])
        case "exit":
            os._exit(3)
        case "wait":
            while not os.path.exists(event["gate"]):  # noqa: PTH110
                time.sleep(0.002)
    return [event.get("number"), os.getpid()]
