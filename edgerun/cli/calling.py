"""Calling one function as a distribution would: at which point, with which event, and what its result comes to."""

from collections.abc import Callable
from typing import Final

import click
import orjson

from edgerun.distribution import forward, match
from edgerun.distribution.model import Association, Behavior, Config, Distribution, Point, is_cloudfront
from edgerun.distribution.origins import OriginSpec
from edgerun.distribution.viewer import with_viewer_headers
from edgerun.functions import cloudfront_functions, lambda_edge
from edgerun.functions.cloudfront_functions import Outcome
from edgerun.functions.function import Function
from edgerun.functions.invoker import exposing
from edgerun.functions.lambda_edge import EdgeContext, Judge
from edgerun.functions.process import ProcessRuntime
from edgerun.functions.runtime import FunctionRuntime, OutputLine
from edgerun.http.message import Request, Response
from edgerun.ids import id_maker
from edgerun.values import value

VIEWER_POINTS: Final = (Point.VIEWER_REQUEST, Point.VIEWER_RESPONSE)


class Where:
    """The function, the point it is called at, and what it is associated with."""

    def __init__(
        self, config: Config, function: Function, point: Point, distribution: Distribution, behavior: Behavior
    ) -> None:
        self.config = config
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
        Where(config, function, point, distribution, behavior)
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
    if is_cloudfront(function) and point not in VIEWER_POINTS:
        raise click.UsageError(f"{function.name!r} is a CloudFront Function: it runs at viewer points only")
    for where in found:
        if where.point is point:
            return where
    distribution = config.distributions[0]
    return Where(config, function, point, distribution, distribution.default_behavior)


@value
class Prepared:
    """One call, ready to be made.

    Attributes:
        event: what the function gets; `payload` as JSON.
        origin: the origin in the event, or, for a CloudFront Function, the behavior's.
        request, response: as the function's result is compared with them.
    """

    where: Where
    context: EdgeContext
    event: dict[str, object]
    payload: bytes
    origin: OriginSpec | None
    request: Request
    response: Response

    def result_of(self, payload: bytes) -> tuple[object, dict[str, object]]:
        """Return what the function returned, and what else it did: the origin's helpers that it called.

        Raises:
            FunctionResultError: the payload is not JSON.
        """
        if not self.where.association.of_cloudfront:
            return lambda_edge.parse_payload(payload, orjson.loads), {}
        outcome = cloudfront_functions.parse_payload(payload, orjson.loads)
        return outcome.result, {"origin": list(outcome.calls)} if outcome.calls else {}

    def read(self, payload: bytes, judge: Judge) -> None:
        """Judge what the function returned.

        Raises:
            FunctionResultError: AWS would refuse it.
        """
        if self.where.association.of_cloudfront:
            self._read_cloudfront(cloudfront_functions.parse_payload(payload, orjson.loads), judge)
            return
        result = lambda_edge.parse_payload(payload, orjson.loads)
        if self.where.point in {Point.VIEWER_REQUEST, Point.ORIGIN_REQUEST}:
            lambda_edge.read_request_result(
                self.context, self.event, result, request=self.request, origin=self.origin, judge=judge
            )
        else:
            lambda_edge.read_response_result(self.context, self.event, result, response=self.response, judge=judge)

    def _read_cloudfront(self, outcome: Outcome, judge: Judge) -> None:
        if self.where.point is Point.VIEWER_RESPONSE:
            cloudfront_functions.read_response_result(self.event, outcome, response=self.response, judge=judge)
            return
        assert self.origin is not None
        origins = {name: forward.origin_spec(origin) for name, origin in self.where.config.origins.items()}
        cloudfront_functions.read_request_result(
            self.event, outcome, request=self.request, origin=self.origin, origins=origins, judge=judge
        )


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
    if where.association.of_cloudfront:
        return _cloudfront_event(where, context, request, response, given)
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


def _cloudfront_event(
    where: Where, context: EdgeContext, request: Request, response: Response, given: dict[str, object] | None
) -> tuple[dict[str, object], OriginSpec, Request]:
    """Return the event of a CloudFront Function, which sees the `CloudFront-*` headers that the policies name."""
    request = with_viewer_headers(request, where.behavior, where.config.country, where.config.geo)
    shown = response if where.point is Point.VIEWER_RESPONSE else None
    event = cloudfront_functions.build_event(context, request, response=shown)
    if given is not None:
        event = _completed(given, event)
    return event, forward.origin_spec(where.behavior.origin), request


def _completed(given: dict[str, object], usual: dict[str, object]) -> dict[str, object]:
    """Return a given event with what it leaves out: TestFunction does not want all of it either."""
    completed = {**usual, **given}
    for name in ("request", "response"):
        message, default = completed.get(name), usual.get(name)
        if name in given and not isinstance(message, dict):
            raise click.UsageError(f"--event-file: expected {name} to be an object, as CloudFront Functions get it")
        if isinstance(message, dict) and isinstance(default, dict):
            collections: dict[str, object] = {
                key: {} for key in ("headers", "cookies", "querystring") if key in default
            }
            left_out = {key: held for key, held in default.items() if key != "rawQueryString"} | collections
            completed[name] = {**left_out, **message}
    return completed


def runtime_for(function: Function, on_output: Callable[[OutputLine], None]) -> FunctionRuntime:
    """Return what runs a function."""
    if is_cloudfront(function):
        from edgerun.functions.cloudfront_js import CloudFrontJsRuntime  # noqa: PLC0415  # most calls need none

        return CloudFrontJsRuntime(on_output)
    return ProcessRuntime(on_output, spares=False)


def rooted(request: Request, distribution: Distribution) -> Request:
    """Return the request with the default root object, which is put in before anything else (§13.9)."""
    root = distribution.default_root_object
    return request.changed(path=b"/" + root.encode()) if request.path == b"/" and root else request
