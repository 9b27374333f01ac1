"""How the inspector's JSON is sent: as ASCII, so that whatever a function printed can be told, and kept by nobody."""

import json
from typing import Any, Final

from starlette.responses import Response

HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def answer(told: Any, status: int = 200) -> Response:
    """Return an answer of JSON."""
    return Response(json.dumps(told), status_code=status, headers=HEADERS, media_type="application/json")


def refusal(why: str, status: int = 400) -> Response:
    """Return that something cannot be told or done, and why."""
    return answer({"error": why}, status)
