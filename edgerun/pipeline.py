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

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from edgerun import answers
from edgerun.cache.body import HeldBody, SharedBody, fill
from edgerun.cache.collapse import Flight
from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.key import cache_key, may_collapse, passes
from edgerun.cache.parts import list_key
from edgerun.cache.record import OUTCOMES, Decision, Use, Why
from edgerun.cache.shelf import Shelf
from edgerun.cache.tags import cache_tags
from edgerun.cache_status import with_cache_status
from edgerun.distribution import access, forward, headers_policy, match
from edgerun.distribution.guard import guard, https_host
from edgerun.distribution.model import Association, Behavior, Config, Distribution, Point
from edgerun.distribution.viewer import with_viewer_headers
from edgerun.eager import Begun, begun, in_task
from edgerun.errors import EdgeError, NoSuchDistribution, RequestError
from edgerun.http.fields import format_date
from edgerun.http.message import OnInterim, Request, Response, Tunnel
from edgerun.http.partial import for_viewer
from edgerun.observe.events import Step
from edgerun.origin_half import OriginHalf
from edgerun.services import Services
from edgerun.standing import Standing, standing
from edgerun.teller import Teller
from edgerun.values import changed
from edgerun.visit import (
    POP,
    Delivery,
    Errand,
    Fetched,
    Marks,
    Obtained,
    Sought,
    Visit,
    Weighed,
    completed,
    from_entry,
    signed,
)

T = TypeVar("T")
Onward = Callable[[Visit, Request, Distribution, Behavior], Awaitable[T]]


