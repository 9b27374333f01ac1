"""What a rule of a dialect is, and for each of Lambda@Edge's a function that breaks it and one that does not.

A sample is Python in the body of `def handler(event, context)`, where `request` and `response` are those of the event;
what it does not return itself, it returns changed.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from edgerun.functions.readings import READINGS, REFUSE
from edgerun.values import value


@value
class Sample:
    """A function's body at a point, once breaking a rule and once keeping it."""

    point: str
    failing: str
    passing: str


NO_SAMPLE: Final = Sample(point="", failing="", passing="")


@value
class Rule:
    """One rule of a dialect.

    Attributes:
        id: `L`, or `C` for CloudFront Functions, and three digits; the first digit groups by subject.
        title: what must be, as one sentence without its full stop.
        section: where the dialect's specification has it.
        page: CloudFront's sentence on the error page, with `{path}` to fill in; "" for a rule that is forgiven by
            default.
        log: CloudFront's log sentence, with `{name}` and `{character}` to fill in; "" when it repeats the page.
        fix: what the author of the function should do.
        limit: the size or range, in words; "" when there is none.
        reading: the open reading that decides what breaking it means; "" when AWS is clear.
        lenient: what the lenient level does instead of refusing; "" when it refuses too.
        sample: one failing and one passing function.
        dialect: whose rule it is.
    """

    id: str
    title: str
    section: str
    page: str = ""
    log: str = ""
    fix: str
    limit: str = ""
    reading: str = ""
    lenient: str = ""
    sample: Sample = NO_SAMPLE
    dialect: str = "Lambda@Edge"

    @property
    def forgiven(self) -> bool:
        """Whether breaking it is a warning at the default level, because AWS is unclear (§13)."""
        return bool(self.reading) and READINGS[self.reading].default != REFUSE


def _samples(*rows: tuple[str, str, str, str]) -> Mapping[str, Sample]:
    return MappingProxyType(
        {rule: Sample(point=point, failing=failing, passing=passing) for rule, point, failing, passing in rows}
    )


_VRQ: Final = "viewer-request"
_ORQ: Final = "origin-request"
_ORS: Final = "origin-response"
_VRS: Final = "viewer-response"
_ORIGIN: Final = 'request["origin"]["custom"]'
_CUSTOM: Final = f'{_ORIGIN}["customHeaders"]'
_S3: Final = (
    'request["origin"] = {{"s3": {{"domainName": "b.s3.amazonaws.com", "path": "", "authMethod": {}, "region": {}}}}}'
)

