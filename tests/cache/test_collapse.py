"""One fetch per key: who joins, who leaves, and what becomes of the fetch. Source: cloudfront.md §4.7."""

import asyncio
import gc
import weakref

import pytest

from edgerun.cache.collapse import MOST_REMEMBERED, REMEMBERED, Collapser
from edgerun.cache.entry import CacheKey
from edgerun.errors import OriginTimeout

KEY, OTHER = CacheKey("E1", "GET", b"/"), CacheKey("E1", "GET", b"/other")


class Fetches:
    """Fetches that wait for their gates: first the head, then the end."""

    def __init__(self):
        self.flights = []
        self.heads, self.ends = asyncio.Event(), asyncio.Event()
        self.cancelled = self.finished = 0
        self.error = None
        self.discarded = []

    async def start(self, flight):
        number = len(self.flights)
        self.flights.append(flight)
        try:
            await self.heads.wait()
            if self.error is not None:
                raise self.error
            flight.discard = self.discard
            flight.outcome.set_result(number)
            await self.ends.wait()
            self.finished += 1
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    async def discard(self):
        self.discarded.append(True)

    @property
    def count(self):
        return len(self.flights)


def play(act):
    """Run one act with a collapser and its fetches; nothing may be left under way."""

    async def whole():
        complaints = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        collapser, fetches = Collapser(), Fetches()
        try:
            async with asyncio.timeout(30):
                await act(collapser, fetches)
        finally:
            await collapser.aclose()
            gc.collect()
            await turns()
            assert complaints == []
            assert len(asyncio.all_tasks()) == 1

    asyncio.run(whole())


def test_a_fetch_that_is_over_leaves_nothing_to_the_collector():
    async def whole():
        collapser, fetches = Collapser(), Fetches()
        fetches.heads.set()
        fetches.ends.set()
        _, flight = await collapser.share(KEY, fetches.start)
        await collapser.settled()
        flight.leave()
        left = weakref.ref(flight)
        fetches.flights.clear()
        del flight
        return left

    gc.disable()
    try:
        assert asyncio.run(whole())() is None
    finally:
        gc.enable()


async def turns(count=5):
    for _ in range(count):
        await asyncio.sleep(0)


def wanting(way, key, fetches, count=1):
    return [asyncio.ensure_future(way(key, fetches.start)) for _ in range(count)]


def test_all_who_want_a_key_share_one_fetch():
    async def act(collapser, fetches):
        tasks = wanting(collapser.share, KEY, fetches, 5)
        await turns()
        assert KEY in collapser
        fetches.heads.set()
        got = await asyncio.gather(*tasks)
        assert [outcome for outcome, _ in got] == [0] * 5
        assert fetches.count == 1
        assert [flight.claim() for _, flight in got] == [True, False, False, False, False]

    play(act)


def test_two_keys_are_two_fetches():
    async def act(collapser, fetches):
        tasks = wanting(collapser.share, KEY, fetches) + wanting(collapser.share, OTHER, fetches)
        fetches.heads.set()
        assert [outcome for outcome, _ in await asyncio.gather(*tasks)] == [0, 1]

    play(act)


def test_who_comes_after_the_head_joins_until_the_fetch_ends():
    async def act(collapser, fetches):
        fetches.heads.set()
        await collapser.share(KEY, fetches.start)
        late, _ = await collapser.share(KEY, fetches.start)
        fetches.ends.set()
        await turns()
        assert KEY not in collapser
        after, _ = await collapser.share(KEY, fetches.start)
        assert (late, after) == (0, 1)

    play(act)


def test_after_landing_nobody_joins():
    async def act(collapser, fetches):
        fetches.heads.set()
        _, flight = await collapser.share(KEY, fetches.start)
        collapser.land(KEY, flight)
        again, _ = await collapser.share(KEY, fetches.start)
        collapser.land(KEY, flight)
        assert again == 1
        assert KEY in collapser, "landing twice must not take the next flight's place"

    play(act)


def test_a_fetch_for_one_alone_is_joined_by_nobody():
    async def act(collapser, fetches):
        tasks = wanting(collapser.alone, KEY, fetches, 3)
        await turns()
        assert KEY not in collapser
        fetches.heads.set()
        got = await asyncio.gather(*tasks)
        assert [outcome for outcome, _ in got] == [0, 1, 2]
        assert all(flight.claim() for _, flight in got)

    play(act)


# ---------------------------------------------------------------- leaving


def test_the_leader_who_leaves_ends_nothing_for_followers():
    async def act(collapser, fetches):
        leader, *followers = wanting(collapser.share, KEY, fetches, 3)
        await turns()
        leader.cancel()
        await turns()
        fetches.heads.set()
        got = await asyncio.gather(*followers)
        assert [outcome for outcome, _ in got] == [0, 0]
        assert (fetches.count, fetches.cancelled) == (1, 0)

    play(act)


