"""How the inspector's JSON is sent: as ASCII, so that whatever a function printed can be told, and kept by nobody."""

import json
import math
from typing import Any, Final

from starlette.responses import Response

HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def answer(told: Any, status: int = 200, **headers: str) -> Response:
    """Return an answer of JSON; further headers with underscores."""
    more = {name.replace("_", "-"): text for name, text in headers.items()}
    return Response(as_json(told), status_code=status, headers=HEADERS | more, media_type="application/json")


def as_json(told: Any) -> str:
    """Return JSON that every reader takes: what is no number in it, as a function may return it, stands as text."""
    try:
        return json.dumps(told, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(told))


def _finite(told: Any) -> Any:
    match told:
        case float() if not math.isfinite(told):
            return str(told)
        case list():
            return [_finite(each) for each in told]
        case dict():
            return {name: _finite(each) for name, each in told.items()}
        case _:
            return told


def refusal(why: str, status: int = 400) -> Response:
    """Return that something cannot be told or done, and why."""
    return answer({"error": why}, status)
