"""The book on functions and origins: what is counted, and that it never grows beyond its bounds."""

import pytest

from edgerun.errors import (
    FunctionExecutionError,
    FunctionInitError,
    FunctionResultError,
    FunctionThrottled,
    FunctionTimeout,
    OriginTimeout,
)
from edgerun.observe.events import Called, Failed, Noted, Printed, Reloaded
from edgerun.observe.fanout import Fanout
from edgerun.observe.tally import CALLS, LINES, LONGEST_LINE, NAMES, Tally

NOW = 1_000.0
EVENT = b'{"secret": "what a viewer sent"}'


def called(**more):
    return Called(**{"request_id": "r", "point": "viewer-request", "function": "f", "event": EVENT, **more})


def printed(text, function="f", **more):
    return Printed(request_id="r", function=function, text=text, **more)


def refused(function="f"):
    error = FunctionResultError("no status", rule="L301", function=function)
    return Failed(request_id="r", step="viewer-request", at=NOW, error=error, function=function)


def failed(domain_name, at=NOW):
    error = OriginTimeout("too slow")
    error.place = domain_name, 80
    return Failed(request_id="r", step="fetch", at=at, error=error)


def tally(*events, stamp=lambda _: "the file"):
    made = Tally(lambda: NOW, stamp)
    for event in events:
        made(event)
    return made


@pytest.mark.parametrize(
    ("error", "counted", "ended"),
    [
        pytest.param(None, "warm", "ok", id="a call on a warm environment"),
        pytest.param(FunctionExecutionError("boom"), "errors", "error", id="an exception"),
        pytest.param(FunctionInitError("boom"), "errors", "init", id="code that does not load"),
        pytest.param(FunctionTimeout("late"), "timeouts", "timeout", id="a timeout"),
        pytest.param(FunctionThrottled("full"), "throttles", "throttled", id="a throttle"),
    ],
)
def test_each_end_of_a_call_is_counted_as_what_it_is(error, counted, ended):
    book = tally(called(error=error)).function("f")
    names = ("cold", "warm", "errors", "timeouts", "throttles", "refusals")
    assert {name: getattr(book, name) for name in names} == dict.fromkeys(names, 0) | {counted: 1}
    assert (book.runs[-1].ended, book.runs[-1].why) == (ended, "" if error is None else str(error))


def test_a_cold_call_is_no_warm_one_and_tells_of_its_init():
    book = tally(called(cold=True, init_duration=0.2, duration=0.01, max_memory=40)).function("f")
    assert (book.cold, book.warm, book.called) == (1, 0, 1)
    run = book.runs[-1]
    assert (run.cold, run.init_duration, run.duration, run.max_memory, run.at) == (True, 0.2, 0.01, 40, NOW)


def test_a_refused_result_is_counted_beside_the_call_that_returned_it():
    book = tally(called(), refused()).function("f")
    assert (book.called, book.warm, book.refusals) == (1, 1, 1)


def test_what_a_function_was_sent_is_not_kept():
    run = tally(called(result=EVENT)).function("f").runs[-1]
    assert "secret" not in repr(run)


def test_calls_that_come_together_are_counted_as_those_that_come_alone():
    calls = [called(event=b"", duration=0.01 * n, cold=n == 0) for n in range(3)]
    together, told = tally(), []
    together.subscribe(told.append)
    together.many(calls)
    one, other = together.function("f"), tally(*calls).function("f")
    names = ("called", "cold", "warm", "runs", "loaded_at", "stamp")
    assert [getattr(one, name) for name in names] == [getattr(other, name) for name in names]
    assert told == ["f"]


def test_what_came_together_counts_for_the_bounds():
    made = tally()
    made.many([called(event=b"") for _ in range(CALLS + 5)])
    made.many_printed([printed("START 1\nEND 1", kind="platform") for _ in range(LINES)])
    book = made.function("f")
    assert (len(book.runs), book.runs[0].number, book.called) == (CALLS, 6, CALLS + 5)
    assert (len(book.lines), book.lines[-1].number) == (LINES, 2 * LINES)


def test_what_is_known_by_now_is_told_before_a_book_is_opened():
    made = Tally(lambda: NOW, flush=lambda: made.many([called(event=b"")]))
    assert made.function("f").called == 1