def test_a_follower_who_leaves_ends_nothing():
    async def act(collapser, fetches):
        leader, follower = wanting(collapser.share, KEY, fetches, 2)
        await turns()
        follower.cancel()
        await turns()
        fetches.heads.set()
        assert (await leader)[0] == 0
        assert fetches.cancelled == 0

    play(act)


@pytest.mark.parametrize("way", ["share", "alone"])
def test_the_last_to_leave_before_the_head_ends_the_fetch(way):
    async def act(collapser, fetches):
        (task,) = wanting(getattr(collapser, way), KEY, fetches)
        await turns()
        task.cancel()
        await turns()
        assert fetches.cancelled == 1
        assert KEY not in collapser

    play(act)


def test_the_last_to_leave_after_the_head_ends_the_fetch():
    async def act(collapser, fetches):
        fetches.heads.set()
        _, one = await collapser.share(KEY, fetches.start)
        _, two = await collapser.share(KEY, fetches.start)
        one.leave()
        await turns()
        assert fetches.cancelled == 0
        two.leave()
        await turns()
        assert fetches.cancelled == 1

    play(act)


def test_leaving_after_the_end_cancels_nothing():
    async def act(collapser, fetches):
        fetches.heads.set()
        fetches.ends.set()
        _, flight = await collapser.share(KEY, fetches.start)
        flight.claim()
        await turns()
        flight.leave()
        await turns()
        assert (fetches.finished, fetches.cancelled, fetches.discarded) == (1, 0, [])

    play(act)


def test_who_comes_while_an_abandoned_fetch_is_still_ending_gets_a_new_one():
    async def act(collapser, fetches):
        gate = asyncio.Event()

        async def ends_slowly(flight):
            try:
                await asyncio.Event().wait()
            finally:
                await gate.wait()

        gone = asyncio.ensure_future(collapser.share(KEY, ends_slowly))
        await turns()
        gone.cancel()
        await turns()
        fetches.heads.set()
        outcome, _ = await collapser.share(KEY, fetches.start)
        gate.set()
        await turns()
        assert outcome == 0
        assert KEY in collapser, "the end of the abandoned one must not take the new one's place"

    play(act)


def test_what_nobody_claimed_is_given_up():
    async def act(collapser, fetches):
        fetches.heads.set()
        _, flight = await collapser.share(KEY, fetches.start)
        flight.leave()
        await turns()
        assert fetches.discarded == [True]

    play(act)


def test_what_was_claimed_is_its_owners_to_give_up():
    async def act(collapser, fetches):
        fetches.heads.set()
        _, flight = await collapser.share(KEY, fetches.start)
        assert flight.claim()
        flight.leave()
        await turns()
        assert fetches.discarded == []

    play(act)


# ---------------------------------------------------------------- behind


def test_a_fetch_behind_goes_on_without_viewers_and_can_be_joined():
    async def act(collapser, fetches):
        collapser.behind(KEY, fetches.start)
        assert KEY in collapser
        (task,) = wanting(collapser.share, KEY, fetches)
        await turns()
        task.cancel()
        await turns()
        assert fetches.cancelled == 0
        fetches.heads.set()
        fetches.ends.set()
        await turns()
        assert (fetches.count, fetches.finished) == (1, 1)
        assert KEY not in collapser

    play(act)


def test_what_a_fetch_behind_brought_for_nobody_is_given_up():
    async def act(collapser, fetches):
        fetches.heads.set()
        fetches.ends.set()
        collapser.behind(KEY, fetches.start)
        await turns(10)
        assert fetches.discarded == [True]

    play(act)


def test_what_a_fetch_behind_brought_belongs_to_the_viewer_who_claimed_it():
    async def act(collapser, fetches):
        collapser.behind(KEY, fetches.start)
        (task,) = wanting(collapser.share, KEY, fetches)
        await turns()
        fetches.heads.set()
        _, flight = await task
        assert flight.claim()
        fetches.ends.set()
        await turns(10)
        assert fetches.discarded == []

    play(act)


# ---------------------------------------------------------------- failing


def test_a_failure_reaches_all_who_wait_and_the_next_starts_anew():
    async def act(collapser, fetches):
        fetches.error = OriginTimeout("slow")
        tasks = wanting(collapser.share, KEY, fetches, 3)
        await turns()
        fetches.heads.set()
        got = await asyncio.gather(*tasks, return_exceptions=True)
        assert got == [fetches.error] * 3
        assert KEY not in collapser
        fetches.error = None
        assert (await collapser.share(KEY, fetches.start))[0] == 1

    play(act)


