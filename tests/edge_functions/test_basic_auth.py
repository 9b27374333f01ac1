import base64

import pytest
from cloudfront_events import event, lines, value


@pytest.fixture
def handler(python_example):
    return python_example("basic_auth.py")


def basic(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "authorization",
    [
        pytest.param(basic("demo:edge"), id="as browsers send it"),
        pytest.param(basic("demo:edge").replace("Basic ", "BASIC  "), id="scheme in capitals, two spaces"),
    ],
)
def test_the_right_password_opens_and_goes_no_further(handler, authorization):
    request = handler(event("viewer-request", "/admin/index.html", headers=lines(authorization=authorization)))
    assert request["uri"] == "/admin/index.html"
    assert "authorization" not in request["headers"]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no Authorization"),
        pytest.param(lines(authorization=basic("demo:wrong")), id="wrong password"),
        pytest.param(lines(authorization=basic("admin:edge")), id="wrong user"),
        pytest.param(lines(authorization=basic("demo:edge ")), id="one character more"),
        pytest.param(lines(authorization=basic("demo:ëdge")), id="not ASCII"),
        pytest.param(lines(authorization=basic("")), id="empty"),
        pytest.param(lines(authorization="Basic"), id="scheme alone"),
        pytest.param(lines(authorization="Basic !!!"), id="not base64"),
        pytest.param(lines(authorization="Basic ÿÿÿÿ"), id="not even ASCII"),
        pytest.param(lines(authorization="Basic /////w=="), id="not UTF-8"),
        pytest.param(lines(authorization="Bearer " + basic("demo:edge")[6:]), id="another scheme"),
    ],
)
def test_everybody_else_is_asked_to_log_in(handler, headers):
    response = handler(event("viewer-request", "/admin/index.html", headers=headers))
    assert response["status"] == "401"
    assert value(response, "www-authenticate").startswith('Basic realm="')
    assert value(response, "cache-control") == "no-store"