def test_lines_are_kept_as_cloudwatch_has_them():
    text = "one\rtwo\r"
    book = tally(printed("START RequestId: 1 Version: 1", kind="platform"), printed(text)).function("f")
    assert [(line.number, line.kind, line.text) for line in book.lines] == [
        (1, "platform", "START RequestId: 1 Version: 1"),
        (2, "output", "one\ntwo"),
    ]


def test_lines_about_an_invocation_that_come_as_one_are_kept_apart():
    together = "START RequestId: 1 Version: 1\nEND RequestId: 1\nREPORT RequestId: 1\tDuration: 1.00 ms"
    ended = "RequestId: 1 Error: Runtime exited with error: exit status 1\nRuntime.ExitError"
    book = tally(printed(together, kind="platform"), printed(ended, kind="platform"), printed("{\n}")).function("f")
    assert [line.text for line in book.lines] == [*together.split("\n"), ended, "{\n}"]


def test_the_book_is_bounded_in_every_direction():
    made = tally(*(called() for _ in range(CALLS + 5)), *(printed(str(n)) for n in range(LINES + 5)))
    made(printed("x" * (LONGEST_LINE + 1)))
    book = made.function("f")
    assert (len(book.runs), book.runs[-1].number, book.called) == (CALLS, CALLS + 5, CALLS + 5)
    assert (len(book.lines), book.lines[-1].number) == (LINES, LINES + 6)
    assert len(book.lines[-1].text) < LONGEST_LINE + 40
    for number in range(NAMES + 5):
        made(printed("x", function=f"f{number}"))
        made(failed(f"o{number}.example"))
    assert made.function("f").called == 0
    assert (made.origin(("o0.example", 80)), made.origin((f"o{NAMES + 4}.example", 80)).count) == (None, 1)


def test_code_counts_as_loaded_from_the_first_call_that_ran_it():
    book = tally(called(error=FunctionInitError("boom")), called(error=FunctionThrottled("full"))).function("f")
    assert (book.loaded_at, book.stamp) == (None, "")
    book = tally(called()).function("f")
    assert (book.loaded_at, book.stamp, book.version) == (NOW, "the file", "1")


def test_a_reload_tells_the_revision_and_a_failed_one_stays_until_a_save_is_taken_over():
    broken = FunctionInitError("invalid syntax", stack=("  File …",))
    made = tally(
        Reloaded(function="f", version="2", at=5.0),
        Reloaded(function="f", version="2", at=6.0, error=broken),
        Reloaded(function="f", version="2", at=7.0, error=broken),
    )
    book = made.function("f")
    assert (book.version, book.loaded_at) == ("2", 5.0)
    assert (book.not_taken.at, book.not_taken.error, book.not_taken.count) == (7.0, broken, 2)
    made(Reloaded(function="f", version="3", at=8.0))
    assert (book.version, book.loaded_at, book.not_taken) == ("3", 8.0, None)


def test_the_last_failure_of_an_origin_is_kept_with_how_many_there_were():
    made = tally(failed("api.example", 1.0), failed("api.example", 2.0))
    trouble = made.origin(("api.example", 80))
    assert (trouble.at, str(trouble.error), trouble.count) == (2.0, "too slow", 2)
    assert made.origin(("api.example", 81)) is None


def test_whoever_listens_is_told_whose_news_there_are_until_it_leaves():
    made, heard = tally(), []
    leave = made.subscribe(heard.append)
    for event in (called(), printed("x", function="g"), failed("api.example"), Noted(text="x")):
        made(event)
    leave()
    leave()
    made(called())
    assert heard == ["f", "g", ""]


def test_an_observer_of_some_kinds_is_not_troubled_with_others():
    heard, all_heard = [], []
    emit = Fanout(all_heard.append)
    emit.add(heard.append, Called)
    events = [called(), Noted(text="x")]
    for event in events:
        emit(event)
    assert (heard, all_heard) == (events[:1], events)
    emit.remove(heard.append)
    assert len(heard) == 1


def test_an_observer_that_left_hears_nothing_more():
    def observer(event):
        heard.append(event)

    heard, emit = [], Fanout()
    emit.add(observer)
    emit(Noted(text="one"))
    emit.remove(observer)
    emit(Noted(text="two"))
    assert [event.text for event in heard] == ["one"]
