"""The pool's decisions over any course of calls, with environments that only keep account, on a clock moved by hand."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st
from test_deadline import Loop

from edgerun.errors import FunctionThrottled
from edgerun.functions.call import Call
from edgerun.functions.function import Function
from edgerun.functions.pool import LOOK, Pool
from edgerun.functions.runtime import Invocation

WORK = 0.0005
PATIENCE = 5.0


class FakeRow:
    def __init__(self):
        self.behind = deque()
        self.progress = self.asked = 0

    def stalls(self):
        before, self.asked = self.asked, self.progress
        return bool(self.behind) and before == self.progress

    def take_back(self):
        taken, self.behind = list(self.behind), deque()
        return taken


class FakeEnvironment:
    """Runs one call at a time, in the order it got them; how long one takes is its event."""

    def __init__(self, loop, pool, depth):
        self.loop, self.pool, self.depth = loop, pool, depth
        self.row = FakeRow()
        self.head = None
        self.remains = None
        self.idle_since = 0.0
        self.pid, self.ready, self.retired, self.ending = 1, True, False, False
        self.timer = None

    @property
    def busy(self):
        return self.head is not None

    @property
    def has_room(self):
        return self.head is not None and not self.retired and len(self.row.behind) + 1 < self.depth

    def initialise(self, remains):
        pass

    def begin(self, call):
        if self.head is not None:
            assert self.has_room, "more than it has room for"
            self.row.behind.append(call)
        else:
            self.run(call)

    def run(self, call):
        assert not call.started, "twice"
        self.head, call.started = call, True
        self.timer = self.loop.call_later(float(call.event), self.done)

    def done(self):
        call, self.head = self.head, None
        self.row.progress += 1
        if self.row.behind:
            self.run(self.row.behind.popleft())
            self.pool.roomy(self)
        elif self.retired:
            self.pool.ended(self)
        else:
            self.pool.freed(self)
        call.settle(Invocation(payload=call.event))

    def give_back(self):
        self.pool.returned(*self.row.take_back())

    def retire(self):
        self.retired = True
        self.pool.returned(*self.row.take_back())
        if self.head is None:
            self.pool.ended(self)

    def crash(self):
        self.timer.cancel()
        call, self.head = self.head, None
        self.retired = True
        self.pool.returned(*self.row.take_back())
        self.pool.ended(self)
        call.settle(FunctionThrottled("crashed", function="ab"))


class Course:
    def __init__(self, concurrency, depth):
        self.loop = Loop()
        self.made, self.answers, self.calls = [], {}, []
        function = Function(name="ab", root="/", handler="a.b", runtime="python", concurrency=concurrency)
        self.pool = Pool(self.loop, function, self.start, monotonic=self.loop.time)
        self.depth = depth

    def start(self, pool, _call):
        self.made.append(FakeEnvironment(self.loop, pool, self.depth))
        return self.made[-1]

    def call(self, seconds):
        number = len(self.calls)

        def heard(ending):
            assert number not in self.answers, "answered twice"
            self.answers[number] = (ending, self.loop.now)

        call = Call(repr(seconds).encode(), str(number), heard)
        self.calls.append((call, self.loop.now))
        self.pool.submit(call)

    @property
    def free(self):
        return [each for each in self.made if not each.busy and not each.retired]

    def check(self):
        assert len(self.pool._current) <= self.pool.function.concurrency
        if self.free:
            assert not self.pool._waiting, "a call waits while an environment is free"


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("calls"), st.integers(1, 12), st.sampled_from([WORK, WORK, WORK, 0.05, 2.0])),
        st.tuples(st.just("advance"), st.sampled_from([0.0001, 0.001, 0.01, 1.0])),
        st.tuples(st.just("leave"), st.integers(0, 40)),
        st.tuples(st.just("crash"), st.integers(0, 5)),
        st.tuples(st.just("reload"), st.just(0)),
    ),
    max_size=25,
)


@given(moves=MOVES, concurrency=st.integers(1, 4), depth=st.sampled_from([1, 2, 8]))
def test_over_any_course_every_call_runs_once_and_in_its_time(moves, concurrency, depth):
    course = Course(concurrency, depth)
    for move, number, *more in moves:
        match move:
            case "calls":
                for _ in range(number):
                    course.call(more[0])
            case "advance":
                course.loop.advance(number)
            case "leave" if course.calls:
                course.pool.forget(course.calls[number % len(course.calls)][0])
            case "crash":
                busy = [each for each in course.made if each.busy]
                if busy:
                    busy[number % len(busy)].crash()
            case "reload":
                course.pool.retire()
        course.check()
    course.loop.advance(300.0)
    for number, (call, since) in enumerate(course.calls):
        if number in course.answers:
            ending, at = course.answers[number]
            throttled = isinstance(ending, FunctionThrottled) and "crashed" not in str(ending)
            assert not throttled or at - since >= PATIENCE - 0.01 or not call.started
        else:
            assert call.abandoned, "neither answered nor left"
    assert not any(each.busy for each in course.made)


@given(depth=st.sampled_from([1, 2, 8, 64]), others=st.integers(1, 8), long=st.floats(0.05, 3.0))
def test_a_long_call_never_holds_up_those_behind_it_while_another_environment_is_free(depth, others, long):
    course = Course(2, depth)
    for _ in range(2):  # both environments are there, and both are free
        course.call(WORK)
    course.loop.advance(0.1)
    began = course.loop.now
    course.call(long)
    for _ in range(others):
        course.call(WORK)
    course.loop.advance(20.0)
    late = [at - began for number, (_, at) in course.answers.items() if number > 2]
    assert len(late) == others
    assert max(late) <= 3 * LOOK + (others + 1) * WORK


def test_what_was_taken_back_keeps_its_place():
    course = Course(1, 8)
    course.call(WORK)
    course.loop.advance(0.01)
    for seconds in (0.5, WORK, WORK, WORK, WORK, WORK, WORK, WORK, WORK, WORK, WORK):
        course.call(seconds)
    course.loop.advance(2.0)
    assert [number for number, _ in sorted(course.answers.items(), key=lambda each: each[1][1])] == list(range(12))


def test_short_calls_stay_in_one_environment():
    course = Course(4, 8)
    course.call(WORK)
    course.loop.advance(0.01)
    for _ in range(8):
        course.call(WORK)
    course.loop.advance(1.0)
    assert len(course.made) == 1


def test_long_calls_get_an_environment_each():
    course = Course(4, 1)
    for _ in range(4):
        course.call(0.5)
    assert len(course.made) == 4
