"""The shop's HTTP API: a small origin beside the bucket, standard library only.

    python3 sites/api/server.py 3000

Routes: /api/products (cacheable for 30 s), /api/time (no-store), /api/echo (what the origin received),
/api/cart (POST: echoes the body), /api/broken (500); anything else is 404. Ends on SIGTERM and SIGINT.
"""

# ruff: noqa: INP001 - a program, not a package

import json
import signal
import sys
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PRODUCTS = json.loads((Path(__file__).parent.parent / "shop/data/products.json").read_text(encoding="utf-8"))
LARGEST_BODY = 1024 * 1024


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "shop-api"
    sys_version = ""
    # One write per answer: unbuffered, Nagle and delayed ACK would cost 40 ms each.
    wbufsize = -1
    disable_nagle_algorithm = True

    def answer(self) -> None:
        """Answer any method: read the body, so that the connection can be kept, then follow ROUTES."""
        self.body = self.read_body()
        if self.body is None:
            self.close_connection = True
            self.send_json(413, {"error": "body too large or malformed"})
            return
        methods, route = ROUTES.get(self.path.partition("?")[0], (None, None))
        if route is None:
            self.send_json(404, {"error": "no such route", "path": self.path})
        elif methods is not None and self.command not in methods:
            self.send_json(405, {"error": "method not allowed"}, {"Allow": ", ".join(methods)})
        else:
            route(self)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815 - http.server's names

    def products(self) -> None:
        live = {**PRODUCTS, "source": "live"}
        self.send_json(200, live, {"Cache-Control": "max-age=30"})

    def time(self) -> None:
        self.send_json(200, {"time": time.time()}, {"Cache-Control": "no-store"})

    def echo(self) -> None:
        received = {
            "method": self.command,
            "path": self.path,
            "headers": [list(item) for item in self.headers.items()],
            "body": (self.body or b"").decode("utf-8", "replace"),
        }
        self.send_json(200, received, {"Cache-Control": "no-store"})

    def cart(self) -> None:
        content_type = self.headers.get("Content-Type", "application/octet-stream")
        self.send(200, self.body or b"", {"Content-Type": content_type, "Cache-Control": "no-store"})

    def broken(self) -> None:
        self.send_json(500, {"error": "broken on purpose"})

    def send_json(self, status: int, value: object, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n"
        self.send(status, body, {"Content-Type": "application/json", **(headers or {})})

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def read_body(self) -> bytes | None:
        """Return the request's body, or None if it is too large or its framing is wrong."""
        try:
            if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
                return self.read_chunks()
            length = int(self.headers.get("Content-Length", "0"))
        except ValueError:
            return None
        return self.rfile.read(length) if 0 <= length <= LARGEST_BODY else None

    def read_chunks(self) -> bytes | None:
        body = b""
        while size := int(self.rfile.readline(64).partition(b";")[0], 16):
            if size < 0 or len(body) + size > LARGEST_BODY:
                return None
            body += self.rfile.read(size)
            self.rfile.readline(64)
        while self.rfile.readline(1024).strip():
            pass  # trailers
        return body

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep quiet: edgerun prints a line per request already."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep quiet about clients that hang up."""


ROUTES: dict[str, tuple[tuple[str, ...] | None, Callable[[Handler], None]]] = {
    "/api/products": (("GET", "HEAD"), Handler.products),
    "/api/time": (("GET", "HEAD"), Handler.time),
    "/api/echo": (None, Handler.echo),
    "/api/cart": (("POST",), Handler.cart),
    "/api/broken": (None, Handler.broken),
}


def main() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    with Server(("127.0.0.1", int(sys.argv[1])), Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
