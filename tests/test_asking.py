"""Heads whose viewer-request function is asked at once: nobody can tell their answers from those made step by step."""

import asyncio
import gc
import json
from dataclasses import replace
from functools import partial

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plays import Play, behavior, consume, distribution, request

from edgerun.asking import Pending
from edgerun.distribution.model import Association, Point
from edgerun.errors import FunctionError, FunctionThrottled
from edgerun.functions.call import Call
from edgerun.functions.lambda_edge import build_event
from edgerun.functions.lambda_event import EdgeContext
from edgerun.functions.question import Question
from edgerun.http.headers import Headers
from edgerun.http.message import Request, SameHead
from edgerun.observe.events import field_types
from edgerun.testing.functions import CallableRuntime
from edgerun.testing.origin import respond
from edgerun.visit import Delivery

REPLIES = {
    "/page": respond(200, b"the page", Cache_Control="max-age=60", ETag='"a"'),
    "/other": respond(200, b"the other", Cache_Control="max-age=60", ETag='"o"'),
    "/short": respond(200, b"short", Cache_Control="max-age=5", ETag='"s"'),
    "/gone": respond(404, b"gone", Cache_Control="max-age=30"),
    "/never": respond(200, b"never", Cache_Control="no-store"),
}
CLIENTS = (("198.51.100.23", 40_000), ("198.51.100.23", 40_001), ("2001:db8::1", 7))


class Prompt(CallableRuntime):
    """Callables that can be asked at once; their answers come in the loop's next turn, or when `hold` is opened."""

    def __init__(self, handlers):
        super().__init__(handlers)
        self.asked = 0
        self.left = 0
        self.hold = None
        self.refusal = None

    def begin(self, function, event, *, label, heard):
        self.asked += 1
        if self.refusal is not None:
            heard(self.refusal)
        else:
            self.task = asyncio.get_running_loop().create_task(self._answer(function, event, label, heard))
        return self._leave

    async def _answer(self, function, event, label, heard):
        if self.hold is not None:
            await self.hold.wait()
        try:
            heard(await self.invoke(function, event, label=label))
        except FunctionError as error:
            heard(error)

    def _leave(self):
        self.left += 1
        self.task.cancel()


async def ask(play, asked):
    """Go in as the wire door does: ask at once where that can be, else begin."""
    resumed = asyncio.get_running_loop().create_future()
    begun = play.pipeline
    if play.pipeline.ask(asked, resumed.set_result) is not None:
        begun = await resumed
    else:
        begun = play.pipeline.begin(asked)
    return await consume(begun if isinstance(begun, Delivery) else await asyncio.ensure_future(begun))


class Twins:
    """The same requests to two edges, of which one takes every step each time."""

    def __init__(self, handler, given=None, **options):
        given = given or distribution(behavior(points={"viewer_request": "one"}))
        self.asking, self.stepping = (
            Play(given, replies=dict(REPLIES), watched=False, runtime=runtime({"one": handler}), **options)
            for runtime in (Prompt, CallableRuntime)
        )
        self.same = {}

    async def ask(self, path, client=CLIENTS[0], **headers):
        same = self.same.setdefault((path, tuple(headers.items())), SameHead())
        answers = []
        for play, alike in ((self.asking, same), (self.stepping, None)):
            answers.append(await ask(play, replace(request(path, **headers), same=alike, client=client)))
            await asyncio.sleep(0)
        assert look(answers[0]) == look(answers[1])
        assert told(self.asking) == told(self.stepping)
        assert self.asking.runtime.calls == self.stepping.runtime.calls
        return answers[0]

    @property
    def plays(self):
        return self.asking, self.stepping

    def run(self, act):
        async def whole():
            try:
                return await act()
            finally:
                for play in self.plays:
                    await play.flights.aclose()

        return asyncio.run(whole())


def look(answer):
    return answer.status, answer.headers.lines, answer.headers.block, answer.body


def told(play):
    """Return what has been said: the last line of the log whole, of the rest what was warned of and what failed."""
    last = play.logged()[-1]
    log = {name: getattr(last, name) for name in field_types(type(last))}
    failures = [(each.request_id, each.step, each.function, str(each.error)) for each in play.failures()]
    return log, play.warnings(), failures


