"""Ranges of what is not stored whole. Sources: http-caching.md §13.2 to §13.4; cloudfront.md §4.6."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plays import Play, behavior

from edgerun.cache.record import Why
from edgerun.http.fields import byte_ranges
from edgerun.observe.events import Step, Stepped
from edgerun.testing.origin import respond

WHOLE = bytes(range(100))
LINES = {"cache_control": "max-age=60", "etag": '"v1"', "content_type": "video/mp4"}


class Object:
    """An origin's object, which answers ranges."""

    def __init__(self, whole=WHOLE, *, length="", ranges=True, **lines):
        self.whole = whole
        self.length = length
        self.ranges = ranges
        self.lines = LINES | lines

    def __call__(self, request):
        wanted = byte_ranges(request.headers.get(b"range") or b"")
        if not self.ranges or wanted is None or request.method != "GET":
            return respond(200, self.whole, **self.lines)
        (first, last), *_ = wanted
        start = len(self.whole) - last if first is None else first
        stop = len(self.whole) if first is None or last is None else min(last + 1, len(self.whole))
        if start >= len(self.whole):
            return respond(416, b"", content_range=f"bytes */{len(self.whole)}")
        told = f"bytes {start}-{stop - 1}/{self.length or len(self.whole)}"
        return respond(206, self.whole[start:stop], content_range=told, **self.lines)


def edge(given=None, **more):
    return Play(behavior(**more), replies={"/": given or Object()})


def asked(play):
    return [request.headers.get(b"range") for request in play.origin.seen]


def test_a_range_is_forwarded_as_sent_and_kept():
    play = edge()
    for word, age in (("Miss", None), ("Hit", "0")):
        answer = play.get(range="bytes=10-19")
        assert (answer.status, answer.x_cache, answer["Age"]) == (206, f"{word} from cloudfront", age)
        assert (answer.body, answer["Content-Range"]) == (WHOLE[10:20], "bytes 10-19/100")
        assert (answer["Content-Length"], answer["ETag"], answer["Content-Type"]) == ("10", '"v1"', "video/mp4")
    assert asked(play) == [b"bytes=10-19"]


def test_what_lies_within_a_part_needs_no_origin():
    play = edge()
    play.get(range="bytes=10-49")
    part = play.get(range="bytes=20-29")
    assert (part.status, part.body, part.x_cache) == (206, WHOLE[20:30], "Hit from cloudfront")
    several = play.get(range="bytes=11-12,40-41")
    assert several["Content-Type"].startswith("multipart/byteranges")
    assert play.get(range="bytes=-90", if_none_match='"v0"').status == 206
    assert len(play.origin.seen) == 2


@pytest.mark.parametrize("range_", ["bytes=0-19", "bytes=40-59", "bytes=50-", "bytes=-1", "bytes=0-1,20-21"])
def test_what_does_not_lie_within_is_asked_of_the_origin(range_):
    play = edge()
    play.get(range="bytes=10-49")
    assert play.get(range=range_).x_cache == "Miss from cloudfront"
    assert asked(play)[-1] == range_.encode()


def test_a_part_never_stands_for_the_whole():
    play = edge()
    play.get(range="bytes=0-49")
    whole = play.get()
    assert (whole.status, whole.body, whole.x_cache) == (200, WHOLE, "Miss from cloudfront")
    assert play.run(lambda p: p.ask(method="HEAD")).status == 200


def test_parts_are_joined():
    play = edge()
    play.get(range="bytes=0-29")
    play.get(range="bytes=20-59")
    answer = play.get(range="bytes=10-49")
    assert (answer.body, answer.x_cache) == (WHOLE[10:50], "Hit from cloudfront")


def test_all_parts_together_become_the_whole():
    play = edge()
    for range_ in ("bytes=50-99", "bytes=0-29", "bytes=20-60"):
        play.get(range=range_)
    whole = play.get()
    assert (whole.status, whole.body, whole.x_cache) == (200, WHOLE, "Hit from cloudfront")
    assert (whole["Content-Length"], whole["Content-Range"], whole["ETag"]) == ("100", None, '"v1"')
    assert len(play.store) == 1, "the parts are gone"
    assert play.run(lambda p: p.ask(method="HEAD"))["Content-Length"] == "100"
    assert len(play.origin.seen) == 3


def test_the_newest_head_counts():
    play = edge(Object(x_note="one", x_old="kept"))
    play.get(range="bytes=0-29")
    play.clock.advance(30)
    play.origin.replies["/"] = Object(x_note="two")
    play.get(range="bytes=30-59")
    play.clock.advance(40)
    answer = play.get(range="bytes=0-9")
    assert (answer["X-Note"], answer["X-Old"], answer["Age"]) == ("two", "kept", "40")
    assert (answer.x_cache, answer.body) == ("Hit from cloudfront", WHOLE[:10])


