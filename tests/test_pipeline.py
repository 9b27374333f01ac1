"""The order of everything: `spec/lambda-at-edge.md` §1.7 row by row, then what each step owes."""

import asyncio

import pytest
from plays import MANAGED, OBEDIENT, Play, behavior, changed, consume, distribution

from edgerun.distribution.model import ALL_METHODS, ErrorResponse
from edgerun.errors import OriginConnectError, OriginDnsError, OriginProtocolError, OriginTimeout
from edgerun.http.headers import Headers
from edgerun.http.message import Response, StreamBody
from edgerun.observe.events import Step
from edgerun.pipeline import __doc__ as drawing
from edgerun.testing.origin import ScriptedOrigin, respond
from edgerun.visit import Delivery

ALL_FOUR = {
    "viewer_request": "vrq",
    "origin_request": "orq",
    "origin_response": "ors",
    "viewer_response": "vrs",
}


def passes_request(event, context):
    return event["Records"][0]["cf"]["request"]


def passes_response(event, context):
    return event["Records"][0]["cf"]["response"]


def answers(status, **more):
    return lambda event, context: {"status": str(status), "body": "made here", **more}


def fails(event, context):
    raise KeyError("auth")


PASSING = {"vrq": passes_request, "orq": passes_request, "ors": passes_response, "vrs": passes_response}


def edge(*, replies=None, pages=None, changes=None, strictness="strict", **functions):
    """An edge with functions at all four points."""
    default = behavior(points=ALL_FOUR, **(changes or {}))
    return Play(
        distribution(default, error_responses=pages or {}),
        replies=replies,
        functions={**PASSING, **functions},
        strictness=strictness,
    )


PAGE = respond(200, b"a page", cache_control="max-age=60", etag='"v1"')


# ---------------------------------------------------------------- §1.7, row by row


def test_miss_runs_all_four():
    play = edge(replies={"/": PAGE})
    answer = play.get()
    assert (answer.status, answer.body, answer.x_cache) == (200, b"a page", "Miss from cloudfront")
    assert play.ran == ["viewer-request", "origin-request", "origin-response", "viewer-response"]


def test_hit_runs_the_viewer_points():
    play = edge(replies={"/": PAGE})
    play.get()
    play.clock.advance(7)
    play.runtime.calls.clear()
    answer = play.get()
    assert (answer.body, answer.x_cache, answer["Age"]) == (b"a page", "Hit from cloudfront", "7")
    assert play.ran == ["viewer-request", "viewer-response"]


def test_expired_and_confirmed_by_the_origin_runs_all_four():
    def origin(request):
        return respond(304, etag='"v1"') if b"if-none-match" in request.headers else PAGE

    play = edge(replies={"/": origin})
    play.get()
    play.clock.advance(61)
    play.runtime.calls.clear()
    answer = play.get()
    assert (answer.status, answer.body, answer.x_cache) == (200, b"a page", "RefreshHit from cloudfront")
    assert answer["Age"] is None
    assert play.origin.seen[1].headers.get(b"if-none-match") == b'"v1"'
    assert play.ran == ["viewer-request", "origin-request", "origin-response", "viewer-response"]
    assert play.runtime.calls[2][1]["Records"][0]["cf"]["response"]["status"] == "304"
    assert play.get().x_cache == "Hit from cloudfront"


def test_post_runs_all_four_every_time():
    play = edge(replies={"/": PAGE}, changes={"allowed_methods": ALL_METHODS})
    for _ in range(2):
        play.runtime.calls.clear()
        answer = play.run(lambda p: p.ask(method="POST", body=b"x"))
        assert answer.x_cache == "Miss from cloudfront"
        assert play.ran == ["viewer-request", "origin-request", "origin-response", "viewer-response"]
    assert len(play.origin.seen) == 2


