import pytest
from cloudfront_events import answer, event, value

pytestmark = pytest.mark.node


@pytest.fixture
def handler(node_example):
    return node_example("error_page.mjs")


@pytest.mark.parametrize(("status", "description"), [("404", "Not Found"), ("403", "Forbidden")])
def test_a_missing_object_becomes_a_friendly_404(handler, status, description):
    missing = answer(status, description, content_type="application/xml", transfer_encoding="chunked", etag='"x"')
    response = handler(event("origin-response", "/gone", response=missing))
    assert (response["status"], response["statusDescription"]) == ("404", "Not Found")
    assert value(response, "content-type") == "text/html; charset=utf-8"
    assert value(response, "cache-control") == "max-age=30"
    assert "<h1>The shelf is empty</h1>" in response["body"]
    assert "etag" not in response["headers"]


def test_the_address_is_escaped(handler):
    response = handler(event("origin-response", "/<script>&\"'", response=answer("404", "Not Found")))
    assert "<script>" not in response["body"]
    assert "/&#60;script&#62;&#38;&#34;&#39;" in response["body"]


@pytest.mark.parametrize("status", ["200", "206", "304", "500", "503"])
def test_other_answers_pass_unchanged(handler, status):
    response = answer(status, "whatever", etag='"x"')
    assert handler(event("origin-response", response=response)) == response
