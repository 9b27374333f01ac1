"""What viewers, logs and developers get when a function fails: `spec/lambda-at-edge.md` §9.1, row by row."""

import io
import json

import pytest
from plays import Play, behavior, distribution

from edgerun.distribution.model import Association, ErrorResponse
from edgerun.errors import (
    FunctionError,
    FunctionExecutionError,
    FunctionInitError,
    FunctionThrottled,
    FunctionTimeout,
    OriginDnsError,
)
from edgerun.functions.function import Function
from edgerun.functions.runtime import Invocation
from edgerun.observe.console import Console, record
from edgerun.observe.events import Failed
from edgerun.testing import CallableRuntime
from edgerun.testing.origin import ScriptedOrigin, respond

POINTS = {"viewer_request": "vrq", "origin_request": "orq", "origin_response": "ors", "viewer_response": "vrs"}
NAMES = {"vrq": "viewer-request", "orq": "origin-request", "ors": "origin-response", "vrs": "viewer-response"}
BEFORE = {"vrq": 0, "orq": 1, "ors": 2, "vrs": 3}
INVALID = (
    "The Lambda function associated with the CloudFront distribution is invalid or doesn't have the required "
    "permissions."
)
OBJECT = "The Lambda function returned invalid JSON: The JSON output must be an object type."
THROTTLED = "The Lambda function associated with the CloudFront distribution was throttled."
PAGE = respond(200, b"a page", cache_control="max-age=60")
STACK = ('  File "fn.py", line 2, in handler\n    raise KeyError("auth")\n',)


def passes(event, context):
    edge = event["Records"][0]["cf"]
    return edge.get("response") or edge["request"]


def returns_nothing(event, context):
    return None


def raises(error):
    def handler(event, context):
        raise error

    return handler


class Raising(CallableRuntime):
    """A runtime that fails as real ones do where a handler raises one of their errors."""

    async def invoke(self, function: Function, event: bytes, *, label: str) -> Invocation:
        try:
            return await super().invoke(function, event, label=label)
        except FunctionExecutionError as error:
            if isinstance(error.__cause__, FunctionError):
                raise error.__cause__ from None
            raise


def edge(replies=None, pages=None, **functions):
    play = Play(
        distribution(behavior(points=POINTS), error_responses=pages or {}),
        replies={"/": PAGE, **(replies or {})},
        functions={**dict.fromkeys(NAMES, passes), **functions},
    )
    play.runtime.__class__ = Raising  # the play made it, and its edge holds it already
    return play


ROWS = [
    pytest.param(returns_nothing, 502, "LambdaValidationError", OBJECT, id="validation"),
    pytest.param(
        raises(FunctionExecutionError("'auth'", error_type="KeyError", stack=STACK)),
        503,
        "LambdaExecutionError",
        INVALID,
        id="exception",
    ),
    pytest.param(
        raises(FunctionTimeout("Task timed out after 3.00 seconds", error_type="Sandbox.Timedout")),
        503,
        "LambdaExecutionError",
        INVALID,
        id="timeout",
    ),
    pytest.param(
        raises(FunctionInitError("No module named 'x'", error_type="Runtime.ImportModuleError")),
        503,
        "LambdaExecutionError",
        INVALID,
        id="init error",
    ),
    pytest.param(
        raises(FunctionThrottled("1,000 invocations wait already")),
        503,
        "LambdaLimitExceeded",
        THROTTLED,
        id="throttled",
    ),
]
each_failure = pytest.mark.parametrize(("failure", "status", "word", "sentence"), ROWS)
each_point = pytest.mark.parametrize("point", list(NAMES))


@each_failure
@each_point
def test_the_viewer_gets_status_page_and_x_cache(point, failure, status, word, sentence):
    play = edge(**{point: failure})
    answer = play.get()
    assert (answer.status, answer.x_cache) == (status, f"{word} from cloudfront")
    assert (answer["Content-Type"], answer["Server"]) == ("text/html", "CloudFront")
    assert int(answer["Content-Length"]) == len(answer.body)
    page = answer.body.decode()
    assert f'<HR noshade size="1px">\n{sentence}\nWe can\'t connect to the server' in page
    assert f"<H1>{status} ERROR</H1>" in page
    assert f"Request ID: {answer['X-Amz-Cf-Id']}\n" in page
    assert "a page" not in page