def test_generated_at_viewer_request_runs_nothing_else_and_is_not_cached():
    play = edge(replies={"/": PAGE}, vrq=answers(200))
    for _ in range(2):
        play.runtime.calls.clear()
        answer = play.get()
        assert (answer.status, answer.body) == (200, b"made here")
        assert answer.x_cache == "LambdaGeneratedResponse from cloudfront"
        assert play.ran == ["viewer-request"]
    assert play.origin.seen == []
    assert len(play.store) == 0


def test_generated_at_origin_request_first_time():
    play = edge(orq=answers(200))
    answer = play.get()
    assert (answer.body, answer.x_cache) == (b"made here", "Miss from cloudfront")
    assert play.ran == ["viewer-request", "origin-request", "viewer-response"]
    assert play.logged()[0].detailed_result_type == "MissGeneratedResponse"
    assert play.origin.seen == []


def test_generated_at_origin_request_again():
    play = edge(orq=answers(200))
    play.get()
    play.runtime.calls.clear()
    assert play.get().x_cache == "Hit from cloudfront"
    assert play.ran == ["viewer-request", "viewer-response"]


def test_generated_at_origin_request_with_an_error_status():
    play = edge(orq=answers(403))
    answer = play.get()
    assert (answer.status, answer.x_cache) == (403, "Error from cloudfront")
    assert play.ran == ["viewer-request", "origin-request"]


def test_origin_404_without_an_error_page():
    play = edge()
    answer = play.get("/gone")
    assert (answer.status, answer.x_cache) == (404, "Error from cloudfront")
    assert play.ran == ["viewer-request", "origin-request", "origin-response"]


def test_origin_404_with_an_error_page_on_another_path():
    page = ErrorResponse(error_code=404, response_code=200, response_page_path="/404.html")
    play = edge(replies={"/404.html": respond(200, b"sorry")}, pages={404: page})
    answer = play.get("/gone")
    assert (answer.status, answer.body, answer.x_cache) == (200, b"sorry", "Error from cloudfront")
    assert play.ran == [
        "viewer-request",
        "origin-request",
        "origin-response",
        "origin-request",
        "origin-response",
    ]


def test_origin_404_rewritten_to_200_by_origin_response():
    def rescued(event, context):
        response = event["Records"][0]["cf"]["response"]
        return {**response, "status": 200, "statusDescription": "OK", "body": "rescued"}

    play = edge(ors=rescued)
    answer = play.get("/gone")
    assert (answer.status, answer.body, answer.x_cache) == (200, b"rescued", "Miss from cloudfront")
    assert answer["Content-Length"] == "7"
    assert play.ran == ["viewer-request", "origin-request", "origin-response"]
    play.runtime.calls.clear()
    assert play.get("/gone").x_cache == "Hit from cloudfront"
    assert play.ran == ["viewer-request"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        pytest.param(OriginConnectError("refused"), 502, id="refused"),
        pytest.param(OriginTimeout("hangs"), 504, id="hangs"),
        pytest.param(OriginProtocolError("nonsense"), 502, id="nonsense"),
    ],
)
def test_origin_unreachable(error, status):
    play = edge(replies={"/": error})
    answer = play.get()
    assert (answer.status, answer.x_cache) == (status, "Error from cloudfront")
    assert play.ran == ["viewer-request", "origin-request"]


def test_origin_name_does_not_resolve():
    class Nameless(ScriptedOrigin):
        async def resolve(self):
            raise OriginDnsError("no such name")

    play = Play(behavior(points=ALL_FOUR), functions=PASSING, origins={"origin.example.org": Nameless()})
    answer = play.get()
    assert (answer.status, answer.x_cache) == (502, "Error from cloudfront")
    assert play.ran == ["viewer-request"]
    assert play.logged()[0].detailed_result_type == "OriginDnsError"


