"""A function as origin: run by the runtime, within CloudFront's patience, its failures as AWS answers them."""

import asyncio
import json

import pytest
from plays import Play, behavior, distribution

from edgerun.distribution.forward import origin_spec
from edgerun.distribution.model import ALL_METHODS, Config, StoreConfig
from edgerun.distribution.origins import FunctionOrigin as FunctionConfig
from edgerun.errors import FunctionThrottled, OriginTimeout
from edgerun.functions.function import Function
from edgerun.functions.http_payload import Payload
from edgerun.functions.log_files import distribution_of
from edgerun.functions.runtime import Invocation
from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody, Request, StreamBody, read
from edgerun.origins.function import FunctionOrigin, payload_of
from edgerun.testing import CallableRuntime

FUNCTION = Function(name="app", root="/", handler="app.handler", runtime="python", timeout=900.0)


def config(payload="function-url", **changes):
    domain = "abc.lambda-url.us-east-1.on.aws"
    return FunctionConfig(**({"name": "app", "function": "app", "payload": payload, "domain_name": domain} | changes))


def made(runtime, given=None, told=None):
    given = given or config()
    payload: Payload = payload_of(given)
    tell = (told if told is not None else []).append
    return FunctionOrigin(
        given, payload, function=lambda: FUNCTION, runtime=runtime, clock=lambda: 1795428000.0, tell=tell
    )


def ask(handler, given=None, *, told=None, method="GET", path=b"/a", body=b"", lines=()):
    """Return status, headers and body of one answer."""
    runtime = handler if hasattr(handler, "invoke") else CallableRuntime({"app": handler})

    async def whole():
        headers = Headers(((b"Host", b"abc"), (b"X-Amz-Cf-Id", b"an-id"), *lines))
        sent = BytesBody(body) if isinstance(body, bytes) else body
        response = await made(runtime, given, told).fetch(Request(method=method, path=path, headers=headers, body=sent))
        return response.status, response.headers, await read(response.body)

    return asyncio.run(whole())


class Slow:
    """A runtime that never answers; `asked` counts."""

    def __init__(self):
        self.asked = 0

    async def invoke(self, function, event, *, label):
        self.asked += 1
        await asyncio.Event().wait()


class Throttled:
    async def invoke(self, function, event, *, label):
        raise FunctionThrottled("too many", function=function.name)


class Answers:
    """A runtime that answers with bytes."""

    def __init__(self, payload):
        self.payload = payload

    async def invoke(self, function, event, *, label):
        self.label = label
        return Invocation(payload=self.payload, aws_request_id="the-invocation")


def test_the_request_is_an_event_and_the_result_the_answer():
    def handler(event, context):
        return {"statusCode": 201, "body": f"{event['requestContext']['http']['method']} {event['rawPath']}"}

    status, headers, body = ask(handler, method="POST", path=b"/a%20b", body=b"x")
    assert (status, body, headers.get(b"x-amzn-requestid")) == (201, b"POST /a b", b"an-id")


def test_printed_lines_carry_the_requests_id():
    runtime = Answers(b"1")
    assert ask(runtime)[1].get(b"x-amzn-requestid") == b"the-invocation"
    assert runtime.label == "an-id"


def test_a_load_balancer_names_its_target_group():
    def handler(event, context):
        return {"statusCode": 200, "body": event["requestContext"]["elb"]["targetGroupArn"]}

    arn = ask(handler, config("alb"))[2].decode()
    assert arn.startswith("arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/app/")


def raises(event, context):
    raise ValueError("broken")


@pytest.mark.parametrize(
    ("handler", "payload", "status", "body", "said"),
    [
        (raises, "function-url", 502, b"Internal Server Error", "broken"),
        (raises, "alb", 502, b"<html>", "broken"),
        (Throttled(), "function-url", 429, b"{", "too many"),
        (Throttled(), "alb", 502, b"<html>", "too many"),
        (Answers(b"{"), "function-url", 502, b"Internal Server Error", "the result is not JSON"),
        (Answers(b"[1]"), "alb", 502, b"<html>", "expected an object with statusCode, got list"),
        (Answers(b'"' + b"a" * (6 * 1024 * 1024 + 99) + b'"'), "function-url", 502, b"Internal", "are allowed"),
        (Answers(b'{"statusCode":200,"body":"' + b"a" * 1024 * 1024 + b'"}'), "alb", 502, b"<html>", "are allowed"),
    ],
)
def test_a_failure_is_a_status_for_viewers_and_a_line_for_you(handler, payload, status, body, said):
    told = []
    answer = ask(handler, config(payload), told=told)
    assert (answer[0], answer[2][: len(body)]) == (status, body)
    (line,) = told
    assert line.startswith("origin app: function app: ")
    assert said in line


