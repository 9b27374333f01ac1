import pytest
from cloudfront_events import event, value

pytestmark = pytest.mark.node


@pytest.fixture
def handler(node_example):
    return node_example("maintenance.js")


@pytest.mark.parametrize("uri", ["/closed/", "/closed/checkout", "/closed/a/b.html"])
def test_below_a_closed_path_the_page_is_generated(handler, uri):
    response = handler(event("origin-request", uri))
    assert response["status"] == "503"
    assert value(response, "retry-after") == "600"
    assert value(response, "cache-control") == "max-age=5"
    assert "<h1>Back in a moment</h1>" in response["body"]


@pytest.mark.parametrize("uri", ["/", "/closed", "/closed-for-good", "/about/closed/"])
def test_elsewhere_the_request_goes_on_unchanged(handler, uri):
    sent = event("origin-request", uri)
    assert handler(sent) == sent["Records"][0]["cf"]["request"]