def test_redirect_to_https_runs_nothing():
    play = edge(changes={"viewer_protocol_policy": "redirect-to-https"})
    answer = play.get("/a?b=c")
    assert (answer.status, answer.x_cache) == (301, "Redirect from cloudfront")
    assert answer["Location"] == "https://shop.example/a?b=c"
    assert play.ran == []


@pytest.mark.parametrize(
    ("function", "status", "word"),
    [
        pytest.param(fails, 503, "LambdaExecutionError", id="raises"),
        pytest.param(lambda event, context: None, 502, "LambdaValidationError", id="returns nothing"),
        pytest.param(lambda event, context: {"Records": []}, 502, "LambdaValidationError", id="returns the event"),
    ],
)
def test_viewer_request_fails(function, status, word):
    play = edge(replies={"/": PAGE}, vrq=function)
    answer = play.get()
    assert (answer.status, answer.x_cache) == (status, f"{word} from cloudfront")
    assert play.ran == ["viewer-request"]
    assert play.failures()[0].function == "vrq"
    assert play.origin.seen == []


def test_viewer_response_fails_on_a_hit():
    play = edge(replies={"/": PAGE})
    play.get()
    play.runtime.calls.clear()
    play.runtime.handlers["vrs"] = fails
    answer = play.get()
    assert (answer.status, answer.x_cache) == (503, "LambdaExecutionError from cloudfront")
    assert b"a page" not in answer.body
    assert play.ran == ["viewer-request", "viewer-response"]


# ---------------------------------------------------------------- failures are not kept


@pytest.mark.parametrize("point", ["vrq", "orq", "ors", "vrs"])
def test_a_failing_function_is_called_again_and_nothing_of_it_is_cached(point):
    play = edge(replies={"/": PAGE}, **{point: fails})
    assert play.get().status == 503
    play.runtime.handlers[point] = PASSING[point]
    assert (play.get().status, play.get().body) == (200, b"a page")


def changes_the_method(event, context):
    return {**event["Records"][0]["cf"]["request"], "method": "PUT"}


def test_what_aws_leaves_unclear_is_forgiven_with_a_warning():
    play = edge(replies={"/": PAGE}, vrq=changes_the_method)
    assert play.get().status == 200
    assert play.origin.seen[0].method == "GET"
    assert [(w.point, w.path) for w in play.warnings()] == [("viewer-request", "method")]


def test_what_aws_leaves_unclear_is_refused_at_the_pedantic_level():
    play = edge(replies={"/": PAGE}, vrq=changes_the_method, strictness="pedantic")
    answer = play.get()
    assert (answer.status, answer.x_cache) == (502, "LambdaValidationError from cloudfront")


def test_a_custom_error_page_replaces_a_function_failure():
    page = ErrorResponse(error_code=503, response_code=503, response_page_path="/sorry.html")
    play = edge(replies={"/": PAGE, "/sorry.html": respond(200, b"sorry")}, pages={503: page}, vrq=fails)
    answer = play.get()
    assert (answer.status, answer.body) == (503, b"sorry")
    assert answer.x_cache == "LambdaExecutionError from cloudfront"


def test_an_error_page_that_is_missing_itself_keeps_the_status_of_its_origin():
    page = ErrorResponse(error_code=500, response_code=200, response_page_path="/sorry.html")
    play = edge(replies={"/": respond(500, b"broken")}, pages={500: page})
    assert play.get().status == 404


# ---------------------------------------------------------------- what changes where


def test_viewer_request_changes_the_key_and_the_origin_path():
    def rewrites(event, context):
        request = event["Records"][0]["cf"]["request"]
        return {**request, "uri": "/b"}

    play = edge(replies={"/b": PAGE}, vrq=rewrites)
    assert play.get("/a").body == b"a page"
    assert play.get("/c").x_cache == "Hit from cloudfront"
    assert [r.path for r in play.origin.seen] == [b"/b"]


