"""The JSON that the inspector's pages are made of."""

import base64
import json

import httpx2
import pytest
from inspected import inspected_site

from edgerun.admin.inspector.way import ORDER
from edgerun.observe.events import Noted
from edgerun.testing.origin import respond

PAGE = b'{"page": "hello"}'


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    replies = {
        path: respond(200, PAGE, cache_control="max-age=60", content_type="application/json")
        for path in ("/a", "/greet", "/greet/2", "/replayed")
    }
    served = inspected_site(tmp_path_factory.mktemp("site"), replies)
    yield served
    served.close()


@pytest.fixture(scope="module")
def client():
    with httpx2.Client(timeout=30) as opened:
        yield opened


@pytest.fixture(scope="module")
def ask(site, client):
    """Return what asks the inspector, with the token, as its page does."""

    def asked(path, method="GET", **more):
        return client.request(method, site.url + path[1:], headers={"x-edgerun-token": site.token}, **more)

    return asked


@pytest.fixture
def listening(site, client):
    """Return the lines of the stream of events, once the server listens for it."""
    with client.stream("GET", site.url + "api/events", headers={"x-edgerun-token": site.token}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert (next(lines), next(lines) > "", next(lines)) == ("event: hello", True, "")
        yield lines


def steps(record):
    return {row["name"]: row for row in record["way"]}


# ------------------------------------------------------------------------------------ what was recorded


def test_the_latest_requests_are_told_newest_first(site, ask):
    first, second = site.ask("/a?n=1"), site.ask("/a?n=2")
    told = ask("/api/requests?limit=2").json()
    assert [each["id"] for each in told["requests"]] == [second["id"], first["id"]]
    assert {"method", "host", "path", "query", "status", "result_type", "ran", "time_taken"} <= set(told["requests"][0])


def test_older_ones_come_page_by_page(site, ask):
    numbers = [site.ask(f"/a?page={n}")["number"] for n in range(5)]
    first = ask("/api/requests?limit=2&filter=page").json()
    second = ask(f"/api/requests?limit=2&filter=page&before={first['requests'][-1]['number']}").json()
    third = ask(f"/api/requests?limit=2&filter=page&before={second['requests'][-1]['number']}").json()
    found = [each["number"] for part in (first, second, third) for each in part["requests"]]
    assert found == numbers[::-1]
    assert [part["more"] for part in (first, second, third)] == [True, True, False]


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("filter=/f/one", {"one", "again"}),
        ("filter=/f/*&method=POST", {"two"}),
        ("filter=/f/*&method=post", {"two"}),
        ("filter=/f/*&header=cookie:%20sid%3Dabc", {"one"}),
        ("filter=/f/*&header=SID%3D", {"one"}),
        ("filter=/f/*&header=x-from-origin", {"one", "again"}),
        ("filter=/f/*&status=4xx", {"two"}),
        ("filter=/f/*&status=404", {"two"}),
        ("filter=/f/*&status=200", {"one", "again"}),
        ("filter=/f/*&result=hit", {"again"}),
        ("filter=/f/*&result=miss", {"one"}),
        ("filter=/f/*&result=error", {"two"}),
        ("filter=/refused/f&refused=1", {"refused"}),
        ("filter=/refused/f&result=error", {"refused"}),
        ("filter=/f/*&refused=1", set()),
        ("filter=/f/*&result=other", set()),
    ],
)
def test_a_list_can_be_narrowed(site, ask, question, wanted):
    site.origin.reply("/f/one", 200, b"x", cache_control="max-age=60", x_from_origin="yes")
    site.run(site.edge.invalidate(["/*"]))
    made = {
        "one": site.ask("/f/one", cookie="sid=abc"),
        "again": site.ask("/f/one"),
        "two": site.ask("/f/two", "POST", b"hello"),
        "refused": site.ask("/refused/f"),
    }
    names = {record["id"]: name for name, record in made.items()}
    found = {names.get(each["id"]) for each in ask(f"/api/requests?{question}&limit=500").json()["requests"]}
    assert found - {None} == wanted


@pytest.mark.parametrize("question", ["limit=many", "before=then", "limit=1e3"])
def test_a_question_that_is_none_is_refused_with_a_sentence(ask, question):
    answer = ask(f"/api/requests?{question}")
    assert (answer.status_code, answer.json()) == (400, {"error": "limit and before: expected numbers"})


def test_a_request_is_told_whole_by_id_number_and_last(site, ask):
    record = site.ask("/greet")
    told = ask(f"/api/requests/{record['id']}").json()
    assert told == ask(f"/api/requests/{record['number']}").json() == ask("/api/requests/last").json()
    assert {name: told[name] for name in ("stages", "cache", "origin")} == {
        name: record[name] for name in ("stages", "cache", "origin")
    }


