"""Origin groups: when the second origin is asked, what functions see, what is kept (`spec/cloudfront.md` §9)."""

import pytest
from plays import OBEDIENT, SITE, Play, behavior, changed, distribution, light

from edgerun.distribution.model import ALL_METHODS, ErrorResponse
from edgerun.distribution.origins import HttpOrigin, OriginGroup
from edgerun.errors import OriginConnectError, OriginDnsError, OriginProtocolError, OriginTimeout
from edgerun.observe.events import Step, Stepped
from edgerun.testing.origin import ScriptedOrigin, respond

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
GOOD = respond(200, b"good", cache_control="max-age=60")
FOUR = ("viewer_request", "origin_request", "origin_response", "viewer_response")


def passes(event, context):
    cf = event["Records"][0]["cf"]
    return cf.get("response") or cf["request"]


def edge(first, second=GOOD, *, codes=(500, 503), points=(), functions=None, pages=None, play=None, **changes):
    group = OriginGroup(name="both", primary=SITE, secondary=SPARE, status_codes=frozenset(codes))
    chosen = behavior(points={point: point for point in points}, origin_group=group, **changes)
    replies = {"/": first, "/sorry": respond(200, b"sorry")}
    return Play(
        distribution(chosen, error_responses=pages or {}),
        replies=replies,
        functions=dict.fromkeys(points, passes) | (functions or {}),
        origins={SPARE.domain_name: ScriptedOrigin({"/v2/": second})},
        spare=(SPARE,),
        **(play or {}),
    )


def asked(play):
    """Return the origins that were asked, in order."""
    return [step.detail[0].headers.get(b"host").decode() for step in fetches(play)]


def fetches(play):
    return [event for event in play.events if isinstance(event, Stepped) and event.step is Step.FETCH]


@pytest.mark.parametrize("status", [400, 403, 404, 416, 429, 500, 502, 503, 504])
def test_a_status_of_the_list_fails_over(status):
    play = edge(respond(status, b"bad"), codes=[status])
    assert (play.get().body, asked(play)) == (b"good", ["origin.example.org", "spare.example.org"])


@pytest.mark.parametrize("status", [200, 204, 302, 404, 502, 504])
def test_any_other_status_is_used(status):
    play = edge(respond(status, b"" if status == 204 else b"mine"))
    assert (play.get().status, asked(play)) == (status, ["origin.example.org"])


@pytest.mark.parametrize(
    ("method", "cached", "fails_over"),
    [
        ("GET", {"GET", "HEAD"}, True),
        ("HEAD", {"GET", "HEAD"}, True),
        ("OPTIONS", {"GET", "HEAD", "OPTIONS"}, True),
        ("OPTIONS", {"GET", "HEAD"}, False),
        ("POST", {"GET", "HEAD"}, False),
        ("PUT", {"GET", "HEAD"}, False),
        ("DELETE", {"GET", "HEAD"}, False),
        ("PATCH", {"GET", "HEAD"}, False),
    ],
)
def test_only_reads_fail_over(method, cached, fails_over):
    play = edge(respond(500), allowed_methods=ALL_METHODS, cached_methods=frozenset(cached))
    answer = play.run(lambda here: here.ask("/", method))
    assert answer.status == (200 if fails_over else 500)


REFUSED, NO_NAME = OriginConnectError("refused"), OriginDnsError("no such name")
SLOW, BROKEN = OriginTimeout("too slow"), OriginProtocolError("nonsense")


@pytest.mark.parametrize(
    ("failure", "code", "level", "fails_over"),
    [
        *((failure, code, "strict", True) for failure in (REFUSED, NO_NAME) for code in (502, 503)),
        *((failure, 504, "strict", False) for failure in (REFUSED, NO_NAME)),
        (REFUSED, 503, "pedantic", True),
        (REFUSED, 502, "pedantic", False),
        (REFUSED, 502, "lenient", True),
        (SLOW, 504, "strict", True),
        (SLOW, 503, "strict", False),
        (BROKEN, 502, "strict", True),
        (BROKEN, 503, "strict", False),
    ],
)
def test_no_answer_fails_over_if_a_status_for_it_is_listed(failure, code, level, fails_over):
    play = edge(failure, codes=[code], play={"strictness": level})
    assert (play.get().status == 200) is fails_over


def test_the_primary_is_asked_first_for_every_miss():
    play = edge(respond(500), respond(200, b"good", cache_control="no-store"), cache_policy=changed(OBEDIENT))
    play.get()
    play.get()
    assert asked(play) == ["origin.example.org", "spare.example.org"] * 2


def test_the_second_answer_is_final():
    play = edge(respond(500), respond(503, b"also down"))
    answer = play.get()
    assert (answer.status, answer.body, len(asked(play))) == (503, b"also down", 2)


def test_an_error_of_the_second_gets_the_custom_error_page():
    page = ErrorResponse(error_code=503, response_page_path="/sorry")
    play = edge(respond(500), respond(503), pages={503: page})
    answer = play.get()
    assert (answer.status, answer.body) == (503, b"sorry")


