"""Source: cloudfront.md §12."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plays import MANAGED_ORIGIN, OBEDIENT, behavior, changed, request

from edgerun.distribution.geo import UNKNOWN, ViewerPlace
from edgerun.distribution.managed import only
from edgerun.distribution.model import Choice, OriginRequestPolicy, Selection
from edgerun.distribution.viewer import devices, wanted, with_viewer_headers
from edgerun.http.headers import Headers
from edgerun.http.message import Tls

DEVICES = ("Android", "Desktop", "IOS", "Mobile", "SmartTV", "Tablet")
ALL_DEVICES = tuple(f"CloudFront-Is-{kind}-Viewer" for kind in DEVICES)
LOCATION = tuple(
    f"CloudFront-Viewer-{part}"
    for part in (
        "ASN",
        "City",
        "Country",
        "Country-Name",
        "Country-Region",
        "Country-Region-Name",
        "Latitude",
        "Longitude",
        "Metro-Code",
        "Postal-Code",
        "Time-Zone",
    )
)
ASHBURN = ViewerPlace(
    country="US",
    country_name="United States",
    region="VA",
    region_name="Virginia",
    city="Ashburn",
    latitude=39.04372,
    longitude=-77.48749,
    metro_code=511,
    postal_code="20147",
    time_zone="America/New_York",
    asn=64496,
)


def keyed(*names):
    return behavior(cache_policy=changed(OBEDIENT, headers=only(*names)))


def asked_for(*names):
    return behavior(origin_request_policy=OriginRequestPolicy(name="o", headers=only(*names)))


def seen(name, chosen=None, country="", place=UNKNOWN, **headers):
    found = with_viewer_headers(request(**headers), chosen or keyed(name), country, lambda address: place)
    return found.headers.get_all(name.lower().encode())


# §12, the table
@pytest.mark.parametrize(
    ("name", "place", "expected"),
    [
        pytest.param("CloudFront-Viewer-Country", ASHBURN, b"US", id="country"),
        pytest.param("CloudFront-Viewer-Country-Name", ASHBURN, b"United States", id="country's name"),
        pytest.param("CloudFront-Viewer-Country-Region", ASHBURN, b"VA", id="region"),
        pytest.param("CloudFront-Viewer-Country-Region-Name", ASHBURN, b"Virginia", id="region's name"),
        pytest.param("CloudFront-Viewer-City", ASHBURN, b"Ashburn", id="city"),
        pytest.param("CloudFront-Viewer-Latitude", ASHBURN, b"39.04372", id="latitude"),
        pytest.param("CloudFront-Viewer-Longitude", ASHBURN, b"-77.48749", id="longitude"),
        pytest.param("CloudFront-Viewer-Latitude", changed(ASHBURN, latitude=0.0), b"0.00000", id="the equator"),
        pytest.param("CloudFront-Viewer-Latitude", changed(ASHBURN, latitude=52), b"52.00000", id="whole degrees"),
        pytest.param("CloudFront-Viewer-Metro-Code", ASHBURN, b"511", id="metro code"),
        pytest.param("CloudFront-Viewer-Metro-Code", changed(ASHBURN, country="DE"), None, id="metro code: US only"),
        pytest.param("CloudFront-Viewer-Postal-Code", ASHBURN, b"20147", id="postal code"),
        pytest.param("CloudFront-Viewer-Time-Zone", ASHBURN, b"America/New_York", id="time zone"),
        pytest.param("CloudFront-Viewer-ASN", ASHBURN, b"64496", id="autonomous system"),
        pytest.param("CloudFront-Viewer-Address", UNKNOWN, b"198.51.100.23:40000", id="address"),
        pytest.param("CloudFront-Forwarded-Proto", UNKNOWN, b"http", id="scheme"),
        pytest.param("CloudFront-Viewer-Http-Version", UNKNOWN, b"1.1", id="HTTP version"),
        pytest.param("CloudFront-Viewer-TLS", ASHBURN, None, id="nothing is known of TLS"),
        pytest.param("CloudFront-Viewer-JA3-Fingerprint", ASHBURN, None, id="nor of JA3"),
        pytest.param("CloudFront-Viewer-JA4-Fingerprint", ASHBURN, None, id="nor of JA4"),
        pytest.param("CloudFront-Viewer-Cert-Present", ASHBURN, None, id="nor of certificates"),
        pytest.param("CloudFront-Error-Uri", ASHBURN, None, id="no error page is asked for"),
        pytest.param("CloudFront-Error-Args", ASHBURN, None, id="no error page is asked for: query"),
        *(pytest.param(name, UNKNOWN, None, id=f"{name} unknown") for name in LOCATION),
    ],
)
def test_a_header_says_what_is_known(name, place, expected):
    values = () if expected is None else (expected,)
    assert seen(name, place=place) == values
    assert seen(name, asked_for(name), place=place) == values


# §12: non-ASCII values are percent-encoded (UTF-8)
@pytest.mark.parametrize(
    ("field", "text", "expected"),
    [
        pytest.param("city", "São Paulo", b"S%C3%A3o Paulo", id="a letter with a tilde; the space stays"),
        pytest.param("city", "東京", b"%E6%9D%B1%E4%BA%AC", id="no letter of ASCII"),
        pytest.param("city", "50% off", b"50% off", id="a percent sign is ASCII"),
        pytest.param("city", "a\r\nX: 1", b"a%0D%0AX: 1", id="no line break gets through"),
        pytest.param("city", "\ud800", b"?", id="half a surrogate pair"),
        pytest.param("region_name", "Île-de-France", b"%C3%8Ele-de-France", id="region"),
        pytest.param("country_name", "Türkiye", b"T%C3%BCrkiye", id="country"),
    ],
)
def test_what_is_not_ascii_is_percent_encoded(field, text, expected):
    name = {"city": "City", "region_name": "Country-Region-Name", "country_name": "Country-Name"}[field]
    assert seen(f"CloudFront-Viewer-{name}", place=ViewerPlace(**{field: text})) == (expected,)


def test_the_country_given_is_every_viewers_and_hides_the_place():
    assert seen("CloudFront-Viewer-Country", country="CW", place=ASHBURN) == (b"CW",)
    assert seen("CloudFront-Viewer-Country-Name", country="CW", place=ASHBURN) == (b"Cura%C3%A7ao",)
    assert seen("CloudFront-Viewer-City", country="CW", place=ASHBURN) == ()


@pytest.mark.parametrize(
    ("names", "asked"),
    [
        pytest.param((), [], id="nothing is asked for"),
        pytest.param(("X-A",), [], id="nothing of CloudFront's"),
        pytest.param((*ALL_DEVICES, "CloudFront-Viewer-Address", "CloudFront-Forwarded-Proto"), [], id="no place"),
        pytest.param(LOCATION, ["198.51.100.23"], id="looked up once for all headers"),
    ],
)
def test_a_place_is_looked_up_only_if_a_policy_asks(names, asked):
    found = []
    with_viewer_headers(request(), keyed(*names), "", lambda address: found.append(address) or ASHBURN)
    assert found == asked


def test_no_place_is_looked_up_when_the_country_is_given():
    def unexpected(address):
        raise AssertionError

    with_viewer_headers(request(), keyed(*LOCATION), "DE", unexpected)


def test_an_ipv6_address_has_no_brackets():
    asked = request().changed(client=("2001:db8::1", 443))
    found = with_viewer_headers(asked, keyed("CloudFront-Viewer-Address"), "")
    assert found.headers.get(b"cloudfront-viewer-address") == b"2001:db8::1:443"


@pytest.mark.parametrize("version", ["1.0", "1.1", "2.0"])
def test_https_and_the_version_are_told(version):
    asked = request().changed(scheme="https", http_version=version)
    found = with_viewer_headers(asked, keyed("CloudFront-Forwarded-Proto", "CloudFront-Viewer-Http-Version"), "")
    assert found.headers.get(b"cloudfront-forwarded-proto") == b"https"
    assert found.headers.get(b"cloudfront-viewer-http-version") == version.encode()


# ------------------------------------------------------------------------------ header order and count


def received(*lines, seen=None):
    """A visit whose request had these lines, and another one after viewer-request."""
    sent = request().changed(headers=Headers(lines))
    return SimpleNamespace(request=sent, seen=seen or sent)


# §12: `Host:User-Agent:Accept:Accept-Encoding`; cut at 7,680 characters
@pytest.mark.parametrize(
    ("lines", "order", "count"),
    [
        pytest.param(
            [(b"Host", b"h"), (b"User-Agent", b"a"), (b"Accept", b"b"), (b"Accept-Encoding", b"c")],
            b"Host:User-Agent:Accept:Accept-Encoding",
            b"4",
            id="as received",
        ),
        pytest.param([(b"accept", b"1"), (b"HOST", b"h")], b"accept:HOST", b"2", id="in the viewer's case"),
        pytest.param([(b"X", b"1"), (b"H", b"h"), (b"x", b"2")], b"X:H:x", b"3", id="each line of a repeated one"),
        pytest.param([(b"X" * 99, b"")] * 80, ((b"X" * 99 + b":") * 80)[:7680], b"80", id="cut"),
        pytest.param([(b"X" * 7680, b"")], b"X" * 7680, b"1", id="exactly as long as allowed"),
    ],
)
def test_order_and_count_of_headers(lines, order, count):
    visit = received(*lines)
    found = with_viewer_headers(
        visit.seen, keyed("CloudFront-Viewer-Header-Order", "CloudFront-Viewer-Header-Count"), visit=visit
    )
    assert found.headers.get(b"cloudfront-viewer-header-order") == order
    assert found.headers.get(b"cloudfront-viewer-header-count") == count


def test_order_and_count_are_those_before_viewer_request():
    changed_by_function = request(x_added="1", x_more="2")
    visit = received((b"Host", b"h"), seen=changed_by_function)
    chosen = keyed("CloudFront-Viewer-Header-Order", "CloudFront-Viewer-Header-Count")
    found = with_viewer_headers(changed_by_function, chosen, visit=visit).headers
    assert found.get(b"cloudfront-viewer-header-order") == b"Host"
    assert found.get(b"cloudfront-viewer-header-count") == b"1"


# ------------------------------------------------------------------------------ error pages


# §12 and §6.4, point 9: the original URI and query string, on the request for the page
@pytest.mark.parametrize(
    ("target", "uri", "arguments"),
    [
        pytest.param("/a/b?x=1&y=", b"/a/b", b"x=1&y=", id="URI and query"),
        pytest.param("/a", b"/a", None, id="no query"),
        pytest.param("/a?", b"/a", None, id="an empty query"),
        pytest.param("/%C3%A4\xe4?\xff", b"/%C3%A4%E4", b"%FF", id="bytes that are not ASCII"),
    ],
)
def test_an_error_page_is_told_what_was_asked_for(target, uri, arguments):
    sent = request(target)
    visit = SimpleNamespace(request=sent, seen=sent)
    chosen = asked_for("CloudFront-Error-Uri", "CloudFront-Error-Args")
    page = with_viewer_headers(request("/404.html"), chosen, visit=visit).headers
    assert (page.get(b"cloudfront-error-uri"), page.get(b"cloudfront-error-args")) == (uri, arguments)
    plain = with_viewer_headers(sent, chosen, visit=visit).headers
    assert (plain.get(b"cloudfront-error-uri"), plain.get(b"cloudfront-error-args")) == (None, None)


# ------------------------------------------------------------------------------ devices

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
_APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "kinds"),
    [
        # desktops
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/125.0.0.0 Safari/537.36", "Desktop"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/125.0.0.0 Safari/537.36 Edg/125.0", "Desktop"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0", "Desktop"),
        (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_APPLE} Version/17.5 Safari/605.1.15", "Desktop"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {_WEBKIT} Chrome/125.0.0.0 Safari/537.36", "Desktop"),
        ("Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; Touch; Tablet PC 2.0; rv:11.0) like Gecko", "Desktop"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Desktop"),
        ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "Desktop"),
        ("curl/8.5.0", "Desktop"),
        ("python-requests/2.32.0", "Desktop"),
        ("Amazon CloudFront", "Desktop"),
        ("", "Desktop"),
        # telephones
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {_APPLE} Mobile/15E148 Safari/604.1", "IOS Mobile"),
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) {_APPLE} CriOS/125.0 Mobile/15E148", "IOS Mobile"),
        ("Mozilla/5.0 (iPod touch; CPU iPhone OS 12_0 like Mac OS X) AppleWebKit/605 Mobile/16A5288q", "IOS Mobile"),
        (f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {_WEBKIT} Chrome/125.0 Mobile Safari/537.36", "Android Mobile"),
        (f"Mozilla/5.0 (Linux; Android 13; SM-S901B) {_WEBKIT} SamsungBrowser/25.0 Mobile", "Android Mobile"),
        ("Mozilla/5.0 (Android 14; Mobile; rv:126.0) Gecko/126.0 Firefox/126.0", "Android Mobile"),
        ("Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) Mobile (compatible; Googlebot/2.1)", "Android Mobile"),
        ("Dalvik/2.1.0 (Linux; U; Android 9; SM-G960F Build/PPR1.180610.011)", "Android Mobile"),
        ("Opera/9.80 (Android; Opera Mini/36.2/119.132; U; id) Presto/2.12.423 Version/12.16", "Android Mobile"),
        ("Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) Mobile Edge/15.15254", "Mobile"),
        ("Mozilla/5.0 (Mobile; Windows Phone 8.1; Android 4.0) like iPhone OS 7_0_3 Mobile Safari/537", "Mobile"),
        ("Mozilla/5.0 (BB10; Touch) AppleWebKit/537.10+ (KHTML, like Gecko) Version/10.0.9.2372", "Mobile"),
        # tablets; "several may be true"
        ("Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) Version/12.1 Mobile/15E148 Safari/604", "IOS Mobile Tablet"),
        (f"Mozilla/5.0 (Linux; Android 13; SM-X700) {_WEBKIT} Chrome/125.0 Safari/537.36", "Android Tablet"),
        ("Mozilla/5.0 (Android 13; Tablet; rv:126.0) Gecko/126.0 Firefox/126.0", "Android Tablet"),
        (f"Mozilla/5.0 (Linux; Android 9; KFMAWI) {_WEBKIT} Silk/124.4.4 like Chrome/124.0 Safari", "Android Tablet"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {_WEBKIT} Silk/124.4.4 like Chrome/124.0 Safari/537.36", "Tablet"),
        ("Mozilla/5.0 (PlayBook; U; RIM Tablet OS 2.1.0; en-US) AppleWebKit/536.2+ Safari/536.2+", "Tablet"),
        # televisions
        ("Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) SamsungBrowser/4.0 Chrome/76.0 TV Safari/537.36", "SmartTV"),
        ("Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 Chrome/94.0.4606.128 Safari/537.36", "SmartTV"),
        ("Mozilla/5.0 (Linux; Android 9; BRAVIA 4K UR3) AppleWebKit/537.36 Chrome/88.0 Safari", "Android SmartTV"),
        ("Mozilla/5.0 (Linux; Android 9; AFTKA) AppleWebKit/537.36 Silk/112.5 like Chrome/112.0", "Android SmartTV"),
        ("Mozilla/5.0 (X11; Linux armv7l) AppleWebKit/537.36 Chrome/90.0.4430.225 Safari CrKey/1.56", "SmartTV"),
        ("Roku/DVP-12.5 (12.5.0.4178-88)", "SmartTV"),
        ("AppleTV11,1/11.1", "SmartTV"),
        ("Mozilla/5.0 (Linux; U; en-US) HbbTV/1.2.1 (;Panasonic;VIERA 2013;3.672;4101-0003 0010-0000;)", "SmartTV"),
    ],
)
def test_devices(agent, kinds):
    asked = request(user_agent=agent) if agent else request()
    headers = with_viewer_headers(asked, keyed(*ALL_DEVICES), "").headers
    told = {kind: headers.get(f"cloudfront-is-{kind.lower()}-viewer".encode()) for kind in DEVICES}
    assert told == {kind: b"true" if kind in kinds.split() else b"false" for kind in DEVICES}


@given(st.binary(max_size=60))
def test_no_user_agent_raises_and_each_is_some_device(agent):
    asked = request().changed(headers=request().headers.replaced(b"User-Agent", agent))
    headers = with_viewer_headers(asked, keyed(*ALL_DEVICES), "").headers
    assert {headers.get(name.lower().encode()) for name in ALL_DEVICES} <= {b"true", b"false"}
    assert devices(agent) & {"Desktop", "Mobile", "Tablet", "SmartTV"}


# ------------------------------------------------------------------------------ where they appear


def test_nothing_is_added_that_no_policy_names():
    asked = request()
    assert with_viewer_headers(asked, behavior(), "DE") is asked
    assert with_viewer_headers(asked, behavior(origin_request_policy=MANAGED_ORIGIN["AllViewer"]), "DE") is asked


def test_a_viewers_own_value_is_overwritten_even_by_nothing():
    spoofed = {"cloudfront_viewer_country": "XX", "cloudfront_viewer_city": "Atlantis", "cloudfront_viewer_tls": "x"}
    chosen = asked_for("CloudFront-Viewer-Country", "CloudFront-Viewer-City", "CloudFront-Viewer-TLS")
    assert seen("CloudFront-Viewer-Country", chosen, "DE", **spoofed) == (b"DE",)
    assert seen("CloudFront-Viewer-City", chosen, "DE", **spoofed) == ()
    assert seen("CloudFront-Viewer-TLS", chosen, "DE", **spoofed) == ()


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


@pytest.mark.parametrize(("resumed", "last"), [(False, "fullHandshake"), (True, "sessionResumed")])
def test_what_is_known_of_tls(resumed, last):
    agreed = Tls(protocol="TLSv1.3", cipher="TLS_AES_128_GCM_SHA256", resumed=resumed)
    asked = request(CloudFront_Viewer_TLS="forged").changed(tls=agreed)
    told = with_viewer_headers(asked, asked_for("CloudFront-Viewer-TLS")).headers

    assert told.get_all(b"cloudfront-viewer-tls") == (f"TLSv1.3:TLS_AES_128_GCM_SHA256:{last}".encode(),)
