"""Store and pipeline against what the origin said, where HTTP's rules count; `test_model.py` has CloudFront's.

The promises: nothing is served beyond its lifetime and what staleness origin and request allow, nothing that the
origin did not send for that URI and for what the request says in the fields it varies on, nothing under a
validator it was not sent with, nothing from before a purge or an unsafe request, nothing that something newer has
replaced; and what one variant shares is fetched once at a time.
Sources: http-caching.md §3, §4, §6, §7, §10, §11, §12, §18.
"""

import asyncio
from dataclasses import dataclass, replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from plays import Play, behavior, distribution

from edgerun.distribution.latitude import Rfc9111
from edgerun.errors import OriginConnectError, OriginProtocolError
from edgerun.http.message import StreamBody
from edgerun.testing.origin import respond

MAX_STALE = 50

# What is said, and: lifetime (None: never kept), stale-while-revalidate, stale-if-error, whether stale use is open.
CONTROLS = {
    "max-age=10": (10, 0, None, True),
    "max-age=100": (100, 0, None, True),
    "s-maxage=30, max-age=1": (30, 0, None, False),
    "max-age=10, must-revalidate": (10, 0, None, False),
    "max-age=10, stale-while-revalidate=20": (10, 20, None, True),
    "max-age=10, stale-if-error=20": (10, 0, 20, True),
    "max-age=10, stale-if-error=0": (10, 0, 0, True),
    "max-age=0": (0, 0, None, True),
    "no-cache, max-age=60": (0, 0, None, False),
    "no-store": (None, 0, None, True),
    "private, max-age=60": (None, 0, None, True),
}
URIS = ("/a", "/a?k=1", "/b")
KINDS = ("whole", "stream", "broken", "missing", "failing", "down", "liar")
PURGES = ("/*", "/a", "/a*", "/a?k=1", "/b")
WISHES = ("", "", "", "max-age=5", "min-fresh=5", "max-stale=15", "max-stale", "no-cache", "no-store", "only-if-cached")

uris = st.sampled_from(URIS)
voices = st.sampled_from(["", "1", "2"])
wishes = st.sampled_from(WISHES)


@dataclass(frozen=True)
class Script:
    """How the origin answers for a uri from now on."""

    kind: str = "whole"
    control: str = "max-age=10"
    tagged: bool = True
    varies: bool = False
    version: int = 0

    def kept_for(self):
        lifetime = CONTROLS[self.control][0]
        if self.kind == "broken" or ("no-cache" in self.control and not self.tagged):
            return None
        return lifetime


@dataclass(frozen=True)
class Sent:
    """A body that the origin sent or confirmed: when its fetch began and it came, when, for whom, promising what."""

    began: int
    seq: int
    at: float
    body: bytes
    script: Script
    voice: str
    tag: str | None
    storable: bool
    sure: bool = True

    @property
    def lifetime(self):
        return self.script.kept_for() if self.storable else None

    def answers(self, voice):
        return not self.script.varies or self.voice == voice


def content(uri, script, voice):
    return f"{uri}|{voice if script.varies else '-'}|{script.version}|".encode() * 3


def covered(pattern, uri):
    return uri.startswith(pattern[:-1]) if pattern.endswith("*") else uri == pattern


async def turns(count):
    for _ in range(count):
        await asyncio.sleep(0)


