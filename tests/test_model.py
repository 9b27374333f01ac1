"""Store and pipeline against what the origin said: random requests, replies, clock moves, purges and failures.

The model knows no rule of the cache but its promises: nothing is served beyond its lifetime and the stale
window that was allowed, nothing that the origin did not send for that key, nothing from before a purge,
nothing that something newer has replaced; and one key is fetched once at a time.
Sources: cloudfront.md §3, §4.7, §6.3, §8.1.
"""

import asyncio
from dataclasses import dataclass, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from plays import OBEDIENT, Play, behavior, changed

from edgerun.distribution.managed import only
from edgerun.errors import OriginConnectError, OriginProtocolError
from edgerun.http.message import StreamBody
from edgerun.testing.origin import respond

LONGEST, DEFAULT, ERRORS = 200, 100, 10
POLICY = changed(OBEDIENT, min_ttl=0, default_ttl=DEFAULT, max_ttl=LONGEST, query_strings=only("k"))

# What is said, and: lifetime (None: never kept), stale-while-revalidate, stale-if-error.
CONTROLS = {
    "": (DEFAULT, 0, None),
    "max-age=10": (10, 0, None),
    "max-age=1000": (LONGEST, 0, None),
    "s-maxage=30, max-age=1": (30, 0, None),
    "max-age=10, stale-while-revalidate=20": (10, 20, None),
    "max-age=10, stale-if-error=20": (10, 0, 20),
    "max-age=10, stale-if-error=0": (10, 0, 0),
    "no-cache": (0, 0, None),
    "max-age=0": (0, 0, None),
    "no-store": (None, 0, None),
    "private, max-age=60": (None, 0, None),
}
KEYS = ("/a", "/a?k=1", "/b")
KINDS = ("whole", "stream", "broken", "missing", "failing", "down")
PURGES = ("/*", "/a", "/a*", "/a?k=1", "/a?*", "/b", "/c")

keys = st.sampled_from(KEYS)
waits = st.sampled_from([0, 0, 10, 30])
junk = st.sampled_from(["", "u=1", "K=1", "u=2&u=3"])


@dataclass(frozen=True)
class Script:
    """How the origin answers for a key from now on."""

    kind: str = "whole"
    control: str = "max-age=10"
    tagged: bool = True
    version: int = 0

    @property
    def head_lifetime(self):
        return CONTROLS[self.control][0]

    @property
    def promises(self):
        _, revalidate, error = CONTROLS[self.control]
        return None if self.kind == "broken" else self.head_lifetime, revalidate, error


@dataclass(frozen=True)
class Sent:
    """A body that the origin sent or confirmed: in which order its fetch began and it came, when, promising what."""

    began: int
    seq: int
    at: float
    body: bytes
    lifetime: float | None
    revalidate: float
    error: float | None


def content(key, version):
    return f"{key}|{version}|".encode() * 3


def asked(key, extra):
    return key + ("&" if "?" in key else "?") + extra if extra else key


def covered(pattern, key):
    return key.startswith(pattern[:-1]) if pattern.endswith("*") else key == pattern


