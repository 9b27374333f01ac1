import os
import signal


def handler(event, context):
    """Start processes without end, each in a session of its own."""
    while True:
        if not os.fork():
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            signal.pause()
