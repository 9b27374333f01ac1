"""The demo's short links, in the engine of CloudFront Functions."""

import asyncio
import json

import pytest
from cloudfront_events import EXAMPLES

from edgerun.functions.cloudfront_js import CloudFrontJsRuntime
from edgerun.functions.function import Function

pytestmark = pytest.mark.process

LINKS = Function(
    name="links",
    root=str(EXAMPLES),
    handler="short_links.handler",
    runtime="cloudfront-js-2.0",
    key_value_store=EXAMPLES / "short_links.json",
)


@pytest.fixture(scope="module")
def follow():
    """Asks for a link; returns what the function answers."""
    with asyncio.Runner() as runner:
        engine = CloudFrontJsRuntime(lambda line: pytest.fail(line.text), limit=1.0)

        def ask(uri, query=None):
            request = {"method": "GET", "uri": uri, "querystring": {}, "headers": {}, "cookies": {}}
            if query is not None:
                request["rawQueryString"] = query
            event = {"version": "1.0", "context": {"eventType": "viewer-request"}, "request": request}
            done = runner.run(engine.invoke(LINKS, json.dumps(event).encode(), label="id"))
            return json.loads(done.payload)["value"]

        yield ask
        runner.run(engine.aclose())


@pytest.mark.parametrize(
    ("uri", "query", "location"),
    [
        pytest.param("/go/lantern", None, "/products/brass-lantern", id="a name"),
        pytest.param("/go/Lantern", "x=1", "/products/brass-lantern", id="capitals and a query for nothing"),
        pytest.param("/go/search", "q=lamp&b", "/api/products?q=lamp&b", id="a place for the query"),
        pytest.param("/go/search", None, "/api/products?", id="none to put there"),
    ],
)
def test_a_link_is_sent_on(follow, uri, query, location):
    answer = follow(uri, query)
    assert (answer["statusCode"], answer["headers"]["location"]["value"]) == (302, location)
    assert answer["headers"]["cache-control"]["value"] == "no-store"


@pytest.mark.parametrize("uri", ["/go/", "/go/nowhere", "/go/lantern/x"])
def test_what_is_no_link_is_not_found(follow, uri):
    assert follow(uri)["statusCode"] == 404
