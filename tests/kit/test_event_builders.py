"""Events for a handler alone, and what AWS would say to its result."""

import copy
import json
from pathlib import Path

import pytest

from edgerun.testing import (
    origin_request_event,
    origin_response_event,
    refusals,
    viewer_request_event,
    viewer_response_event,
)

BUILDERS = {
    "viewer-request": viewer_request_event,
    "origin-request": origin_request_event,
    "origin-response": origin_response_event,
    "viewer-response": viewer_response_event,
}
GOLDEN = Path(__file__).parent.parent / "golden"


def record(event):
    return event["Records"][0]["cf"]


@pytest.mark.parametrize("point", BUILDERS)
def test_an_event_has_the_fields_of_its_point(point):
    cf = record(BUILDERS[point]("/a?b=1"))
    assert cf["config"]["eventType"] == point
    assert (cf["request"]["uri"], cf["request"]["querystring"]) == ("/a", "b=1")
    assert ("response" in cf) == point.endswith("response")
    assert ("origin" in cf["request"]) == point.startswith("origin")
    assert set(cf["request"]) - {"origin"} == {"clientIp", "headers", "method", "querystring", "uri"}
    json.dumps(cf)


def test_an_event_may_be_changed_without_harm_to_the_next():
    event = viewer_request_event("/")
    record(event)["request"]["headers"].clear()
    assert record(viewer_request_event("/"))["request"]["headers"]["host"]


def test_headers_country_and_body():
    cf = record(origin_request_event("/", headers={"X-A": ["1", "2"]}, country="DE", body=b"form"))
    assert [each["value"] for each in cf["request"]["headers"]["x-a"]] == ["1", "2"]
    assert cf["request"]["headers"]["cloudfront-viewer-country"][0]["value"] == "DE"
    assert cf["request"]["body"] == {
        "action": "read-only",
        "data": "Zm9ybQ==",
        "encoding": "base64",
        "inputTruncated": False,
    }


def test_a_response_event_has_the_status_as_text():
    cf = record(viewer_response_event("/", status=404, headers={"Content-Type": "text/plain"}))
    assert (cf["response"]["status"], cf["response"]["statusDescription"]) == ("404", "Not Found")


@pytest.mark.parametrize("point", BUILDERS)
def test_an_unchanged_result_is_no_refusal(point):
    event = BUILDERS[point]("/")
    cf = copy.deepcopy(record(event))
    assert refusals(point, event, cf.get("response") or cf["request"]) == []


def test_a_refusal_names_rule_place_and_fix():
    event = viewer_request_event("/")
    (refusal,) = refusals("viewer-request", event, {"status": "99"})
    assert refusal.refused
    assert refusal.rule.startswith("L")
    assert "status" in refusal.path
    assert refusal.fix


def test_what_is_only_forgiven_here_is_told_too():
    event = viewer_request_event("/")
    request = copy.deepcopy(record(event)["request"])
    request["clientIp"] = "192.0.2.1"
    found = refusals("viewer-request", event, request)
    assert found
    assert not any(each.refused for each in found)
    assert any(each.refused for each in refusals("viewer-request", event, request, strictness="pedantic")) or found