def test_no_answer_from_either_is_cloudfronts_error():
    play = edge(REFUSED, SLOW)
    answer = play.get()
    assert (answer.status, answer.x_cache) == (504, "Error from cloudfront")
    assert [type(failed.error) for failed in play.failures()] == [OriginConnectError, OriginTimeout]


def test_one_object_is_kept_whichever_origin_it_came_from():
    play = edge(respond(500))
    assert [play.get().x_cache, play.get().x_cache] == ["Miss from cloudfront", "Hit from cloudfront"]
    assert len(asked(play)) == 2


def test_each_origin_gets_its_own_host_path_and_custom_headers():
    play = edge(respond(500))
    play.get()
    first, second = (step.detail[0] for step in fetches(play))
    assert (first.path, first.headers.get(b"x-token")) == (b"/", None)
    assert (second.path, second.headers.get(b"x-token")) == (b"/v2/", b"s3cret")


# ------------------------------------------------------------------------------ functions (lambda-at-edge.md §1.4)


def test_a_failover_runs_origin_request_for_both_and_origin_response_once():
    play = edge(respond(503), points=FOUR)
    assert play.get().x_cache == "Miss from cloudfront"
    assert play.ran == [
        *("viewer-request", "origin-request", "origin-request", "origin-response", "viewer-response"),
    ]


def test_each_event_shows_the_origin_of_its_attempt_and_the_request_as_it_was():
    def changes(event, context):
        request = event["Records"][0]["cf"]["request"]
        seen.append(request)
        return {**request, "uri": "/changed"}

    seen = []
    play = edge(respond(503), points=("origin_request",), functions={"origin_request": changes})
    play.origin.replies["/changed"] = respond(503)
    play.get()
    assert [request["origin"]["custom"]["domainName"] for request in seen] == [SITE.domain_name, SPARE.domain_name]
    assert [request["uri"] for request in seen] == ["/", "/"]
    assert seen[1]["origin"]["custom"]["customHeaders"] == {"x-token": [{"key": "X-Token", "value": "s3cret"}]}


def test_an_answer_that_origin_request_generates_never_fails_over():
    def answers(event, context):
        return {"status": "503", "body": "by me"}

    play = edge(GOOD, points=("origin_request",), functions={"origin_request": answers})
    answer = play.get()
    assert (answer.status, answer.body, asked(play)) == (503, b"by me", [])


def test_origin_response_sees_a_status_that_does_not_fail_over():
    play = edge(respond(404), points=("origin_response",))
    play.get()
    assert (play.ran, asked(play)) == (["origin-response"], ["origin.example.org"])


def test_origin_response_sees_a_failing_status_of_a_write():
    play = edge(respond(503), points=("origin_response",), allowed_methods=ALL_METHODS)
    play.run(lambda here: here.ask("/", "POST"))
    assert play.ran == ["origin-response"]


def test_a_cloudfront_function_that_updates_the_origin_changes_the_primary_only():
    def update(event, cf):
        cf.updateRequestOrigin({"originPath": "/new"})
        return event["request"]

    play = edge(GOOD, viewer_request=light("vrq"), functions={"vrq": update})
    play.origin.replies["/new/"] = respond(500)
    assert play.get().body == b"good"
    assert [step.detail[0].path for step in fetches(play)] == [b"/new/", b"/v2/"]


def test_an_origin_that_a_cloudfront_function_selects_replaces_the_group():
    def select(event, cf):
        cf.selectRequestOriginById("site")
        return event["request"]

    play = edge(respond(500, b"mine"), viewer_request=light("vrq"), functions={"vrq": select})
    assert (play.get().body, asked(play)) == (b"mine", ["origin.example.org"])


# ------------------------------------------------------------------------------ stale objects, and what is told


@pytest.mark.parametrize(("second", "body"), [(GOOD, b"good"), (respond(503), b"old")])
def test_an_expired_object_covers_only_when_both_fail(second, body):
    play = edge(respond(200, b"old", cache_control="max-age=1, stale-if-error=600"), second)
    play.get()
    play.clock.advance(5)
    play.origin.replies["/"] = respond(503)
    assert play.get().body == body


def test_the_log_and_the_steps_say_which_origin_answered_and_why():
    play = edge(respond(503))
    play.get()
    assert [step.outcome for step in fetches(play)] == [
        "origin.example.org answered 503",
        "spare.example.org answered 200",
    ]
    forwards = [step.outcome for step in play.events if isinstance(step, Stepped) and step.step is Step.FORWARD]
    assert forwards == ["plain", "plain, Failover:503"]
    assert [logged.failover for logged in play.logged()] == ["Failover:503"]


def test_without_failover_the_log_has_no_reason():
    play = edge(GOOD)
    play.get()
    assert [logged.failover for logged in play.logged()] == [""]
