"""CloudFront Functions in the pipeline: when they run, what they see, what viewers and logs get (§1, §2.3, §4, §6)."""

import io
import json

import pytest
from plays import MANAGED, MANAGED_ORIGIN, OBEDIENT, Play, behavior, changed, distribution, light

from edgerun.distribution.managed import only
from edgerun.distribution.model import ALL_METHODS, ErrorResponse
from edgerun.distribution.origins import DirectoryOrigin, HttpOrigin
from edgerun.errors import FunctionExecutionError, FunctionThrottled, OriginConnectError
from edgerun.functions.limits import UTILIZATION_TO_WARN_OF
from edgerun.observe.console import Console
from edgerun.testing.origin import ScriptedOrigin, respond

PAGE = respond(200, b"a page", cache_control="max-age=60")
SPARE = HttpOrigin(
    name="spare",
    scheme="http",
    host="spare.example.org",
    port=80,
    domain_name="spare.example.org",
    host_header="spare.example.org",
    path="/v2",
    custom_headers={"X-Token": "s3cret"},
)
BUCKET = DirectoryOrigin(name="bucket", directory="/srv", domain_name="b.s3.us-east-1.amazonaws.com")
COULD_NOT_RUN = b"The CloudFront function associated with the CloudFront distribution is invalid or could not run."
PAGES = {status: ErrorResponse(error_code=status, response_page_path="/sorry") for status in (403, 404, 502, 503)}


def passes(event, cf):
    return event.get("response") or event["request"]


def answers(status=200, **members):
    return lambda event, cf: {"statusCode": status, **members}


def raises(error):
    def handler(event, cf):
        raise error

    return handler


def edge(vrq=None, vrs=None, *, replies=None, pages=None, points=None, functions=None, play=None, **changes):
    here = {"viewer_request": light("vrq")} if vrq else {}
    here |= {"viewer_response": light("vrs")} if vrs else {}
    chosen = behavior(points={**here, **(points or {})}, **changes)
    return Play(
        distribution(chosen, error_responses=pages or {}),
        replies={"/": PAGE, "/sorry": respond(200, b"sorry"), **(replies or {})},
        functions={"vrq": vrq, "vrs": vrs, **(functions or {})},
        **(play or {}),
    )


def ran(play):
    return [event["context"]["eventType"] for _, event in play.runtime.calls]


# ------------------------------------------------------------------------------ when they run


def test_both_run_on_miss_and_hit():
    play = edge(passes, passes)
    assert [play.get().x_cache, play.get().x_cache] == ["Miss from cloudfront", "Hit from cloudfront"]
    assert ran(play) == ["viewer-request", "viewer-response"] * 2
    assert [each.ran for each in play.logged()] == [("viewer-request", "viewer-response")] * 2


@pytest.mark.parametrize("status", [400, 404, 500])
def test_viewer_response_does_not_run_when_the_origin_failed(status):
    play = edge(passes, passes, replies={"/": respond(status)})
    assert play.get().status == status
    assert ran(play) == ["viewer-request"]


def test_viewer_response_does_not_run_on_an_error_page():
    play = edge(passes, passes, replies={"/": respond(404)}, pages=PAGES)
    assert play.get().body == b"sorry"
    assert ran(play) == ["viewer-request"]


def test_lambda_at_the_origin_points_goes_together_with_them():
    lambdas = {"origin_request": "orq", "origin_response": "ors"}

    def goes_on(event, context):
        cf = event["Records"][0]["cf"]
        return cf.get("response") or cf["request"]

    play = edge(passes, passes, points=lambdas, functions=dict.fromkeys(("orq", "ors"), goes_on))
    play.get()
    assert [name for name, _ in play.runtime.calls] == ["vrq", "orq", "ors", "vrs"]


def test_a_changed_uri_is_looked_up_and_does_not_choose_the_behavior_again():
    def rewrites(event, cf):
        event["request"]["uri"] = "/other/page"
        return event["request"]

    default = behavior(points={"viewer_request": light("vrq")})
    other = behavior("/other/*", points={"viewer_request": light("never")})
    play = Play(
        distribution(default, other),
        replies={"/other/page": PAGE},
        functions={"vrq": rewrites, "never": raises(KeyError)},
    )
    assert play.get("/a").body == b"a page"
    assert play.get("/b").x_cache == "Hit from cloudfront"


# ------------------------------------------------------------------------------ generated responses