@pytest.mark.parametrize(
    "later",
    [
        pytest.param({"etag": '"v2"'}, id="another tag"),
        pytest.param({"etag": 'W/"v1"'}, id="a weak tag"),
        pytest.param({"length": 200}, id="another length"),
    ],
)
def test_a_part_of_something_else_replaces_what_was_there(later):
    play = edge()
    play.get(range="bytes=0-29")
    play.origin.replies["/"] = Object(WHOLE[::-1], **later)
    play.get(range="bytes=50-59")
    assert play.get(range="bytes=50-54").x_cache == "Hit from cloudfront"
    again = play.get(range="bytes=0-29")
    assert (again.x_cache, again.body) == ("Miss from cloudfront", WHOLE[::-1][:30])


def test_parts_without_a_strong_validator_are_kept_but_never_joined():
    play = edge(Object(etag='W/"v1"'))
    play.get(range="bytes=0-49")
    assert play.get(range="bytes=5-9").x_cache == "Hit from cloudfront"
    play.get(range="bytes=50-99")
    assert play.get(range="bytes=60-69").x_cache == "Hit from cloudfront"
    assert play.get(range="bytes=0-49").x_cache == "Miss from cloudfront"
    assert play.get().x_cache == "Miss from cloudfront"


def test_a_part_of_unknown_length_is_of_use_once_the_length_is_told():
    play = edge(Object(length="*"))
    play.get(range="bytes=0-9")
    assert play.get(range="bytes=0-9").x_cache == "Miss from cloudfront"
    play.origin.replies["/"] = Object()
    play.get(range="bytes=10-19")
    assert play.get(range="bytes=0-19").x_cache == "Hit from cloudfront"


def test_parts_expire_and_are_freshened_by_the_next():
    play = edge()
    play.get(range="bytes=0-29")
    play.clock.advance(61)
    assert play.get(range="bytes=10-19").x_cache == "Miss from cloudfront"
    assert play.get(range="bytes=0-29").x_cache == "Hit from cloudfront", "the same strong validator"


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ({"if_none_match": '"v1"'}, 304),
        ({"if_range": '"v1"'}, 206),
    ],
)
def test_conditions_are_answered_from_parts(condition, status):
    play = edge()
    play.get(range="bytes=0-49")
    answer = play.get(range="bytes=0-9", **condition)
    assert (answer.status, answer.x_cache) == (status, "Hit from cloudfront")


def test_if_range_of_another_object_goes_to_the_origin():
    play = edge()
    play.get(range="bytes=0-49")
    play.get(range="bytes=0-9", if_range='"v0"')
    assert play.origin.seen[1].headers.get(b"if-range") == b'"v0"'


def test_a_200_is_served_and_kept_whole_and_its_ranges_come_from_the_store():
    play = edge(Object(ranges=False))
    first, second = play.get(range="bytes=0-9"), play.get(range="bytes=10-19")
    assert (first.status, first.body, first.x_cache) == (200, WHOLE, "Miss from cloudfront")
    assert (second.status, second.body, second.x_cache) == (206, WHOLE[10:20], "Hit from cloudfront")


def test_the_whole_takes_the_place_of_its_parts():
    play = edge()
    play.get(range="bytes=0-29")
    play.get()
    assert len(play.store) == 1
    play.clock.advance(61)
    play.origin.replies["/"] = Object(WHOLE[::-1], etag='"v2"')
    assert play.get(range="bytes=0-9").body in {WHOLE[::-1], WHOLE[::-1][:10]}


def test_a_416_passes_through_and_is_not_kept():
    play = edge()
    for _ in range(2):
        answer = play.get(range="bytes=200-")
        assert (answer.status, answer["Content-Range"]) == (416, "bytes */100")
    assert len(play.origin.seen) == 2


@pytest.mark.parametrize(
    "lines",
    [{"content_range": "bytes 0-9/5"}, {"content_range": "bytes 9-0/100"}, {"content_range": "junk"}, {}],
)
def test_a_206_that_does_not_say_which_part_it_is_is_passed_on_and_not_kept(lines):
    play = edge(lambda request: respond(206, WHOLE[:10], **LINES, **lines))
    for _ in range(2):
        answer = play.get(range="bytes=0-9")
        assert (answer.status, answer.body, answer.x_cache) == (206, WHOLE[:10], "Miss from cloudfront")
    assert len(play.store) == 0


