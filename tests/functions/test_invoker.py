"""Events out, results in: what stands between the pipeline and a runtime."""

import asyncio
import base64
import contextlib
import json

import pytest

from edgerun.distribution.model import Association, Point
from edgerun.errors import FunctionExecutionError, FunctionResultError, FunctionThrottled
from edgerun.functions.counted import Counted
from edgerun.functions.function import Function
from edgerun.functions.invoker import Invoker, expose
from edgerun.functions.lambda_edge import EdgeContext, Judge
from edgerun.functions.runtime import Invocation
from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody, Request, Response, StreamBody, read
from edgerun.testing import CallableRuntime

FUNCTION = Function(name="fn", root="/", handler="fn.handler", runtime="python")


def context(point=Point.VIEWER_REQUEST):
    return EdgeContext(
        point=point, distribution_domain_name="d1.cloudfront.net", distribution_id="E1", request_id="request-1"
    )


def post(body):
    return Request(method="POST", path=b"/", headers=Headers([(b"Host", b"a")]), body=body)


def invoked(handler, body, *, include_body, point=Point.VIEWER_REQUEST):
    runtime = CallableRuntime({"fn": handler})

    async def act():
        association = Association(function=FUNCTION, include_body=include_body)
        result = await Invoker(runtime).on_request(
            context(point), association, post(body), None, Judge.at("strict", lambda warned: None)
        )
        return result, await read(result.request.body)

    result, sent = asyncio.run(act())
    return runtime.calls[0][1]["Records"][0]["cf"]["request"].get("body"), sent, result


def unchanged(event, _):
    return event["Records"][0]["cf"]["request"]


async def stream(*chunks):
    for chunk in chunks:
        yield chunk


def test_without_include_body_there_is_no_body_in_the_event():
    seen, sent, _ = invoked(unchanged, BytesBody(b"hello"), include_body=False)
    assert (seen, sent) == (None, b"hello")


@pytest.mark.parametrize("body", [BytesBody(b"hello"), StreamBody(stream(b"hel", b"lo"))], ids=["bytes", "stream"])
def test_with_include_body_it_is_shown_in_base64_and_passed_on_whole(body):
    seen, sent, _ = invoked(unchanged, body, include_body=True)
    assert base64.b64decode(seen["data"]) == b"hello" == sent
    assert (seen["inputTruncated"], seen["action"], seen["encoding"]) == (False, "read-only", "base64")


@pytest.mark.parametrize("made", [lambda: BytesBody(b"x" * 50_000), lambda: StreamBody(stream(*[b"x" * 1000] * 50))])
def test_a_large_body_is_shown_cut_and_passed_on_whole(made):
    seen, sent, _ = invoked(unchanged, made(), include_body=True)
    assert len(base64.b64decode(seen["data"])) == 40_960
    assert seen["inputTruncated"] is True
    assert sent == b"x" * 50_000


def test_a_replaced_body_is_what_goes_on():
    def replaces(event, _):
        request = event["Records"][0]["cf"]["request"]
        return {**request, "body": {"action": "replace", "encoding": "text", "data": "new"}}

    assert invoked(replaces, BytesBody(b"old"), include_body=True)[1] == b"new"


@pytest.mark.parametrize("limit", [0, 4, 5, 6])
def test_expose_gives_the_body_back_whole_whatever_the_limit(limit):
    async def act():
        shown, whole = await expose(StreamBody(stream(b"he", b"llo")), limit)
        return shown, await read(whole)

    shown, whole = asyncio.run(act())
    assert (shown.data, shown.truncated, whole) == (b"hello"[:limit], limit < 5, b"hello")


def raises(event, _):
    raise KeyError("auth")


@pytest.mark.parametrize(
    ("handler", "error"),
    [
        pytest.param(raises, FunctionExecutionError, id="raises"),
        pytest.param(lambda event, _: 5, FunctionResultError, id="nonsense"),
        pytest.param(lambda event, _: float("nan"), FunctionResultError, id="not JSON"),
    ],
)
def test_an_error_names_its_function(handler, error):
    with pytest.raises(error) as caught:
        invoked(handler, BytesBody(b""), include_body=False)
    assert caught.value.function == "fn"


