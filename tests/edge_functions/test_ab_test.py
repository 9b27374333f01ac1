import pytest
from cloudfront_events import answer, event, lines, value

PAGES = {"a": "/index.html", "b": "/index-b.html"}


@pytest.fixture
def viewer_request(python_example):
    return python_example("ab_test.py", "viewer_request")


@pytest.fixture
def viewer_response(python_example):
    return python_example("ab_test.py", "viewer_response")


@pytest.mark.parametrize("uri", ["/", "/index.html"])
@pytest.mark.parametrize(
    ("cookies", "variant"),
    [
        pytest.param("shop-variant=a", "a", id="a"),
        pytest.param("shop-variant=b", "b", id="b"),
        pytest.param("theme=dark; shop-variant=b; x=1", "b", id="among others"),
        pytest.param(["theme=dark", "shop-variant=b"], "b", id="in the second cookie line"),
        pytest.param("shop-variant=z; shop-variant=b", "b", id="after a value that means nothing"),
    ],
)
def test_a_viewer_with_a_cookie_gets_the_variant_it_names(viewer_request, uri, cookies, variant):
    request = viewer_request(event("viewer-request", uri, headers=lines(cookie=cookies)))
    assert request["uri"] == PAGES[variant]
    assert value(request, "x-shop-variant") == variant


def test_a_viewer_without_a_cookie_is_always_put_in_the_same_group(viewer_request):
    seen = {viewer_request(event("viewer-request"))["uri"] for _ in range(5)}
    assert len(seen) == 1


def test_viewers_are_spread_over_both_groups_about_evenly(viewer_request):
    uris = [viewer_request(event("viewer-request", client_ip=f"198.51.100.{n}"))["uri"] for n in range(200)]
    assert 70 <= uris.count(PAGES["b"]) <= 130


def test_other_pages_are_left_alone(viewer_request):
    request = viewer_request(event("viewer-request", "/about", headers=lines(cookie="shop-variant=b")))
    assert request["uri"] == "/about"
    assert "x-shop-variant" not in request["headers"]


@pytest.mark.parametrize("uri", ["/", "/about"])
def test_a_variant_header_sent_by_the_viewer_is_not_believed(viewer_request, uri):
    forged = lines(x_shop_variant="<script>", cookie="shop-variant=a")
    request = viewer_request(event("viewer-request", uri, headers=forged))
    assert value(request, "x-shop-variant") == ("a" if uri == "/" else None)


def test_a_viewer_without_a_user_agent_is_served_too(viewer_request):
    sent = event("viewer-request")
    del sent["Records"][0]["cf"]["request"]["headers"]["user-agent"]
    assert viewer_request(sent)["uri"] in PAGES.values()


def test_the_choice_becomes_a_cookie_beside_those_already_there(viewer_response):
    sent = event(
        "viewer-response", "/index-b.html", headers=lines(x_shop_variant="b"), response=answer(set_cookie="theme=light")
    )
    cookies = [line["value"] for line in viewer_response(sent)["headers"]["set-cookie"]]
    assert cookies == ["theme=light", "shop-variant=b; Path=/; Max-Age=2592000; SameSite=Lax"]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(lines(x_shop_variant="b", cookie="shop-variant=b"), id="the viewer has the cookie"),
        pytest.param({}, id="no variant was chosen"),
    ],
)
def test_no_cookie_is_set(viewer_response, headers):
    sent = event("viewer-response", "/index-b.html", headers=headers, response=answer())
    assert "set-cookie" not in viewer_response(sent)["headers"]