def test_origin_request_changes_the_origin_path_but_not_the_key():
    def rewrites(event, context):
        request = event["Records"][0]["cf"]["request"]
        return {**request, "uri": "/b"}

    play = edge(replies={"/b": PAGE}, orq=rewrites)
    play.get("/a")
    assert play.get("/a").x_cache == "Hit from cloudfront"
    assert play.get("/c").x_cache == "Miss from cloudfront"


def test_origin_response_changes_are_cached_and_viewer_response_changes_are_not():
    def stamps(name):
        def stamp(event, context):
            response = event["Records"][0]["cf"]["response"]
            count = str(len(play.runtime.calls))
            return {**response, "headers": {**response["headers"], name: [{"key": name, "value": count}]}}

        return stamp

    play = edge(replies={"/": PAGE})
    play.runtime.handlers |= {"ors": stamps("x-origin-stamp"), "vrs": stamps("x-viewer-stamp")}
    first, second = play.get(), play.get()
    assert first["x-origin-stamp"] == second["x-origin-stamp"] == "3"
    assert (first["x-viewer-stamp"], second["x-viewer-stamp"]) == ("4", "6")


def test_the_request_id_is_the_same_in_all_four_events_the_header_and_the_log():
    play = edge(replies={"/": PAGE})
    answer = play.get()
    ids = {event["Records"][0]["cf"]["config"]["requestId"] for _, event in play.runtime.calls}
    assert ids == {"request-1"} == {answer["X-Amz-Cf-Id"]} == {play.logged()[0].request_id}


def test_the_origin_of_an_origin_request_function_is_asked():
    def moves(event, context):
        request = event["Records"][0]["cf"]["request"]
        request["origin"]["custom"]["domainName"] = "other.example.org"
        request["headers"]["host"] = [{"key": "Host", "value": "other.example.org"}]
        return request

    other = ScriptedOrigin({"/": respond(200, b"other")})
    play = Play(behavior(points=ALL_FOUR), functions={**PASSING, "orq": moves}, origins={"other.example.org": other})
    assert play.get().body == b"other"
    assert other.seen[0].headers.get(b"host") == b"other.example.org"


def test_the_default_root_object_is_what_functions_see():
    play = Play(
        distribution(behavior(points={"viewer_request": "vrq"}), default_root_object="index.html"),
        replies={"/index.html": PAGE},
        functions=PASSING,
    )
    assert play.get("/").body == b"a page"
    assert play.runtime.calls[0][1]["Records"][0]["cf"]["request"]["uri"] == "/index.html"


# ---------------------------------------------------------------- guard


def test_a_method_that_is_not_allowed_is_refused():
    answer = edge().run(lambda p: p.ask(method="DELETE"))
    assert (answer.status, answer.x_cache) == (403, "Error from cloudfront")
    assert b"The distribution supports only cachable requests." in answer.body


def test_a_get_with_a_body_is_refused():
    play = edge(replies={"/": PAGE})
    assert play.run(lambda p: p.ask(body=b"x")).status == 403
    assert play.ran == []


def test_an_unknown_host_is_refused():
    play = Play(distribution(behavior(), aliases=("other.example",)), replies={"/": PAGE})
    answer = play.get()
    assert (answer.status, b"Bad request." in answer.body) == (403, True)
    [failure] = play.failures()
    assert str(failure.error).startswith("no distribution answers 'shop.example': it is no alias")


def test_a_disabled_distribution_is_refused():
    play = Play(distribution(behavior(), enabled=False), replies={"/": PAGE})
    assert play.get().status == 403
    assert [str(each.error) for each in play.failures()] == ["distribution 'default' is disabled: enabled = false"]


# ---------------------------------------------------------------- a hit takes no turn of the loop


def test_a_hit_without_functions_is_answered_at_once():
    play = Play(behavior(), replies={"/": PAGE})
    play.get()

    begun = play.begin()

    assert isinstance(begun, Delivery)
    assert begun.response.headers.get(b"x-cache") == b"Hit from cloudfront"