class Edge(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.runner = asyncio.Runner()
        rules = Rfc9111(max_stale=MAX_STALE)
        self.play = Play(distribution(behavior(), caching="rfc9111", rfc9111=rules))
        self.play.origin.replies = {"/a": self.origin, "/b": self.origin}
        self.scripts = dict.fromkeys(URIS, Script())
        self.sent = {uri: [] for uri in URIS}
        self.failed = {uri: [] for uri in URIS}
        self.refused = {uri: [] for uri in URIS}
        self.forgotten = dict.fromkeys(URIS, -1)
        self.under_way = {}
        self.alone_until = dict.fromkeys(URIS, 0)
        self.twice = []
        self.seq = 0
        self.version = 0
        self.gate = None

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
        uri, voice = request.target.decode(), (request.headers.get(b"x-voice") or b"").decode()
        began, script = self.tick(), self.scripts[uri]
        if request.method == "POST":
            self.forgotten[uri] = self.tick()
            return respond(204)
        place = (uri, voice if script.varies else "-")
        alone = any(name in request.headers for name in (b"cache-control", b"x-alone"))
        shared = script.kind in {"whole", "stream"} and script.kept_for()
        if not shared:
            self.alone_until[uri] = self.now + 2  # remembered, so that nobody waits in vain
        if shared and self.under_way.get(place) and not alone and self.now >= self.alone_until[uri]:
            self.twice.append(place)
        self.under_way[place] = self.under_way.get(place, 0) + (not alone)
        try:
            if self.gate is not None:
                await self.gate.wait()
            await asyncio.sleep(0)
            return self.reply(uri, voice, script, began, request)
        finally:
            self.under_way[place] -= not alone

    def reply(self, uri, voice, script, began, request):
        if script.kind == "down":
            self.failed[uri].append((self.tick(), self.now, 0))
            raise OriginConnectError("down")
        if script.kind in {"missing", "failing"}:
            status = 404 if script.kind == "missing" else 503
            (self.refused if status == 404 else self.failed)[uri].append((self.tick(), self.now, status))
            return respond(status, b"error|" + uri.encode())
        headers = {"cache_control": script.control} | ({"vary": "X-Voice"} if script.varies else {})
        body = content(uri, script, voice)
        tag = f'"{body.decode()[: len(body) // 3]}"' if script.tagged else None
        storable = b"no-store" not in (request.headers.get(b"cache-control") or b"")
        sent = Sent(began, self.tick(), self.now, body, script, voice, tag, storable)
        if tag is not None:
            headers["etag"] = tag
            asked = (request.headers.get(b"if-none-match") or b"").decode()
            if tag in asked.split(", "):
                # To a viewer's own condition it confirms what is stored, or nothing.
                sure = b"x-alone" not in request.headers
                self.sent[uri].append(replace(sent, script=replace(script, kind="whole"), sure=sure))
                return respond(304, **headers)
            if script.kind == "liar" and asked and b"x-alone" not in request.headers:
                return respond(304, **headers)  # of a version that nobody asked about
        self.sent[uri].append(sent)
        whole = respond(200, body, **headers)
        if script.kind in {"whole", "liar"}:
            return whole
        return whole.changed(body=StreamBody(self.pieces(script, body), length=len(body)))

    async def pieces(self, script, body):
        yield body[:4]
        await asyncio.sleep(0)
        if script.kind == "broken":
            raise OriginProtocolError("reset")
        yield body[4:]

    # ------------------------------------------------------------ what happens

    @rule(
        uri=uris,
        kind=st.sampled_from(KINDS),
        control=st.sampled_from(sorted(CONTROLS)),
        tagged=st.booleans(),
        varies=st.booleans(),
        new=st.booleans(),
    )
    def the_origin_changes(self, uri, kind, control, tagged, varies, new):
        old = self.scripts[uri]
        # What varies, and what does not, are never one version: an origin does not send one tag with two bodies.
        self.version += 1
        version = self.version if new or varies is not old.varies else old.version
        self.scripts[uri] = Script(kind, control, tagged, varies, version)

    @rule(
        uri=uris,
        voice=voices,
        control=st.sampled_from(sorted(CONTROLS)),
        then=st.sampled_from(["", "", "failing", "down", "liar"]),
        varies=st.booleans(),
        wait=st.sampled_from([0, 5, 9, 10, 15, 20, 29, 30, 31, 40, 70]),
        wish=wishes,
        other=voices,
    )
    def somebody_asks_and_again_later(self, uri, voice, control, then, varies, wait, wish, other):
        self.the_origin_changes(uri, "whole", control, tagged=True, varies=varies, new=True)
        self.somebody_asks(uri, voice, "")
        self.play.clock.advance(wait)
        if then:
            self.version += 1
            self.scripts[uri] = replace(self.scripts[uri], kind=then, version=self.version)
        self.somebody_asks(uri, other, wish)
        self.somebody_asks(uri, voice, wish)

    @rule(uri=uris, kind=st.sampled_from(["failing", "down"]))
    def the_origin_fails(self, uri, kind):
        self.scripts[uri] = replace(self.scripts[uri], kind=kind)

    @rule(seconds=st.sampled_from([0.5, 1, 5, 9, 10, 20, 50, 100]))
    def time_passes(self, seconds):
        self.play.clock.advance(seconds)

    @rule(pattern=st.sampled_from(PURGES))
    def somebody_purges(self, pattern):
        self.run(self.play.store.invalidate(pattern.encode()))
        for uri in URIS:
            if covered(pattern, uri):
                self.forgotten[uri] = self.tick()

    @rule(uri=uris)
    def somebody_posts(self, uri):
        answer = self.run(self.play.ask(uri, "POST", b"x"))
        assert answer.status == 204

    @rule(uri=uris, voice=voices, wish=wishes)
    def somebody_asks(self, uri, voice, wish):
        since = self.tick()
        self.judge(uri, voice, wish, since, self.run(self.asks(uri, voice, wish)))

    @rule(uri=uris, voice=voices, version=st.integers(0, 5))
    def somebody_asks_whether_a_copy_still_holds(self, uri, voice, version):
        told = replace(self.scripts[uri], version=version)
        tag = f'"{content(uri, told, voice).decode()[: len(content(uri, told, voice)) // 3]}"'
        since = self.tick()
        answer = self.run(self.asks(uri, voice, "", if_none_match=tag, x_alone="1"))
        if answer.status == 304:
            assert answer["ETag"] == tag
            self.judge_body(uri, voice, "", since, content(uri, told, voice), answer)
        else:
            self.judge(uri, voice, "", since, answer)

    @rule(uri=uris, who=st.lists(voices, min_size=2, max_size=5))
    def many_ask_at_once(self, uri, who):
        async def together():
            return await asyncio.gather(*(self.asks(uri, voice, "") for voice in who))

        since = self.tick()
        for voice, answer in zip(who, self.run(together()), strict=True):
            self.judge(uri, voice, "", since, answer)

    @rule(uri=uris, who=st.lists(voices, min_size=2, max_size=5), kind=st.sampled_from(["whole", "stream"]))
    def many_ask_at_once_for_what_varies_and_is_gone(self, uri, who, kind):
        self.somebody_purges(uri)
        self.the_origin_changes(uri, kind, "max-age=10", tagged=True, varies=True, new=True)
        self.many_ask_at_once(uri, who)

    @precondition(lambda self: all(script.kind in {"whole", "missing"} for script in self.scripts.values()))
    @rule(uri=uris, voice=voices)
    def the_first_who_asks_leaves(self, uri, voice):
        async def act():
            self.gate = asyncio.Event()
            leaver = asyncio.ensure_future(self.asks(uri, voice, ""))
            stayer = asyncio.ensure_future(self.asks(uri, voice, ""))
            await turns(10)
            leaver.cancel()
            await turns(1)
            self.gate.set()
            return await stayer

        since = self.tick()
        self.judge(uri, voice, "", since, self.run(act()))

    @rule(uri=uris, voice=voices)
    def somebody_posts_during_a_fetch(self, uri, voice):
        async def act():
            self.gate = asyncio.Event()
            asking = asyncio.ensure_future(self.asks(uri, voice, ""))
            await turns(10)
            self.play.clock.advance(0.5)
            await self.play.ask(uri, "POST", b"x")
            self.gate.set()
            return await asking

        self.run(act())

    def asks(self, uri, voice, wish, **headers):
        given = {"x_voice": voice} if voice else {}
        given |= {"cache_control": wish} if wish else {}
        return self.play.ask(uri, **given, **headers)

    def run(self, act):
        async def to_the_end():
            try:
                async with asyncio.timeout(60):
                    return await act
            finally:
                if self.gate is not None:
                    self.gate.set()
                    self.gate = None
                await turns(40)

        outcome = self.runner.run(to_the_end())
        assert not any(self.under_way.values()), "a fetch was left behind"
        assert not self.twice, "two fetches for one variant at a time"
        return outcome

    # ------------------------------------------------------------ the promises

    def judge(self, uri, voice, wish, since, answer):
        if answer.error is not None:
            assert self.scripts[uri].kind == "broken"
        elif answer.status == 200:
            if answer["ETag"] is not None:
                assert answer.body.startswith(answer["ETag"].strip('"').encode()), "a body under another's validator"
            self.judge_body(uri, voice, wish, since, answer.body, answer)
        elif answer.status == 504 and wish == "only-if-cached":
            pass
        else:
            told = self.refused[uri] + self.failed[uri]
            assert any(seq > since for seq, _, _ in told), f"{answer.status} from nowhere: errors are not kept here"

    def judge_body(self, uri, voice, wish, since, body, answer):
        sendings = [sent for sent in self.sent[uri] if sent.body == body and sent.answers(voice)]
        assert sendings, f"{uri} {voice!r}: the origin never sent {body!r} for it"
        objections = [self.objection(uri, voice, wish, since, sent, answer) for sent in sendings]
        assert None in objections, f"{uri} {voice!r} {wish!r} at {self.now}: {objections} to {sendings}"

    def objection(self, uri, voice, wish, since, sent, answer):
        """Return why one sending of a body does not justify serving it, or None."""
        if sent.seq > since:
            return None
        if sent.lifetime is None:
            return "not to be kept"
        if sent.began <= self.forgotten[uri]:
            return "from before a purge or an unsafe request"
        newer = [
            other
            for other in self.sent[uri]
            if sent.seq < other.seq <= since and other.sure and other.lifetime is not None and other.answers(voice)
        ]
        if any(
            other.began > self.forgotten[uri] and (other.script.varies or not sent.script.varies) for other in newer
        ):
            return "something newer was kept"
        age = self.now - sent.at
        if not self.allows(uri, wish, sent, age, since):
            return "too old"
        if answer["Age"] is None:
            return "not from the store"
        # Date has whole seconds, and the time that an answer takes counts.
        return None if 0 <= int(answer["Age"]) - int(age) <= 2 else "another age than told"

    def allows(self, uri, wish, sent, age, since):
        """Tell whether lifetime, windows and the request's wish allow an age."""
        _, revalidate, error, stale = CONTROLS[sent.script.control]
        stale_for = age - sent.lifetime
        failures = [status for seq, _, status in self.failed[uri] if seq > since]
        if failures and error is not None and error and stale_for <= error and (stale or error):
            return True
        if 0 in failures and error is None and stale and stale_for < MAX_STALE:
            return True
        if "no-cache" in sent.script.control or wish == "no-cache":
            return False
        if wish == "max-age=5" and age > 5:
            return False
        if wish == "min-fresh=5" and -stale_for < 5:
            return False
        if stale_for < 0 or (revalidate and stale_for <= revalidate):
            return True
        return stale and (wish == "max-stale" or (wish == "max-stale=15" and stale_for <= 15))


TestEdge = Edge.TestCase
TestEdge.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
