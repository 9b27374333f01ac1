"""The rules that a CloudFront Function's result is held to: C and three digits."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from edgerun.functions.cloudfront_origin_rules import CLOUDFRONT_ORIGIN_RULES
from edgerun.functions.cloudfront_rule import VIEWER_REQUEST as _VRQ
from edgerun.functions.cloudfront_rule import VIEWER_RESPONSE as _VRS
from edgerun.functions.cloudfront_rule import cloudfront_rule as _rule
from edgerun.functions.lambda_rule import Rule

_SET: Final = "response.headers['x-a'] = "
_BODY: Final = "response.body = "

_SHAPE: Final = (
    _rule(
        "C101",
        "The function returns an object",
        "The function must return an object.",
        "Return event.request or a response; a forgotten return statement yields undefined.",
        (_VRQ, "return", "return request"),
    ),
    _rule(
        "C102",
        "viewer-request returns a request, which has method and uri, or a response, which has statusCode",
        "The function must return a request with method and uri, or a response with statusCode.",
        "Return event.request, or an object with statusCode.",
        (_VRQ, "return event", "return event.request"),
        section="§2.3",
        lenient="the request in a returned event is taken, status for statusCode, and what a request lacks from before",
    ),
    _rule(
        "C201",
        "viewer-response returns a response, which has statusCode",
        "{path} is missing.",
        "Return event.response, changed or not.",
        (_VRS, "delete response.statusCode", "response.statusCode = 200"),
        section="§2.3",
        lenient="the response in a returned event is taken, status for statusCode, and the status from before",
    ),
    _rule(
        "C202",
        "statusCode is a whole number",
        "{path} must be an integer.",
        "Set statusCode to a number such as 200; Lambda@Edge's strings are not for here.",
        (_VRQ, "return {statusCode: '200'}", "return {statusCode: 200}"),
        lenient="digits in a string are taken as the number",
    ),
    _rule(
        "C203",
        "statusCode is between 200 and 599",
        "{path} must be between 200 and 599.",
        "Set statusCode to a final status of HTTP.",
        (_VRQ, "return {statusCode: 101}", "return {statusCode: 200}"),
        limit="200 to 599",
    ),
    _rule(
        "C204",
        "statusDescription is a string without control characters",
        "{path} must be a string.",
        "Set statusDescription to a word such as 'OK', or leave it out.",
        (_VRQ, "return {statusCode: 200, statusDescription: 5}", "return {statusCode: 200, statusDescription: 'OK'}"),
        lenient="the usual description is sent",
    ),
)

_ENTRIES: Final = (
    _rule(
        "C301",
        "Names of headers are in lower case",
        "{path} must have header names in lower case.",
        "Write the name in lower case; it goes out as X-Foo-Bar.",
        (_VRS, "response.headers['X-A'] = {value: 'b'}", "response.headers['x-a'] = {value: 'b'}"),
        section="§2.2",
        lenient="the name is taken in lower case",
    ),
    _rule(
        "C302",
        "Headers, cookies and querystring are objects, the latter may be a string",
        "{path} must be an object.",
        "Set it to an object such as {name: {value: 'text'}}.",
        (_VRQ, "request.cookies = []", "request.cookies = {}"),
        section="§2.2",
        lenient="null is taken as empty",
    ),
    _rule(
        "C303",
        "An entry is an object with value or multiValue",
        "{path} must be an object with a value.",
        "Set the entry to {value: 'text'}.",
        (_VRS, f"{_SET}'b'", f"{_SET}{{value: 'b'}}"),
        section="§2.2",
        lenient="a bare string or number is taken as the value",
    ),
    _rule(
        "C304",
        "Values and attributes are strings",
        "{path} must be a string.",
        "Make the value a string: String(value).",
        (_VRS, f"{_SET}{{value: 5}}", f"{_SET}{{value: '5'}}"),
        section="§2.2",
        lenient="numbers and booleans are taken as text",
    ),
    _rule(
        "C305",
        "The name of a header is a token of HTTP",
        "{path} is not a valid header name.",
        "Use letters, digits and hyphens.",
        (_VRS, "response.headers['x a'] = {value: 'b'}", "response.headers['x-a'] = {value: 'b'}"),
    ),
    _rule(
        "C306",
        "Values of headers hold no control characters",
        "{path} contains an invalid character.",
        "Leave line breaks and other control characters out.",
        (_VRS, f"{_SET}{{value: 'b\\r\\nc: d'}}", f"{_SET}{{value: 'b, d'}}"),
    ),
    _rule(
        "C307",
        "Cookies are in cookies, not in headers",
        "{path} is not allowed.",
        "Set request.cookies or response.cookies instead.",
        (
            _VRS,
            "response.headers['set-cookie'] = {value: 'a=b'}",
            "response.cookies['a'] = {value: 'b', attributes: 'Path=/'}",
        ),
        section="§2.1",
        lenient="the header is sent",
    ),
    _rule(
        "C308",
        "Only a response's cookies have attributes",
        "{path} is not allowed.",
        "Leave attributes out: a request's cookie is name and value.",
        (_VRQ, "request.cookies['a'] = {value: 'b', attributes: 'Path=/'}", "request.cookies['a'] = {value: 'b'}"),
        section="§2.2",
        lenient="the attributes are left out",
    ),
    _rule(
        "C309",
        "A cookie holds no semicolon and no control characters, and its name no blank and no =",
        "{path} contains an invalid character.",
        "Encode the value: encodeURIComponent(value).",
        (_VRQ, "request.cookies['a'] = {value: 'b; c'}", "request.cookies['a'] = {value: 'b%3B%20c'}"),
    ),
    _rule(
        "C310",
        "multiValue is a list of entries",
        "{path} must be an array.",
        "Set multiValue to [{value: 'a'}, {value: 'b'}].",
        (_VRS, f"{_SET}{{multiValue: 'b'}}", f"{_SET}{{multiValue: [{{value: 'b'}}]}}"),
        section="§2.2",
        lenient="the value is taken",
    ),
    _rule(
        "C401",
        "A disallowed header is not added",
        "{path} is not allowed.",
        "Leave the header out: CloudFront keeps it for itself.",
        (_VRS, "response.headers['x-cache'] = {value: 'Hit'}", "response.headers['x-my-cache'] = {value: 'Hit'}"),
        section="§2.4",
        lenient="the header is left out",
    ),
    _rule(
        "C402",
        "A read-only header is not added, changed or deleted",
        "{path} is read-only.",
        "Leave the header as it is in the event.",
        (_VRQ, "request.headers.host = {value: 'other.example'}", "request.headers['x-host'] = {value: 'a.example'}"),
        section="§2.4",
        lenient="the header stays as it was",
    ),
)

_TARGET: Final = (
    _rule(
        "C501",
        "uri is a string that begins with /",
        "{path} must begin with '/'.",
        "Set uri to the path from the root, without query.",
        (_VRQ, "request.uri = 'index.html'", "request.uri = '/index.html'"),
        section="§2.1",
        lenient="the slash is put before it",
    ),
    _rule(
        "C502",
        "uri holds no blank, control character, ? or #",
        "{path} contains an invalid character.",
        "Encode it with encodeURI, and set querystring for a query.",
        (_VRQ, "request.uri = '/a b'", "request.uri = '/a%20b'"),
        section="§2.2",
        lenient="blanks are encoded",
    ),
    _rule(
        "C503",
        "The querystring holds no blank, control character or #",
        "{path} contains an invalid character.",
        "Encode names and values: encodeURIComponent(value).",
        (_VRQ, "request.querystring = 'a=b c'", "request.querystring = 'a=b%20c'"),
        section="§2.2",
        lenient="blanks are encoded",
    ),
    _rule(
        "C504",
        "uri and querystring together are shorter than 8,192 characters",
        "request.uri and request.querystring must have less than 8192 characters.",
        "Shorten them.",
        (_VRQ, "request.uri = '/' + 'a'.repeat(8192)", "request.uri = '/' + 'a'.repeat(100)"),
        section="§2.2",
        limit="8,191 characters",
    ),
    _rule(
        "C505",
        "The method is read-only",
        "{path} is read-only.",
        "Leave request.method as it is.",
        (_VRQ, "request.method = 'POST'", "request.headers['x-method'] = {value: 'POST'}"),
        section="§2.1",
        lenient="the method stays as it was",
    ),
)

_BODIES: Final = (
    _rule(
        "C701",
        "body is a string, or an object with encoding and data",
        "{path} must be a string or an object with encoding and data.",
        "Write body: 'text' or body: {encoding: 'base64', data: '...'}; JSON.stringify objects.",
        (_VRQ, "return {statusCode: 200, body: {a: 1}}", "return {statusCode: 200, body: JSON.stringify({a: 1})}"),
        section="§2.1",
        lenient="anything else is taken as its JSON",
    ),
    _rule(
        "C702",
        "body.encoding is text or base64",
        "{path} must be 'text' or 'base64'.",
        "Set body.encoding to 'text' or 'base64'.",
        (_VRS, f"{_BODY}{{encoding: 'utf8', data: 'a'}}", f"{_BODY}{{encoding: 'text', data: 'a'}}"),
        section="§2.1",
        lenient="text is taken",
    ),
    _rule(
        "C703",
        "body.data is base64 if body.encoding says so",
        "{path} is not valid base64.",
        "Encode the data: Buffer.from(data).toString('base64').",
        (_VRS, f"{_BODY}{{encoding: 'base64', data: 'a?'}}", f"{_BODY}{{encoding: 'base64', data: 'YQ=='}}"),
        section="§2.1",
    ),
    _rule(
        "C801",
        "A run takes at most 70 % of the time that is allowed",
        "",
        "Do less: CloudFront throttles functions that keep coming near 100 %.",
        (_VRQ, "for (var i = 0; i < 1e6; i++);", "for (var i = 0; i < 100; i++);"),
        section="§5",
        limit="70 %",
        reading="compute_utilization",
    ),
)

CLOUDFRONT_RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {rule.id: rule for rule in (*_SHAPE, *_ENTRIES, *_TARGET, *CLOUDFRONT_ORIGIN_RULES, *_BODIES)}
)
