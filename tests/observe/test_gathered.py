"""What comes in great numbers is handed on together: in its order, soon, and never too much of it is kept."""

import asyncio

from edgerun.observe.gathered import MOST, Gathered


class Heap:
    def __init__(self, **options):
        self.due, self.seen = [], []
        self.gathered = Gathered(self.seen.append, **({"soon": self.due.append} | options))

    def add(self, *items):
        for item in items:
            self.gathered.add(item)


def test_things_are_handed_on_in_their_order_when_the_moment_has_come():
    heap = Heap()
    heap.add(1, 2, 3)
    assert (heap.seen, len(heap.due)) == ([], 1)
    heap.due.pop()()
    heap.add(4)
    heap.due.pop()()
    assert heap.seen == [[1, 2, 3], [4]]


def test_many_are_handed_on_at_once():
    heap = Heap()
    heap.add(*range(2 * MOST + 1))
    assert [len(items) for items in heap.seen] == [MOST, MOST]
    assert len(heap.due) == 1
    heap.due.pop()()
    assert heap.seen[2] == [2 * MOST]


def test_a_flush_hands_on_what_is_there_and_nothing_twice():
    heap = Heap()
    heap.add(1)
    heap.gathered.flush()
    heap.gathered.flush()
    heap.due.pop()()
    assert heap.seen == [[1]]


def test_what_is_added_while_things_are_seen_to_comes_next():
    heap = Heap()
    again = Gathered(lambda items: (heap.seen.append(items), items == [1] and again.add(2)), soon=heap.due.append)
    again.add(1)
    again.flush()
    again.flush()
    assert heap.seen == [[1], [2]]


def test_the_loop_tells_when_the_moment_has_come():
    async def act():
        done = asyncio.Event()
        seen = []
        gathered = Gathered(lambda items: (seen.append(items), done.set()))
        gathered.add(1)
        gathered.add(2)
        assert seen == []
        await asyncio.wait_for(done.wait(), 10)
        return seen

    assert asyncio.run(act()) == [[1, 2]]


def test_without_a_loop_nothing_waits():
    seen = []
    gathered = Gathered(seen.append)
    gathered.add(1)
    gathered.add(2)
    gathered.flush()
    assert [item for items in seen for item in items] == [1, 2]
