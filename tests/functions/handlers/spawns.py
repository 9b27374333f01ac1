# ruff: noqa: T201 - functions print
import os
import subprocess
import sys

STRAY = """
import os, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.getpid() != os.getsid(0):
    os.setsid()
if os.fork():
    os._exit(0)
print(os.getpid(), flush=True)
signal.pause()
"""


def start(where):
    stray = subprocess.Popen([sys.executable, "-c", STRAY], stdout=subprocess.PIPE, start_new_session=where == "away")
    pid = int(stray.stdout.readline())
    stray.wait()
    return pid


def handler(event, context):
    pids = [start("away"), start("near")]
    for _ in range(event.get("forks", 1)):
        pid = os.fork()
        if not pid:
            os.setsid()
            os.execve("/bin/sleep", ["sleep", "1000"], {})
        pids.append(pid)
    print("pids", *pids, flush=True)
    while event.get("loop"):
        pass
    return pids


def forks_and_both_return(event, context):
    os.fork()
    return "once"