def steered(event, _context):
    """Do what the header x-do says."""
    asked = event["Records"][0]["cf"]["request"]
    said = asked["headers"].pop("x-do", [{"value": "pass"}])[0]["value"]
    match said.split():
        case ["to", uri]:
            asked["uri"] = uri
        case ["tell", name]:
            asked["headers"]["x-told"] = [{"key": "X-Told", "value": name}]
        case ["fail"]:
            raise ValueError("no")
        case ["answer"]:
            return {"status": "403", "headers": {}, "body": "mine"}
        case ["break"]:
            asked["headers"]["connection"] = [{"key": "Connection", "value": "close"}]
        case ["address"]:
            asked["headers"]["x-from"] = [{"value": asked["clientIp"]}]
    return asked


WORDS = ("pass", "to /other", "to /short", "to /gone", "to /never", "tell a", "fail", "answer", "break", "address")
MOVES = st.one_of(
    st.tuples(st.just("ask"), st.sampled_from(sorted(REPLIES)), st.sampled_from(WORDS), st.sampled_from(CLIENTS)),
    st.tuples(st.just("clock"), st.floats(0, 50)),
    st.tuples(st.just("purge"), st.sampled_from([b"/page", b"/*", b"/gone"])),
)


@pytest.mark.parametrize("strictness", ["strict", "lenient"])
@given(moves=st.lists(MOVES, max_size=30))
def test_over_any_course_of_events_what_is_asked_at_once_is_answered_as_by_the_steps(moves, strictness):
    twins = Twins(steered, strictness=strictness)

    async def act():
        for move in moves:
            match move:
                case ("ask", path, word, client):
                    await twins.ask(path, client, X_Do=word)
                case ("clock", seconds):
                    for play in twins.plays:
                        play.clock.advance(seconds)
                case ("purge", pattern):
                    for play in twins.plays:
                        await play.store.invalidate(pattern)

    twins.run(act)


def test_a_hit_behind_a_function_is_asked_at_once_from_its_second_time_on():
    twins = Twins(steered)

    async def act():
        for _ in range(4):
            await twins.ask("/page", X_Do="tell a")

    twins.run(act)
    assert twins.asking.runtime.asked == 2  # the first was a miss, whose answer does not stand
    assert len(twins.asking.runtime.calls) == 4


def test_the_function_may_change_its_mind():
    turns = iter(["/page", "/page", "/other", "/page", "/other", "/never"] * 2)
    twins = Twins(lambda event, _: {**event["Records"][0]["cf"]["request"], "uri": told_of(event, turns)})
    told_of.cache = {}

    async def act():
        return [(await twins.ask("/any")).body for _ in range(12)]

    bodies = twins.run(act)
    assert bodies == [b"the page", b"the page", b"the other", b"the page", b"the other", b"never"] * 2


def told_of(event, turns):
    """Return the same for both twins, who ask under the same id."""
    name = event["Records"][0]["cf"]["config"]["requestId"]
    return told_of.cache.setdefault(name, None) or told_of.cache.update({name: next(turns)}) or told_of.cache[name]


def asked_thrice(given, handler=steered, path="/page", **headers):
    """Return the runtime after three requests with the same bytes."""
    play = Play(given, replies=dict(REPLIES), watched=False, runtime=Prompt({"one": handler}), strictness="lenient")
    same = SameHead()

    async def act(play):
        for _ in range(3):
            await ask(play, replace(request(path, **headers), same=same))
            await asyncio.sleep(0)

    play.run(act)
    return play.runtime


WITH_BODY = Association(function=behavior(points={"viewer_request": "one"}).viewer_request.function, include_body=True)


@pytest.mark.parametrize(
    ("given", "headers"),
    [
        pytest.param(behavior(points={"viewer_request": WITH_BODY}), {}, id="include body"),
        pytest.param(
            behavior(points={"viewer_request": "one", "viewer_response": "one"}), {}, id="viewer-response too"
        ),
        pytest.param(behavior(points={"viewer_request": "one"}), {"X_Do": "answer"}, id="it answers itself"),
        pytest.param(behavior(points={"viewer_request": "one"}), {"X_Do": "to /never"}, id="nothing stands"),
        pytest.param(behavior(points={"viewer_request": "one"}), {"X_Do": "fail"}, id="it fails"),
    ],
)
def test_what_does_not_stand_behind_a_function_is_not_asked_at_once(given, headers):
    def handler(event, context):
        record = event["Records"][0]["cf"]
        return record["response"] if "response" in record else steered(event, context)

    runtime = asked_thrice(given, handler, **headers)
    assert runtime.asked == 0
    assert len(runtime.calls) >= 3