def test_what_has_to_wait_comes_back_as_a_coroutine():
    play = Play(behavior(), replies={"/": PAGE})

    async def act(p):
        begun = p.begin()
        assert not isinstance(begun, Delivery)
        return await consume(await begun)

    assert play.run(act).body == b"a page"


# ---------------------------------------------------------------- many viewers, one fetch


def gated(reply):
    """A reply that waits for its gate."""
    gate = asyncio.Event()

    async def wait(request):
        await gate.wait()
        return reply

    return gate, wait


async def together(play, count, path="/", **headers):
    return [asyncio.ensure_future(play.ask(path, **headers)) for _ in range(count)]


async def turns(count=5):
    """Let everything that can run, run."""
    for _ in range(count):
        await asyncio.sleep(0)


def test_sixty_four_viewers_of_one_key_cause_one_fetch():
    play = Play(behavior())

    async def act(p):
        gate, p.origin.replies["/"] = gated(PAGE)
        tasks = await together(p, 64)
        await turns()
        gate.set()
        return await asyncio.gather(*tasks)

    got = play.run(act)
    assert len(play.origin.seen) == 1
    assert sorted(a.x_cache for a in got) == ["Hit from cloudfront"] * 63 + ["Miss from cloudfront"]
    assert {a.body for a in got} == {b"a page"}


def test_what_may_not_be_shared_is_fetched_by_each():
    play = Play(behavior())

    async def act(p):
        gate, p.origin.replies["/"] = gated(respond(200, b"mine", cache_control="private"))
        tasks = await together(p, 8)
        await turns()
        gate.set()
        return await asyncio.gather(*tasks)

    got = play.run(act)
    assert len(play.origin.seen) == 8
    assert {a.x_cache for a in got} == {"Miss from cloudfront"}


def test_with_caching_disabled_nothing_is_collapsed():
    play = Play(behavior(cache_policy=MANAGED["CachingDisabled"]))

    async def act(p):
        gate, p.origin.replies["/"] = gated(PAGE)
        tasks = await together(p, 8)
        await turns()
        gate.set()
        return await asyncio.gather(*tasks)

    assert {a.x_cache for a in play.run(act)} == {"Miss from cloudfront"}
    assert len(play.origin.seen) == 8


def test_the_leader_leaving_does_not_end_the_fetch_for_the_others():
    play = Play(behavior())

    async def act(p):
        gate, p.origin.replies["/"] = gated(PAGE)
        tasks = await together(p, 3)
        await turns()
        tasks[0].cancel()
        await turns()
        gate.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    got = play.run(act)
    assert isinstance(got[0], asyncio.CancelledError)
    assert [a.body for a in got[1:]] == [b"a page"] * 2
    assert len(play.origin.seen) == 1


def test_the_last_viewer_leaving_ends_the_fetch():
    play = Play(behavior())
    ended = []

    async def forever(request):
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(request.path)

    async def act(p):
        p.origin.replies["/"] = forever
        tasks = await together(p, 2)
        await turns()
        for task in tasks:
            task.cancel()
        await turns()

    play.run(act)
    assert ended == [b"/"]


def dripping(*chunks, length=None, error=None, gate=None):
    """A response whose body arrives in pieces, the rest after a gate."""

    async def stream():
        for number, chunk in enumerate(chunks):
            if number and gate is not None:
                await gate.wait()
            yield chunk
        if error is not None:
            raise error

    lines = [(b"Cache-Control", b"max-age=60")]
    if length is not None:
        lines.append((b"Content-Length", b"%d" % length))
    return Response(status=200, headers=Headers(lines), body=StreamBody(stream(), length=length))