def test_a_generated_response_ends_the_walk():
    play = edge(answers(302, headers={"location": {"value": "https://example.com/"}}), passes)
    answer = play.get()
    assert (answer.status, answer["Location"], answer.body) == (302, "https://example.com/", b"")
    assert answer.x_cache == "FunctionGeneratedResponse from cloudfront"
    assert (answer["Server"], answer["Content-Length"]) == ("CloudFront", "0")
    assert (answer["Date"], answer["Via"], answer["X-Amz-Cf-Pop"], answer["X-Amz-Cf-Id"]) != (None,) * 4
    assert ran(play) == ["viewer-request"]
    assert (play.origin.seen, len(play.store)) == ([], 0)
    (logged,) = play.logged()
    assert logged.result_type == logged.detailed_result_type == "FunctionGeneratedResponse"


@pytest.mark.parametrize("status", [403, 404, 503])
def test_no_error_page_takes_the_place_of_a_functions_own_status(status):
    answer = edge(answers(status, body="mine"), pages=PAGES).get()
    assert (answer.status, answer.body) == (status, b"mine")


def test_a_generated_body_has_its_length():
    answer = edge(answers(200, body={"encoding": "base64", "data": "AP8="})).get()
    assert (answer.body, answer["Content-Length"]) == (b"\x00\xff", "2")


# ------------------------------------------------------------------------------ what they see


def test_they_see_the_cloudfront_headers_that_the_policies_name():
    by_country = changed(OBEDIENT, headers=only("CloudFront-Viewer-Country"))
    play = edge(passes, passes, cache_policy=by_country, play={"country": "DE"})
    play.get(cloudfront_viewer_country="XX")
    for _, event in play.runtime.calls:
        assert event["request"]["headers"]["cloudfront-viewer-country"] == {"value": "DE"}
    assert play.origin.seen[0].headers.get(b"cloudfront-viewer-country") == b"DE"


def test_what_viewer_request_makes_of_a_cloudfront_header_counts():
    def moves(event, cf):
        event["request"]["headers"]["cloudfront-viewer-country"] = {"value": "FR"}
        return event["request"]

    by_country = changed(OBEDIENT, headers=only("CloudFront-Viewer-Country"))
    play = edge(moves, cache_policy=by_country, play={"country": "DE"})
    play.get()
    assert play.origin.seen[0].headers.get(b"cloudfront-viewer-country") == b"FR"


def test_viewer_response_sees_the_request_as_viewer_request_left_it():
    def marks(event, cf):
        event["request"]["headers"]["x-mark"] = {"value": "1"}
        return event["request"]

    play = edge(marks, passes)
    play.get("/?a=1")
    request = play.runtime.calls[1][1]["request"]
    assert request["headers"]["x-mark"] == {"value": "1"}
    assert request["rawQueryString"] == "a=1"


def test_viewer_response_sees_age_and_cookies_apart_from_headers():
    cookie = respond(200, b"x", set_cookie="a=1; Path=/", cache_control="max-age=60")
    play = edge(None, passes, replies={"/": cookie}, origin_request_policy=MANAGED_ORIGIN["AllViewer"])
    play.get()
    play.clock.advance(5)
    assert play.get()["Set-Cookie"] == "a=1; Path=/"
    response = play.runtime.calls[1][1]["response"]
    assert response["headers"]["age"] == {"value": "5"}
    assert response["cookies"] == {"a": {"value": "1", "attributes": "Path=/"}}
    assert "body" not in response


# ------------------------------------------------------------------------------ viewer-response


def test_viewer_response_replaces_status_headers_and_body_and_the_store_keeps_the_original():
    def replaces(event, cf):
        response = event["response"]
        response.update(statusCode=418, body="short and stout")
        response["headers"]["x-foo-bar"] = {"value": "1"}
        return response

    play = edge(None, replaces)
    answer = play.get()
    assert (answer.status, answer.body, answer["Content-Length"]) == (418, b"short and stout", "15")
    assert (b"X-Foo-Bar", b"1") in answer.headers.lines
    play.runtime.handlers["vrs"] = passes
    assert (play.get().body, play.get().x_cache) == (b"a page", "Hit from cloudfront")


def test_a_replaced_body_closes_the_one_that_was_arriving():
    play = edge(None, lambda event, cf: {**event["response"], "body": "new"}, cache_policy=MANAGED["CachingDisabled"])
    answer = play.get()
    assert answer.body == b"new"
    assert answer.delivery.body.data == b"new"