@each_failure
@each_point
def test_the_log_has_the_result_types(point, failure, status, word, sentence):
    play = edge(**{point: failure})
    play.get()
    (logged,) = play.logged()
    assert logged.status == status
    assert (logged.result_type, logged.response_result_type, logged.detailed_result_type) == (word, word, word)
    assert logged.ran == tuple(NAMES.values())[: BEFORE[point] + 1]


@each_failure
@each_point
def test_nothing_of_it_is_cached(point, failure, status, word, sentence):
    play = edge(**{point: failure})
    assert play.get().status == status
    assert play.get().status == status
    assert [name for name, _ in play.runtime.calls].count(point) == 2
    play.runtime.handlers[point] = passes
    assert (play.get().status, play.get().body) == (200, b"a page")


@each_failure
@each_point
def test_error_pages_are_applied_except_to_throttling(point, failure, status, word, sentence):
    page = ErrorResponse(error_code=status, response_code=200, response_page_path="/sorry.html")

    # The function fails for `/` only, so that the error page itself can be fetched (§9.6).
    def of_the_page(event, context):
        is_page = event["Records"][0]["cf"]["request"]["uri"] == "/sorry.html"
        return passes(event, context) if is_page else failure(event, context)

    play = edge(replies={"/sorry.html": respond(200, b"sorry")}, pages={status: page}, **{point: of_the_page})
    answer = play.get()
    assert answer.x_cache == f"{word} from cloudfront"
    assert play.logged()[0].result_type == word
    if word == "LambdaLimitExceeded":
        assert (answer.status, sentence in answer.body.decode()) == (503, True)
    else:
        assert (answer.status, answer.body) == (200, b"sorry")
        assert "/sorry.html" not in [uri for name, uri in asked(play) if name in {"vrq", "vrs"}]


def asked(play):
    return [(name, event["Records"][0]["cf"]["request"]["uri"]) for name, event in play.runtime.calls]


class Nameless(ScriptedOrigin):
    async def resolve(self):
        raise OriginDnsError("origin 'site': no such name")


def test_an_origin_without_address_fails_before_origin_request():
    play = Play(
        behavior(points=POINTS), functions=dict.fromkeys(NAMES, passes), origins={"origin.example.org": Nameless()}
    )
    answer = play.get()
    assert (answer.status, answer.x_cache) == (502, "Error from cloudfront")
    assert "CloudFront wasn't able to resolve the origin domain name." in answer.body.decode()
    assert play.ran == ["viewer-request"]
    (logged,) = play.logged()
    assert (logged.result_type, logged.detailed_result_type) == ("Error", "OriginDnsError")


@pytest.mark.parametrize("point", ["vrq", "orq"])
@pytest.mark.parametrize("status", [403, 404, 500])
def test_generated_errors_of_both_request_events_get_error_pages(point, status):
    def generates(event, context):
        if event["Records"][0]["cf"]["request"]["uri"] == "/sorry.html":
            return passes(event, context)
        return {"status": status, "body": "mine"}

    page = ErrorResponse(error_code=status, response_code=200, response_page_path="/sorry.html")
    play = edge(replies={"/sorry.html": respond(200, b"sorry")}, pages={status: page}, **{point: generates})
    answer = play.get()
    assert (answer.status, answer.body) == (200, b"sorry")
    word = "LambdaGeneratedResponse" if point == "vrq" else "Error"
    assert play.logged()[0].result_type == word


# ---------------------------------------------------------------- what developers are told


def too_large(event, context):
    return {"status": 200, "body": "x" * 50_000}


def printed(event, **how):
    out = io.StringIO()
    Console(out, **how)(event)
    return out.getvalue()


def test_a_refusal_is_told_in_full_in_the_terminal():
    play = edge(vrq=too_large)
    play.get()
    lines = printed(play.failures()[0]).splitlines()
    assert lines[0].startswith("reques  vrq at viewer-request: Headers and body of a response are at most")
    told = dict(line.strip().split(None, 1) for line in lines[1:])
    assert told["rule"].startswith("L708")
    assert told["at"].startswith('body = "xxx')
    assert told["limit"].startswith("40,960 bytes at viewer points")
    assert told["fix"] == "Shorten the body, or let the origin serve it."
    assert told["id"] == play.failures()[0].request_id


