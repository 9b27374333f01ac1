"""How many calls an environment may have at once, and how those sent ahead are claimed or taken back."""

import os
import struct

from hypothesis import example, given
from hypothesis import strategies as st

from edgerun.functions import frames
from edgerun.functions.ahead import MOST, TRIED, WAIT, Ahead
from edgerun.functions.call import Call
from edgerun.functions.claims import Claims
from edgerun.functions.row import Row


def learned(*durations):
    ahead = Ahead()
    for duration in durations:
        ahead.ran(duration)
    return ahead


def test_nothing_is_sent_ahead_before_it_is_known_how_long_calls_are():
    assert learned(*[1e-5] * (TRIED - 1)).depth == 1
    assert learned(*[1e-5] * TRIED).depth == MOST


def test_calls_that_are_not_short_are_sent_one_by_one():
    assert learned(*[2 * WAIT] * 100).depth == 1


@given(st.lists(st.floats(0, 10), min_size=TRIED))
def test_what_waits_is_meant_to_wait_no_longer_than_a_moment(durations):
    depth = learned(*durations).depth
    mean = durations[0]
    for duration in durations[1:]:
        mean += (duration - mean) / 8
    assert 1 <= depth <= MOST
    assert (depth - 1) * mean <= WAIT * (1 + 1e-9)


def test_one_long_call_makes_it_careful_until_many_were_short_again():
    ahead = learned(*[2e-5] * 50)
    ahead.ran(1.0)
    assert ahead.depth == 1
    for _ in range(30):
        ahead.ran(2e-5)
        assert ahead.depth == 1 or ahead._mean < WAIT
    for _ in range(100):
        ahead.ran(2e-5)
    assert ahead.depth > 10


def test_whoever_prints_has_to_be_silent_for_a_while():
    ahead = learned(*[1e-5] * 50)
    ahead.printed()
    assert ahead.depth == 1
    for _ in range(TRIED - 1):
        ahead.ran(1e-5)
    assert ahead.depth == 1
    ahead.ran(1e-5)
    assert ahead.depth > 1


class Soon:
    """A loop of which only `call_soon` is asked."""

    def __init__(self):
        self.acts = []

    def call_soon(self, act):
        self.acts.append(act)

    def turn(self):
        acts, self.acts = self.acts, []
        for act in acts:
            act()


class Host:
    """The other end, by the same rules as the hosts': it begins what it can claim."""

    def __init__(self, claims):
        self.descriptor = claims.theirs
        self.received, self.begun, self.next = [], [], None

    def take(self, sent):
        while sent:
            (length,) = struct.unpack_from("<I", sent)
            kind, number, payload = frames.decode(sent[: length + 4])
            self.received.append((kind, number, payload[36:]))
            sent = sent[length + 4 :]

    def step(self):
        if not self.received:
            return
        kind, number, event = self.received.pop(0)
        if kind == frames.EVENT or self.claims(number):
            self.begun.append(event)

    def claims(self, number):
        if self.next is None:
            try:
                self.next = struct.unpack("<I", os.read(self.descriptor, 4))[0]
            except BlockingIOError:
                return False
        if self.next != number:
            return False
        self.next = None
        return True


MOVES = st.lists(st.sampled_from(["call", "turn", "step", "step", "back", "done"]), max_size=60)


@given(moves=MOVES)
@example(moves=["call", "turn", "call", "call", "turn", "step", "done", "back"])  # the first, whose turn had come
def test_what_is_sent_ahead_begins_once_or_is_taken_back(moves):
    loop, claims = Soon(), Claims()
    host = Host(claims)
    row = Row(loop, claims, host.take)
    number, expected, back = 0, [], []
    try:
        for move in moves:
            match move:
                case "call":
                    call = Call(b"%d" % number, "", lambda _: None)
                    expected.append(b"%d" % number)
                    number += 1
                    if row.head is None:
                        row.head = call
                        row.send(call)
                    else:
                        row.add(call)
                case "turn":
                    loop.turn()
                case "step":
                    host.step()
                case "done" if row.head is not None and row.head.event in host.begun:
                    row.advance()
                case "back":
                    taken = row.take_back()
                    back += [each.event for each in taken]
                    assert not set(back) & set(host.begun)
        loop.turn()
        for _ in range(number):
            host.step()
        assert sorted(back + host.begun, key=int) == expected
        assert host.begun == sorted(host.begun, key=int)
    finally:
        row.close()
        os.close(claims.theirs)


def test_calls_of_one_turn_leave_in_one_piece():
    loop, claims, sent = Soon(), Claims(), []
    row = Row(loop, claims, sent.append)
    row.head = Call(b"0", "", lambda _: None)
    row.send(row.head)
    for number in range(1, 5):
        row.add(Call(b"%d" % number, "", lambda _: None))
    assert sent == []
    loop.turn()
    assert len(sent) == 1
    row.close()
    os.close(claims.theirs)


def test_a_row_without_claims_has_room_for_one():
    row = Row(Soon(), None, lambda _: None)
    row.ahead.depth = 64
    assert not row.has_room
    assert row.take_back() == []
    row.close()


def test_closed_claims_give_nothing_and_take_nothing():
    claims = Claims()
    os.close(claims.theirs)
    claims.close()
    claims.close()
    claims.give([1])
    assert claims.take_back() == set()
