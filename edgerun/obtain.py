"""Look-up and origin half together: how viewers and error pages come by an answer, fetched once for all who wait."""

from functools import partial
from typing import Any

from edgerun.cache.body import HeldBody, SharedBody, fill
from edgerun.cache.caching import Caching
from edgerun.cache.collapse import Flight
from edgerun.cache.entry import CacheKey, Entry
from edgerun.cache.parts import list_key
from edgerun.cache.record import OUTCOMES, Decision, Use, Why
from edgerun.cache.shelf import Shelf
from edgerun.cache.tags import cache_tags
from edgerun.cache.variant_shelf import VariantShelf
from edgerun.cache.variants import is_index, selects, sets, sibling, variant_key, variants
from edgerun.distribution.model import Behavior, Config, Distribution
from edgerun.distribution.relay import without_conditions
from edgerun.distribution.viewer import with_viewer_headers
from edgerun.errors import NothingStored
from edgerun.http.message import Request, Tunnel
from edgerun.observe.events import Step
from edgerun.origin_half import OriginHalf
from edgerun.run import in_task
from edgerun.services import Authorities, Services
from edgerun.teller import Teller
from edgerun.values import changed
from edgerun.visit import Errand, Fetched, Obtained, Sought, Visit, completed, from_entry


class Obtain:
    """key · look up · origin half · store."""

    def __init__(
        self, config: Config, services: Services, tell: Teller, origin_half: OriginHalf, authorities: Authorities
    ) -> None:
        self._config = config
        self._tag_headers = config.store.tag_headers
        self._store = services.store
        self._shelf = Shelf(services.store)
        self._variants = VariantShelf(services.store, self._shelf)
        self._flights = services.flights
        self._clock = services.clock
        self._tell = tell
        self._origin_half = origin_half
        self._authorities = authorities

    async def __call__(
        self, visit: Visit, request: Request, distribution: Distribution, behavior: Behavior
    ) -> Obtained | Tunnel:
        """Look up and, if need be, fetch."""
        own = request is visit.seen  # else it is for an error page
        sought = await self.seek(visit, request, distribution, behavior)
        if sought.part is not None:
            return sought.part
        decision, choice = sought.decision, visit.choice if own else None
        entry, use = decision.entry, decision.use
        if entry is not None and use is Use.HIT:
            # A mere head stands back as soon as there is the whole object, and a variant for another selection.
            whole = entry.key == sought.key and entry.key.method != "HEAD"
            stands = whole and sought.request is visit.seen and not behavior.of_cloudfront
            return from_entry(entry, entry.age(visit.started), decision, standing=stands)
        if use is Use.UNAVAILABLE:
            error = NothingStored("only-if-cached, and nothing stored may answer")
            return self._tell.refused(visit, Step.LOOK_UP, error)
        errand = Errand(
            visit=visit,
            request=sought.request,
            distribution=distribution,
            behavior=behavior,
            key=sought.key,
            stale=entry,
            decision=decision,
            choice=choice,
        )
        caching = self._authorities[distribution.id]
        return await (self._passed(errand, caching) if use is Use.PASS else self._decided(errand, caching))

    async def seek(self, visit: Visit, request: Request, distribution: Distribution, behavior: Behavior) -> Sought:
        """Look up, and say what was found: for viewers, for error pages, and for those who only ask."""
        if request is not visit.seen or not behavior.of_cloudfront:
            request = with_viewer_headers(request, behavior, self._config.country, self._config.geo, visit)
        caching = self._authorities[distribution.id]
        wish = caching.wish(request)
        passed = caching.passes(request, behavior, wish)
        if passed is not None:
            decision = Decision(*passed, visit.started, wish=wish)
            self._tell.step(visit, Step.LOOK_UP, OUTCOMES[decision.use], decision)
            return Sought(request, decision)
        key = caching.key(request, behavior, distribution)
        self._tell.step(visit, Step.KEY, "made", key)
        decision = await self._look_up(key, request, caching, wish, visit.started)
        if request.method == "HEAD" and not decision.hit:
            # A mere head has a place of its own, so that it can never stand for a whole object.
            key = key._replace(method="HEAD")
            head = await self._look_up(key, request, caching, wish, visit.started)
            decision = head if head.hit or decision.entry is None else decision
        elif b"range" in request.headers and not decision.hit:
            part = await self._part(visit, request, caching, decision)
            if isinstance(part, Obtained):
                assert part.decision is not None
                self._tell.step(visit, Step.LOOK_UP, "part", part.decision)
                return Sought(request, part.decision, key, part)
            decision = part if part is not None and decision.entry is None else decision
        self._tell.step(visit, Step.LOOK_UP, OUTCOMES[decision.use], decision)
        return Sought(request, decision, key)

    async def _decided(self, errand: Errand, caching: Caching) -> Obtained:
        """Do what a look-up came to that found nothing fresh."""
        decision, entry = errand.decision, errand.stale
        assert decision is not None
        if entry is None or not decision.hit:
            if decision.why is Why.OTHER_VARIANTS and errand.key is not None:
                errand = changed(errand, others=await self._variants.others(errand.key))
            return await self._collapsed(errand, caching)
        if decision.use is Use.REFRESH and entry.key not in self._flights:
            behind = changed(errand, request=without_conditions(errand.request))
            self._flights.behind(entry.key, partial(self._lead, behind, caching))
        return from_entry(entry, entry.age(errand.visit.started), decision)

    async def _passed(self, errand: Errand, caching: Caching) -> Obtained | Tunnel:
        """Pass the cache by; the answer may be worth keeping all the same, or show what is stored to be out of date."""
        request, decision = errand.request, errand.decision
        own = caching.answer(request, errand.visit.started)
        if own is not None:
            return Obtained(response=own, word="Miss")
        await in_task()
        key = caching.passed_key(request, errand.behavior, errand.distribution)
        if key is not None:
            return await self._collapsed(changed(errand, key=key), caching, alone=True)
        fetched = await self._origin_half.run(errand)
        if isinstance(fetched, Tunnel):
            return fetched
        await self._forget(errand, fetched, caching)
        return fetched.obtained.changed(decision=decision, settled=fetched.settled)

    async def _part(
        self, visit: Visit, request: Request, caching: Caching, whole: Decision
    ) -> Obtained | Decision | None:
        """Answer a range from the parts that are kept of an object, or say that it is not within them."""
        assert whole.key is not None
        key = list_key(whole.key)
        decision = await self._look_up(key, request, caching, whole.wish, visit.started)
        listed = decision.entry
        if listed is None or not decision.hit or request.method != "GET":
            return None
        response = await self._shelf.cut(listed, request, visit.id)
        if response is None:
            return Decision(Use.FETCH, Why.PARTIAL, visit.started, whole.key, wish=whole.wish)
        return from_entry(listed, listed.age(visit.started), decision).changed(response=response)

    async def _look_up(self, key: CacheKey, request: Request, caching: Caching, wish: Any, now: float) -> Decision:
        entry, several = self._store.peek(key) or await self._store.fetch(key), False
        if entry is not None and is_index(entry):
            several = bool(variants(entry))
            for names in sets(entry)[-1:]:
                key = variant_key(entry.key, names, request.headers)
            entry = await self._variants.select(entry, request.headers)
        if entry is None:
            return Decision(*caching.missing(wish, variants=several), now, key, wish=wish)
        return Decision(*caching.look(entry, wish, now), now, entry.key, entry, wish, caching)

    async def _collapsed(self, errand: Errand, caching: Caching, *, alone: bool = False) -> Obtained:
        """Fetch, or wait for whoever does so already; what cannot be shared is fetched by each, in parallel.

        Of those who wait for a fetch that fails one tries once more; then all are told.
        """
        assert errand.key is not None
        headers, again, collapsed = errand.request.headers, True, None
        alone = alone or not caching.may_collapse(errand.request, errand.behavior, errand.wish)
        while True:
            lead, key = partial(self._lead, errand, caching), errand.flight_key
            together = not alone and not self._flights.goes_alone(key, self._clock())
            found = await self._flights.share(key, lead) if together else None
            if together and found is None:
                collapsed = False
            fetched, flight = found or await self._flights.alone(key, lead)
            if flight.claim():
                if together and not fetched.failed:
                    self._flights.remember(key, shareable=fetched.shareable, now=self._clock())
                obtained = fetched.obtained
                break
            entry, now = fetched.entry, self._clock()
            usable = entry is not None and caching.may_share(entry, headers, errand.wish, now, covers=fetched.covers)
            if usable or (fetched.failed and not again):
                obtained, collapsed = _shared(fetched, now), True
                break
            flight.leave()
            collapsed = False
            if entry is not None and errand.waits_for is None and not selects(entry.key, headers):
                # Those who want the same other variant wait for each other again.
                errand = changed(errand, waits_for=sibling(entry.key, headers))
            else:
                alone, again = not fetched.failed, False
        response = obtained.response
        if flight.over:
            flight.leave()
        else:
            response = response.changed(body=HeldBody(response.body, flight.leave))
        told = {"decision": errand.decision, "settled": fetched.settled, "collapsed": collapsed}
        return obtained.changed(response=response, **told)

    async def _lead(self, errand: Errand, caching: Caching, flight: Flight[Fetched]) -> None:
        """Run the origin half for everybody who waits for a key, and store what it brings."""
        assert errand.key is not None
        generation = self._store.generation
        fetched = await self._origin_half.run(errand)
        assert isinstance(fetched, Fetched)
        if await self._forget(errand, fetched, caching) and fetched.entry is not None:
            # What was forgotten is what was there before; this answer came after.
            fetched = changed(fetched, entry=changed(fetched.entry, request_time=self._clock()))
        if not fetched.shareable:
            self._flights.land(errand.flight_key, flight)
        source, shared = fetched.obtained.response.body, None
        if fetched.entry is None:
            flight.discard = source.aclose
            if errand.stale is not None and errand.replaces_stale(fetched.obtained.response.status):
                await self._shelf.forget(errand.stale.key)
        elif source.data is None and fetched.is_new(errand.stale):
            shared = SharedBody(length=source.length)
            fetched = fetched.with_body(shared)
        flight.outcome.set_result(fetched)
        if fetched.entry is not None and (shared is None or await fill(shared, source)):
            await self._keep(errand, completed(fetched.entry), caching, generation)

    async def _keep(self, errand: Errand, entry: Entry, caching: Caching, generation: int) -> None:
        assert errand.key is not None
        tags = cache_tags(entry.headers, self._tag_headers)
        if generation != entry.generation or tags != entry.tags:
            entry = changed(entry, generation=generation, tags=tags)
        if caching.by_vary:
            kept = await self._variants.keep(entry, errand.key._replace(method=entry.key.method), generation)
        else:
            kept = await self._shelf.keep(entry, generation)
        self._tell.step(errand.visit, Step.STORE, f"kept for {entry.lifetime:g} s" if kept else "refused", entry)

    async def _forget(self, errand: Errand, fetched: Fetched, caching: Caching) -> bool:
        """Forget what an answer shows to be out of date; return whether there was a reason to."""
        answer = fetched.obtained
        keys = caching.forgets(errand.request, answer.response, answer.origin_status, errand.distribution)
        if keys:
            others = len(self._flights) - (errand.key is not None)
            await self._variants.forget(keys, self._clock(), fetching=others > 0)
        return bool(keys)


def _shared(fetched: Fetched, now: float) -> Obtained:
    """Return what those get who waited for another's fetch."""
    entry = fetched.entry
    return fetched.obtained if entry is None else from_entry(entry, entry.age(now))
