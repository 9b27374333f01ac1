import pytest
from cloudfront_events import event, lines, value


@pytest.mark.parametrize(
    ("headers", "location"),
    [
        pytest.param(lines(cloudfront_viewer_country="DE"), "/shipping/eu", id="Germany"),
        pytest.param(lines(cloudfront_viewer_country="US"), "/shipping/us", id="United States"),
        pytest.param(lines(cloudfront_viewer_country="JP"), "/shipping/world", id="a country not listed"),
        pytest.param({}, "/shipping/world", id="no header"),
    ],
)
def test_each_country_is_sent_to_its_page(python_example, headers, location):
    response = python_example("country_redirect.py")(event("origin-request", "/shipping", headers=headers))
    assert (response["status"], value(response, "location")) == ("302", location)
    assert value(response, "cache-control") == "max-age=3600"