def test_viewers_get_the_body_as_it_arrives_and_one_who_comes_later_joins():
    play = Play(behavior())

    async def act(p):
        gate = asyncio.Event()
        p.origin.replies["/"] = lambda request: dripping(b"first ", b"second", length=12, gate=gate)
        begun = p.begin()
        delivery = await asyncio.ensure_future(begun)
        stream = delivery.response.body.stream()
        first = await anext(stream)
        late = asyncio.ensure_future(p.ask())
        await turns()
        gate.set()
        rest = b"".join([chunk async for chunk in stream])
        await delivery.body.aclose()
        return first, rest, await late

    first, rest, late = play.run(act)
    assert (first, rest) == (b"first ", b"second")
    assert (late.body, late.x_cache) == (b"first second", "Hit from cloudfront")
    assert len(play.origin.seen) == 1


def test_a_body_that_breaks_off_is_never_stored_and_viewers_see_the_break():
    play = Play(behavior())
    broken = OriginProtocolError("reset")
    play.origin.replies["/"] = lambda request: dripping(b"half", length=8, error=broken)

    answer = play.get()

    assert (answer.body, answer.error) == (b"", broken)
    assert len(play.store) == 0
    assert not play.logged()[0].complete


def test_a_body_shorter_than_declared_is_never_stored():
    play = Play(behavior())
    play.origin.replies["/"] = lambda request: dripping(b"half", length=8)
    assert play.get().error is not None
    assert len(play.store) == 0


def test_a_viewer_who_aborts_alone_leaves_nothing_in_the_store():
    play = Play(behavior())

    async def act(p):
        gate = asyncio.Event()
        p.origin.replies["/"] = lambda request: dripping(b"first ", b"second", length=12, gate=gate)
        delivery = await asyncio.ensure_future(p.begin())
        await anext(delivery.response.body.stream())
        await delivery.body.aclose()
        await turns()
        gate.set()
        await turns()

    play.run(act)
    assert len(play.store) == 0


def test_a_large_body_is_kept_in_a_file_and_served_whole():
    play = Play(behavior())
    big = bytes(range(256)) * 8192
    play.origin.replies["/"] = lambda request: dripping(*[big[i : i + 65536] for i in range(0, len(big), 65536)])
    assert play.get().body == big
    again = play.get()
    assert (again.body, again.x_cache) == (big, "Hit from cloudfront")
    assert play.store.peek(next(iter(play.store._entries))).body.data is None


# ---------------------------------------------------------------- stale and purged


def test_a_failing_origin_is_covered_by_the_expired_copy_until_the_retry_time():
    play = Play(behavior(), replies={"/": PAGE})
    play.get()
    play.clock.advance(61)
    play.origin.replies["/"] = OriginConnectError("down")
    stale = play.get()
    assert (stale.body, stale.x_cache, stale["Age"]) == (b"a page", "Hit from cloudfront", "61")
    play.get()
    assert len(play.origin.seen) == 2
    play.clock.advance(11)
    play.get()
    assert len(play.origin.seen) == 3


def test_stale_while_revalidate_answers_at_once_and_refreshes_behind():
    page = respond(200, b"old", cache_control="max-age=10, stale-while-revalidate=30")
    play = Play(behavior(), replies={"/": page})
    play.get()
    play.clock.advance(15)
    play.origin.replies["/"] = respond(200, b"new", cache_control="max-age=10")

    async def act(p):
        stale = await p.ask()
        await turns(20)
        return stale, await p.ask()

    stale, fresh = play.run(act)
    assert (stale.body, stale.x_cache) == (b"old", "Hit from cloudfront")
    assert (fresh.body, fresh.x_cache) == (b"new", "Hit from cloudfront")
    assert len(play.origin.seen) == 2


def test_a_purge_during_a_fetch_is_not_undone_by_it():
    play = Play(behavior())

    async def act(p):
        gate, p.origin.replies["/"] = gated(PAGE)
        task = asyncio.ensure_future(p.ask())
        await turns()
        await p.store.invalidate(b"/*")
        gate.set()
        return await task

    assert play.run(act).body == b"a page"
    assert len(play.store) == 0


