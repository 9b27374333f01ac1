"""Functions at the four points: the dialect's event in, the runtime's result out, judged by the dialect."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from typing import Final

import orjson

from edgerun.distribution.model import Association, Point
from edgerun.distribution.origins import OriginSpec
from edgerun.errors import FunctionError
from edgerun.functions import cloudfront_functions, lambda_edge
from edgerun.functions.cloudfront_functions import Outcome
from edgerun.functions.counted import Counted
from edgerun.functions.lambda_edge import ChangedRequest, EdgeContext, ExposedBody, Judge
from edgerun.functions.limits import EXPOSED_BODY
from edgerun.functions.runtime import Ending, Forget, FunctionRuntime, Invocation, PromptRuntime
from edgerun.functions.told import Tell, told
from edgerun.http.message import Body, BytesBody, Request, Response, StreamBody
from edgerun.observe.events import Called
from edgerun.values import FrozenMap

NO_ORIGINS: Final[FrozenMap[str, OriginSpec]] = FrozenMap({})
OnRun = Callable[[Invocation], None]


def _untold(_: Invocation) -> None:
    """Tell nobody of a run."""


class Invoker:
    """Runs the function of an association and reads what it returned, in the dialect of its runtime.

    `origins` are those that a CloudFront Function may select, by name. `tell` hears of every call, as a step that is
    waited for; `count` does too, without any call being made another way for it.
    """

    def __init__(
        self,
        runtime: FunctionRuntime,
        origins: Mapping[str, OriginSpec] = NO_ORIGINS,
        tell: Tell | None = None,
        count: Counted | None = None,
    ) -> None:
        self._runtime = runtime
        self._origins = origins
        self._tell = tell if tell is not None or count is None else count.tell
        self._count = count
        self._begin = runtime.begin if isinstance(runtime, PromptRuntime) and tell is None else None

    def begin(
        self, association: Association, event: bytes, *, label: str, heard: Callable[[Ending], None]
    ) -> Forget | None:
        """Have a function run on an event that is ready, without waiting; see `PromptRuntime`.

        What comes of it is for `on_request` to read, as `given`.
        """
        if self._begin is None:
            return None
        if self._count is not None:
            heard = self._count.hearing(association.function.name, event, label, heard)
        return self._begin(association.function, event, label=label, heard=heard)

    async def on_request(
        self,
        context: EdgeContext,
        association: Association,
        request: Request,
        origin: OriginSpec | None,
        judge: Judge,
        ran: OnRun = _untold,
        given: Ending | None = None,
    ) -> ChangedRequest | Response:
        """Run a viewer-request or origin-request function.

        Args:
            context: where it runs.
            association: which one.
            request: as it stands.
            origin: the behavior's; at viewer-request only CloudFront Functions ask for it.
            judge: decides what is forgiven.
            ran: told of a run that came to its end.
            given: what came of the call, if it was made already, by `begin`.

        Returns:
            The request to go on with, or the response the function made.

        Raises:
            FunctionError: it failed, or what it returned breaks a rule; `function` names it.
        """
        try:
            if association.of_cloudfront:
                assert origin is not None
                event = cloudfront_functions.build_event(context, request)
                outcome = await self._outcome(context, association, event, ran)
                return cloudfront_functions.read_request_result(
                    event, outcome, request=request, origin=origin, origins=self._origins, judge=judge
                )
            exposed = None
            if association.include_body:
                exposed, request = await exposing(request, context.point, judge)
            event = lambda_edge.build_event(context, request, origin=origin, exposed=exposed)
            result = await self._result(context, association, event, ran, given)
            return lambda_edge.read_request_result(context, event, result, request=request, origin=origin, judge=judge)
        except FunctionError as error:
            raise named(error, association) from None

    async def on_response(
        self,
        context: EdgeContext,
        association: Association,
        request: Request,
        response: Response,
        origin: OriginSpec | None,
        judge: Judge,
        ran: OnRun = _untold,
    ) -> Response:
        """Run an origin-response or viewer-response function on a response.

        Raises:
            FunctionError: as in `on_request`.
        """
        try:
            if association.of_cloudfront:
                event = cloudfront_functions.build_event(context, request, response=response)
                outcome = await self._outcome(context, association, event, ran)
                return cloudfront_functions.read_response_result(event, outcome, response=response, judge=judge)
            event = lambda_edge.build_event(context, request, origin=origin, response=response)
            result = await self._result(context, association, event, ran)
            return lambda_edge.read_response_result(context, event, result, response=response, judge=judge)
        except FunctionError as error:
            raise named(error, association) from None

    async def _outcome(
        self, context: EdgeContext, association: Association, event: dict[str, object], ran: OnRun
    ) -> Outcome:
        payload = await self._run(context, association, event, ran)
        return cloudfront_functions.parse_payload(payload, orjson.loads)

    async def _result(
        self,
        context: EdgeContext,
        association: Association,
        event: dict[str, object],
        ran: OnRun,
        given: Ending | None = None,
    ) -> object:
        if isinstance(given, FunctionError):
            raise given
        if given is not None:
            ran(given)
            return lambda_edge.parse_payload(given.payload, orjson.loads)
        return lambda_edge.parse_payload(await self._run(context, association, event, ran), orjson.loads)

    async def _run(self, context: EdgeContext, association: Association, event: dict[str, object], ran: OnRun) -> bytes:
        sent = orjson.dumps(event)
        if self._tell is None:
            invocation = await self._runtime.invoke(association.function, sent, label=context.request_id)
        else:
            call = Called(
                request_id=context.request_id, point=context.point, function=association.function.name, event=sent
            )
            invocation = await told(self._runtime, association.function, call, self._tell)
        ran(invocation)
        return invocation.payload

    async def aclose(self) -> None:
        """End every environment."""
        await self._runtime.aclose()


def named(error: FunctionError, association: Association) -> FunctionError:
    """Put the configured function's name on an error, and whose kind of function it is."""
    error.function = association.function.name
    error.of_cloudfront = association.of_cloudfront
    return error


POINTS: Final = tuple(Point)


async def exposing(request: Request, point: Point, judge: Judge) -> tuple[ExposedBody | None, Request]:
    """Return what a function with Include Body sees of a request's body, and the request with its body whole.

    What it sees of none is open (§13.8): an empty body, or nothing.
    """
    exposed, body = await expose(request.body, EXPOSED_BODY[point])
    absent = not exposed.data and judge.readings.body_of_none == "absent"
    return None if absent else exposed, lambda_edge.with_body(request, body)


async def expose(body: Body, limit: int) -> tuple[ExposedBody, Body]:
    """Return what a function may see of a request body, and the body whole again.

    Args:
        body: as it arrives.
        limit: bytes that are shown; the rest passes by unseen.
    """
    if body.data is not None:
        return ExposedBody(data=body.data[:limit], truncated=len(body.data) > limit), body
    chunks = body.stream()
    seen = bytearray()
    async for chunk in chunks:
        seen += chunk
        if len(seen) > limit:
            whole = StreamBody(_rejoined(bytes(seen), chunks), length=body.length)
            return ExposedBody(data=bytes(seen[:limit]), truncated=True), whole
    return ExposedBody(data=bytes(seen), truncated=False), BytesBody(bytes(seen))


async def _rejoined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    yield first
    async for chunk in rest:
        yield chunk
