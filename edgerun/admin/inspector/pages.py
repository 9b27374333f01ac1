"""The inspector's page and what it is built from: plain files, sent so that nothing else can run or be loaded."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edgerun import __version__

STATIC: Final = Path(__file__).parent / "static"
TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
    "Vary": "Accept",
}


def page_routes() -> list[Route]:
    """Return the routes of the page, of its files, and of the server's health."""
    return [Route("/", _home), Route("/health", _health), Route("/ui/{name}", _file)]


async def _home(request: Request) -> Response:
    """Answer a browser with the page, and who does not ask for one with the server's health."""
    return _sent("index.html", request) if "text/html" in request.headers.get("accept", "") else await _health(request)


async def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok", "version": __version__}, headers={"Vary": "Accept"})


async def _file(request: Request) -> Response:
    return _sent(request.path_params["name"], request)


def _sent(name: str, request: Request) -> Response:
    if name not in _names() or (STATIC / name).suffix not in TYPES:
        return JSONResponse({"error": f"the inspector has no file {name!r}"}, status_code=404)
    content = (STATIC / name).read_bytes()
    headers = HEADERS | {"ETag": f'"{hashlib.sha256(content).hexdigest()[:32]}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=TYPES[(STATIC / name).suffix])


@cache
def _names() -> frozenset[str]:
    """Return the names of the files: a request can name no other, whatever it contains."""
    return frozenset(path.name for path in STATIC.iterdir() if path.is_file())