def test_a_purge_of_another_path_does_not_lose_a_fetch():
    play = Play(behavior())

    async def act(p):
        gate, p.origin.replies["/"] = gated(PAGE)
        task = asyncio.ensure_future(p.ask())
        await turns()
        await p.store.invalidate(b"/other/*")
        gate.set()
        await task

    play.run(act)
    assert len(play.store) == 1


# ---------------------------------------------------------------- conditions, ranges, HEAD


def test_a_stored_object_answers_conditions_and_ranges():
    play = Play(behavior(), replies={"/": respond(200, b"0123456789", cache_control="max-age=60", etag='"v1"')})
    play.get()
    assert play.get(if_none_match='"v1"').status == 304
    part = play.get(range="bytes=2-4")
    assert (part.status, part.body, part["Content-Range"]) == (206, b"234", "bytes 2-4/10")
    beyond = play.get(range="bytes=20-")
    assert (beyond.status, beyond["Content-Range"]) == (416, "bytes */10")
    assert len(play.origin.seen) == 1


def test_a_conditional_miss_is_forwarded_and_its_304_is_nobody_elses():
    play = Play(behavior())
    play.origin.replies["/"] = lambda r: respond(304) if b"if-none-match" in r.headers else PAGE
    assert play.get(if_none_match='"x"').status == 304
    assert play.get().body == b"a page"


def test_a_stored_get_answers_head_and_a_stored_head_never_answers_get():
    play = Play(behavior())
    play.origin.replies["/"] = lambda r: respond(200, b"" if r.method == "HEAD" else b"a page", content_length="6")
    head = play.run(lambda p: p.ask(method="HEAD"))
    assert (head["Content-Length"], head.x_cache) == ("6", "Miss from cloudfront")
    assert play.run(lambda p: p.ask(method="HEAD")).x_cache == "Hit from cloudfront"
    assert play.get().x_cache == "Miss from cloudfront"
    assert play.run(lambda p: p.ask(method="HEAD")).x_cache == "Hit from cloudfront"
    assert [r.method for r in play.origin.seen] == ["HEAD", "GET"]


# ---------------------------------------------------------------- events


def test_every_step_of_a_miss_emits_one_event_in_order():
    play = edge(replies={"/": PAGE})
    play.get()
    seen = play.steps()
    expected = [step.value for step in Step if step not in {Step.ERROR_PAGE, Step.CONDITIONALS}]
    assert [s for s in seen if s != "store"] == [s for s in expected if s != "store"]
    assert seen.count("store") == 1


def test_the_drawing_names_exactly_the_steps():
    lines = (drawing or "").split("\n\n")[1]
    for step in Step:
        assert step.value in lines, f"{step.value} is not in the drawing of pipeline.py"


def test_the_log_speaks_cloudfronts_words():
    play = edge(replies={"/": PAGE})
    play.get("/?q=1")
    play.get("/")
    first = play.logged()[0]
    assert (first.distribution, first.host, first.path, first.query) == (
        "d111111abcdef8.cloudfront.net",
        "shop.example",
        b"/",
        b"q=1",
    )
    assert [line.result_type for line in play.logged()] == ["Miss", "Hit"]


def test_set_cookie_is_removed_unless_cookies_are_forwarded():
    play = Play(behavior(), replies={"/": respond(200, b"x", set_cookie="a=1")})
    assert play.get()["Set-Cookie"] is None
    with_cookies = changed(OBEDIENT, cookies=MANAGED["Amplify"].cookies)
    play = Play(behavior(cache_policy=with_cookies), replies={"/": respond(200, b"x", set_cookie="a=1")})
    assert play.get()["Set-Cookie"] == "a=1"


