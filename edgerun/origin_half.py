"""The origin half of a request's way: once per key, however many wait (the right column of `pipeline.py`)."""

from collections.abc import Mapping
from typing import Final

from edgerun import answers
from edgerun.cache.caching import Caching
from edgerun.distribution import failover, forward
from edgerun.distribution.choice import OriginChoice
from edgerun.distribution.guard import wants_tunnel
from edgerun.distribution.model import Association, Behavior, Config, Point
from edgerun.distribution.origins import OriginSpec
from edgerun.distribution.relay import without_conditions
from edgerun.errors import OriginConnectError, OriginDnsError, OriginError, OriginPartLength
from edgerun.http.fields import format_date
from edgerun.http.headers import Line
from edgerun.http.message import Request, Response, Tunnel
from edgerun.observe.events import Step
from edgerun.origins.origin import Origin
from edgerun.run import in_asyncio_task
from edgerun.services import Authorities, Services
from edgerun.settle import Exchange, compressed, settle, with_status
from edgerun.teller import Teller
from edgerun.values import changed
from edgerun.visit import Errand, Fetched, Marks

NO_STATUSES: Final[frozenset[int]] = frozenset()


class OriginHalf:
    """forward · origin-request · fetch · origin-response · settle."""

    def __init__(
        self,
        config: Config,
        services: Services,
        tell: Teller,
        marks: Mapping[str, Marks],
        authorities: Authorities,
    ) -> None:
        self._authorities = authorities
        self._invoker = services.invoker
        self._origin_for = services.origin_for
        self._clock = services.clock
        self._tell = tell
        self._marks = marks
        self._origins = config.origins
        self._specs = {name: forward.origin_spec(origin) for name, origin in config.origins.items()}

    def spec_of(self, behavior: Behavior) -> OriginSpec:
        """Return a behavior's origin as functions see it."""
        return self._specs[behavior.origin.name]

    async def run(self, errand: Errand) -> Fetched | Tunnel:
        """Bring what an errand is for: the origin's answer as its functions left it, a stale copy, or an error."""
        caching, began = self._authorities[errand.distribution.id], self._clock()
        choice = self._chosen(errand)
        spare = choice.secondary if choice is not None else None
        if choice is None or spare is None or not failover.may_fail_over(errand.request.method, errand.behavior):
            exchange = await self._attempt(errand, caching, began, choice)
        else:
            exchange = await self._attempt(errand, caching, began, choice, failing=choice.failover)
            if self._fails_over(choice, exchange):
                assert isinstance(exchange, Exchange)
                await exchange.response.body.aclose()
                errand.visit.failover = f"Failover:{exchange.origin_status}"
                exchange = await self._attempt(errand, caching, began, spare)
        if isinstance(exchange, Tunnel):
            return exchange
        fetched = settle(errand, exchange, caching)
        if fetched is None:
            await exchange.response.body.aclose()
            return await self.run(changed(errand, request=without_conditions(errand.request), plain=True))
        fetched = with_status(fetched, exchange)
        if fetched.obtained.response.body is not exchange.response.body:
            await exchange.response.body.aclose()
        fetched = compressed(errand, fetched, caching)
        self._tell.step(errand.visit, Step.SETTLE, fetched.obtained.word, fetched.settled)
        return fetched

    def _chosen(self, errand: Errand) -> OriginChoice | None:
        """Return what is asked instead of the behavior's origin alone: its group, or what viewer-request chose."""
        group, choice = errand.behavior.origin_group, errand.choice
        if group is None:
            return choice
        both = failover.choice_of(group, self._specs)
        return both if choice is None else failover.in_place_of_primary(choice, both)

    async def _attempt(
        self,
        errand: Errand,
        caching: Caching,
        began: float,
        choice: OriginChoice | None,
        failing: frozenset[int] = NO_STATUSES,
    ) -> Exchange | Tunnel:
        """Ask one origin; for a status of `failing` another one will be asked."""
        try:
            return await self._exchange(errand, caching, began, choice, failing)
        except OriginError as error:
            return self._no_answer(errand, caching, began, error)

    def _fails_over(self, choice: OriginChoice, exchange: Exchange | Tunnel) -> bool:
        """Tell whether the first origin of a group did not serve what it was asked for."""
        if isinstance(exchange, Tunnel) or exchange.generated:
            return False
        if exchange.failure is None:
            return exchange.origin_status in choice.failover
        without_connection = self._tell.readings.failover_without_connection
        return not choice.failover.isdisjoint(failover.failing_statuses(exchange.failure, without_connection))

    async def _exchange(
        self, errand: Errand, caching: Caching, began: float, choice: OriginChoice | None, failing: frozenset[int]
    ) -> Exchange | Tunnel:
        behavior = errand.behavior
        spec = self._specs[behavior.origin.name] if choice is None else choice.spec
        request, asked = self._forward(errand, caching, choice)
        origin = self._origin_for(spec)
        if behavior.origin_request or behavior.origin_response or not getattr(origin, "in_any_task", False):
            await in_asyncio_task()
        try:
            await origin.resolve()
        except OriginError as error:
            error.place = spec.domain_name, spec.port
            raise
        if behavior.origin_request is not None:
            made = await self._origin_request(errand, behavior.origin_request, request, spec)
            if isinstance(made, Response):
                now = self._clock()
                return Exchange(response=made, origin_status=made.status, began=began, ended=now, generated=True)
            request, spec = made
            origin = self._origin_for(spec)
        response = await self._fetch(errand, request, spec, origin)
        if isinstance(response, Tunnel):
            return response
        if request.method == "GET" and not caching.may_pass_on(response):
            await response.body.aclose()
            raise OriginPartLength(f"a 206 has {response.body.length} bytes and another Content-Range")
        response = forward.as_received(response)
        status, ended = response.status, self._clock()
        # AWS: origin-response sees only the answer that is used in the end (lambda-at-edge.md §13.6).
        if behavior.origin_response is not None and status not in failing:
            response = await self._origin_response(errand, behavior.origin_response, request, spec, response)
        s3 = spec.kind == "s3"
        return Exchange(response=response, origin_status=status, began=began, ended=ended, asked=asked, s3=s3)

    def _forward(
        self, errand: Errand, caching: Caching, choice: OriginChoice | None
    ) -> tuple[Request, tuple[Line, ...]]:
        behavior, asked = errand.behavior, errand.request
        conditions = () if errand.plain else caching.conditions(errand.stale, errand.others, asked, behavior)
        via = self._marks[errand.distribution.id].via_to_origin(asked.http_version)
        origin = behavior.origin if choice is None else self._origins.get(choice.origin, behavior.origin)
        request = caching.forward(asked, behavior, origin, choice, via, conditions)
        how = "conditional" if conditions else "plain"
        why = errand.visit.failover if choice is not None and choice.secondary is None else ""
        self._tell.step(errand.visit, Step.FORWARD, f"{how}, {why}" if why else how, request)
        return request, conditions

    async def _origin_request(
        self, errand: Errand, association: Association, request: Request, spec: OriginSpec
    ) -> tuple[Request, OriginSpec] | Response:
        visit = errand.visit
        context = visit.comes_to(Point.ORIGIN_REQUEST, errand.distribution)
        result = await self._invoker.on_request(context, association, request, spec, self._tell.judge(context))
        if isinstance(result, Response):
            self._tell.step(visit, Step.ORIGIN_REQUEST, f"answered {result.status}", result)
            return self._tell.made(visit, result)
        self._tell.step(visit, Step.ORIGIN_REQUEST, "went on", result)
        return result.request, result.origin or spec

    async def _fetch(self, errand: Errand, request: Request, spec: OriginSpec, origin: Origin) -> Response | Tunnel:
        visit = errand.visit
        upgrade = errand.request.headers.get(b"upgrade") if wants_tunnel(errand.request) else None
        wire = forward.wire_request(request, spec, visit.id, upgrade=upgrade)
        try:
            response = await origin.fetch(wire, on_interim=visit.on_interim)
        except OriginError as error:
            error.place = spec.domain_name, spec.port
            raise
        status = response.response.status if isinstance(response, Tunnel) else response.status
        self._tell.step(visit, Step.FETCH, f"{spec.domain_name} answered {status}", (wire, response))
        return response

    async def _origin_response(
        self, errand: Errand, association: Association, request: Request, spec: OriginSpec, response: Response
    ) -> Response:
        visit = errand.visit
        context = visit.comes_to(Point.ORIGIN_RESPONSE, errand.distribution)
        judge = self._tell.judge(context)
        try:
            made = await self._invoker.on_response(context, association, request, response, spec, judge)
        except BaseException:
            await response.body.aclose()
            raise
        if made.body is not response.body:
            await response.body.aclose()
        self._tell.step(visit, Step.ORIGIN_RESPONSE, str(made.status), made)
        return made

    def _no_answer(self, errand: Errand, caching: Caching, began: float, error: OriginError) -> Exchange:
        """Turn an origin's failure into the answer CloudFront makes of it, so that it can be cached as one."""
        self._tell.failed(errand.visit, Step.FETCH, error)
        now, row = self._clock(), answers.row_for(error)
        unreachable = isinstance(error, OriginConnectError | OriginDnsError)
        status = caching.failure_status(row.status, unreachable=unreachable)
        response = answers.error_response(error, errand.visit.id, format_date(now), status)
        return Exchange(
            response=response, origin_status=status, began=began, ended=now, detailed=row.detailed, failure=error
        )