def test_an_emptied_body_is_removed():
    answer = edge(None, lambda event, cf: {**event["response"], "body": ""}).get()
    assert (answer.body, answer["Content-Length"]) == (b"", "0")


# ------------------------------------------------------------------------------ failures

FAILURES = [
    pytest.param(raises(FunctionExecutionError("boom")), 503, "FunctionExecutionError", COULD_NOT_RUN, id="execution"),
    pytest.param(
        lambda event, cf: None,
        502,
        "FunctionValidationError",
        b"The CloudFront function returned an invalid value: The function must return an object.",
        id="validation",
    ),
]
each_failure = pytest.mark.parametrize(("failing", "status", "word", "sentence"), FAILURES)
each_point = pytest.mark.parametrize("point", ["vrq", "vrs"])


@each_failure
@each_point
def test_a_failure_has_its_status_page_and_words(point, failing, status, word, sentence):
    play = edge(**{point: failing})
    answer = play.get()
    assert (answer.status, answer.x_cache) == (status, f"{word} from cloudfront")
    assert b"\n" + sentence + b"\n" in answer.body
    (logged,) = play.logged()
    assert logged.result_type == logged.detailed_result_type == word
    (failed,) = play.failures()
    assert (failed.function, failed.step) == (point, {"vrq": "viewer-request", "vrs": "viewer-response"}[point])


@each_failure
@each_point
def test_an_error_page_takes_the_place_of_a_failure(point, failing, status, word, sentence):
    assert edge(**{point: failing}, pages=PAGES).get().body == b"sorry"


def test_a_throttled_function_has_its_word():
    play = edge(passes)

    async def throttled(function, event, *, label):
        raise FunctionThrottled("too much")

    play.runtime.invoke = throttled
    assert (play.get().status, play.get().x_cache) == (503, "FunctionThrottledError from cloudfront")


def test_a_failure_is_told_with_its_rule():
    play = edge(lambda event, cf: {**event["request"], "uri": "b"})
    play.get()
    out = io.StringIO()
    Console(out)(play.failures()[0])
    said = out.getvalue()
    assert "rule   C501, see edgerun explain C501" in said
    assert 'at     request.uri = "b"' in said


# ------------------------------------------------------------------------------ origins


def updates(**params):
    def handler(event, cf):
        cf.updateRequestOrigin(params)
        return event["request"]

    return handler


def test_an_updated_origin_is_asked_instead_with_its_own_host():
    other = ScriptedOrigin({"/": PAGE})
    play = edge(updates(domainName="eu.example.com"), play={"origins": {"eu.example.com": other}})
    assert play.get().body == b"a page"
    assert (play.origin.seen, other.seen[0].headers.get(b"host")) == ([], b"eu.example.com")


def test_a_host_header_of_its_own_is_sent():
    play = edge(updates(domainName="eu.example.com", hostHeader="shop.example"))
    play.get()
    assert play.origin.seen[0].headers.get(b"host") == b"shop.example"


def test_a_changed_path_keeps_host_and_origin():
    play = edge(updates(originPath="/v2"), replies={"/v2/": PAGE})
    assert play.get().status == 200
    assert play.origin.seen[0].headers.get(b"host") == b"origin.example.org"


def test_custom_headers_are_sent_and_removed():
    play = edge(updates(customHeaders={"x-token": "new"}), origin=SPARE, replies={"/v2/": PAGE})
    play.get()
    assert play.origin.seen[0].headers.get_all(b"x-token") == (b"new",)
    play = edge(updates(customHeaders={}), origin=SPARE, replies={"/v2/": PAGE})
    play.get()
    assert b"x-token" not in play.origin.seen[0].headers


def test_a_selected_origin_has_all_its_settings():
    def selects(event, cf):
        cf.selectRequestOriginById("spare")
        return event["request"]

    play = edge(selects, replies={"/v2/": PAGE}, play={"spare": (SPARE,)})
    assert play.get().status == 200
    sent = play.origin.seen[0].headers
    assert (sent.get(b"host"), sent.get(b"x-token")) == (b"spare.example.org", b"s3cret")
    assert [spec.domain_name for spec in play.asked] == ["spare.example.org"]


