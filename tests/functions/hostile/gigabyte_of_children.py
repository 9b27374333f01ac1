import os
import time

SHARE = """
kept = []
while len(kept) < 60:
    kept.append(bytearray(b"x" * 1_000_000))
import time
time.sleep(60)
"""


def handler(event, context):
    """Have children that hold 60 MB each, of which none alone is too large."""
    for _ in range(5):
        if not os.fork():
            os.setsid()
            exec(SHARE)
    time.sleep(60)
