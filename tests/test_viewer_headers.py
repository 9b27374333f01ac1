"""CloudFront-* headers on their way: cloudfront.md §2.1, §2.5, §6.4, §12; lambda-at-edge.md §7.3."""

import asyncio
from ipaddress import ip_network

import pytest
from plays import MANAGED_ORIGIN, OBEDIENT, Play, behavior, changed, consume, distribution, request

from edgerun.distribution.geo import Places, ViewerPlace, place_in
from edgerun.distribution.managed import only
from edgerun.distribution.model import ErrorResponse, OriginRequestPolicy
from edgerun.testing.origin import respond

MISS, HIT = "Miss from cloudfront", "Hit from cloudfront"
PAGE = respond(200, b"a page", cache_control="max-age=60")
BERLIN = ViewerPlace(country="DE", country_name="Germany", region="BE", city="Berlin", time_zone="Europe/Berlin")
GEO = Places([(ip_network("198.51.100.0/24"), BERLIN), (ip_network("2001:db8::/32"), place_in("AT"))], place_in("US"))
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
IPAD = "Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0"

COUNTRY, CITY = "CloudFront-Viewer-Country", "CloudFront-Viewer-City"


def returned(event, context):
    return event["Records"][0]["cf"]["request"]


def keyed(*names, **more):
    return behavior(cache_policy=changed(OBEDIENT, headers=only(*names)), **more)


def asked_for(*names, **more):
    return behavior(origin_request_policy=OriginRequestPolicy(name="o", headers=only(*names)), **more)


def play_of(chosen, geo=GEO, handlers=None, **more):
    return Play(chosen, replies={"/a": PAGE}, geo=geo, functions=handlers or {"f": returned}, **more)


def ask_from(play, address, path="/a", **headers):
    async def asked(play):
        begun = play.pipeline.begin(request(path, **headers).changed(client=(address, 40_000)))
        return await consume(await asyncio.ensure_future(begun) if asyncio.iscoroutine(begun) else begun)

    return play.run(asked)


def sent_to_function(play, call=0):
    return play.runtime.calls[call][1]["Records"][0]["cf"]["request"]["headers"]


def sent_to_origin(play, name, call=-1):
    value = play.origin.seen[call].headers.get(name.lower().encode())
    return None if value is None else value.decode()


POLICIES = [pytest.param(keyed, id="cache policy"), pytest.param(asked_for, id="origin request policy")]


# lambda-at-edge.md §7.3, row CloudFront-*
@pytest.mark.parametrize("policy", POLICIES)
def test_the_origin_and_its_function_are_told_what_a_policy_asks_for(policy):
    play = play_of(policy(COUNTRY, CITY, points={"origin_request": "f"}))
    play.get("/a")
    headers = sent_to_function(play)
    assert headers["cloudfront-viewer-country"] == [{"key": COUNTRY, "value": "DE"}]
    assert headers["cloudfront-viewer-city"] == [{"key": CITY, "value": "Berlin"}]
    assert (sent_to_origin(play, COUNTRY), sent_to_origin(play, CITY)) == ("DE", "Berlin")


@pytest.mark.parametrize("policy", POLICIES)
def test_viewer_events_are_not_told(policy):
    play = play_of(policy(COUNTRY, points={"viewer_request": "f"}))
    play.get("/a")
    assert [name for name in sent_to_function(play) if name.startswith("cloudfront-")] == []
    assert sent_to_origin(play, COUNTRY) == "DE"


@pytest.mark.parametrize("policy", POLICIES)
def test_what_a_viewer_sends_is_in_the_viewer_event_only(policy):
    play = play_of(policy(COUNTRY, points={"viewer_request": "f", "origin_request": "f"}))
    play.get("/a", cloudfront_viewer_country="TW")
    assert [call["value"] for call in sent_to_function(play)["cloudfront-viewer-country"]] == ["TW"]
    assert [call["value"] for call in sent_to_function(play, 1)["cloudfront-viewer-country"]] == ["DE"]
    assert play.origin.seen[0].headers.get_all(COUNTRY.lower().encode()) == (b"DE",)


def test_an_unknown_place_overwrites_what_the_viewer_sends():
    play = play_of(keyed(COUNTRY), geo=Places([]))
    assert play.get("/a", cloudfront_viewer_country="TW").x_cache == MISS
    assert sent_to_origin(play, COUNTRY) is None
    assert play.get("/a", cloudfront_viewer_country="GB").x_cache == HIT


def test_nobody_is_told_what_no_policy_asks_for():
    asked = []
    play = play_of(behavior(points={"origin_request": "f"}), geo=lambda address: asked.append(address) or BERLIN)
    play.get("/a")
    assert [name for name in sent_to_function(play) if name.startswith("cloudfront-")] == []
    assert asked == []


