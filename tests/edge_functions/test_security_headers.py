import pytest
from cloudfront_events import answer, event, value

pytestmark = pytest.mark.node


@pytest.fixture
def handler(node_example):
    return node_example("security_headers.mjs")


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("strict-transport-security", "max-age=63072000"),
        ("content-security-policy", "default-src 'none'"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
    ],
)
def test_each_header_is_set(handler, name, part):
    assert part in value(handler(event("viewer-response", response=answer())), name)


def test_a_weaker_header_of_the_origin_is_replaced_and_the_rest_stays(handler):
    response = handler(event("viewer-response", response=answer(x_frame_options="ALLOWALL", content_encoding="br")))
    assert value(response, "x-frame-options") == "DENY"
    assert value(response, "content-encoding") == "br"
    assert value(response, "content-type") == "text/html"
