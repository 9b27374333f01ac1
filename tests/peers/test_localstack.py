"""The faults of LocalStack, in the order of the survey: what edgerun does instead.

| fault | waits for | reason |
| --- | --- | --- |
| CloudFront Functions may use all of Node | the part on CloudFront Functions | no such runtime yet |
"""

import pytest
from peering import EVERY_POINT, GET, PAGE, PASSING, VIEWER_POINTS, answers, edge, kit
from plays import Play, behavior, distribution
from served import DOORS, Served, run

# ---------------------------------------------------------------- origin events on each request


def test_origin_events_fire_on_a_miss_only():
    with kit() as made:
        assert [made.get("/").ran for _ in range(2)] == [EVERY_POINT, VIEWER_POINTS]


# ---------------------------------------------------------------- a body generated at origin-request is lost


def test_a_body_generated_at_origin_request_reaches_the_viewer():
    with kit(orq=answers(200)) as made:
        first, second = made.get("/"), made.get("/")
    assert (first.text, first["Content-Length"]) == ("made here", "9")
    assert (second.text, second["X-Cache"]) == ("made here", "Hit from cloudfront")


def test_an_encoded_body_generated_at_origin_request_arrives_decoded():
    with kit(orq=answers(200, body="AP8=", bodyEncoding="base64")) as made:
        assert made.get("/").body == b"\x00\xff"


@pytest.mark.parametrize("door", DOORS)
def test_head_of_what_was_generated_has_its_length_and_no_body(door):
    play = edge(orq=answers(200))

    async def whole():
        async with Served(play.pipeline, door) as served:
            return await served.exchange((GET % b"/").replace(b"GET", b"HEAD"))

    head, _, body = run(whole).partition(b"\r\n\r\n")
    assert (b"content-length: 9" in head.lower(), body) == (True, b"")


# ---------------------------------------------------------------- functions only at one point of one behavior


def test_functions_run_at_every_point_of_every_behavior():
    points = {"viewer_response": "vrs", "origin_response": "ors"}
    play = Play(
        distribution(behavior(), behavior("/api/*", points=points)), replies={"/api/x": PAGE}, functions=PASSING
    )
    play.get("/api/x")
    assert play.ran == ["origin-response", "viewer-response"]