def test_an_unknown_origin_is_a_validation_error():
    def selects(event, cf):
        cf.selectRequestOriginById("nope")
        return event["request"]

    answer = edge(selects).get()
    assert (answer.status, answer.x_cache) == (502, "FunctionValidationError from cloudfront")


def test_origin_request_functions_see_the_chosen_origin():
    seen = {}

    def remembers(event, context):
        request = event["Records"][0]["cf"]["request"]
        seen.update(request["origin"], host=request["headers"]["host"][0]["value"])
        return request

    own = {"port": 3000, "protocol": "http", "sslProtocols": ["TLSv1.2"]}
    handler = updates(
        domainName="eu.example.com", originPath="/v2", customOriginConfig=own, timeouts={"readTimeout": 9}
    )
    play = edge(handler, points={"origin_request": "orq"}, functions={"orq": remembers}, replies={"/v2/": PAGE})
    assert play.get().status == 200
    custom = seen["custom"]
    assert (custom["domainName"], custom["path"], custom["port"], custom["readTimeout"]) == (
        "eu.example.com",
        "/v2",
        3000,
        9,
    )
    assert seen["host"] == "eu.example.com"


def test_the_cache_key_does_not_know_the_origin():
    play = edge(updates(domainName="eu.example.com"))
    play.get()
    play.runtime.handlers["vrq"] = passes
    assert play.get().x_cache == "Hit from cloudfront"


def test_an_answered_request_asks_no_origin_whatever_was_chosen():
    def both(event, cf):
        cf.selectRequestOriginById("nope")
        return {"statusCode": 200}

    assert edge(both).get().status == 200


def test_an_error_page_comes_from_its_own_origin():
    play = edge(
        updates(domainName="eu.example.com"),
        pages=PAGES,
        play={"origins": {"eu.example.com": ScriptedOrigin({"/": respond(404)})}},
    )
    assert play.get().body == b"sorry"
    assert [request.path for request in play.origin.seen] == [b"/sorry"]


def groups(*codes):
    def handler(event, cf):
        members = [{"originId": "site"}, {"originId": "bucket"}]
        cf.createRequestOriginGroup({"originIds": members, "failoverCriteria": {"statusCodes": list(codes)}})
        return event["request"]

    return handler


@pytest.mark.parametrize(
    ("first", "method", "body", "asked"),
    [
        pytest.param(respond(500), "GET", b"spare", 2, id="a status of the list"),
        pytest.param(OriginConnectError("refused"), "HEAD", b"spare", 2, id="no answer"),
        pytest.param(respond(404, b"mine"), "GET", b"mine", 1, id="another status"),
        pytest.param(PAGE, "GET", b"a page", 1, id="success"),
        pytest.param(respond(500, b"mine"), "POST", b"mine", 1, id="not for writes"),
    ],
)
def test_a_group_fails_over_for_reads(first, method, body, asked):
    spare = ScriptedOrigin({"/": respond(200, b"spare")})
    play = edge(
        groups(500, 503),
        replies={"/": first},
        allowed_methods=ALL_METHODS,
        play={"spare": (BUCKET,), "origins": {BUCKET.domain_name: spare}},
    )
    answer = play.run(lambda here: here.ask("/", method))
    assert answer.body == body
    assert len({spec.domain_name for spec in play.asked}) == asked


# ------------------------------------------------------------------------------ utilization


def test_the_console_shows_how_much_of_its_time_a_function_took():
    play = edge(passes, passes)
    play.runtime.utilization = 34
    play.get()
    (logged,) = play.logged()
    assert logged.utilization == 34
    out = io.StringIO()
    Console(out)(logged)
    assert out.getvalue().endswith("ms  34 % cpu\n")
    assert play.warnings() == []


@pytest.mark.parametrize(("taken", "warnings"), [(UTILIZATION_TO_WARN_OF, 0), (UTILIZATION_TO_WARN_OF + 1, 1)])
def test_a_function_that_comes_near_its_time_is_warned_of(taken, warnings):
    play = edge(passes)
    play.runtime.utilization = taken
    play.get()
    assert [warned.rule for warned in play.warnings()] == ["C801"] * warnings


def test_without_such_functions_nothing_is_said_of_it():
    play = Play(replies={"/": PAGE})
    play.get()
    assert play.logged()[0].utilization is None
    out = io.StringIO()
    Console(out, as_json=True)(play.logged()[0])
    assert json.loads(out.getvalue())["utilization"] is None
