"""Where response headers policies apply: cloudfront.md §0 step 18, §11, §11.5, Unknowns 10 and 24."""

import pytest
from plays import OBEDIENT, Play, behavior, changed, distribution

from edgerun.distribution.headers_model import CustomHeader, ResponseHeadersPolicy, ServerTiming
from edgerun.distribution.managed import RESPONSE_HEADERS_POLICIES
from edgerun.distribution.model import ErrorResponse
from edgerun.errors import OriginConnectError
from edgerun.observe.events import Step, Stepped
from edgerun.testing.origin import respond

PAGE = respond(200, b"a page", cache_control="max-age=60", etag='"v1"', server="nginx", x_powered_by="php")
POLICY = ResponseHeadersPolicy(
    name="ours",
    custom=(
        CustomHeader(header="X-Policy", value="ours", override=True),
        CustomHeader(header="Cache-Control", value="no-store", override=True),
    ),
    remove=frozenset({b"server", b"x-powered-by"}),
)
TIMED = ResponseHeadersPolicy(name="timed", server_timing=ServerTiming(enabled=True, sampling_rate=100))


def fails(event, context):
    raise KeyError("broken")


def generates(event, context):
    return {"status": "200", "body": "made", "headers": {"server": [{"value": "me"}]}}


def edge(*, pages=None, others=(), replies=None, given=POLICY, functions=None, **changes):
    default = behavior(response_headers_policy=given, **changes)
    return Play(
        distribution(default, *others, error_responses=pages or {}),
        replies=replies or {"/": PAGE},
        functions=functions or {},
    )


def decorated(answer):
    return (answer["X-Policy"], answer["Cache-Control"], answer["Server"], answer["X-Powered-By"]) == (
        *("ours", "no-store", "CloudFront"),
        None,
    )


def test_a_miss_and_a_hit():
    play = edge()
    for word in ("Miss", "Hit"):
        answer = play.get()
        assert answer.x_cache == f"{word} from cloudfront"
        assert decorated(answer)


def test_the_store_knows_nothing_of_it():
    play = edge()
    play.get()
    play.clock.advance(30)
    assert play.get().x_cache == "Hit from cloudfront"
    (entry,) = play.store._entries.values()
    assert entry.headers.get(b"server") == b"nginx"
    assert entry.headers.get(b"cache-control") == b"max-age=60"
    assert b"x-policy" not in entry.headers
    play.clock.advance(31)
    assert play.get().x_cache == "Miss from cloudfront"


def test_a_confirmed_object():
    def origin(request):
        return respond(304, etag='"v1"') if b"if-none-match" in request.headers else PAGE

    play = edge(replies={"/": origin})
    play.get()
    play.clock.advance(61)
    answer = play.get()
    assert answer.x_cache == "RefreshHit from cloudfront"
    assert decorated(answer)


def test_what_is_never_stored():
    answer = edge(cache_policy=changed(OBEDIENT, max_ttl=0, default_ttl=0)).get()
    assert answer.x_cache == "Miss from cloudfront"
    assert decorated(answer)


@pytest.mark.parametrize("point", ["viewer_request", "origin_request"])
def test_a_generated_response(point):
    play = edge(points={point: "f"}, functions={"f": generates})
    answer = play.get()
    assert answer.body == b"made"
    assert decorated(answer)


def test_an_error_of_the_origin():
    answer = edge(replies={"/": respond(500, b"broken", server="nginx")}).get()
    assert (answer.status, answer.body) == (500, b"broken")
    assert decorated(answer)


def test_an_origin_that_does_not_answer():
    answer = edge(replies={"/": OriginConnectError("refused")}).get()
    assert (answer.status, answer.x_cache) == (502, "Error from cloudfront")
    assert decorated(answer)


@pytest.mark.parametrize("point", ["viewer_request", "origin_request", "origin_response"])
def test_a_page_for_a_failed_function(point):
    answer = edge(points={point: "f"}, functions={"f": fails}).get()
    assert (answer.status, answer.x_cache) == (503, "LambdaExecutionError from cloudfront")
    assert decorated(answer)


