import pytest
from cloudfront_events import event, value

pytestmark = pytest.mark.node


@pytest.fixture
def handler(node_example):
    return node_example("seo_urls.js")


@pytest.mark.parametrize(
    ("uri", "key"),
    [
        pytest.param("/products/brass-lantern", "/products/brass-lantern.html", id="page"),
        pytest.param("/", "/index.html", id="root"),
        pytest.param("/css/style.css", "/css/style.css", id="file"),
        pytest.param("/v1.2/page", "/v1.2/page.html", id="dot in a folder"),
        pytest.param("/caf%C3%A9", "/caf%C3%A9.html", id="escapes keep their capitals"),
    ],
)
def test_a_clean_address_is_served_from_its_key(handler, uri, key):
    request = handler(event("viewer-request", uri, querystring="a=1&B=2"))
    assert (request["uri"], request["querystring"]) == (key, "a=1&B=2")


@pytest.mark.parametrize(
    ("uri", "location"),
    [
        pytest.param("/about/", "/about", id="slash at the end"),
        pytest.param("/products///", "/products", id="several"),
        pytest.param("/Products/Brass-Lantern", "/products/brass-lantern", id="capitals"),
        pytest.param("/IMG/Logo.SVG", "/img/logo.svg", id="capitals in a file"),
        pytest.param("/Caf%C3%A9/", "/caf%C3%A9", id="escapes keep their capitals"),
        pytest.param("//evil.example/", "/evil.example", id="not to another host"),
        pytest.param("/\\evil.example/", "/evil.example", id="nor by a backslash"),
        pytest.param("//", "/", id="slashes only"),
    ],
)
def test_another_spelling_is_redirected_once(handler, uri, location):
    response = handler(event("viewer-request", uri))
    assert (response["status"], value(response, "location")) == ("301", location)
    assert "status" not in handler(event("viewer-request", location))


def test_a_redirect_keeps_the_query_string(handler):
    response = handler(event("viewer-request", "/About/", querystring="Ref=Mail&x"))
    assert value(response, "location") == "/about?Ref=Mail&x"
