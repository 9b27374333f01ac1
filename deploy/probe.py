"""Tell by the exit code whether the edge in this container answers: asks the admin port, which is on loopback only.

    python -I -S probe.py [PORT] [PATH]

The kubelet cannot ask that port from outside, and asking the site instead would make a probe depend on the
site's functions and origins. The answer comes from the loop that serves viewers, so one that hangs is found.
The standard library's smallest parts, because it is started every few seconds.
"""

import socket
import sys

ADMIN = 8788
SECONDS = 3.0


def status(port: int, path: str) -> int:
    """Return the status of one answer."""
    with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
        asked = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        connection.sendall(asked.encode())
        line = b""
        while b"\r\n" not in line and (more := connection.recv(4096)):
            line += more
    words = line.split(b" ", 2)
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0


def main(arguments: list[str]) -> int:
    """Return 0 if the answer is a 200, else say what is wrong and return 1."""
    port = int(arguments[0]) if arguments else ADMIN
    path = arguments[1] if len(arguments) > 1 else "/health"
    try:
        found = status(port, path)
    except OSError as error:
        sys.stderr.write(f"no answer from 127.0.0.1:{port}: {error}\n")
        return 1
    if found != 200:
        sys.stderr.write(f"127.0.0.1:{port}{path} answered {found}, expected 200\n")
    return int(found != 200)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