# cloudfront.md §5.4
@pytest.mark.parametrize("told", ["bytes 0-19/100", "bytes 0-4/100", "bytes 0-19/*"])
def test_a_206_of_another_length_than_it_says_is_an_error(told):
    play = edge(lambda request: respond(206, WHOLE[:10], **LINES, content_range=told))
    answer = play.get(range="bytes=0-9")
    assert (answer.status, answer.x_cache) == (502, "Error from cloudfront")
    (logged,) = play.logged()
    assert logged.detailed_result_type == "OriginContentRangeLengthError"


def test_the_head_of_a_part_has_no_bytes_to_count():
    play = edge(lambda request: respond(206, b"", **LINES, content_range="bytes 0-9/100", content_length="10"))
    assert play.run(lambda p: p.ask(method="HEAD", range="bytes=0-9")).status == 206
    assert len(play.store) == 0


def test_a_206_that_nobody_asked_for_is_not_kept():
    play = edge(lambda request: respond(206, WHOLE[:10], **LINES, content_range="bytes 0-9/100"))
    play.get()
    assert len(play.store) == 0


def test_what_may_not_be_kept_is_not_kept_in_parts():
    play = edge(Object(cache_control="no-store"))
    play.get(range="bytes=0-9")
    assert play.get(range="bytes=0-9").x_cache == "Miss from cloudfront"
    assert len(play.store) == 0


def test_a_part_that_left_the_store_is_fetched_again():
    play = edge()
    play.get(range="bytes=0-29")
    play.get(range="bytes=30-59")
    (gone,) = [key for key in play.store._entries if key.method == "PART 0-30"]
    play.store.discard(gone)
    assert play.get(range="bytes=30-39").x_cache == "Hit from cloudfront"
    assert play.get(range="bytes=0-39").x_cache == "Miss from cloudfront"
    assert play.get(range="bytes=0-39").x_cache == "Hit from cloudfront"


def test_the_viewer_response_function_sees_the_part():
    def handler(event, _):
        response = event["Records"][0]["cf"]["response"]
        response["headers"]["x-status"] = [{"key": "X-Status", "value": response["status"]}]
        return response

    play = Play(behavior(points={"viewer_response": "see"}), replies={"/": Object()}, functions={"see": handler})
    assert [play.get(range="bytes=0-9")["X-Status"] for _ in range(2)] == ["206", "206"]


ranges = st.tuples(st.integers(0, 99), st.integers(0, 99)).map(sorted)


@settings(max_examples=40)
@given(st.lists(ranges, min_size=1, max_size=15), st.randoms(use_true_random=False))
def test_whatever_came_before_a_range_is_what_slicing_gives(wanted, chance):
    play = edge()

    async def act(p):
        for first, last in wanted:
            if chance.random() < 0.1:
                p.clock.advance(61)
            answer = await p.ask(range=f"bytes={first}-{last}")
            if answer.status == 206:
                assert answer.body == WHOLE[first : last + 1]
                assert answer["Content-Range"] == f"bytes {first}-{last}/100"
            else:
                assert (answer.status, answer.body) == (200, WHOLE), "the whole was confirmed anew"
        whole = await p.ask()
        assert (whole.status, whole.body) == (200, WHOLE)

    play.run(act)


def test_large_parts_become_one_object_that_is_not_in_memory():
    large = random.Random(1).randbytes(3_000_000)
    play = edge(Object(large))
    for start in range(0, len(large), 1_500_000):
        play.get(range=f"bytes={start}-{start + 1_499_999}")
    whole = play.get()
    assert (whole.body == large, whole.x_cache) == (True, "Hit from cloudfront")
    part = play.get(range="bytes=1499990-1500009")
    assert part.body == large[1_499_990:1_500_010]


def test_a_purge_forgets_the_parts():
    play = edge()
    play.get(range="bytes=0-49")
    play.run(lambda p: p.store.invalidate(b"/"))
    assert len(play.store) == 0
    assert play.get(range="bytes=0-9").x_cache == "Miss from cloudfront"


def test_the_look_up_says_what_it_came_to():
    play = edge()
    told = []
    for range_ in ("bytes=0-49", "bytes=0-9", "bytes=40-59"):
        play.events.clear()
        play.get(range=range_)
        told += [(e.outcome, e.detail.why) for e in play.events if isinstance(e, Stepped) and e.step is Step.LOOK_UP]
    assert told == [("miss", Why.NOTHING_STORED), ("part", Why.FRESH), ("miss", Why.PARTIAL)]