def test_what_is_forgiven_is_said_for_each_request():
    twins = Twins(lambda event, _: {**event["Records"][0]["cf"]["request"], "querystring": None}, strictness="lenient")

    async def act():
        for _ in range(4):
            await twins.ask("/page")

    twins.run(act)
    assert len(twins.asking.warnings()) == 4


def stage():
    given = behavior(points={"viewer_request": "one"})
    return Play(given, replies=dict(REPLIES), watched=False, runtime=Prompt({"one": steered}))


def test_a_function_that_is_throttled_at_once_is_answered_so():
    play, same = stage(), SameHead()

    async def act(play):
        for _ in range(2):
            await ask(play, replace(request("/page"), same=same))
            await asyncio.sleep(0)
        play.runtime.refusal = FunctionThrottled("too many", function="one")
        return await ask(play, replace(request("/page"), same=same))

    assert play.run(act).status == 503
    assert play.runtime.asked == 1


def test_what_is_over_cannot_be_left():
    play, same = stage(), SameHead()

    async def act(play):
        for _ in range(2):
            await ask(play, replace(request("/page"), same=same))
            await asyncio.sleep(0)
        play.runtime.refusal = FunctionThrottled("too many", function="one")
        resumed = []
        pending = play.pipeline.ask(replace(request("/page"), same=same), resumed.append)
        logged = len(play.logged())
        pending.leave()
        return resumed, play.runtime.left, len(play.logged()) - logged

    (delivery,), left, logged = play.run(act)
    assert (delivery.response.status, left, logged) == (503, 0, 0)


class Pooled(Prompt):
    """Holds its calls as a pool does."""

    def begin(self, function, event, *, label, heard):
        call = Call(event, label, heard)
        super().begin(function, event, label=label, heard=call.settle)
        return partial(call.leave)


def test_a_request_that_is_answered_leaves_nothing_for_the_collector():
    given = behavior(points={"viewer_request": "one"})
    play, same = Play(given, replies=dict(REPLIES), watched=False, runtime=Pooled({"one": steered})), SameHead()

    async def act(play):
        for _ in range(5):
            await ask(play, replace(request("/page"), same=same))
            await asyncio.sleep(0)

    def known():
        return {id(each): each for each in gc.get_objects() if isinstance(each, Pending | Call)}

    gc.collect()
    gc.disable()
    try:
        before = known()  # what another test may still hold
        play.run(act)
        play.runtime.task = None
        left = [each for number, each in known().items() if number not in before]
    finally:
        gc.enable()
    assert play.runtime.asked == 3
    assert left == []


def test_a_viewer_who_leaves_has_the_call_unheard_and_is_in_the_log():
    play, same = stage(), SameHead()

    async def act(play):
        for _ in range(2):
            await ask(play, replace(request("/page"), same=same))
            await asyncio.sleep(0)
        play.runtime.hold = asyncio.Event()
        resumed = []
        pending = play.pipeline.ask(replace(request("/page"), same=same), resumed.append)
        await asyncio.sleep(0)
        pending.leave()
        await asyncio.sleep(0)
        return resumed

    assert play.run(act) == []
    assert play.runtime.left == 1
    last = play.logged()[-1]
    assert (last.status, last.complete, last.ran) == (0, False, ("viewer-request",))
    assert last.path_pattern == play.logged()[0].path_pattern


TEXTS = st.binary(max_size=20).map(lambda text: text.replace(b"\r", b"").replace(b"\n", b""))
LINES = st.lists(st.tuples(st.sampled_from([b"A", b"b-c"]), TEXTS), max_size=4)
NAMES = st.text(max_size=10)


@given(path=TEXTS, query=st.none() | TEXTS, headers=LINES, request_id=NAMES, address=NAMES)
def test_a_question_is_the_event(path, query, headers, request_id, address):
    def context(name):
        return EdgeContext(
            point=Point.VIEWER_REQUEST, distribution_domain_name="d1.net", distribution_id="E1", request_id=name
        )

    asked = Request(method="GET", path=b"/" + path, query=query, headers=Headers(headers), client=("192.0.2.1", 1))
    question = Question(context("other"), asked)
    event = build_event(context(request_id), replace(asked, client=(address, 2)))
    assert question.event(request_id, address) == orjson.dumps(event)
    assert json.loads(question.event("r", "192.0.2.1"))["Records"][0]["cf"]["request"]["clientIp"] == "192.0.2.1"
