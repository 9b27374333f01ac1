import os
import signal
import threading
from pathlib import Path


def handler(event, context):
    threading.Thread(target=die, args=[event["gate"]]).start()
    return os.getpid()


def die(gate):
    while not Path(gate).exists():
        pass
    os.kill(os.getpid(), signal.SIGKILL)
