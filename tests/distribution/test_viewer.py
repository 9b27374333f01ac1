"""Source: cloudfront.md §12."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plays import MANAGED_ORIGIN, OBEDIENT, behavior, changed, request

from edgerun.distribution.managed import only
from edgerun.distribution.model import Choice, OriginRequestPolicy, Selection
from edgerun.distribution.viewer import wanted, with_viewer_headers

DEVICES = ("Android", "Desktop", "IOS", "Mobile", "SmartTV", "Tablet")
ALL_DEVICES = tuple(f"CloudFront-Is-{kind}-Viewer" for kind in DEVICES)


def keyed(*names):
    return behavior(cache_policy=changed(OBEDIENT, headers=only(*names)))


def asked_for(*names):
    return behavior(origin_request_policy=OriginRequestPolicy(name="o", headers=only(*names)))


def seen(name, chosen=None, country="", **headers):
    found = with_viewer_headers(request(**headers), chosen or keyed(name), country)
    return found.headers.get_all(name.lower().encode())


# §12, the table
@pytest.mark.parametrize(
    ("name", "country", "expected"),
    [
        pytest.param("CloudFront-Viewer-Country", "DE", (b"DE",), id="country"),
        pytest.param("CloudFront-Viewer-Country", "", (), id="country unknown"),
        pytest.param("CloudFront-Viewer-Address", "", (b"198.51.100.23:40000",), id="address"),
        pytest.param("CloudFront-Forwarded-Proto", "", (b"http",), id="scheme"),
        pytest.param("CloudFront-Viewer-Http-Version", "", (b"1.1",), id="HTTP version"),
        pytest.param("CloudFront-Viewer-City", "DE", (), id="nothing is known of the city"),
        pytest.param("CloudFront-Viewer-TLS", "", (), id="nothing is known of TLS"),
    ],
)
def test_a_header_says_what_is_known(name, country, expected):
    assert seen(name, country=country) == expected
    assert seen(name, asked_for(name), country=country) == expected


def test_an_ipv6_address_has_no_brackets():
    asked = request().changed(client=("2001:db8::1", 443))
    found = with_viewer_headers(asked, keyed("CloudFront-Viewer-Address"), "")
    assert found.headers.get(b"cloudfront-viewer-address") == b"2001:db8::1:443"


def test_https_and_http_2_are_told():
    asked = request().changed(scheme="https", http_version="2.0")
    found = with_viewer_headers(asked, keyed("CloudFront-Forwarded-Proto", "CloudFront-Viewer-Http-Version"), "")
    assert found.headers.get(b"cloudfront-forwarded-proto") == b"https"
    assert found.headers.get(b"cloudfront-viewer-http-version") == b"2.0"


IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605 Mobile/15E148 Safari/604.1"
IPAD = "Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 Version/12.1 Mobile/15E148 Safari/604.1"
PIXEL = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/125.0 Mobile Safari/537.36"
GALAXY_TAB = "Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 Chrome/125.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0"
TELEVISION = "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 SamsungBrowser/4.0 TV Safari/537.36"


@pytest.mark.parametrize(
    ("agent", "kinds"),
    [
        pytest.param(IPHONE, {"IOS", "Mobile"}, id="iPhone"),
        pytest.param(IPAD, {"IOS", "Mobile", "Tablet"}, id="iPad: mobile too"),
        pytest.param(PIXEL, {"Android", "Mobile"}, id="Android phone"),
        pytest.param(GALAXY_TAB, {"Android", "Tablet"}, id="Android tablet"),
        pytest.param(FIREFOX, {"Desktop"}, id="desktop"),
        pytest.param(TELEVISION, {"SmartTV"}, id="television"),
        pytest.param("curl/8.5.0", {"Desktop"}, id="a tool is a desktop"),
        pytest.param(None, {"Desktop"}, id="no User-Agent"),
    ],
)
def test_devices(agent, kinds):
    asked = request(user_agent=agent) if agent else request()
    headers = with_viewer_headers(asked, keyed(*ALL_DEVICES), "").headers
    told = {kind: headers.get(f"cloudfront-is-{kind.lower()}-viewer".encode()) for kind in DEVICES}
    assert told == {kind: b"true" if kind in kinds else b"false" for kind in DEVICES}


def test_nothing_is_added_that_no_policy_names():
    asked = request()
    assert with_viewer_headers(asked, behavior(), "DE") is asked
    assert with_viewer_headers(asked, behavior(origin_request_policy=MANAGED_ORIGIN["AllViewer"]), "DE") is asked


def test_a_viewers_own_value_is_overwritten_even_by_nothing():
    spoofed = {"cloudfront_viewer_country": "XX", "cloudfront_viewer_city": "Atlantis"}
    chosen = keyed("CloudFront-Viewer-Country", "CloudFront-Viewer-City")
    assert seen("CloudFront-Viewer-Country", chosen, "DE", **spoofed) == (b"DE",)
    assert seen("CloudFront-Viewer-City", chosen, "DE", **spoofed) == ()


def test_other_headers_stay_as_they_are():
    asked = request(accept="*/*", x_a="1")
    found = with_viewer_headers(asked, keyed("CloudFront-Viewer-Country"), "DE")
    assert list(found.headers)[: len(asked.headers)] == list(asked.headers)


@pytest.mark.parametrize(
    ("cache", "origin", "expected"),
    [
        pytest.param(only("X-A"), None, set(), id="only CloudFront's are generated"),
        pytest.param(only("CloudFront-Viewer-City"), None, {b"cloudfront-viewer-city"}, id="cache policy"),
        pytest.param(
            only("CloudFront-Viewer-City"),
            only("CloudFront-Viewer-TLS", "X-A"),
            {b"cloudfront-viewer-city", b"cloudfront-viewer-tls"},
            id="both",
        ),
        pytest.param(
            Selection(),
            Selection(choice=Choice.ALL_VIEWER, names=frozenset((b"cloudfront-viewer-asn",))),
            {b"cloudfront-viewer-asn"},
            id="all viewer and some of CloudFront's",
        ),
        pytest.param(
            Selection(),
            Selection(choice=Choice.EXCEPT, names=frozenset((b"cloudfront-viewer-asn",))),
            set(),
            id="a block list asks for none",
        ),
    ],
)
def test_what_policies_ask_for(cache, origin, expected):
    policy = None if origin is None else OriginRequestPolicy(name="o", headers=origin)
    assert set(wanted(changed(OBEDIENT, headers=cache), policy)) == expected


# §2.5, row AllViewerExceptHostHeader
def test_all_viewer_except_host_asks_for_devices_location_and_protocol():
    asked = set(wanted(OBEDIENT, MANAGED_ORIGIN["AllViewerExceptHostHeader"]))
    assert {name.lower().encode() for name in ALL_DEVICES} < asked
    assert {b"cloudfront-viewer-country", b"cloudfront-viewer-tls", b"cloudfront-forwarded-proto"} < asked
    assert not {b"cloudfront-viewer-address", b"cloudfront-viewer-asn"} & asked


@given(st.binary(max_size=60))
def test_no_user_agent_raises(agent):
    asked = request().changed(headers=request().headers.replaced(b"User-Agent", agent))
    headers = with_viewer_headers(asked, keyed(*ALL_DEVICES), "").headers
    assert {headers.get(name.lower().encode()) for name in ALL_DEVICES} <= {b"true", b"false"}