class Pipeline:
    """Both halves of a request's way. It knows the order and nothing else: whom it asks is handed in."""

    def __init__(self, config: Config, services: Services) -> None:
        self._config = config
        self._store = services.store
        self._tag_headers = config.store.tag_headers
        self._caching = services.caching
        self._invoker = services.invoker
        self._clock = services.clock
        self._make_id = services.make_id
        self._emit = services.emit
        self._shelf = Shelf(services.store)
        self._flights = services.flights
        self._marks = {distribution.id: Marks(distribution.id) for distribution in config.distributions}
        self._unknown = Marks("")
        self._watched = services.watched
        self._https_port = services.https_port
        self._verify = services.verify
        self._tell = Teller(config.strictness, services.clock, services.emit, watched=services.watched)
        self._origin_half = OriginHalf(config, services, self._tell, self._marks)

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

    async def weigh(self, request: Request, *, run: bool = False) -> Weighed:
        """Take a request's steps up to the look-up and no further; viewer-request runs only if it shall."""
        visit = Visit(self._make_id(), request, self._clock())
        try:
            found = await self._viewer_half(visit, self._seek, run=run)
        except EdgeError as error:
            return Weighed(visit=visit, error=error)
        sought = found if isinstance(found, Sought) else None
        return Weighed(visit=visit, sought=sought, answered=None if isinstance(found, Sought) else found)

    def weigh_stored(self, entry: Entry, now: float) -> Decision:
        """Tell what a stored object is good for, to a request that asks nothing special of the cache."""
        use, why = self._caching.look(entry, None, now)
        return Decision(use, why, now, entry.key, entry, None, self._caching)

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
        if isinstance(obtained, Tunnel):
            return self._join(visit, obtained)
        try:
            obtained = await self._error_page(visit, obtained)
            obtained = self._headers_policy(visit, obtained)
            obtained = await self._viewer_response(visit, obtained)
            obtained = self._conditionals(visit, obtained)
        except BaseException:  # the viewer left
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
        if distribution is None or not distribution.enabled:
            raise NoSuchDistribution(f"no distribution answers {request.headers.get(b'host')!r}")
        if request.path == b"/" and distribution.default_root_object:
            visit.seen = request.changed(path=b"/" + distribution.default_root_object.encode())
        behavior = match.behavior_for(visit.seen.path, distribution)
        visit.distribution, visit.behavior = distribution, behavior
        self._tell.step(visit, Step.ROUTE, behavior.path_pattern, behavior)
        return distribution, behavior

    def _guard(self, visit: Visit, distribution: Distribution, behavior: Behavior) -> Obtained | None:
        request = visit.request
        if distribution.geo_restriction is not None:
            country = self._config.country or self._config.geo(request.client[0]).country
            access.check_country(country, distribution.geo_restriction)
        to_https = guard(request, behavior)
        if behavior.trusted_key_groups and not to_https:
            granted = access.check_signature(request, behavior.trusted_key_groups, self._verify, visit.started)
            visit.seen = visit.seen.changed(query=granted.query)
        self._tell.step(visit, Step.GUARD, "sent to HTTPS" if to_https else "allowed")
        if not to_https:
            if behavior.of_cloudfront:
                # AWS: CloudFront Functions see CloudFront-* headers, Lambda@Edge does not (cloudfront.md §0, step 12).
                visit.seen = self._with_viewer_headers(visit, visit.seen, behavior)
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
        result = await self._invoker.on_request(
            context, association, visit.seen, origin, self._tell.judge(context), partial(self._tell.ran, visit)
        )
        if isinstance(result, Response):
            self._tell.step(visit, Step.VIEWER_REQUEST, f"answered {result.status}", result)
            word = "FunctionGeneratedResponse" if light else "LambdaGeneratedResponse"
            # AWS: no error page for what a CloudFront Function answers itself (cloudfront-functions.md §6).
            return Obtained(response=self._tell.made(visit, result), word=word, final=True, error_page=not light)
        self._tell.step(visit, Step.VIEWER_REQUEST, "went on", result)
        visit.seen, visit.choice = result.request, result.choice
        return None

    async def _seek(self, visit: Visit, request: Request, distribution: Distribution, behavior: Behavior) -> Sought:
        """Look up, and say what was found: for viewers, for error pages, and for those who only ask."""
        if request is not visit.seen or not behavior.of_cloudfront:
            request = self._with_viewer_headers(visit, request, behavior)
        why_not = passes(request, behavior)
        if why_not is not None:
            decision = Decision(Use.PASS, why_not, visit.started)
            self._tell.step(visit, Step.LOOK_UP, "pass", decision)
            return Sought(request, decision)
        key = cache_key(request, behavior.cache_policy, distribution.id)
        self._tell.step(visit, Step.KEY, "made", key)
        decision = await self._look_up(key, visit.started)
        if request.method == "HEAD" and not decision.hit:
            # A mere head has a place of its own, so that it can never stand for a whole object.
            key = key._replace(method="HEAD")
            head = await self._look_up(key, visit.started)
            decision = head if head.hit or decision.entry is None else decision
        elif b"range" in request.headers and not decision.hit:
            part = await self._part(visit, request, list_key(key))
            if isinstance(part, Obtained):
                assert part.decision is not None
                self._tell.step(visit, Step.LOOK_UP, "part", part.decision)
                return Sought(request, part.decision, key, part)
            decision = part if part is not None and decision.entry is None else decision
        self._tell.step(visit, Step.LOOK_UP, OUTCOMES[decision.use], decision)
        return Sought(request, decision, key)

    async def _obtain(
        self, visit: Visit, request: Request, distribution: Distribution, behavior: Behavior
    ) -> Obtained | Tunnel:
        """Look up and, if need be, fetch: what viewers and error pages both go through."""
        own = request is visit.seen  # else it is for an error page
        sought, decision, key, part = await self._seek(visit, request, distribution, behavior)
        if part is not None:
            return part
        entry, choice = decision.entry, visit.choice if own else None
        if entry is not None and decision.use is Use.HIT:
            stands = sought is visit.seen and not behavior.of_cloudfront
            return from_entry(entry, entry.age(visit.started), decision, standing=stands)
        errand = Errand(visit, sought, distribution, behavior, key=key, stale=entry, decision=decision, choice=choice)
        if key is None:
            await in_task()
            fetched = await self._origin_half.run(errand)
            if isinstance(fetched, Tunnel):
                return fetched
            return fetched.obtained.changed(decision=decision, settled=fetched.settled)
        if entry is None or not decision.hit:
            return await self._collapsed(errand)
        if decision.use is Use.REFRESH and key not in self._flights:
            self._flights.behind(key, partial(self._lead, errand))
        return from_entry(entry, entry.age(visit.started), decision)

    async def _part(self, visit: Visit, request: Request, key: CacheKey) -> Obtained | Decision | None:
        """Answer a range from the parts that are kept of an object, or say that it is not within them."""
        decision = await self._look_up(key, visit.started)
        listed = decision.entry
        if listed is None or not decision.hit or request.method != "GET":
            return None
        response = await self._shelf.cut(listed, request, visit.id)
        if response is None:
            return Decision(Use.FETCH, Why.PARTIAL, visit.started, key)
        return from_entry(listed, listed.age(visit.started), decision).changed(response=response)

    def _with_viewer_headers(self, visit: Visit, request: Request, behavior: Behavior) -> Request:
        return with_viewer_headers(request, behavior, self._config.country, self._config.geo, visit)

    async def _look_up(self, key: CacheKey, now: float) -> Decision:
        entry = self._store.peek(key) or await self._store.fetch(key)
        if entry is None:
            return Decision(Use.FETCH, Why.NOTHING_STORED, now, key)
        return self.weigh_stored(entry, now)

    async def _collapsed(self, errand: Errand) -> Obtained:
        """Fetch, or wait for whoever does so already; what cannot be shared is fetched by each, in parallel."""
        assert errand.key is not None
        lead = partial(self._lead, errand)
        together = may_collapse(errand.request, errand.behavior)
        fetch = self._flights.share if together else self._flights.alone
        fetched, flight = await fetch(errand.key, lead)
        first = flight.claim()
        collapsed = None if first else fetched.shareable
        if collapsed is False:
            flight.leave()
            fetched, flight = await self._flights.alone(errand.key, lead)
            first = flight.claim()
        obtained = (
            fetched.obtained if first or fetched.entry is None else from_entry(fetched.entry, fetched.obtained.age or 0)
        )
        response = obtained.response.changed(body=HeldBody(obtained.response.body, flight.leave))
        told = fetched.settled
        return obtained.changed(response=response, decision=errand.decision, settled=told, collapsed=collapsed)

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
        return obtained.changed(response=response, age=page.age, final=True, from_store=False)

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
        if not obtained.from_store:
            return obtained
        response = for_viewer(visit.seen, obtained.response, visit.id)
        self._tell.step(visit, Step.CONDITIONALS, str(response.status), response)
        return obtained if response is obtained.response else obtained.changed(response=response)

    def _deliver(self, visit: Visit, obtained: Obtained) -> Delivery:
        marks = self._marks[visit.distribution.id] if visit.distribution else self._unknown
        headers = marks.fixed(obtained)
        if visit.distribution and visit.distribution.cache_status:
            headers = with_cache_status(headers, visit.distribution, obtained)
        response = signed(obtained.response, headers, visit.id, obtained.age)
        if visit.request.same is not None and not self._watched:
            visit.request.same.answer = standing(self, visit, obtained, headers)
        self._tell.step(visit, Step.DELIVER, f"{response.status} {obtained.word}", response)
        return Delivery(response, visit, obtained, self._clock, self._emit)

    def _again(self, request: Request, answer: Standing | None) -> Delivery | None:
        """Give the same bytes the same answer, if it still stands: the object is there, fresh, and of this revision."""
        if answer is None or answer.owner is not self:
            return None
        now = self._clock()
        if self._store.peek(answer.key) is not answer.entry:
            return None
        if self._caching.look(answer.entry, answer.wish, now)[0] is not Use.HIT:
            return None
        visit = answer.visit_of(self._make_id(), request, now)
        response = signed(answer.obtained.response, answer.headers, visit.id, answer.entry.age(now))
        return Delivery(response, visit, answer.obtained, self._clock, self._emit)

    def _join(self, visit: Visit, tunnel: Tunnel) -> Delivery:
        self._tell.step(visit, Step.DELIVER, "101 Miss", tunnel)
        obtained = Obtained(response=tunnel.response, word="Miss")
        return Delivery(tunnel.response, visit, obtained, self._clock, self._emit, tunnel)

    async def _lead(self, errand: Errand, flight: Flight[Fetched]) -> None:
        """Run the origin half for everybody who waits for a key, and store what it brings."""
        assert errand.key is not None
        generation = self._store.generation
        fetched = await self._origin_half.run(errand)
        assert isinstance(fetched, Fetched)
        if not fetched.shareable:
            self._flights.land(errand.key, flight)
        source, shared = fetched.obtained.response.body, None
        if fetched.entry is None:
            flight.discard = source.aclose
            if errand.replaces_stale(fetched.obtained.response.status):
                self._store.discard(errand.key)
        elif source.data is None and fetched.is_new(errand.stale):
            shared = SharedBody(length=source.length)
            fetched = fetched.with_body(shared)
        flight.outcome.set_result(fetched)
        if fetched.entry is not None and (shared is None or await fill(shared, source)):
            tags = cache_tags(fetched.entry.headers, self._tag_headers)
            entry = changed(completed(fetched.entry), generation=generation, tags=tags)
            keep = self._shelf.keep_part if entry.status == 206 else self._shelf.keep_whole
            kept = await keep(entry, generation)
            self._tell.step(errand.visit, Step.STORE, f"kept for {entry.lifetime:g} s" if kept else "refused", entry)
