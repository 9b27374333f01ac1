"""A request that was edited, sent through the running edge as a viewer's, and recorded as any other."""

import asyncio
import base64
import binascii
from typing import Any, Final

from starlette.requests import Request as Asking
from starlette.responses import Response
from starlette.routing import Route

from edgerun.admin.inspector.answering import answer
from edgerun.admin.inspector.api_requests import OFF
from edgerun.admin.inspector.inspected import Inspected
from edgerun.admin.inspector.orders import BadOrder, error, order_of
from edgerun.admin.questions import request_of
from edgerun.distribution.guard import check_size
from edgerun.doors import outgoing
from edgerun.doors.target import checked_host
from edgerun.errors import EdgeError, RequestError
from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody, Request
from edgerun.observe.recorder import Recorder
from edgerun.visit import Delivery

LARGEST: Final = 12_000_000
PATIENCE: Final = 60.0
FRAMING: Final = frozenset({b"content-length", b"transfer-encoding", b"expect", b"connection", b"keep-alive"})
BODY: Final = 'body: expected {"text": "…"} or {"base64": "…"}, or nothing'


def resend_routes(edge: Inspected) -> list[Route]:
    """Return the route that sends a request."""

    async def resend(asking: Asking) -> Response:
        recorder = edge.recorder
        if recorder is None:
            return error(409, OFF)
        try:
            request = _request(await order_of(asking, LARGEST), edge)
        except BadOrder as fault:
            return fault.answer()
        delivery = await _begun(edge, recorder, request)
        await _taken(delivery, request.method)
        record = recorder.get(delivery.id)
        return answer({"id": delivery.id, "number": record and record["number"]}, status=201)

    return [Route("/api/resend", resend, methods=["POST"])]


def _request(order: dict[str, Any], edge: Inspected) -> Request:
    """Return the request of an order, framed for the body that it has.

    Raises:
        BadOrder: it is no request.
    """
    request = request_of(order, edge.config)
    if isinstance(request, str):
        raise BadOrder(request)
    if b"upgrade" in request.headers:
        raise BadOrder("Upgrade: a connection that changes its protocol, such as a WebSocket, cannot be sent from here")
    body = _body(order.get("body"))
    lines = [(name, text) for name, text in request.headers if name.lower() not in FRAMING]
    if body or request.method in {"POST", "PUT", "PATCH"}:
        lines.append((b"Content-Length", b"%d" % len(body)))
    return request.changed(headers=Headers(lines), body=BytesBody(body))


def _body(given: Any) -> bytes:
    match given:
        case None:
            return b""
        case {"text": str(text), **rest} if not rest:
            return text.encode()
        case {"base64": str(text), **rest} if not rest:
            try:
                return base64.b64decode(text, validate=True)
            except binascii.Error as fault:
                raise BadOrder(f"body.base64: {fault}") from fault
    raise BadOrder(BODY)


async def _begun(edge: Inspected, recorder: Recorder, request: Request) -> Delivery:
    """Hand a request to the edge as a door does: what none would take for a request is refused as it would."""
    entrance = recorder.before(edge)
    head = (
        len(request.method)
        + 12
        + len(request.target)
        + sum(len(name) + len(text) + 4 for name, text in request.headers)
    )
    try:
        check_size(len(request.target), head)
        checked_host(request.headers, request.http_version)
    except RequestError as error:
        return entrance.refuse(error, request)
    begun = entrance.begin(request)
    return begun if isinstance(begun, Delivery) else await asyncio.ensure_future(begun)


async def _taken(delivery: Delivery, method: str) -> None:
    """Read an answer as a viewer does who does not keep it; one that does not end is left after a while."""
    response = delivery.response
    size = len(outgoing.head(response, keep_alive=True, chunked=False))
    silent = method == "HEAD" or response.status in outgoing.BODILESS
    complete = False
    try:
        async with asyncio.timeout(PATIENCE):
            if not silent:
                async for chunk in response.body.stream():
                    size += len(chunk)
        complete = True
    except (EdgeError, TimeoutError):
        pass
    finally:
        await delivery.body.aclose()
        delivery.sent(size, complete=complete)
