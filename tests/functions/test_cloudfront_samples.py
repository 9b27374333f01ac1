"""The samples of the rules are JavaScript: each is run by the engine, and breaks its rule or keeps all of them."""

import asyncio
import re

import orjson
import pytest

from edgerun.distribution.model import Point
from edgerun.distribution.origins import OriginSpec
from edgerun.errors import FunctionResultError
from edgerun.functions.cloudfront_functions import (
    build_event,
    parse_payload,
    read_request_result,
    read_response_result,
)
from edgerun.functions.cloudfront_js import CloudFrontJsRuntime
from edgerun.functions.cloudfront_rules import CLOUDFRONT_RULES
from edgerun.functions.function import Function
from edgerun.functions.lambda_edge import EdgeContext, Judge
from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody, Request, Response

pytestmark = pytest.mark.process

SITE = OriginSpec(kind="custom", domain_name="site.example.org")
REQUEST = Request(method="GET", path=b"/", headers=Headers([(b"Host", b"shop.example")]))
RESPONSE = Response(status=200, reason=b"OK", headers=Headers([(b"Content-Type", b"text/plain")]), body=BytesBody(b"x"))
ABOUT_RETURNS = [rule for rule in CLOUDFRONT_RULES.values() if rule.id != "C801"]  # which is about time
CODE = """\
import cf from 'cloudfront';
function handler(event) {{
    var request = event.request, response = event.response;
    {};
    return response || request;
}}
"""


@pytest.fixture(scope="module")
def runner():
    with asyncio.Runner() as made:
        yield made


@pytest.fixture(scope="module")
def engine(runner):
    made = CloudFrontJsRuntime(lambda line: None, limit=1.0)
    yield made
    runner.run(made.aclose())


@pytest.fixture
def judged(runner, engine, tmp_path):
    """Runs a sample at a point and judges what came back."""

    def act(sample, point):
        (tmp_path / "sample.js").write_text(CODE.format(sample))
        function = Function(
            name=str(tmp_path), root=str(tmp_path), handler="sample.handler", runtime="cloudfront-js-2.0"
        )
        point = Point(point)
        context = EdgeContext(point=point, distribution_domain_name="d", distribution_id="E", request_id="id")
        response = RESPONSE if point is Point.VIEWER_RESPONSE else None
        event = build_event(context, REQUEST, response=response)
        done = runner.run(engine.invoke(function, orjson.dumps(event), label="id"))
        outcome = parse_payload(done.payload, orjson.loads)
        judge = Judge.at("strict", lambda warned: pytest.fail(warned.message))
        if response is not None:
            return read_response_result(event, outcome, response=response, judge=judge)
        origins = {"site": SITE, "spare": SITE}
        return read_request_result(event, outcome, request=REQUEST, origin=SITE, origins=origins, judge=judge)

    return act


@pytest.mark.parametrize("rule", ABOUT_RETURNS, ids=lambda rule: rule.id)
def test_the_failing_sample_breaks_its_rule(judged, rule):
    with pytest.raises(FunctionResultError) as caught:
        judged(rule.sample.failing, rule.sample.point)
    assert caught.value.rule == rule.id
    assert re.fullmatch(re.escape(rule.page).replace(r"\{path\}", ".+"), caught.value.page)


@pytest.mark.parametrize("rule", ABOUT_RETURNS, ids=lambda rule: rule.id)
def test_the_passing_sample_keeps_all_rules(judged, rule):
    assert judged(rule.sample.passing, rule.sample.point) is not None