class Edge(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.runner = asyncio.Runner()
        self.play = Play(behavior(cache_policy=POLICY))
        self.play.origin.replies = {"/a": self.origin, "/b": self.origin}
        self.scripts = dict.fromkeys(KEYS, Script())
        self.sent = {key: [] for key in KEYS}
        self.errors = {key: [] for key in KEYS}
        self.purged = dict.fromkeys(KEYS, -1)
        self.under_way = dict.fromkeys(KEYS, 0)
        self.confirmed_to_viewer = dict.fromkeys(KEYS, -1)
        self.alone_until = dict.fromkeys(KEYS, 0)
        self.twice = []
        self.seq = 0
        self.gate = None
        self.version = 0

    def teardown(self):
        if hasattr(self, "runner"):
            self.runner.run(self.play.flights.aclose())
            self.runner.close()

    @property
    def now(self):
        return self.play.clock.now

    def tick(self):
        self.seq += 1
        return self.seq

    # ------------------------------------------------------------ the origin

    async def origin(self, request):
        key = request.target.decode()
        assert key in KEYS, "the query is filtered to what is keyed"
        began, script = self.tick(), self.scripts[key]
        shared = self.shared(key, script)
        if self.under_way[key] and shared:
            self.twice.append(key)
        self.under_way[key] += 1
        streaming = False
        try:
            if self.gate is not None:
                await self.gate.wait()
            await asyncio.sleep(0)
            response = self.reply(key, script, began, request)
            streaming = isinstance(response.body, StreamBody)
        finally:
            if not streaming:
                self.under_way[key] -= 1
        return response

    def shared(self, key, script):
        """Whether those who wait for this answer may share it; what may not be is fetched by each."""
        if script.kind in {"failing", "down", "missing"}:
            return self.now >= self.alone_until[key]
        if not script.head_lifetime:
            self.alone_until[key] = self.now + 2  # remembered, so that nobody waits in vain
        return self.now >= self.alone_until[key]

    def reply(self, key, script, began, request):
        if script.kind == "down":
            self.errors[key].append((began, self.tick(), self.now, 502))
            raise OriginConnectError("down")
        if script.kind in {"missing", "failing"}:
            status = 404 if script.kind == "missing" else 503
            self.errors[key].append((began, self.tick(), self.now, status))
            return respond(status, b"error|" + key.encode())
        headers = {"cache_control": script.control} if script.control else {}
        tag = f'"{key}|{script.version}"'
        if script.tagged:
            headers["etag"] = tag
            condition = request.headers.get(b"if-none-match")
            if condition == b"W/" + tag.encode():  # only viewers ask weakly here
                self.confirmed_to_viewer[key] = self.tick()
                return respond(304, **headers)
            if condition == tag.encode():
                self.record(key, replace(script, kind="whole"), began)
                return respond(304, **headers)
        body = content(key, script.version)
        if request.method == "HEAD":
            return respond(200, **headers, content_length=str(len(body)))
        self.record(key, script, began)
        if script.kind == "whole":
            return respond(200, body, **headers)
        whole = respond(200, body, **headers)
        return whole.changed(body=StreamBody(self.pieces(key, script, body), length=len(body)))

    def record(self, key, script, began):
        lifetime, revalidate, error = script.promises
        body = content(key, script.version)
        self.sent[key].append(Sent(began, self.tick(), self.now, body, lifetime, revalidate, error))

    async def pieces(self, key, script, body):
        try:
            yield body[:4]
            await asyncio.sleep(0)
            if script.kind == "broken":
                raise OriginProtocolError("reset")
            yield body[4:]
        finally:
            self.under_way[key] -= 1

    # ------------------------------------------------------------ what happens

    @rule(
        key=keys,
        kind=st.sampled_from(KINDS),
        control=st.sampled_from(sorted(CONTROLS)),
        tagged=st.booleans(),
        new=st.booleans(),
    )
    def the_origin_changes(self, key, kind, control, tagged, new):
        self.version += 1
        version = self.version if new else self.scripts[key].version
        self.scripts[key] = Script(kind, control, tagged, version)

    @rule(key=keys, kind=st.sampled_from(["failing", "down"]))
    def the_origin_fails(self, key, kind):
        self.scripts[key] = replace(self.scripts[key], kind=kind)

    @rule(seconds=st.sampled_from([0.5, 1, 5, 9, 10, 20, 50, 100, 200]))
    def time_passes(self, seconds):
        self.play.clock.advance(seconds)

    @rule(pattern=st.sampled_from(PURGES))
    def somebody_purges(self, pattern):
        self.run(self.play.store.invalidate(pattern.encode()))
        self.purged_now(pattern)

    @rule(key=keys, extra=junk)
    def somebody_asks(self, key, extra):
        since = self.tick()
        self.judge(key, since, self.run(self.play.ask(asked(key, extra))))

    @rule(key=keys, wait=waits)
    def somebody_asks_for_the_head(self, key, wait):
        self.play.clock.advance(wait)
        self.run(self.play.ask(key, "HEAD"))

    @rule(key=keys, extras=st.lists(junk, min_size=2, max_size=5))
    def many_ask_at_once(self, key, extras):
        async def together():
            return await asyncio.gather(*(self.play.ask(asked(key, extra)) for extra in extras))

        since = self.tick()
        for answer in self.run(together()):
            self.judge(key, since, answer)

    @rule(one=keys, other=keys)
    def two_keys_are_asked_for_at_once(self, one, other):
        async def both():
            return await asyncio.gather(self.play.ask(one), self.play.ask(other))

        since = self.tick()
        for key, answer in zip((one, other), self.run(both()), strict=True):
            self.judge(key, since, answer)

    @rule(key=keys, wait=waits, new=st.booleans(), data=st.data())
    def somebody_asks_whether_a_copy_still_holds(self, key, wait, new, data):
        self.play.clock.advance(wait)
        if new:
            self.version += 1
            self.scripts[key] = replace(self.scripts[key], tagged=True, version=self.version)
        versions = sorted({self.scripts[key].version} | {int(s.body.split(b"|")[1]) for s in self.sent[key]})
        version = data.draw(st.sampled_from(versions))
        since = self.tick()
        answer = self.run(self.play.ask(key, if_none_match=f'W/"{key}|{version}"'))
        if answer.status != 304:
            self.judge(key, since, answer)
        elif self.confirmed_to_viewer[key] < since:
            self.judge_body(key, since, content(key, version), answer)

    @rule(key=keys, pattern=st.sampled_from(PURGES))
    def somebody_purges_during_a_fetch(self, key, pattern):
        async def act():
            self.gate = asyncio.Event()
            asking = asyncio.ensure_future(self.play.ask(key))
            await turns(10)
            await self.play.store.invalidate(pattern.encode())
            self.purged_now(pattern)
            self.gate.set()
            return await asking

        since = self.tick()
        answer = self.run(act())
        if not covered(pattern, key):
            self.judge(key, since, answer)

    def purged_now(self, pattern):
        for key in KEYS:
            if covered(pattern, key):
                self.purged[key] = self.tick()

    @precondition(lambda self: all(script.kind in {"whole", "missing"} for script in self.scripts.values()))
    @rule(key=keys, stays=st.booleans())
    def the_first_who_asks_leaves(self, key, stays):
        async def act():
            self.gate = asyncio.Event()
            leaver = asyncio.ensure_future(self.play.ask(key))
            stayer = asyncio.ensure_future(self.play.ask(key)) if stays else None
            await turns(10)
            leaver.cancel()
            await turns(1)
            late = asyncio.ensure_future(self.play.ask(key))
            await turns(3)
            self.gate.set()
            return [await task for task in (stayer, late) if task is not None]

        since = self.tick()
        for answer in self.run(act()):
            self.judge(key, since, answer)

    def run(self, act):
        async def to_the_end():
            try:
                async with asyncio.timeout(60):
                    return await act
            finally:
                if self.gate is not None:
                    self.gate.set()
                    self.gate = None
                await turns(30)

        outcome = self.runner.run(to_the_end())
        assert not any(self.under_way.values()), "a fetch was left behind"
        assert not self.twice, "two fetches for one key at a time"
        return outcome

    # ------------------------------------------------------------ the promises

    def judge(self, key, since, answer):
        if answer.error is not None:
            assert self.scripts[key].kind == "broken"
        elif answer.status == 200:
            self.judge_body(key, since, answer.body, answer)
        else:
            self.judge_error(key, since, answer)

    def judge_body(self, key, since, body, answer):
        sendings = [sent for sent in self.sent[key] if sent.body == body]
        assert sendings, f"{key}: the origin never sent {body!r} for it"
        objections = [self.objection(key, since, sent, answer) for sent in sendings]
        assert None in objections, f"{key} at {self.now}: {objections} to {sendings}"

    def objection(self, key, since, sent, answer):
        """Return why one sending of a body does not justify serving it, or None."""
        if sent.seq > since:
            return None
        if sent.lifetime is None:
            return "not to be kept"
        if sent.began <= self.purged[key]:
            return "from before a purge"
        newer = [
            other.began for other in self.sent[key] if sent.seq < other.seq <= since and other.lifetime is not None
        ]
        newer += [began for began, seq, _, status in self.errors[key] if sent.seq < seq <= since and status == 404]
        if any(began > self.purged[key] for began in newer):
            return "something newer was kept"
        age = self.now - sent.at
        window = LONGEST if sent.error is None else min(sent.lifetime + sent.error, LONGEST)
        failing = any(self.now - at < ERRORS and status >= 500 for _, _, at, status in self.errors[key])
        fresh = age < sent.lifetime
        revalidating = age < min(sent.lifetime + sent.revalidate, LONGEST)
        if not (fresh or revalidating or (failing and age < window)):
            return "too old"
        return None if answer["Age"] in {None, "0", str(int(age))} else "another age than told"

    def judge_error(self, key, since, answer):
        told = [error for error in self.errors[key] if error[3] == answer.status]
        assert told, f"{key}: the origin never answered {answer.status}"
        began, seq, at, _ = told[-1]
        if seq > since:
            return
        assert began > self.purged[key], f"{key}: an error from before a purge"
        assert self.now - at < ERRORS, f"{key}: an error kept for {self.now - at} s"


async def turns(count):
    for _ in range(count):
        await asyncio.sleep(0)


TestEdge = Edge.TestCase
TestEdge.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
