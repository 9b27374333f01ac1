"""Orders of a page: JSON of bounded size."""

import json
from typing import Any

from starlette.requests import Request as Asking
from starlette.responses import Response

from edgerun.admin.inspector.answering import refusal


class BadOrder(Exception):
    """What came is no order; the message says what was expected."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status

    def answer(self) -> Response:
        """Return it for the page."""
        return error(self.status, str(self))


def error(status: int, text: str) -> Response:
    """Return an answer that says what is wrong."""
    return refusal(text, status)


async def order_of(asking: Asking, most: int) -> dict[str, Any]:
    """Return the JSON object of an order.

    Raises:
        BadOrder: it is none, or has more than `most` bytes.
    """
    content = bytearray()
    async for chunk in asking.stream():
        content += chunk
        if len(content) > most:
            raise BadOrder(f"an order may have {most:,} bytes", 413)
    try:
        order = json.loads(content or b"{}")
    except ValueError as fault:
        raise BadOrder(f"the order is not JSON: {fault}") from fault
    if not isinstance(order, dict):
        raise BadOrder(f"expected a JSON object, got {type(order).__name__}")
    return order