def test_a_bucket_that_a_function_chose_is_treated_as_one():
    def to_bucket(event, context):
        request = event["Records"][0]["cf"]["request"]
        request["origin"] = {
            "s3": {
                "domainName": "b.s3.amazonaws.com",
                "region": "",
                "authMethod": "none",
                "path": "",
                "customHeaders": {},
            }
        }
        request["headers"]["host"] = [{"key": "host", "value": "b.s3.amazonaws.com"}]
        return request

    bucket = ScriptedOrigin({"/": respond(200, b"x", x_amz_request_id="1", x_amz_meta_owner="shop")})
    play = Play(
        behavior(points=ALL_FOUR), functions={**PASSING, "orq": to_bucket}, origins={"b.s3.amazonaws.com": bucket}
    )
    answer = play.get()
    assert (answer["x-amz-request-id"], answer["x-amz-meta-owner"]) == (None, "shop")


def test_a_head_for_an_expired_object_never_stands_for_the_object():
    play = Play(behavior(), replies={"/": PAGE})
    play.get()
    play.clock.advance(61)

    async def act(p):
        gate, p.origin.replies["/"] = gated(respond(200, b"", content_length="6", cache_control="max-age=60"))
        head = asyncio.ensure_future(p.ask(method="HEAD"))
        await turns()
        p.origin.replies["/"] = PAGE
        get = asyncio.ensure_future(p.ask())
        await turns()
        gate.set()
        return await head, await get

    head, get = play.run(act)
    assert head.status == 200
    assert get.body == b"a page"
    assert play.get().body == b"a page"


def test_those_who_waited_for_a_failing_origin_get_the_stale_copys_true_age():
    play = Play(behavior(), replies={"/": PAGE})
    play.get()
    play.clock.advance(100)

    async def act(p):
        gate, p.origin.replies["/"] = gated(respond(500, b"broken"))
        tasks = await together(p, 3)
        await turns()
        gate.set()
        return await asyncio.gather(*tasks)

    assert [(a.body, a["Age"]) for a in play.run(act)] == [(b"a page", "100")] * 3


def test_an_answer_that_may_not_be_stored_still_ends_the_expired_copy():
    play = Play(behavior(), replies={"/": PAGE})
    play.get()
    play.clock.advance(61)
    play.origin.replies["/"] = respond(200, b"mine", cache_control="private")
    assert play.get().body == b"mine"
    play.origin.replies["/"] = respond(500, b"broken")
    assert play.get().status == 500


def test_origin_response_sees_that_an_answer_came_in_chunks_and_viewers_get_our_own_framing():
    play = edge()
    play.origin.replies["/"] = lambda request: dripping(b"one ", b"two")
    answer = play.get()
    event = next(e for _, e in play.runtime.calls if e["Records"][0]["cf"]["config"]["eventType"] == "origin-response")
    headers = event["Records"][0]["cf"]["response"]["headers"]
    assert headers["transfer-encoding"] == [{"key": "Transfer-Encoding", "value": "chunked"}]
    assert (answer.body, answer["Transfer-Encoding"]) == (b"one two", None)


def test_a_head_that_is_told_unchanged_confirms_the_whole_object():
    play = Play(behavior(), replies={"/": lambda r: respond(304) if b"if-none-match" in r.headers else PAGE})
    play.get()
    play.clock.advance(61)
    assert play.run(lambda p: p.ask(method="HEAD")).x_cache == "RefreshHit from cloudfront"
    assert (play.get().x_cache, play.get().body) == ("Hit from cloudfront", b"a page")


def test_an_expired_head_does_not_stand_before_the_whole_object():
    tagged = respond(200, b"a page", etag='"1"', cache_control="max-age=60")
    play = Play(behavior(), replies={"/": lambda r: respond(304) if b"if-none-match" in r.headers else tagged})
    play.run(lambda p: p.ask(method="HEAD"))
    play.get()
    play.clock.advance(61)
    assert play.run(lambda p: p.ask(method="HEAD")).x_cache == "RefreshHit from cloudfront"
    assert play.get().x_cache == "Hit from cloudfront"