@pytest.mark.parametrize("path", ["/api/requests/nothing-like-it", "/api/requests/nothing/har", "/api/requests/0"])
def test_an_unknown_request_is_said_to_be_unknown(ask, path):
    answer = ask(path)
    assert answer.status_code == 404
    assert "there is no request" in answer.json()["error"]


def test_an_answer_says_how_long_the_origin_took(site, ask):
    record = site.ask("/a?fresh")
    assert ask(f"/api/requests/{record['id']}").json()["origin"][0]["time_to_first_byte"] >= 0


def test_a_list_shows_which_rule_was_broken_and_where(site, ask):
    site.ask("/refused")
    newest = ask("/api/requests?limit=1").json()["requests"][0]
    assert (newest["failed"], newest["failed_at"], newest["refusals"]) == (True, ["viewer-request"], ["L403"])


def test_a_large_body_is_told_as_far_as_it_is_kept(site, ask):
    site.origin.reply("/large", 200, b"x" * 3_000_000)
    record = site.ask("/large", "POST", b"y" * 200_000)
    answer = ask(f"/api/requests/{record['id']}")
    assert len(answer.content) < 400_000
    told = answer.json()
    assert told["response"]["body"]["size"] == 3_000_000
    assert len(base64.b64decode(told["request"]["body"]["data"])) == 65_536


def test_what_is_no_number_and_no_character_is_told_as_json_that_browsers_take(site, ask):
    def refused(name):
        raise ValueError(name)

    record = site.ask("/odd")
    told = json.loads(ask(f"/api/requests/{record['id']}").text, parse_constant=refused)
    result = next(stage["result"] for stage in told["stages"] if stage["function"])
    assert result == {"status": "nan", "body": "half of a pair: \ud800", "list": ["inf"]}


# ------------------------------------------------------------------------------------ the way of a request


def test_the_way_names_every_step_in_the_pipelines_order(site, ask):
    record = site.ask("/greet/2?way")
    told = ask(f"/api/requests/{record['id']}").json()
    assert [row["name"] for row in told["way"]] == list(ORDER)
    taken = [row for row in told["way"] if row["stage"] is not None]
    assert [told["stages"][row["stage"]]["name"] for row in taken] == [row["name"] for row in taken]
    assert all(0 <= row["start"] <= row["end"] for row in taken)
    assert all(row["why"] for row in told["way"] if row["stage"] is None)


@pytest.mark.parametrize(
    ("asked", "step", "why"),
    [
        (("/greet/2",), "fetch", "the cache had an answer"),
        (("/greet/2",), "origin-request", "no function at this point"),
        (("/a",), "viewer-request", "no function at this point"),
        (("/refused",), "look up", "viewer-request failed"),
        (("/refused",), "fetch", "viewer-request failed"),
        (("/crash",), "fetch", "origin-request failed"),
        (("/a", "POST"), "key", "the cache was passed by"),
        (("/a", "POST"), "store", "the cache was passed by"),
        (("/a",), "error page", "the answer is no error"),
        (("/nowhere",), "error page", "no page is configured for this status"),
    ],
)
def test_a_step_that_was_not_taken_says_why(site, ask, asked, step, why):
    site.ask(*asked)
    record = site.ask(*asked)
    row = steps(ask(f"/api/requests/{record['id']}").json())[step]
    assert (row["stage"], row["why"]) == (None, why)


# ------------------------------------------------------------------------------------ rules


def test_a_rule_is_explained_as_the_command_explains_it(ask):
    told = ask("/api/rules/l403").json()
    assert told["rule"] == "L403"
    assert all(told[name] for name in ("title", "page", "fix", "strict", "failing", "passing"))


def test_an_unknown_rule_is_said_to_be_unknown(ask):
    assert ask("/api/rules/L9999").status_code == 404


# ------------------------------------------------------------------------------------ HAR


def test_a_request_is_had_as_har(site, ask):
    record = site.ask("/a?token=hunter22", cookie="sid=secret-sid")
    answer = ask(f"/api/requests/{record['id']}/har")
    assert answer.headers["content-disposition"] == f'attachment; filename="edgerun-{record["number"]}.har"'
    entry = answer.json()["log"]["entries"][0]
    assert entry["request"]["url"] == "http://shop.example/a?token=hunter22"
    masked = ask(f"/api/requests/{record['id']}/har?mask=1").text
    assert "secret-sid" not in masked
    assert "hunter22" not in masked


# ------------------------------------------------------------------------------------ sent again


def resend(ask, url="http://shop.example/a", method="GET", headers=(), **more):
    return ask("/api/resend", "POST", json={"method": method, "url": url, "headers": list(headers), **more})