def test_a_header_that_edgerun_could_be_told_by_is_no_authority():
    play = play_of(keyed(COUNTRY))
    play.get("/a", x_edgerun_viewer_country="TW", x_forwarded_for="2001:db8::1")
    assert sent_to_origin(play, COUNTRY) == "DE"


# §2.1: everything in the key is forwarded; entries are apart
def test_each_country_has_its_own_entry():
    play = play_of(keyed(COUNTRY))
    for expected in (MISS, HIT):
        for address in ("198.51.100.1", "2001:db8::1", "192.0.2.1"):
            assert ask_from(play, address).x_cache == expected
    assert [sent_to_origin(play, COUNTRY, n) for n in range(3)] == ["DE", "AT", "US"]
    assert ask_from(play, "198.51.100.200").x_cache == HIT


def test_a_header_of_the_origin_request_policy_is_no_part_of_the_key():
    play = play_of(asked_for(COUNTRY))
    assert ask_from(play, "198.51.100.1").x_cache == MISS
    assert ask_from(play, "2001:db8::1").x_cache == HIT


def test_the_country_given_is_everybodys():
    play = play_of(keyed(COUNTRY, CITY), country="FR")
    assert [ask_from(play, address).x_cache for address in ("198.51.100.1", "2001:db8::1")] == [MISS, HIT]
    assert (sent_to_origin(play, COUNTRY), sent_to_origin(play, CITY)) == ("FR", None)


def by_device(event, context):
    """Serve a version for each kind of device, as the guide's example does."""
    asked = event["Records"][0]["cf"]["request"]
    kinds = ("desktop", "mobile", "tablet", "smarttv")
    told = {kind: asked["headers"][f"cloudfront-is-{kind}-viewer"][0]["value"] for kind in kinds}
    asked["uri"] = "/" + next(kind for kind in kinds if told[kind] == "true") + asked["uri"]
    return asked


def test_each_kind_of_device_gets_its_version():
    kinds = ("Desktop", "Mobile", "Tablet", "SmartTV")
    chosen = keyed(*(f"CloudFront-Is-{kind}-Viewer" for kind in kinds), points={"origin_request": "f"})
    play = play_of(chosen, handlers={"f": by_device})
    play.origin.replies = {
        "/desktop/a": respond(200, b"large", cache_control="max-age=60"),
        "/mobile/a": respond(200, b"small", cache_control="max-age=60"),
    }
    told = [(a.body, a.x_cache) for a in (play.get("/a", user_agent=who) for who in (FIREFOX, IPHONE, FIREFOX, IPAD))]
    assert told == [(b"large", MISS), (b"small", MISS), (b"large", HIT), (b"small", MISS)]
    assert play.get("/a", user_agent="curl/8.5.0").x_cache == HIT
    assert sent_to_origin(play, "User-Agent") == "Amazon CloudFront"


# §2.5, rows AllViewerAndCloudFrontHeaders-2022-06, AllViewerExceptHostHeader and AllViewer
@pytest.mark.parametrize(
    ("policy", "address", "city"),
    [
        ("AllViewerAndCloudFrontHeaders-2022-06", "198.51.100.23:40000", "Berlin"),
        ("AllViewerExceptHostHeader", None, "Berlin"),
        ("AllViewer", None, None),
    ],
)
def test_managed_policies_tell(policy, address, city):
    play = play_of(behavior(origin_request_policy=MANAGED_ORIGIN[policy]))
    play.get("/a")
    assert sent_to_origin(play, "CloudFront-Viewer-Address") == address
    assert sent_to_origin(play, CITY) == city


def test_order_and_count_are_the_viewers_whatever_its_function_adds():
    def more(event, context):
        asked = returned(event, context)
        asked["headers"]["x-more"] = [{"key": "X-More", "value": "1"}]
        return asked

    names = ("CloudFront-Viewer-Header-Order", "CloudFront-Viewer-Header-Count")
    play = play_of(asked_for(*names, "X-More", points={"viewer_request": "f"}), handlers={"f": more})
    play.get("/a", user_agent="a", accept="b")
    assert [sent_to_origin(play, name) for name in (*names, "X-More")] == ["Host:User-Agent:Accept", "3", "1"]


# §6.4, point 9
@pytest.mark.parametrize("policy", POLICIES)
def test_the_request_for_an_error_page_says_what_failed(policy):
    names = ("CloudFront-Error-Uri", "CloudFront-Error-Args")
    chosen = distribution(
        policy(*names),
        error_responses={404: ErrorResponse(error_code=404, response_code=404, response_page_path="/404.html")},
    )
    play = play_of(chosen)
    play.origin.replies["/404.html"] = respond(200, b"sorry", cache_control="max-age=60")
    answer = play.get("/gone?x=1", cloudfront_error_uri="/spoofed")
    assert (answer.status, answer.body) == (404, b"sorry")
    told = [tuple(sent_to_origin(play, name, call) for name in names) for call in range(2)]
    assert told == [(None, None), ("/gone", "x=1")]
