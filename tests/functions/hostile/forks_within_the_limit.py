import os
import signal
import time


def handler(event, context):
    """Start generations of processes that leave their group, then never answer."""
    for _ in range(5):
        if not os.fork():
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)
