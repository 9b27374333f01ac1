"""The baseline U: an ASGI application that does nothing but answer, under uvicorn with uvloop and httptools."""

BODIES = {"/1k": b"x" * 1024, "/16k": b"x" * 16_384, "/1m": b"x" * 1_048_576}
HEADERS = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"max-age=3600"),
    (b"etag", b'"5f3e-1024"'),
    (b"last-modified", b"Mon, 06 Jul 2026 10:00:00 GMT"),
]


async def app(scope, receive, send):  # noqa: ARG001  # the interface
    body = BODIES.get(scope["path"][scope["path"].rfind("/") :], BODIES["/1k"])
    headers = [*HEADERS, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