def test_a_method_that_is_not_allowed():
    answer = edge().run(lambda play: play.ask(method="DELETE"))
    assert answer.status == 403
    assert decorated(answer)


def test_a_custom_error_page_gets_the_policy_of_the_behavior_that_was_asked():
    other = changed(POLICY, name="other", custom=(CustomHeader(header="X-Other", value="1", override=True),))
    play = edge(
        pages={404: ErrorResponse(error_code=404, response_code=200, response_page_path="/errors/404.html")},
        others=[behavior("/errors/*", response_headers_policy=other)],
        replies={"/errors/404.html": respond(200, b"sorry", server="nginx")},
    )
    answer = play.get("/missing")
    assert (answer.status, answer.body) == (200, b"sorry")
    assert decorated(answer)
    assert answer["X-Other"] is None


def test_not_the_redirect_to_https():
    play = edge(viewer_protocol_policy="redirect-to-https")
    answer = play.get()
    assert answer.status == 301
    assert answer["X-Policy"] is None
    assert outcomes(play) == ["none"]


def test_no_behavior_no_policy():
    default = behavior(response_headers_policy=POLICY)
    answer = Play(distribution(default, enabled=False)).get()
    assert answer.status == 403
    assert answer["X-Policy"] is None


def test_the_viewer_response_function_sees_the_policys_headers_and_has_the_last_word():
    seen = {}

    def last(event, context):
        response = event["Records"][0]["cf"]["response"]
        seen.update(response["headers"])
        response["headers"]["x-policy"] = [{"key": "X-Policy", "value": "theirs"}]
        return response

    play = edge(points={"viewer_response": "f"}, functions={"f": last})
    for _ in range(2):
        answer = play.get()
        assert seen["x-policy"] == [{"key": "X-Policy", "value": "ours"}]
        assert seen["server"] == [{"key": "Server", "value": "CloudFront"}]
        assert "x-powered-by" not in seen
        assert answer["X-Policy"] == "theirs"


def test_the_request_that_counts_is_the_viewers_as_received():
    def strips(event, context):
        request = event["Records"][0]["cf"]["request"]
        request["headers"].pop("origin", None)
        return request

    cors = RESPONSE_HEADERS_POLICIES[0]
    play = edge(given=cors, points={"viewer_request": "f"}, functions={"f": strips})
    assert play.get(origin="https://a.example")["Access-Control-Allow-Origin"] == "*"
    assert play.get()["Access-Control-Allow-Origin"] is None


def test_server_timing_tells_of_hit_and_miss():
    play = edge(given=TIMED)
    told = [play.get()["Server-Timing"] for _ in range(2)]
    assert told == [
        'cdn-cache-miss,cdn-pop;desc="EDG50-P1",cdn-rid;desc="request-1",cdn-downstream-fbl;dur=0',
        'cdn-cache-hit,cdn-pop;desc="EDG50-P1",cdn-rid;desc="request-2",cdn-hit-layer;desc="EDGE",cdn-downstream-fbl;dur=0',
    ]


def test_a_part_of_a_stored_object():
    play = edge()
    play.get()
    answer = play.get(range="bytes=2-3")
    assert (answer.status, answer.body) == (206, b"pa")
    assert decorated(answer)


def test_the_age_of_a_hit_can_be_removed():
    play = edge(given=changed(POLICY, remove=frozenset({b"age"})))
    play.get()
    answer = play.get()
    assert answer.x_cache == "Hit from cloudfront"
    assert answer["Age"] is None


def outcomes(play):
    return [e.outcome for e in play.events if isinstance(e, Stepped) and e.step is Step.HEADERS_POLICY]


def test_the_step_names_the_policy():
    play = edge()
    play.get()
    plain = edge(given=None)
    plain.get()
    assert (outcomes(play), outcomes(plain)) == (["ours"], ["none"])