@pytest.mark.parametrize("leaves", [True, False], ids=["after all have left", "behind"])
def test_a_failure_nobody_waits_for_makes_no_noise(leaves):
    async def act(collapser, fetches):
        fetches.error = OriginTimeout("slow")
        collapser.behind(KEY, fetches.start)
        if leaves:
            (task,) = wanting(collapser.share, KEY, fetches)
            await turns()
            task.cancel()
        await turns()
        fetches.heads.set()
        await turns()
        assert KEY not in collapser

    play(act)


def test_a_failure_after_the_head_does_not_change_the_outcome():
    async def act(collapser, fetches):
        async def breaks(flight):
            flight.outcome.set_result("head")
            await asyncio.sleep(0)
            raise OriginTimeout("later")

        assert (await collapser.share(KEY, breaks))[0] == "head"
        await turns()
        assert KEY not in collapser

    play(act)


# ---------------------------------------------------------------- closing


def test_closing_ends_every_fetch_and_waits_for_it():
    async def act(collapser, fetches):
        tasks = wanting(collapser.share, KEY, fetches) + wanting(collapser.alone, OTHER, fetches)
        collapser.behind(OTHER, fetches.start)
        await turns()
        await collapser.aclose()
        assert fetches.cancelled == 3
        got = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(error) for error in got] == [asyncio.CancelledError] * 2
        assert KEY not in collapser
        assert OTHER not in collapser

    play(act)


def test_closing_ends_a_fetch_that_has_not_begun():
    async def act(collapser, fetches):
        collapser.behind(KEY, fetches.start)
        await collapser.aclose()
        assert fetches.count == 0
        assert KEY not in collapser

    play(act)


def test_a_viewer_who_joined_a_fetch_that_never_began_is_not_left_waiting():
    async def act(collapser, fetches):
        collapser.behind(KEY, fetches.start)
        (task,) = wanting(collapser.share, KEY, fetches)
        closing = asyncio.ensure_future(collapser.aclose())
        for started in collapser._tasks:
            started.cancel()
        await asyncio.wait([task], timeout=1)
        await closing
        assert task.done()

    play(act)


def test_closing_twice_and_closing_nothing_is_fine():
    async def act(collapser, fetches):
        await collapser.aclose()
        await collapser.aclose()

    play(act)


# http-caching.md §18
def test_who_waits_too_long_for_anothers_fetch_goes_away_empty_handed():
    async def act(_, fetches):
        collapser = Collapser(patience=0)
        (first,) = wanting(collapser.share, KEY, fetches)
        await turns()
        assert await collapser.share(KEY, fetches.start) is None
        assert (fetches.count, fetches.cancelled) == (1, 0), "the fetch goes on for the one who began it"
        fetches.heads.set()
        outcome, flight = await first
        assert outcome == 0
        flight.leave()
        await collapser.aclose()

    play(act)


def test_who_begins_a_fetch_waits_for_it_however_long_it_takes():
    async def act(_, fetches):
        collapser = Collapser(patience=0)
        (first,) = wanting(collapser.share, KEY, fetches)
        await turns(50)
        assert not first.done()
        fetches.heads.set()
        assert (await first)[0] == 0
        await collapser.aclose()

    play(act)


def test_what_was_of_use_to_one_only_is_remembered_for_a_moment():
    async def act(collapser, _):
        assert not collapser.goes_alone(KEY, 100.0)
        collapser.remember(KEY, shareable=False, now=100.0)
        assert collapser.goes_alone(KEY, 100.0 + REMEMBERED - 0.1)
        assert not collapser.goes_alone(OTHER, 100.0)
        assert not collapser.goes_alone(KEY, 100.0 + REMEMBERED)
        collapser.remember(KEY, shareable=False, now=200.0)
        collapser.remember(KEY, shareable=True, now=200.1)
        assert not collapser.goes_alone(KEY, 200.1)

    play(act)


def test_only_so_many_keys_are_remembered():
    async def act(collapser, _):
        for number in range(MOST_REMEMBERED + 1):
            collapser.remember(KEY._replace(path=b"/%d" % number), shareable=False, now=100.0)
        assert not collapser.goes_alone(KEY._replace(path=b"/0"), 100.0)
        assert collapser.goes_alone(KEY._replace(path=b"/1"), 100.0)

    play(act)


def test_fetches_under_way_are_counted_shared_or_not():
    async def act(collapser, fetches):
        assert len(collapser) == 0
        tasks = wanting(collapser.share, KEY, fetches, 2) + wanting(collapser.alone, KEY, fetches)
        await turns()
        assert len(collapser) == 2
        fetches.heads.set()
        fetches.ends.set()
        await asyncio.gather(*tasks)
        await turns()
        assert len(collapser) == 0

    play(act)
