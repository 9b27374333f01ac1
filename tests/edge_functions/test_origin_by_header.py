import pytest
from cloudfront_events import event, lines, value


@pytest.fixture
def handler(python_example):
    return python_example("origin_by_header.py")


def test_the_api_replaces_the_bucket(handler):
    sent = event("origin-request", "/data/products.json", headers=lines(x_origin="api", host="site.s3.amazonaws.com"))
    request = handler(sent)
    assert request["origin"] == {
        "custom": {
            "customHeaders": {},
            "domainName": "api.shop.internal",
            "keepaliveTimeout": 5,
            "path": "",
            "port": 80,
            "protocol": "http",
            "readTimeout": 5,
            "sslProtocols": ["TLSv1.2"],
        }
    }
    assert value(request, "host") == "api.shop.internal"
    assert request["uri"] == "/api/products"
    assert "x-origin" not in request["headers"]


@pytest.mark.parametrize("headers", [{}, lines(x_origin="evil.example"), lines(x_origin="API")])
def test_anything_else_stays_with_the_bucket(handler, headers):
    sent = event("origin-request", "/data/products.json", headers=headers)
    expected = sent["Records"][0]["cf"]["request"]
    request = handler(sent)
    expected["headers"].pop("x-origin", None)
    assert request == expected
