"""The way of a request through the edge, top to bottom.

    viewer ─▶ VIEWER HALF, once per viewer                 ORIGIN HALF, once per key, however many wait
              route ............ host, path → behavior      forward .......... policies → origin's request
              guard ............ may this be asked          origin-request ... function; may answer itself
              viewer-request ... function; may answer       fetch ............ the origin
              key .............. what makes two alike       origin-response .. function; whatever the status
              look up .......... fresh, stale, expired ───▶ settle ........... 304, failure, how long to keep
                                                       ◀─── store ............ once the last byte is here
              error page ....... another page instead
              headers policy ... added to every answer
              viewer-response .. function
              conditionals and range
              deliver ─▶ viewer

`begin` runs this as plain code until something has to wait, so that a hit without viewer functions is
answered in the caller's own turn. Look-up and origin half together are `obtain`, which error pages use
too. The order is that of `spec/cloudfront.md` §0; where a function runs, `spec/lambda-at-edge.md` §1.
"""

from asyncio import CancelledError
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from edgerun import answers
from edgerun.asking import Asking, Pending, Resume
from edgerun.cache.authority import CLOUDFRONT
from edgerun.cache.entry import Entry
from edgerun.cache.record import Decision, Use
from edgerun.cache_status import with_cache_status
from edgerun.distribution import access, forward, headers_policy, match
from edgerun.distribution.guard import https_host
from edgerun.distribution.model import Association, Behavior, Config, Distribution, Point
from edgerun.distribution.viewer import with_viewer_headers
from edgerun.eager import Begun, begun
from edgerun.errors import EdgeError, NoSuchDistribution, RequestError
from edgerun.functions.question import Question
from edgerun.functions.runtime import Ending, Invocation
from edgerun.http.fields import format_date
from edgerun.http.message import OnInterim, Request, Response, SameHead, Tunnel
from edgerun.http.partial import for_viewer
from edgerun.observe.events import Step
from edgerun.obtain import Obtain
from edgerun.origin_half import OriginHalf
from edgerun.services import Services
from edgerun.standing import Standing, standing
from edgerun.teller import Teller
from edgerun.visit import POP, Asked, Delivery, Marks, Obtained, Sought, Visit, Weighed, signed

T = TypeVar("T")
Onward = Callable[[Visit, Request, Distribution, Behavior], Awaitable[T]]


