"""The faults of edgy, lambda-edge-server and lambda-edge-local-proxy: what edgerun does instead. None of them waits."""

import pytest
from peering import EVERY_POINT, Deployed, answers, kit, request_of, with_headers

# ---------------------------------------------------------------- edgy rejects a generated response


@pytest.mark.parametrize("point", ["vrq", "orq"])
def test_a_request_function_may_answer_itself(point):
    with kit(**{point: answers(200, headers={"x-made": [{"value": "yes"}]})}) as edge:
        answer = edge.get("/")
    assert (answer.status, answer.text, answer["X-Made"]) == (200, "made here", "yes")


# ---------------------------------------------------------------- edgy lacks some statuses


@pytest.mark.parametrize("status", [200, 299, 308, 418, 429, 451, 511, 599])
def test_every_status_from_200_to_599_may_be_returned(status):
    with kit(vrq=answers(status)) as edge:
        assert edge.get("/").status == status


@pytest.mark.parametrize("status", ["100", "199", "600", "", "abc", "0200"])
def test_no_other_status_may(status):
    with kit(vrq=answers(status)) as edge:
        assert edge.get("/").status == 502


# ---------------------------------------------------------------- edgy detects async by constructor name


@pytest.mark.process
@pytest.mark.node
def test_a_promise_is_awaited_whoever_made_it(tmp_path):
    source = """
class Own { then(resolve) { resolve({ status: '200', body: 'awaited' }); } }
exports.promised = () => new Promise((resolve) => setImmediate(() => resolve({ status: '200', body: 'awaited' })));
exports.bound = (async () => ({ status: '200', body: 'awaited' })).bind(null);
exports.thenable = () => new Own();
"""
    for name in ("promised", "bound", "thenable"):
        with Deployed(tmp_path, {"auth.js": source}, {"viewer_request": f"auth.{name}"}) as deployed:
            assert deployed.ask().body == b"awaited"


# ---------------------------------------------------------------- lambda-edge-server hangs on rejection


@pytest.mark.process
@pytest.mark.node
def test_a_rejection_is_a_503(tmp_path):
    source = "exports.handler = () => Promise.reject(new Error('no'));"
    with Deployed(tmp_path, {"auth.js": source}, {"origin_request": "auth.handler"}) as deployed:
        assert deployed.ask().status == 503


@pytest.mark.process
def test_an_async_handler_in_python_is_a_503_as_on_lambda(tmp_path):
    source = "async def handler(event, context):\n    return {'status': '200'}\n"
    with Deployed(tmp_path, {"auth.py": source}, {"origin_request": "auth.handler"}) as deployed:
        assert deployed.ask().status == 503


# ---------------------------------------------------------------- the proxy covers two events


def test_all_four_events_are_covered_and_belong_together():
    with kit() as edge:
        answer = edge.get("/?a=1")
    assert answer.ran == EVERY_POINT
    events = [answer.stage(point).event["Records"][0]["cf"] for point in EVERY_POINT]
    assert ["response" in event for event in events] == [False, False, True, True]
    assert len({event["config"]["requestId"] for event in events}) == 1


def test_a_read_only_header_is_a_502():
    with kit(vrq=with_headers(request_of, host=None)) as edge:
        answer = edge.get("/")
    assert (answer.status, [error.rule for error in answer.errors]) == (502, ["L405"])
