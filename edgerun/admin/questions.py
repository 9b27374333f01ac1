"""Questions about the cache: what is stored, and what would become of a request.

Keys may hold cookies and other secrets of viewers, so every question needs the token.
"""

import json
from collections.abc import AsyncIterator
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from starlette.requests import Request as Asking
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from edgerun.admin.told import explained, stored
from edgerun.cache.invalidation import fault_of
from edgerun.cache.record import Decision
from edgerun.config.faults import suggestion
from edgerun.config.names import header_name
from edgerun.distribution.match import distribution_for
from edgerun.distribution.model import Config
from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody, Request
from edgerun.observe.events import Event
from edgerun.visit import Weighed

LINES: Final = "application/x-ndjson"
EXPECTED: Final = 'expected {"url": "http://HOST/PATH", "method": "GET", "headers": [["Name", "value"]], "run": false}'


class Questioned(Protocol):
    """What is asked of the edge."""

    config: Config

    async def weigh(self, request: Request, *, run: bool) -> tuple[Weighed, list[Event]]:
        """Tell what the cache would do about a request, and what was said on the way."""
        ...

    def objects(self, item: str) -> AsyncIterator[Decision]:
        """Yield what is stored, as far as an invalidation path or a `#tag` covers it."""
        ...


def cache_routes(edge: Questioned) -> list[Route]:
    """Return the routes of the questions; both are POST, which needs the token."""

    async def objects(asking: Asking) -> Response:
        order = await order_of(asking)
        item = "/*" if order is None else order.get("match", "/*")
        fault = "the question is not a JSON object" if order is None else fault_of(item)
        if fault:
            return JSONResponse({"error": fault}, status_code=400)
        return StreamingResponse(_lines(edge.objects(item)), media_type=LINES)

    async def explain(asking: Asking) -> Response:
        return await explanation(edge, await order_of(asking))

    return [
        Route("/cache/objects", objects, methods=["POST"]),
        Route("/cache/explain", explain, methods=["POST"]),
    ]


async def explanation(edge: Questioned, order: dict[str, Any] | None) -> Response:
    """Answer what would become of a request, or what is wrong with the question."""
    request = EXPECTED if order is None else request_of(order, edge.config)
    if isinstance(request, str) or order is None:
        return JSONResponse({"error": request}, status_code=400)
    weighed, said = await edge.weigh(request, run=bool(order.get("run")))
    return JSONResponse(explained(weighed, said))


async def _lines(objects: AsyncIterator[Decision]) -> AsyncIterator[bytes]:
    async for decision in objects:
        yield json.dumps(stored(decision)).encode() + b"\n"


async def order_of(asking: Asking) -> dict[str, Any] | None:
    """Return the JSON object that was sent, None if it is none."""
    try:
        order = await asking.json()
    except ValueError:
        return None
    return order if isinstance(order, dict) else None


def request_of(order: dict[str, Any], config: Config) -> Request | str:
    """Return the request that a question is about, or what is wrong with the question."""
    url, method, lines = order.get("url"), order.get("method", "GET"), order.get("headers", [])
    if not isinstance(url, str) or not isinstance(method, str) or not isinstance(lines, list):
        return EXPECTED
    if header_name(method):
        return f"{method!r} is no method, such as GET"
    headers = [_line(line) for line in lines]
    wrong = next((line for line in headers if isinstance(line, str)), None)
    target = _target(url)
    if wrong is not None or isinstance(target, str):
        return wrong or str(target)
    scheme, host, path, query = target
    given = Headers([line for line in headers if not isinstance(line, str)])
    if url.startswith("/") and distribution_for(host, config.distributions) is None:
        host = config.distributions[0].domain_name.encode()
    if b"host" not in given:
        given = Headers([(b"Host", host), *given])
    fault = _unknown(given.get(b"host") or b"", config)
    return fault or Request(
        method=method,
        path=path,
        query=query,
        headers=given,
        body=BytesBody(b""),
        scheme=scheme,
        client=("127.0.0.1", 0),
    )


def _target(url: str) -> tuple[str, bytes, bytes, bytes | None] | str:
    """Return scheme, host, path and query of a URL or of a path alone, or what is wrong with it."""
    said = f"{url!r} is neither a URL, such as http://localhost:8787/a?b=1, nor a path"
    if not url.isascii() or not url.isprintable() or " " in url:
        return f"{said}: percent-encode what is not printable ASCII"
    if url.startswith("/"):
        url = f"http://localhost{url}"
    try:
        found = urlsplit(url)
    except ValueError:
        return said
    if found.scheme not in {"http", "https"} or not found.netloc or "@" in found.netloc:
        return said
    target = url.partition("#")[0].partition("://")[2][len(found.netloc) :]
    path, mark, query = target.partition("?")
    return found.scheme, found.netloc.encode(), path.encode() or b"/", query.encode() if mark else None


def _line(line: Any) -> tuple[bytes, bytes] | str:
    if not (isinstance(line, list) and len(line) == 2 and all(isinstance(each, str) for each in line)):
        return EXPECTED
    name, text = line[0].encode("utf-8"), line[1].strip().encode("utf-8")
    if fault := header_name(line[0]):
        return fault
    if any((byte < 0x20 and byte != 0x09) or byte == 0x7F for byte in text):
        return f"the value of {line[0]} has control characters"
    return name, text


def _unknown(host: bytes, config: Config) -> str:
    """Return that no distribution answers a host, and which hosts there are, or nothing."""
    found = distribution_for(host, config.distributions)
    if found is not None and found.enabled:
        return ""
    name = host.decode("latin-1")
    if found is not None:
        return f"the distribution {found.name!r}, which answers {name!r}, is not enabled"
    known = [alias for each in config.distributions for alias in (*each.aliases, each.domain_name)]
    return f"no distribution answers {name!r}{suggestion(name, known)}; there are {', '.join(known)}"