SAMPLES: Final = _samples(
    ("L101", _VRQ, 'return float("nan")', "return request"),
    ("L102", _VRQ, "return None", "return request"),
    ("L103", _VRQ, "return event", 'return event["Records"][0]["cf"]["request"]'),
    ("L201", _ORS, 'del response["status"]', 'response["status"] = "200"'),
    ("L202", _VRQ, 'return {"status": "OK"}', 'return {"status": "200"}'),
    ("L203", _VRS, 'response["status"] = "201"', 'response["statusDescription"] = "Fine"'),
    ("L204", _ORS, r'response["statusDescription"] = "a\r\nb"', 'response["statusDescription"] = "Fine"'),
    ("L301", _VRQ, 'return {"status": 200, "headers": []}', 'return {"status": 200, "headers": {}}'),
    (
        "L302",
        _ORS,
        'response["headers"]["x-a"] = {"value": "b"}',
        'response["headers"]["x-a"] = [{"key": "X-A", "value": "b"}]',
    ),
    ("L303", _ORS, 'response["headers"]["x-a"] = ["b"]', 'response["headers"]["x-a"] = [{"value": "b"}]'),
    ("L304", _ORS, 'response["headers"]["x-a"] = [{"value": 5}]', 'response["headers"]["x-a"] = [{"value": "5"}]'),
    (
        "L305",
        _ORS,
        'response["headers"]["x-a"] = [{"key": 5, "value": "b"}]',
        'response["headers"]["x-a"] = [{"key": "X-A", "value": "b"}]',
    ),
    ("L306", _ORS, 'response["headers"]["x a"] = [{"value": "b"}]', 'response["headers"]["x-a"] = [{"value": "b"}]'),
    (
        "L307",
        _ORS,
        r'response["headers"]["x-a"] = [{"value": "b\r\nc: d"}]',
        'response["headers"]["x-a"] = [{"value": "b, d"}]',
    ),
    (
        "L308",
        _ORS,
        'response["headers"]["x-a"] = [{"key": "X-B", "value": "c"}]',
        'response["headers"]["x-a"] = [{"key": "x-A", "value": "c"}]',
    ),
    (
        "L309",
        _ORS,
        'response["headers"].update({"X-A": [{"value": "b"}], "x-a": [{"value": "c"}]})',
        'response["headers"]["x-a"] = [{"value": "b"}, {"value": "c"}]',
    ),
    (
        "L310",
        _ORS,
        'response["headers"]["location"] = [{"value": "/a"}, {"value": "/b"}]',
        'response["headers"]["location"] = [{"value": "/a"}]',
    ),
    (
        "L401",
        _ORS,
        'response["headers"]["x-cache"] = [{"value": "Hit"}]',
        'response["headers"]["x-my-cache"] = [{"value": "Hit"}]',
    ),
    (
        "L402",
        _VRQ,
        'request["headers"]["cloudfront-viewer-country"] = [{"value": "DE"}]',
        'request["headers"]["x-country"] = [{"value": "DE"}]',
    ),
    (
        "L403",
        _ORQ,
        'return {"status": 200, "headers": {"content-length": [{"value": "2"}]}, "body": "hi"}',
        'return {"status": 200, "body": "hi"}',
    ),
    (
        "L404",
        _VRQ,
        'request["headers"]["host"] = [{"value": "other.example"}]',
        'request["headers"]["x-host"] = [{"value": "other.example"}]',
    ),
    ("L405", _VRQ, 'request["headers"] = {}', 'request["headers"].pop("accept", None)'),
    ("L501", _VRQ, 'request["uri"] = "index.html"', 'request["uri"] = "/index.html"'),
    ("L502", _VRQ, 'request["uri"] = "/a b"', 'request["uri"] = "/a%20b"'),
    ("L503", _VRQ, 'request["querystring"] = "q=a b"', 'request["querystring"] = "q=a+b"'),
    ("L504", _VRQ, 'request["uri"] = "/" * 9000', 'request["uri"] = "/" * 90'),
    ("L505", _VRQ, 'request["method"] = "PUT"', 'request["headers"]["x-method"] = [{"value": "PUT"}]'),
    ("L506", _VRQ, 'request["clientIp"] = "::1"', 'request["headers"]["x-client"] = [{"value": "::1"}]'),
    ("L507", _VRQ, 'del request["querystring"]', 'request["querystring"] = ""'),
    ("L508", _VRQ, 'request["querystring"] = "?a=b"', 'request["querystring"] = "a=b"'),
    ("L601", _ORQ, 'request["origin"] = {}', f'{_ORIGIN}["path"] = "/site"'),
    ("L602", _ORQ, f'{_ORIGIN}["domainName"] = "127.0.0.2"', f'{_ORIGIN}["domainName"] = "eu.example.com"'),
    ("L603", _ORQ, f'{_ORIGIN}["path"] = "site/"', f'{_ORIGIN}["path"] = "/site"'),
    ("L604", _ORQ, f'{_ORIGIN}["port"] = "443"', f'{_ORIGIN}["port"] = 443'),
    ("L605", _ORQ, f'{_ORIGIN}["protocol"] = "match-viewer"', f'{_ORIGIN}["protocol"] = "https"'),
    ("L606", _ORQ, f'{_ORIGIN}["sslProtocols"] = ["TLSv1.3"]', f'{_ORIGIN}["sslProtocols"] = ["TLSv1.2", "TLSv1.1"]'),
    ("L607", _ORQ, f'{_ORIGIN}["readTimeout"] = 121', f'{_ORIGIN}["readTimeout"] = 20'),
    ("L608", _ORQ, f'{_ORIGIN}["keepaliveTimeout"] = 0', f'{_ORIGIN}["keepaliveTimeout"] = 20'),
    (
        "L609",
        _ORQ,
        f'{_ORIGIN}["responseCompletionTimeout"] = 1',
        f'{_ORIGIN}["responseCompletionTimeout"] = 120',
    ),
    ("L610", _ORQ, _S3.format('"oac"', '""'), _S3.format('"none"', '""')),
    ("L611", _ORQ, _S3.format('"none"', '"Europe"'), _S3.format('"none"', '"eu-west-1"')),
    ("L612", _ORQ, f'{_CUSTOM}["x-a"] = "b"', f'{_CUSTOM}["x-a"] = [{{"value": "b"}}]'),
    ("L613", _ORQ, f'{_CUSTOM}["x-edge-a"] = [{{"value": "b"}}]', f'{_CUSTOM}["x-a"] = [{{"value": "b"}}]'),
    ("L614", _ORQ, f'{_CUSTOM}["cookie"] = [{{"value": "a=b"}}]', f'{_CUSTOM}["authorization"] = [{{"value": "b"}}]'),
    (
        "L615",
        _ORQ,
        f'{_CUSTOM}["x-a"] = request["headers"]["x-a"] = [{{"value": "b"}}]',
        f'{_CUSTOM}["x-a"] = [{{"value": "b"}}]',
    ),
    ("L616", _ORQ, f'del {_ORIGIN}["port"]', f'{_ORIGIN}["port"] = 443'),
    ("L617", _ORQ, 'del request["origin"]', 'request["uri"] = "/"'),
    ("L701", _VRQ, 'return {"status": 200, "body": {"a": 1}}', """return {"status": 200, "body": '{"a": 1}'}"""),
    (
        "L702",
        _VRQ,
        'request["body"] = {"action": "append", "data": ""}',
        'request["body"] = {"action": "replace", "encoding": "text", "data": ""}',
    ),
    (
        "L703",
        _VRQ,
        'return {"status": 200, "body": "x", "bodyEncoding": "utf-8"}',
        'return {"status": 200, "body": "x", "bodyEncoding": "text"}',
    ),
    (
        "L704",
        _VRQ,
        'return {"status": 200, "body": "Zm9v?", "bodyEncoding": "base64"}',
        'return {"status": 200, "body": "Zm9v", "bodyEncoding": "base64"}',
    ),
    (
        "L705",
        _VRQ,
        'request["body"] = {"action": "replace", "encoding": "text", "data": "x" * 50_000}',
        'request["body"] = {"action": "replace", "encoding": "text", "data": "x" * 30_000}',
    ),
    ("L706", _VRQ, 'return {"status": "204", "body": "x"}', 'return {"status": "204"}'),
    ("L707", _VRS, 'response["body"] = "x"', 'response["headers"]["x-a"] = [{"value": "b"}]'),
    ("L708", _VRQ, 'return {"status": 200, "body": "x" * 50_000}', 'return {"status": 200, "body": "x" * 30_000}'),
    ("L709", _ORQ, 'return {"status": 204, "body": "x"}', 'return {"status": 204}'),
    (
        "L710",
        _ORS,
        'response["headers"]["content-length"] = [{"value": "7"}]',
        'response["body"] = "new"',
    ),
)