def test_an_edited_request_goes_through_the_edge_and_is_recorded(site, ask):
    headers = [["X-Edited", "yes"], ["Content-Length", "999"], ["Transfer-Encoding", "chunked"]]
    sent = resend(ask, "http://shop.example/greet/sent?x=1", "POST", headers, body={"text": "héllo"})
    assert sent.status_code == 201
    record = ask(f"/api/requests/{sent.json()['id']}").json()
    assert (record["method"], record["host"], record["path"], record["query"]) == (
        *("POST", "shop.example", "/greet/sent"),
        "x=1",
    )
    lines = {name.lower(): text for name, text in record["request"]["headers"]}
    assert (lines["x-edited"], lines["content-length"]) == ("yes", "6")
    assert "transfer-encoding" not in lines
    assert base64.b64decode(record["request"]["body"]["data"]).decode() == "héllo"
    assert steps(record)["viewer-request"]["stage"] is not None
    assert site.origin.seen[-1].path == b"/greet/sent"
    assert record["complete"] is True


def test_bytes_that_are_no_text_can_be_sent(ask):
    sent = resend(ask, method="PUT", body={"base64": base64.b64encode(b"\x00\xff").decode()})
    record = ask(f"/api/requests/{sent.json()['id']}").json()
    assert base64.b64decode(record["request"]["body"]["data"]) == b"\x00\xff"


def test_what_is_sent_hits_what_viewers_stored(site, ask):
    site.ask("/a?shared")
    sent = resend(ask, "http://shop.example/a?shared")
    assert ask(f"/api/requests/{sent.json()['id']}").json()["result_type"] == "Hit"


def test_a_request_that_no_door_would_take_is_refused_and_recorded_as_by_a_door(ask):
    sent = resend(ask, "http://shop.example/" + "a" * 9000)
    assert ask(f"/api/requests/{sent.json()['id']}").json()["status"] == 414
    sent = resend(ask, headers=[["Host", "shop.example"], ["Host", "other.example"]])
    assert ask(f"/api/requests/{sent.json()['id']}").json()["status"] == 400


def test_the_bytes_that_a_viewer_gets_are_counted_with_the_head(ask):
    url = "http://shop.example/a?bytes"
    _, whole, head = (resend(ask, url, method).json()["id"] for method in ("GET", "GET", "HEAD"))
    whole, head = (ask(f"/api/requests/{each}").json() for each in (whole, head))
    assert whole["bytes"] - head["bytes"] == len(PAGE)
    assert head["bytes"] > 200


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ({"url": 1}, "expected"),
        ({"url": "ftp://shop.example/a"}, "neither a URL"),
        ({"url": "http://shop.example/a b"}, "percent-encode"),
        ({"url": "http://shop.example/a\r\nX: y"}, "percent-encode"),
        ({"url": "/a", "method": "GE T"}, "no method"),
        ({"url": "/a", "headers": [["X Y", "1"]]}, "X Y"),
        ({"url": "/a", "headers": [["X-Y", "1\r\nX-Z: 2"]]}, "control characters"),
        ({"url": "/a", "headers": [["X-Y"]]}, "expected"),
        ({"url": "/a", "headers": [["Upgrade", "websocket"]]}, "Upgrade"),
        ({"url": "/a", "body": "text"}, "body: expected"),
        ({"url": "/a", "body": {"base64": "%"}}, "body.base64"),
        ({"url": "/a", "body": {"text": "a", "base64": "YQ=="}}, "body: expected"),
    ],
)
def test_what_is_no_request_is_refused_with_a_sentence_and_not_sent(site, ask, order, said):
    before = len(site.origin.seen), site.recorder.get("last")
    answer = ask("/api/resend", "POST", json=order)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert (len(site.origin.seen), site.recorder.get("last")) == before


@pytest.mark.parametrize(("content", "status"), [(b"{", 400), (b"[]", 400), (b'"' + b"x" * 13_000_000, 413)])
def test_an_order_that_is_none_is_refused(ask, content, status):
    assert ask("/api/resend", "POST", content=content).status_code == status


def test_an_origin_that_fails_is_recorded_as_for_any_viewer(site, ask):
    site.origin.fail("/away", ConnectionError("unused"))
    sent = resend(ask, "http://shop.example/crash/now")
    record = ask(f"/api/requests/{sent.json()['id']}").json()
    assert (record["status"], record["result_type"]) == (503, "LambdaExecutionError")