@pytest.mark.parametrize(
    ("error_type", "fix"),
    [
        ("Sandbox.Timedout", "Look for a loop"),
        ("Runtime.ImportModuleError", "the function's folder"),
        ("Runtime.HandlerNotFound", "name another one in `handler`"),
        ("Runtime.UserCodeSyntaxError", "Correct the syntax"),
        ("KeyError", None),
    ],
)
def test_what_to_do_about_a_failure_is_told_where_that_is_known(error_type, fix):
    error = FunctionExecutionError("gone wrong", function="f", error_type=error_type)
    lines = printed(Failed(request_id="reques123", step="viewer-request", at=0.0, error=error)).splitlines()
    told = [line for line in lines if line.strip().startswith("fix ")]
    assert [fix in line for line in told] == ([True] if fix else [])


def test_a_failure_leads_to_its_request_in_the_inspector():
    out = io.StringIO()
    console = Console(out)
    console.inspector = "http://localhost:8788/#token=abc"
    error = FunctionExecutionError("gone wrong", function="f", error_type="KeyError")
    console(Failed(request_id="reques123", step="viewer-request", at=0.0, error=error))
    assert out.getvalue().splitlines()[-1].split() == ["see", "http://localhost:8788/#token=abc&/requests/reques"]


def test_a_refusal_is_told_in_full_in_the_event_stream():
    play = edge(ors=lambda event, context: {"status": 200, "headers": {"x-a": "b"}})
    play.get()
    told = json.loads(printed(play.failures()[0], as_json=True))
    assert (told["event"], told["function"], told["step"]) == ("failed", "ors", "origin-response")
    assert told["request_id"] == play.logged()[0].request_id
    error = told["error"]
    assert (error["rule"], error["path"], error["value"]) == ("L302", "headers.x-a", '"b"')
    assert (error["limit"], error["fix"]) == ("", "Wrap the header in a list: [{'key': ..., 'value': ...}].")
    assert error["page"].startswith("The Lambda function returned an invalid entry in the headers object")


def test_a_status_out_of_range_has_its_limit_in_the_event_stream():
    play = edge(orq=lambda event, context: {"status": 42})
    play.get()
    error = record(play.failures()[0])["error"]
    assert (error["rule"], error["limit"]) == ("L202", "200 to 599")


def test_an_exception_is_told_with_the_users_frames():
    play = edge(vrs=raises(FunctionExecutionError("'auth'", error_type="KeyError", stack=STACK)))
    play.get()
    failed = play.failures()[0]
    text = printed(failed)
    assert "vrs at viewer-response: KeyError: 'auth'" in text
    assert '  File "fn.py", line 2, in handler\n' in text
    assert failed.request_id in text
    assert json.loads(printed(failed, as_json=True))["error"]["stack"] == list(STACK)


def test_what_the_lenient_level_forgives_is_one_line_each():
    play = Play(
        behavior(points={"viewer_request": "vrq"}),
        replies={"/": PAGE},
        functions={"vrq": lambda event, context: {"statusCode": 200, "headers": {"x-a": 5}, "body": "mine"}},
        strictness="lenient",
    )
    assert (play.get().status, play.get().body) == (200, b"mine")
    assert [(w.rule, w.path) for w in play.warnings()[:2]] == [("L103", ""), ("L302", "headers.x-a")]
    assert [len(printed(w).splitlines()) for w in play.warnings()] == [1] * 4


def test_include_body_without_a_body_is_absent_at_the_pedantic_level():

    seen = {}
    for level in ("strict", "pedantic", "lenient"):
        points = {
            "viewer_request": Association(
                function=Function(name="vrq", root="/", handler="a.b", runtime="python"), include_body=True
            )
        }
        play = Play(behavior(points=points), replies={"/": PAGE}, functions={"vrq": passes}, strictness=level)
        play.get()
        seen[level] = "body" in play.runtime.calls[0][1]["Records"][0]["cf"]["request"]
    assert seen == {"strict": True, "pedantic": False, "lenient": True}
