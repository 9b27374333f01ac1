"""What was recorded, for pages: the latest requests, one in full, and as HAR."""

from typing import Any, Final

from starlette.requests import Request as Asking
from starlette.responses import Response
from starlette.routing import Route

from edgerun.admin.inspector.answering import answer
from edgerun.admin.inspector.inspected import Inspected
from edgerun.admin.inspector.orders import error
from edgerun.admin.inspector.way import way
from edgerun.observe.mask import masked
from edgerun.observe.recorder import Recorder
from edgerun.observe.trace import Record, fits, summary
from edgerun.replay.har import har

OFF: Final = "nothing is recorded: start edgerun dev, or edgerun serve --record"
MOST: Final = 500
RESULTS: Final = {
    "hit": ("Hit", "RefreshHit", "OriginShieldHit"),
    "miss": ("Miss",),
    "generated": ("LambdaGeneratedResponse", "FunctionGeneratedResponse"),
}


def request_routes(edge: Inspected) -> list[Route]:
    """Return the routes of what was recorded."""

    async def latest(asking: Asking) -> Response:
        if edge.recorder is None:
            return error(409, OFF)
        try:
            limit = min(max(int(asking.query_params.get("limit", 100)), 1), MOST)
            before = int(asking.query_params.get("before", 0))
        except ValueError:
            return error(400, "limit and before: expected numbers")
        found = [each for each in edge.recorder.newest_first() if not before or each["number"] < before]
        found = [each for each in found if _wanted(each, asking.query_params)]
        return answer({"requests": [summary(each) for each in found[:limit]], "more": len(found) > limit})

    async def one(asking: Asking) -> Response:
        record = _of(edge.recorder, asking.path_params["id"])
        return record if isinstance(record, Response) else answer(record | {"way": way(record, edge.config)})

    async def as_har(asking: Asking) -> Response:
        record = _of(edge.recorder, asking.path_params["id"])
        if isinstance(record, Response):
            return record
        told = har([masked(record) if asking.query_params.get("mask") else record])
        return answer(told, content_disposition=f'attachment; filename="{_file_name(record)}"')

    return [
        Route("/api/requests", latest),
        Route("/api/requests/{id}", one),
        Route("/api/requests/{id}/har", as_har),
    ]


def recorded(recorder: Recorder | None, which: str) -> Record | str:
    """Return a record by its id, the beginning of it, its number, or `last`; else why there is none."""
    if recorder is None:
        return OFF
    return recorder.get(which) or f"there is no request {which[:100]!r}; the latest ones only are kept"


def _of(recorder: Recorder | None, which: str) -> Record | Response:
    found = recorded(recorder, which)
    return error(409 if found == OFF else 404, found) if isinstance(found, str) else found


def _file_name(record: Record) -> str:
    return f"edgerun-{record['number']}.har"


def _wanted(record: Record, given: Any) -> bool:
    """Tell whether a record is asked for.

    `filter` has the words of `edgerun trace ls`; `status` is a class such as `4xx` or a status, `result` one of hit,
    miss, generated, error and other, `header` is found in a header line of viewer or origin, in either direction;
    `refused` leaves those in which something failed.
    """
    status, result, method = given.get("status", ""), given.get("result", ""), given.get("method", "")
    if status and not _in_class(record["status"], status):
        return False
    if result and (_kind(record["result_type"]) != result):
        return False
    if method and record["method"] != method.upper():
        return False
    if given.get("refused") and not any(stage["error"] for stage in record["stages"]):
        return False
    if not fits(record, given.get("filter", "")):
        return False
    header = given.get("header", "").lower()
    return not header or any(header in line for line in _lines(record))


def _in_class(status: int, wanted: str) -> bool:
    return str(status)[:1] == wanted[:1] if wanted.lower().endswith("xx") else str(status) == wanted


def _kind(result: str | None) -> str:
    if (result or "").endswith(("Error", "Exceeded")):
        return "error"
    return next((name for name, types in RESULTS.items() if result in types), "other")


def _lines(record: Record) -> list[str]:
    messages = [record["request"], record["response"]]
    for asked in record["origin"]:
        messages += [each for each in (asked["request"], asked["response"]) if each]
    return [f"{name}: {text}".lower() for message in messages for name, text in message["headers"]]