@pytest.mark.parametrize(("payload", "most"), [("function-url", 6 * 1024 * 1024), ("alb", 1024 * 1024)])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_request_over_the_limit_is_refused_unseen(payload, most, streamed):
    async def chunks():
        for _ in range(most // 1024):
            yield b"a" * 1024
        yield b"a"

    runtime = CallableRuntime({"app": lambda event, context: {"statusCode": 200}})
    body = StreamBody(chunks()) if streamed else b"a" * (most + 1)
    assert ask(runtime, config(payload), method="POST", body=body)[0] == 413
    assert runtime.calls == []
    assert ask(runtime, config(payload), method="POST", body=b"a" * most)[0] == 200


def test_a_load_balancer_does_not_ask_the_function_for_an_upgrade():
    runtime = CallableRuntime({"app": raises})
    assert ask(runtime, config("alb"), lines=[(b"Upgrade", b"websocket")])[0] == 400
    assert runtime.calls == []


@pytest.mark.parametrize(
    ("method", "body", "asked"),
    [("GET", b"", 3), ("HEAD", b"", 3), ("POST", b"", 1), ("DELETE", b"", 1), ("GET", b"x", 1)],
)
def test_cloudfronts_patience_ends_and_reads_are_repeated(method, body, asked):
    slow = Slow()
    with pytest.raises(OriginTimeout, match=r"function app did not answer within 0\.001 s"):
        ask(slow, config(read_timeout=0.001), method=method, body=body)
    assert slow.asked == asked


def test_the_whole_answer_has_a_limit_of_its_own():
    slow = Slow()
    with pytest.raises(OriginTimeout, match=r"within 0\.001 s"):
        ask(slow, config(response_completion_timeout=0.001))
    assert slow.asked == 1


def test_functions_at_the_edge_see_a_custom_origin():
    spec = origin_spec(config())
    assert (spec.kind, spec.domain_name, spec.port, spec.protocol) == (
        *("custom", "abc.lambda-url.us-east-1.on.aws", 443, "https"),
    )


def test_what_it_answers_is_cached_and_seen_by_functions():
    def app(event, context):
        return {"statusCode": 200, "headers": {"Cache-Control": "max-age=60"}, "body": event["rawPath"]}

    def response(event, context):
        answer = event["Records"][0]["cf"]["response"]
        return {**answer, "headers": {**answer["headers"], "x-seen": [{"key": "X-Seen", "value": answer["status"]}]}}

    play = Play(
        behavior(origin=config(), points={"origin_response": "response"}, allowed_methods=ALL_METHODS),
        functions={"response": response, "app": app},
        origins={config().domain_name: made(CallableRuntime({"app": app}))},
    )
    first, second = play.get("/page"), play.get("/page")
    assert (first.status, first.body, first["X-Seen"], first.x_cache) == (200, b"/page", "200", "Miss from cloudfront")
    assert second.x_cache == "Hit from cloudfront"


@pytest.mark.parametrize("function", ["app", "another"])
def test_its_log_belongs_to_the_distribution_that_has_the_origin(function):
    given = distribution(behavior(origin=config()))
    whole = Config(distributions=(given,), origins={}, functions={}, store=StoreConfig())
    assert distribution_of(whole, function) == (given.id if function == "app" else "")


def test_an_event_is_json():
    def handler(event, context):
        return {"statusCode": 200, "body": json.dumps(event["headers"])}

    seen = json.loads(ask(handler, lines=[(b"X-Bytes", b"\xff\xfe")])[2])
    assert seen["x-bytes"] == "\ufffd\ufffd"