class Pipeline:
    """Both halves of a request's way. It knows the order and nothing else: whom it asks is handed in."""

    def __init__(self, config: Config, services: Services) -> None:
        self._config = config
        self._store = services.store
        self._authorities = {one.id: services.caching(one) for one in config.distributions}
        self._invoker = services.invoker
        self._clock = services.clock
        self._make_id = services.make_id
        self._emit = services.emit
        self._marks = {distribution.id: Marks(distribution.id) for distribution in config.distributions}
        self._unknown = Marks("")
        self._watched = services.watched
        self._https_port = services.https_port
        self._verify = services.verify
        self._tell = Teller(config.strictness, services.clock, services.emit, watched=services.watched)
        self._origin_half = OriginHalf(config, services, self._tell, self._marks, self._authorities)
        self._obtain = Obtain(config, services, self._tell, self._origin_half, self._authorities)

    def begin(self, request: Request, on_interim: OnInterim | None = None) -> Begun:
        """Take a viewer's request: the one entrance, for every door.

        Args:
            request: its head is complete; its body may still be arriving.
            on_interim: called with each 1xx answer of the origin that the viewer may see.

        Returns:
            The answer if nothing had to wait, else a coroutine for the rest, to be run in a task. Cancelling
            that task gives up only what no other viewer needs.
        """
        if request.same is not None:
            delivery = self._again(request, request.same.answer)
            if delivery is not None:
                return delivery
        return begun(self._answer(Visit(self._make_id(), request, self._clock(), on_interim)))

    def ask(self, request: Request, resume: Resume, on_interim: OnInterim | None = None) -> Pending | None:
        """Ask the viewer-request function of a request whose bytes came before, without a task.

        Args:
            request: as for `begin`.
            resume: gets what `begin` would have returned, once the function has answered.
            on_interim: as for `begin`.

        Returns:
            The request as it waits; None when it has to `begin` as any other.
        """
        asking: Asking | None = request.same.asking if request.same is not None else None
        if asking is None or asking.owner is not self:
            return None
        pending = Pending(asking, request, self._make_id(), self._clock(), resume, self._left, on_interim)
        event = asking.question.event(pending.id, request.client[0])
        heard = partial(self._heard, pending)
        forget = self._invoker.begin(asking.association, event, label=pending.id, heard=heard)
        if not pending.over:
            pending.forget = forget
        return None if forget is None else pending

    async def weigh(self, request: Request, *, run: bool = False) -> Weighed:
        """Take a request's steps up to the look-up and no further; viewer-request runs only if it shall."""
        visit = Visit(self._make_id(), request, self._clock())
        try:
            found = await self._viewer_half(visit, self._obtain.seek, run=run)
        except EdgeError as error:
            return Weighed(visit=visit, error=error)
        sought = found if isinstance(found, Sought) else None
        return Weighed(visit=visit, sought=sought, answered=None if isinstance(found, Sought) else found)

    def weigh_stored(self, entry: Entry, now: float) -> Decision:
        """Tell what a stored object is good for, to a request that asks nothing special of the cache."""
        caching = self._authorities.get(entry.key.distribution) or CLOUDFRONT
        return Decision(*caching.look(entry, None, now), now, entry.key, entry, None, caching)

    def refuse(self, error: RequestError, request: Request) -> Delivery:
        """Return the answer to what a door could not take as a request."""
        visit = Visit(self._make_id(), request, self._clock())
        return self._deliver(visit, self._tell.refused(visit, Step.GUARD, error))

    # ------------------------------------------------------------------------------ viewer half

    async def _answer(self, visit: Visit) -> Delivery:
        try:
            obtained = await self._viewer_half(visit, self._obtain)
        except EdgeError as error:
            obtained = self._tell.refused(visit, Step.GUARD, error)
        except CancelledError:
            self._tell.left(visit)
            raise
        if isinstance(obtained, Tunnel):
            return self._join(visit, obtained)
        try:
            obtained = await self._error_page(visit, obtained)
            obtained = self._headers_policy(visit, obtained)
            obtained = await self._viewer_response(visit, obtained)
            obtained = self._conditionals(visit, obtained)
        except BaseException as error:
            if isinstance(error, CancelledError):
                self._tell.left(visit)
            await obtained.response.body.aclose()
            raise
        return self._deliver(visit, obtained)

    async def _viewer_half(self, visit: Visit, onward: Onward[T], *, run: bool = True) -> Obtained | T:
        distribution, behavior = self._route(visit)
        early = self._guard(visit, distribution, behavior)
        if early is None and behavior.viewer_request is not None and run:
            early = await self._viewer_request(visit, distribution, behavior, behavior.viewer_request)
        return early or await onward(visit, visit.seen, distribution, behavior)

    def _route(self, visit: Visit) -> tuple[Distribution, Behavior]:
        request = visit.request
        distribution = match.distribution_for(request.headers.get(b"host"), self._config.distributions)
        if distribution is None:
            host = (request.headers.get(b"host") or b"").decode("latin-1")
            raise NoSuchDistribution(f"no distribution answers {host!r}: it is no alias, and none is without")
        if not distribution.enabled:
            raise NoSuchDistribution(f"distribution {distribution.name!r} is disabled: enabled = false")
        if request.path == b"/" and distribution.default_root_object:
            visit.seen = request.changed(path=match.root_object(distribution))
        behavior = match.behavior_for(visit.seen.path, distribution)
        visit.distribution, visit.behavior = distribution, behavior
        self._tell.step(visit, Step.ROUTE, behavior.path_pattern, behavior)
        return distribution, behavior

    def _guard(self, visit: Visit, distribution: Distribution, behavior: Behavior) -> Obtained | None:
        request = visit.request
        if distribution.geo_restriction is not None:
            country = self._config.country or self._config.geo(request.client[0]).country
            access.check_country(country, distribution.geo_restriction)
        to_https = self._authorities[distribution.id].guard(request, behavior)
        if behavior.trusted_key_groups and not to_https:
            granted = access.check_signature(request, behavior.trusted_key_groups, self._verify, visit.started)
            visit.seen = visit.seen.changed(query=granted.query)
        self._tell.step(visit, Step.GUARD, "sent to HTTPS" if to_https else "allowed")
        if not to_https:
            if behavior.of_cloudfront:
                # AWS: CloudFront Functions see CloudFront-* headers, Lambda@Edge does not (cloudfront.md §0, step 12).
                visit.seen = with_viewer_headers(visit.seen, behavior, self._config.country, self._config.geo, visit)
            return None
        host = https_host(request.headers.get(b"host") or b"", self._https_port)
        response = answers.https_redirect(request.method, host, request.target, format_date(visit.started))
        return Obtained(response=response, word="Redirect", final=True, error_page=False)

    async def _viewer_request(
        self, visit: Visit, distribution: Distribution, behavior: Behavior, association: Association
    ) -> Obtained | None:
        context = visit.comes_to(Point.VIEWER_REQUEST, distribution)
        light = association.of_cloudfront
        origin = self._origin_half.spec_of(behavior) if light else None
        asked = visit.asked = Asked(visit.seen, None if visit.asked is None else visit.asked.outcome)
        judge, given = self._tell.judge(context, asked), asked.outcome
        result = await self._invoker.on_request(
            context, association, visit.seen, origin, judge, partial(self._ran, visit, asked), given
        )
        if isinstance(result, Response):
            self._tell.step(visit, Step.VIEWER_REQUEST, f"answered {result.status}", result)
            word = "FunctionGeneratedResponse" if light else "LambdaGeneratedResponse"
            # AWS: no error page for what a CloudFront Function answers itself (cloudfront-functions.md §6).
            return Obtained(response=self._tell.made(visit, result), word=word, final=True, error_page=not light)
        self._tell.step(visit, Step.VIEWER_REQUEST, "went on", result)
        visit.seen, visit.choice = result.request, result.choice
        return None

    def _ran(self, visit: Visit, asked: Asked, invocation: Invocation) -> None:
        asked.outcome = invocation
        self._tell.ran(visit, invocation)

    async def _error_page(self, visit: Visit, obtained: Obtained) -> Obtained:
        distribution, status = visit.distribution, obtained.response.status
        custom = distribution.error_responses.get(status) if distribution else None
        if distribution is None or custom is None or not custom.response_page_path or not obtained.error_page:
            return obtained
        request = forward.page_request(visit.seen, custom.response_page_path)
        try:
            page = await self._obtain(visit, request, distribution, match.behavior_for(request.path, distribution))
        except EdgeError as error:
            page = self._tell.refused(visit, Step.ERROR_PAGE, error)
        assert isinstance(page, Obtained)
        await obtained.response.body.aclose()
        response = answers.page_instead(page.response, status, custom.response_code)
        self._tell.step(visit, Step.ERROR_PAGE, f"{custom.response_page_path} as {response.status}", response)
        return obtained.changed(response=response, age=page.age, final=True, stored=None)

    def _headers_policy(self, visit: Visit, obtained: Obtained) -> Obtained:
        policy = visit.behavior.response_headers_policy if visit.behavior and obtained.word != "Redirect" else None
        self._tell.step(visit, Step.HEADERS_POLICY, policy.name if policy else "none")
        return obtained if policy is None else headers_policy.on(obtained, policy, visit, pop=POP, now=self._clock())

    async def _viewer_response(self, visit: Visit, obtained: Obtained) -> Obtained:
        distribution, behavior = visit.distribution, visit.behavior
        association = behavior.viewer_response if behavior else None
        status = obtained.status_of(self._tell.readings.viewer_response_by_status)
        if distribution is None or association is None or obtained.final or status >= 400:
            return obtained
        response, age = obtained.response, obtained.age
        if age is not None:
            response = response.changed(headers=response.headers.plus((b"Age", b"%d" % age)))
        context = visit.comes_to(Point.VIEWER_RESPONSE, distribution)
        judge = self._tell.judge(context)
        try:
            changed = await self._invoker.on_response(
                context, association, visit.seen, response, None, judge, partial(self._tell.ran, visit)
            )
        except EdgeError as error:
            await response.body.aclose()
            page = await self._error_page(visit, self._tell.refused(visit, Step.VIEWER_RESPONSE, error))
            return self._headers_policy(visit, page)
        if changed.body is not response.body:
            await response.body.aclose()
        self._tell.step(visit, Step.VIEWER_RESPONSE, "ran", changed)
        return obtained.changed(response=changed, age=None)

    def _conditionals(self, visit: Visit, obtained: Obtained) -> Obtained:
        if obtained.stored is None:
            return obtained
        response = for_viewer(visit.seen, obtained.response, visit.id, obtained.stored)
        self._tell.step(visit, Step.CONDITIONALS, str(response.status), response)
        return obtained if response is obtained.response else obtained.changed(response=response)

    def _deliver(self, visit: Visit, obtained: Obtained) -> Delivery:
        marks = self._marks[visit.distribution.id] if visit.distribution else self._unknown
        headers = marks.fixed(obtained)
        if visit.distribution and visit.distribution.cache_status:
            headers = with_cache_status(headers, visit.distribution, obtained)
        response = signed(obtained.response, headers, visit.id, obtained.age)
        if visit.request.same is not None and not self._watched:
            self._keep(visit.request.same, visit, standing(self, visit, obtained, headers))
        self._tell.step(visit, Step.DELIVER, f"{response.status} {obtained.word}", response)
        return Delivery(response, visit, obtained, self._clock, self._emit)

    def _keep(self, same: SameHead, visit: Visit, answer: Standing | None) -> None:
        """Keep an answer that stands for those who send the same bytes; after a function, for the same result too."""
        asked, distribution, behavior = visit.asked, visit.distribution, visit.behavior
        if asked is None or answer is None or distribution is None or behavior is None:
            same.answer = answer if asked is None else None
            return
        association = behavior.viewer_request
        if association is None or association.of_cloudfront or association.include_body or asked.remarked:
            return
        asking: Asking | None = same.asking
        if asking is None or asking.owner is not self:
            context = visit.context(Point.VIEWER_REQUEST, distribution)
            asking = same.asking = Asking(self, association, Question(context, asked.shown), distribution, behavior)
        if isinstance(asked.outcome, Invocation):
            asking.learn(visit.request.client[0], asked.outcome.payload, answer)

    def _again(self, request: Request, answer: Standing | None) -> Delivery | None:
        """Give the same bytes the same answer, if it still stands."""
        if answer is None or answer.owner is not self:
            return None
        now = self._clock()
        return self._given_again(request, answer, self._make_id(), now) if self._stands(answer, now) else None

    def _stands(self, answer: Standing, now: float) -> bool:
        """Whether the object is there, fresh, and of this revision."""
        if self._store.peek(answer.key) is not answer.entry:
            return False
        caching = self._authorities[answer.distribution.id]
        return caching.look(answer.entry, answer.wish, now)[0] is Use.HIT

    def _given_again(self, request: Request, answer: Standing, request_id: str, now: float) -> Delivery:
        visit = answer.visit_of(request_id, request, now)
        response = signed(answer.obtained.response, answer.headers, visit.id, answer.entry.age(now))
        return Delivery(response, visit, answer.obtained, self._clock, self._emit)

    def _heard(self, pending: Pending, outcome: Ending) -> None:
        """Go on with what the function answered: as before, if that stands, else step by step."""
        request, pending.over, pending.forget = pending.request, True, None
        if isinstance(outcome, Invocation):
            answer = pending.asking.answers.get((request.client[0], outcome.payload))
            if answer is not None and self._stands(answer, pending.started):
                pending.resume(self._given_again(request, answer, pending.id, pending.started))
                return
        pending.resume(begun(self._answer(self._visit_of(pending, outcome))))

    def _left(self, pending: Pending) -> None:
        visit = self._visit_of(pending)
        visit.distribution, visit.behavior = pending.asking.distribution, pending.asking.behavior
        visit.ran.append(Point.VIEWER_REQUEST)
        self._tell.left(visit)

    @staticmethod
    def _visit_of(pending: Pending, outcome: Ending | None = None) -> Visit:
        visit = Visit(pending.id, pending.request, pending.started, pending.on_interim)
        visit.asked = Asked(pending.request, outcome)
        return visit

    def _join(self, visit: Visit, tunnel: Tunnel) -> Delivery:
        self._tell.step(visit, Step.DELIVER, "101 Miss", tunnel)
        obtained = Obtained(response=tunnel.response, word="Miss")
        return Delivery(tunnel.response, visit, obtained, self._clock, self._emit, tunnel)
