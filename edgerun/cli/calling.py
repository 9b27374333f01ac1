"""Calling one function as a distribution would: at which point, with which event, and what its result comes to."""

import click
import orjson

from edgerun.app import id_maker
from edgerun.distribution import forward, match
from edgerun.distribution.model import Association, Behavior, Config, Distribution, OriginSpec, Point
from edgerun.functions import lambda_edge
from edgerun.functions.function import Function
from edgerun.functions.invoker import exposing
from edgerun.functions.lambda_edge import EdgeContext, Judge
from edgerun.http.message import Request, Response
from edgerun.values import value


class Where:
    """The function, the point it is called at, and what it is associated with."""

    def __init__(self, function: Function, point: Point, distribution: Distribution, behavior: Behavior) -> None:
        self.function = function
        self.point = point
        self.distribution = distribution
        self.behavior = behavior
        self.association = behavior.function_at(point) or Association(function=function)

    def takes(self, request: Request) -> bool:
        """Tell whether the behavior is the one for a request."""
        return match.behavior_for(rooted(request, self.distribution).path, self.distribution) is self.behavior


def find(config: Config, function: Function, asked: str | None, request: Request) -> Where:
    """Find the point a function is associated with; one that has several, or none, needs `--event`.

    Of several behaviors, the one that takes the request counts, in the distribution that answers its host.
    """
    found = [
        Where(function, point, distribution, behavior)
        for distribution in config.distributions
        for behavior in distribution.all_behaviors
        for point in Point
        if (association := behavior.function_at(point)) and association.function.name == function.name
    ]
    found = [where for where in found if where.takes(request)] or found
    hosting = match.distribution_for(request.headers.get(b"host"), config.distributions)
    found.sort(key=lambda where: where.distribution is not hosting)
    points = sorted({where.point.value for where in found})
    if asked is None and len(points) != 1:
        what = " and ".join(points) if points else "no event"
        raise click.UsageError(f"{function.name!r} is associated with {what}: say which with --event")
    point = Point(asked or points[0])
    for where in found:
        if where.point is point:
            return where
    distribution = config.distributions[0]
    return Where(function, point, distribution, distribution.default_behavior)


@value
class Prepared:
    """One call, ready to be made.

    Attributes:
        event: what the function gets; `payload` as JSON.
        origin: the origin in the event, if there is one.
        request, response: as the function's result is compared with them.
    """

    where: Where
    context: EdgeContext
    event: dict[str, object]
    payload: bytes
    origin: OriginSpec | None
    request: Request
    response: Response

    def read(self, result: object, judge: Judge) -> None:
        """Judge what the function returned.

        Raises:
            FunctionResultError: AWS would refuse it.
        """
        if self.where.point in {Point.VIEWER_REQUEST, Point.ORIGIN_REQUEST}:
            lambda_edge.read_request_result(
                self.context, self.event, result, request=self.request, origin=self.origin, judge=judge
            )
        else:
            lambda_edge.read_response_result(self.context, self.event, result, response=self.response, judge=judge)


async def prepare(
    where: Where, request: Request, response: Response, given: dict[str, object] | None, judge: Judge
) -> Prepared:
    """Make the event for a call, unless one is given."""
    context = EdgeContext(
        point=where.point,
        distribution_domain_name=where.distribution.domain_name,
        distribution_id=where.distribution.id,
        request_id=id_maker()(),
    )
    event, origin, request = await _event(where, context, request, response, given, judge)
    return Prepared(
        where=where,
        context=context,
        event=event,
        payload=orjson.dumps(event),
        origin=origin,
        request=request,
        response=response,
    )


async def _event(
    where: Where,
    context: EdgeContext,
    request: Request,
    response: Response,
    given: dict[str, object] | None,
    judge: Judge,
) -> tuple[dict[str, object], OriginSpec | None, Request]:
    """Return the event, the origin in it, and the request as the dialect has to compare it."""
    if given is not None:
        return given, None, request
    origin = None
    if where.point in {Point.ORIGIN_REQUEST, Point.ORIGIN_RESPONSE}:
        origin = forward.origin_spec(where.behavior.origin)
        via = request.http_version.encode() + b" edgerun.cloudfront.net (CloudFront)"
        request = forward.origin_request(request, where.behavior, where.behavior.origin, via)
    exposed = None
    if where.association.include_body:
        exposed, request = await exposing(request, where.point, judge)
    shown = response if where.point in {Point.ORIGIN_RESPONSE, Point.VIEWER_RESPONSE} else None
    return lambda_edge.build_event(context, request, origin=origin, response=shown, exposed=exposed), origin, request


def rooted(request: Request, distribution: Distribution) -> Request:
    """Return the request with the default root object, which is put in before anything else (§13.9)."""
    root = distribution.default_root_object
    return request.changed(path=b"/" + root.encode()) if request.path == b"/" and root else request
