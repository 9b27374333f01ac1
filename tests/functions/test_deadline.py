"""One timer for many times in a row, against a loop whose clock is moved by hand."""

from hypothesis import given
from hypothesis import strategies as st

from edgerun.functions.deadline import Deadline


class Handle:
    def __init__(self, at, act):
        self.at, self.act = at, act
        self.cancelled = False

    def cancel(self):
        self.cancelled = True


class Loop:
    def __init__(self):
        self.now = 100.0
        self.handles = []

    def time(self):
        return self.now

    def call_later(self, delay, act):
        self.handles.append(Handle(self.now + delay, act))
        return self.handles[-1]

    def due(self):
        return sorted((each for each in self.handles if not each.cancelled), key=lambda each: each.at)

    def advance(self, seconds):
        until = self.now + seconds
        while (due := self.due()) and due[0].at <= until:
            self.now = max(self.now, due[0].at)
            self.handles.remove(due[0])
            due[0].act()
        self.now = until


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("set"), st.integers(0, 50)),
        st.tuples(st.just("clear"), st.just(0)),
        st.tuples(st.just("advance"), st.integers(0, 30)),
    ),
    max_size=30,
)


@given(moves=MOVES)
def test_it_is_over_when_the_last_time_set_has_come_and_only_then(moves):
    loop, overs = Loop(), []
    deadline = Deadline(loop, lambda: overs.append(loop.now))
    expected, at = [], None
    for move, number in moves:
        match move:
            case "set":
                at = loop.now + number
                deadline.set(at)
            case "clear":
                at = None
                deadline.clear()
            case "advance":
                loop.advance(number)
                if at is not None and at <= loop.now:
                    expected.append(at)
                    at = None
        assert overs == expected
        assert len(loop.due()) <= 1


def test_times_in_a_row_share_a_timer():
    loop, overs = Loop(), []
    deadline = Deadline(loop, lambda: overs.append(loop.now))
    for _ in range(1000):
        deadline.set(loop.now + 3)
        loop.advance(0.001)
        deadline.clear()
    assert (len(loop.handles), overs) == (1, [])
    deadline.cancel()
    assert loop.due() == []
