"""The event a Lambda@Edge function gets."""

from binascii import b2a_base64
from functools import lru_cache

from edgerun.distribution.model import Point
from edgerun.distribution.origins import OriginSpec
from edgerun.functions.lambda_headers import header_object, text
from edgerun.functions.lambda_origin import origin_object, without_custom_headers
from edgerun.http.message import Request, Response
from edgerun.http.status import reason
from edgerun.values import value


@value
class EdgeContext:
    """Where and for which request a function runs: the event's `config` (§2.2).

    Attributes:
        point: the event type.
        distribution_domain_name: the cloudfront.net name, never an alias.
        distribution_id: such as `E1EDGERUNDEMO`.
        request_id: the same in all four events of one viewer request.
    """

    point: Point
    distribution_domain_name: str
    distribution_id: str
    request_id: str


@value
class ExposedBody:
    """A request body as a function may see it, cut at the point's limit already (§6)."""

    data: bytes
    truncated: bool


def build_event(
    context: EdgeContext,
    request: Request,
    *,
    origin: OriginSpec | None = None,
    response: Response | None = None,
    exposed: ExposedBody | None = None,
) -> dict[str, object]:
    """Return the event for one invocation, as JSON values.

    Args:
        context: becomes `config`.
        request: as it stands at this point.
        origin: becomes `request.origin` at the origin points; elsewhere it is left out.
        response: becomes `response`; given at the response points.
        exposed: becomes `request.body` at the request points; None when the association has no Include Body.

    Source: `spec/lambda-at-edge.md` §2.
    """
    edge: dict[str, object] = {
        "config": {
            "distributionDomainName": context.distribution_domain_name,
            "distributionId": context.distribution_id,
            "eventType": context.point.value,
            "requestId": context.request_id,
        },
        "request": _request_object(context.point, request, origin, exposed),
    }
    if response is not None:
        edge["response"] = _response_object(response)
    return {"Records": [{"cf": edge}]}


@lru_cache(maxsize=512)
def _request_object(
    point: Point, request: Request, origin: OriginSpec | None, exposed: ExposedBody | None
) -> dict[str, object]:
    at_origin = origin is not None and point in {Point.ORIGIN_REQUEST, Point.ORIGIN_RESPONSE}
    headers = without_custom_headers(request.headers, origin) if at_origin else request.headers
    members: dict[str, object] = {}
    if exposed is not None and point in {Point.VIEWER_REQUEST, Point.ORIGIN_REQUEST}:
        members["body"] = _body_object(exposed)
    members["clientIp"] = request.client[0]
    members["headers"] = header_object(headers)
    members["method"] = request.method
    if origin is not None and at_origin:
        members["origin"] = origin_object(origin)
    members["querystring"] = text(request.query) if request.query else ""
    members["uri"] = text(request.path)
    return members


def _body_object(exposed: ExposedBody) -> dict[str, object]:
    return {
        "action": "read-only",
        "data": b2a_base64(exposed.data, newline=False).decode("ascii"),
        "encoding": "base64",
        "inputTruncated": exposed.truncated,
    }


def _response_object(response: Response) -> dict[str, object]:
    return {
        "headers": header_object(response.headers),
        "status": str(response.status),
        "statusDescription": text(response.reason) or reason(response.status).decode(),
    }