def test_a_response_function_gets_the_response_and_returns_it():
    runtime = CallableRuntime({"fn": lambda event, _: event["Records"][0]["cf"]["response"]})
    response = Response(status=200, reason=b"OK", headers=Headers([(b"ETag", b'"a"')]), body=BytesBody(b"x"))

    async def act():
        return await Invoker(runtime).on_response(
            context(Point.VIEWER_RESPONSE),
            Association(function=FUNCTION),
            post(BytesBody(b"")),
            response,
            None,
            Judge.at("strict", lambda warned: None),
        )

    returned = asyncio.run(act())
    assert (returned.status, returned.headers, returned.body) == (200, response.headers, response.body)
    assert json.dumps(runtime.calls[0][1]["Records"][0]["cf"]["response"]["status"]) == '"200"'


def told(handler):
    """Run a handler and return what is told of its call."""
    calls = []

    async def act():
        invoker = Invoker(CallableRuntime({"fn": handler}), tell=calls.append)
        judge = Judge.at("strict", lambda warned: None)
        await invoker.on_request(context(), Association(function=FUNCTION), post(BytesBody(b"")), None, judge)

    with contextlib.suppress(FunctionExecutionError):
        asyncio.run(act())
    (call,) = calls
    return call


def test_every_call_is_told_with_what_was_sent_and_returned():
    call = told(lambda event, _: event["Records"][0]["cf"]["request"])
    assert (call.request_id, call.point, call.function, call.error) == ("request-1", "viewer-request", "fn", None)
    assert json.loads(call.event)["Records"][0]["cf"]["request"] == json.loads(call.result)


def test_a_call_that_failed_is_told_with_its_error():
    call = told(lambda _event, _context: 1 / 0)
    assert call.result == b""
    assert isinstance(call.error, FunctionExecutionError)


class Prompt(CallableRuntime):
    """Can be asked at once: its endings are there before the asker goes on."""

    ending: Invocation | FunctionThrottled = Invocation(payload=b"{}", duration=0.002, cold=True)

    def begin(self, _function, _event, *, label, heard):
        assert label == "request-1"
        heard(self.ending)
        return lambda: None


def begun(runtime, **listeners):
    """Ask at once; return whether that could be, and what was heard."""
    heard = []
    invoker = Invoker(runtime, **listeners)
    forget = invoker.begin(Association(function=FUNCTION), b"{}", label="request-1", heard=heard.append)
    return forget is not None, heard


class Book:
    """Counts, and knows when it is to be told."""

    def __init__(self):
        self.due, self.told = [], []
        self.counted = Counted(self, soon=self.due.append)

    def __call__(self, call):
        self.told.append(call)

    def many(self, calls):
        self.told.append(calls)


def test_calls_that_are_counted_are_asked_at_once_all_the_same_and_told_together():
    book = Book()
    for _ in range(2):
        assert begun(Prompt({}), count=book.counted) == (True, [Prompt.ending])
    assert book.told == []
    book.due.pop()()
    ((first, second),) = book.told
    assert first == second
    assert (first.request_id, first.point, first.function) == ("request-1", "viewer-request", "fn")
    assert (first.error, first.cold, first.duration, first.billed_duration) == (None, True, 0.002, 2)
    assert (first.event, first.result) == (b"", b"")


def test_a_failure_is_told_at_once_and_after_what_came_before():
    book, full = Book(), Prompt({})
    full.ending = FunctionThrottled("full")
    begun(Prompt({}), count=book.counted)
    begun(full, count=book.counted)
    before, failed = book.told
    assert ([call.error for call in before], failed.error) == ([None], full.ending)
    assert (failed.request_id, failed.point, failed.function, failed.event) == (
        *("request-1", "viewer-request", "fn"),
        b"{}",
    )


def test_who_counts_from_now_on_hears_nothing_of_before():
    book, late = Book(), Book()
    begun(Prompt({}), count=book.counted)
    book.counted.add(late)
    begun(Prompt({}), count=book.counted)
    book.counted.flush()
    assert [len(told) for told in (book.told, late.told)] == [2, 1]


def test_a_call_that_is_told_as_a_step_is_not_asked_at_once():
    assert begun(Prompt({}), tell=print) == (False, [])