@pytest.mark.parametrize("headers", [{}, {"x-edgerun-token": "guess"}, {"origin": "http://evil.example"}])
def test_without_token_or_from_another_site_nothing_is_sent(site, client, headers):
    before = site.recorder.get("last")
    headers = headers | ({"x-edgerun-token": site.token} if "origin" in headers else {})
    for path in ("/api/resend", "/api/replay/last"):
        answer = client.post(site.url + path[1:], headers=headers, json={"url": "/a"})
        assert answer.status_code in {401, 403}
    assert site.recorder.get("last") == before


# ------------------------------------------------------------------------------------ replayed and compared


def test_two_requests_are_compared_stage_by_stage(site, ask):
    one, other = site.ask("/a?same", accept="text/html"), site.ask("/a?same", accept="text/plain")
    told = ask(f"/api/requests/{one['id']}/differences/{other['id']}").json()
    found = {(each["stage"], each["path"]): (each["before"], each["after"]) for each in told["differences"]}
    assert found["response", "result_type"] == ("Miss", "Hit")
    assert (told["before"]["number"], told["after"]["number"]) == (one["number"], other["number"])


def test_comparing_with_an_unknown_request_says_so(site, ask):
    assert ask(f"/api/requests/{site.ask('/a')['id']}/differences/unknown").status_code == 404


def test_a_replay_through_unchanged_code_differs_in_nothing(site, ask):
    record = site.ask("/greet/2?replay")
    asked = len(site.origin.seen)
    told = ask(f"/api/replay/{record['id']}", "POST", json={}).json()
    assert (told["same"], told["differences"], told["not_replayed"]) == (True, [], None)
    assert len(site.origin.seen) == asked, "the origin is not asked"


def test_a_live_replay_asks_the_origin_of_the_running_edge(site, ask):
    record = site.ask("/replayed")
    site.origin.reply("/replayed", 200, b"changed", cache_control="max-age=60", content_type="application/json")
    told = ask(f"/api/replay/{record['id']}", "POST", json={"live": True}).json()
    assert "response.body.sha256" in {each["path"] for each in told["differences"]}
    assert site.origin.seen[-1].path == b"/replayed"
    assert site.ask("/replayed")["result_type"] == "Hit", "the running edge has the object that it had"


def test_a_replay_shows_what_changed_code_changes(site, ask):
    record = site.ask("/greet/2?code")
    path = site.base / "greet.py"
    code = path.read_text()
    path.write_text(code.replace('"hello"', '"good evening"'))
    try:
        told = ask(f"/api/replay/{record['id']}", "POST", json={}).json()
    finally:
        path.write_text(code)
    assert told["same"] is False
    assert {("viewer-request", "hello", "good evening")} <= {
        (each["stage"], each["before"], each["after"])
        for each in told["differences"]
        if isinstance(each["before"], str)
    }


def test_an_unknown_request_cannot_be_replayed(ask):
    assert ask("/api/replay/unknown", "POST", json={}).status_code == 404


# ------------------------------------------------------------------------------------ as it happens


def test_a_request_is_told_to_open_pages_as_it_is_answered(site, listening):
    record = site.ask("/a?told")
    site.note("reloaded: greet")
    told = [line for line in (next(listening) for _ in range(6)) if line]
    assert told[0] == "event: request"
    assert json.loads(told[1].removeprefix("data: "))["id"] == record["id"]
    assert told[2] == "event: note"
    assert json.loads(told[3].removeprefix("data: ")) == {"text": "reloaded: greet", "level": "info"}


def test_a_page_that_left_is_not_told_any_more(site, client):
    def listeners():
        return len(site.streams.listeners), len(site.recorder._subscribers)

    site.until(lambda: listeners() == (0, 0))
    before = len(site.edge.emit._observers[Noted])
    with client.stream("GET", site.url + "api/events", headers={"x-edgerun-token": site.token}) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "event: hello"
        assert (*listeners(), len(site.edge.emit._observers[Noted])) == (1, 1, before + 1)
    site.until(lambda: (*listeners(), len(site.edge.emit._observers[Noted])) == (0, 0, before))


def test_without_records_the_pages_are_told_how_to_have_some(tmp_path, client):
    served = inspected_site(tmp_path, recording=False)
    try:
        headers = {"x-edgerun-token": served.token}
        assert client.get(served.url + "api/about", headers=headers).json()["recording"] is False
        for method, path in (("GET", "api/requests"), ("GET", "api/requests/1"), ("POST", "api/resend")):
            more = {} if method == "GET" else {"json": {"url": "/"}}
            answer = client.request(method, served.url + path, headers=headers, **more)
            assert (answer.status_code, "edgerun serve --record" in answer.json()["error"]) == (409, True)
    finally:
        served.close()


def test_the_token_of_a_server_is_the_same_after_a_restart(site):
    before = site.address
    site.down()
    site.up()
    assert site.address == before
    assert (site.base / ".edgerun" / "token").stat().st_mode & 0o077 == 0
