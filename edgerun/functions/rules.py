"""The rules a function's result is held to, each with an id, CloudFront's own words for it, and the way out."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from edgerun.functions.lambda_origin_rules import ORIGIN_RULES
from edgerun.functions.lambda_rule import SAMPLES, Rule

__all__ = ["RULES", "Rule"]

_JSON: Final = "The Lambda function returned invalid JSON: "
_ENTRY: Final = "The Lambda function returned an invalid entry in the headers object: "
_FAILED: Final = "The Lambda function result failed validation: "
_LOG: Final = "Lambda function result validation failed, the function "
_LOG_TRIED: Final = "Lambda function result failed validation, the function tried to "
_STATUS: Final = _FAILED + "The status code is missing or is not between 200 and 599."
_BAD_ENTRY: Final = _ENTRY + "Each header entry in the headers object must be an array."
_BAD_HEADER: Final = _FAILED + "The function returned an invalid header."
_BLACKLISTED: Final = _FAILED + "The function tried to add a blacklisted header."
_READ_ONLY: Final = _FAILED + "The function tried to add, delete, or change a read-only header."
_URI: Final = _FAILED + "The specified URI is in an invalid format."
_QUERY: Final = _FAILED + "The querystring contains an invalid character."
_BODY: Final = _FAILED + "The body is not a string, is not an object, or exceeds the maximum size."


def _table(*rules: Rule) -> Mapping[str, Rule]:
    return MappingProxyType({rule.id: replace(rule, sample=SAMPLES[rule.id]) for rule in rules})


RULES: Final = _table(
    # Rules L1xx, the payload and what it is.
    Rule(
        id="L101",
        title="The payload is JSON",
        section="§9.4",
        page=_JSON + "The JSON output is not parsable.",
        fix="Return plain JSON values: no NaN, no Infinity, no raw bytes.",
    ),
    Rule(
        id="L102",
        title="The result is an object",
        section="§4.3",
        page=_JSON + "The JSON output must be an object type.",
        fix="Return the request or the response; a forgotten return statement yields null.",
    ),
    Rule(
        id="L103",
        title="The result is a request, which has uri, or a response, which has status",
        section="§3.1",
        page=_FAILED + "The function returned neither a valid request nor a valid response.",
        fix="Return event.Records[0].cf.request, or an object with status.",
        lenient="the request in a returned event is taken, and statusCode for status",
    ),
    # Rules L2xx, status.
    Rule(
        id="L201",
        title="A response has a status",
        section="§5",
        page=_STATUS,
        fix="Return event.Records[0].cf.response, changed or not, with its status.",
        lenient="the response in a returned event is taken, and statusCode for status",
    ),
    Rule(
        id="L202",
        title="The status is a whole number from 200 to 599, or such a number as a string",
        section="§4.1",
        page=_STATUS,
        fix="Set status to a value such as '200'.",
        limit="200 to 599",
    ),
    Rule(
        id="L203",
        title="A viewer-response function leaves the status as it is",
        section="§5.2, §13.2",
        page=_STATUS,
        log="Lambda function result failed validation, the function tried to change the status in viewer-response.",
        fix="Change the status in an origin-response function instead.",
        reading="status_at_viewer_response",
    ),
    Rule(
        id="L204",
        title="The statusDescription is a string without control characters",
        section="§4.1",
        page=_FAILED + "The status description is not valid.",
        fix="Set statusDescription to plain text such as 'Not Found', or leave it out.",
        lenient="the standard phrase is sent",
    ),
    # Rules L3xx, the shape of headers.
    Rule(
        id="L301",
        title="The headers are an object",
        section="§2.4",
        page=_BAD_ENTRY,
        fix="Write headers as {'cache-control': [{'key': 'Cache-Control', 'value': 'no-store'}]}.",
        lenient="null counts as no headers",
    ),
    Rule(
        id="L302",
        title="Each header is a list",
        section="§2.4",
        page=_BAD_ENTRY,
        fix="Wrap the header in a list: [{'key': ..., 'value': ...}].",
        lenient="a bare string, number or object is taken as the one element",
    ),
    Rule(
        id="L303",
        title="Each element of a header's list is an object",
        section="§2.4",
        page=_BAD_ENTRY,
        fix="Write each element as {'key': ..., 'value': ...}.",
        lenient="a bare string or number is taken as the value",
    ),
    Rule(
        id="L304",
        title="A header's value is a string or a list of strings",
        section="§2.4",
        page=_ENTRY + "The value of each header must be a string or an array of strings.",
        log="The Lambda function returned an invalid entry in the headers object, the value of each header value must "
        "be of string or array of string type, header :{name} has one or more entries whose value is neither string "
        "nor array of strings.",
        fix="Give the element a value that is a string; convert numbers, and check that nothing is undefined.",
        lenient="numbers and booleans are taken as their text",
    ),
    Rule(
        id="L305",
        title="A header's key is a string",
        section="§2.4",
        page=_BAD_HEADER,
        fix="Set key to the header's name, or leave it out.",
        lenient="the name in headers is sent",
    ),
    Rule(
        id="L306",
        title="A header's name is an HTTP token",
        section="§12",
        page=_BAD_HEADER,
        log=_LOG + "returned an invalid header, invalid header name, headerName : {name}.",
        fix="Use letters, digits and hyphens only.",
    ),
    Rule(
        id="L307",
        title="A header's value has no control characters",
        section="§9.4",
        page=_BAD_HEADER,
        log=_LOG
        + "returned an invalid header, invalid character : '{character}' in header value, headerName : {name}.",
        fix="Remove line breaks and control characters, or percent-encode them.",
    ),
    Rule(
        id="L308",
        title="A header's key names the same header as its entry",
        section="§13.1",
        fix="Make key and the name in headers equal but for their case.",
        reading="key_unlike_name",
    ),
    Rule(
        id="L309",
        title="A header stands once in headers, whatever its case",
        section="§13.18",
        fix="Put all values into one list under the lower-case name.",
        reading="header_in_two_cases",
    ),
    Rule(
        id="L310",
        title="A header that takes one value has one value",
        section="§13.17",
        fix="Replace the list instead of appending to it.",
        reading="repeated_single_value",
    ),
    # Rules L4xx, which headers.
    Rule(
        id="L401",
        title="A disallowed header is not added",
        section="§7.1",
        page=_BLACKLISTED,
        log=_LOG_TRIED + "add a blacklisted header in headers, headerName : {name}.",
        fix="Leave the header out: CloudFront keeps it for itself.",
        lenient="the header is left out",
    ),
    Rule(
        id="L402",
        title="CloudFront-Viewer-Country is not added in viewer-request",
        section="§7.1",
        page=_BLACKLISTED,
        log=_LOG_TRIED + "add a blacklisted header in headers, headerName : {name}.",
        fix="Use an origin-request function, or a header name of your own.",
        lenient="the header is left out",
    ),
    Rule(
        id="L403",
        title="A read-only header is not added",
        section="§7.2",
        page=_READ_ONLY,
        log=_LOG_TRIED + "add read-only header, headerName : {name}.",
        fix="Leave the header out: CloudFront sets it.",
        lenient="the header is left out",
    ),
    Rule(
        id="L404",
        title="A read-only header is not changed",
        section="§7.2",
        page=_READ_ONLY,
        log=_LOG_TRIED + "change read-only header, headerName : {name}.",
        fix="Return the header as the event had it.",
        lenient="the header stays as it was",
    ),
    Rule(
        id="L405",
        title="A read-only header is not deleted",
        section="§7.2",
        page=_READ_ONLY,
        log=_LOG_TRIED + "delete read-only header, headerName : {name}.",
        fix="Return the header as the event had it: change the event's headers instead of building new ones.",
        lenient="the header stays as it was",
    ),
    # Rules L5xx, uri, querystring, method.
    Rule(
        id="L501",
        title="The uri is a string that starts with /",
        section="§3.2",
        page=_URI,
        fix="Set uri to the path alone, such as /index.html.",
        lenient="the slash is put before it",
    ),
    Rule(
        id="L502",
        title="The uri has no space, control character, ? or #",
        section="§3.2",
        page=_URI,
        fix="Percent-encode the path, and put the query into querystring.",
        lenient="spaces are percent-encoded; nothing else is forgiven",
    ),
    Rule(
        id="L503",
        title="The querystring is a string without space, control character or #",
        section="§3.3",
        page=_QUERY,
        fix="Percent-encode the values of the query.",
        lenient="spaces are percent-encoded and null is empty; nothing else is forgiven",
    ),
    Rule(
        id="L504",
        title="Uri and querystring together are shorter than 8,192 characters",
        section="§3.2, §8",
        page=_URI,
        fix="Shorten the path or the query.",
        limit="8,191 characters",
    ),
    Rule(
        id="L505",
        title="The method stays as it is",
        section="§3.4, §13.3",
        fix="Leave method alone: the change is ignored.",
        reading="changed_read_only_member",
    ),
    Rule(
        id="L506",
        title="The clientIp stays as it is",
        section="§3.4, §13.3",
        fix="Leave clientIp alone: the change is ignored.",
        reading="changed_read_only_member",
    ),
    Rule(
        id="L507",
        title="The querystring is there, even when it is empty",
        section="§2.3",
        fix="Return the request of the event; a missing querystring removes the query.",
        reading="missing_querystring",
    ),
    Rule(
        id="L508",
        title="The querystring does not start with ?",
        section="§13.13",
        fix="Leave the question mark out: CloudFront puts it between uri and querystring.",
        reading="querystring_mark",
    ),
    *ORIGIN_RULES,
    # Rules L7xx, bodies and sizes.
    Rule(
        id="L701",
        title="A response's body is a string, a request's an object whose data is a string",
        section="§4.1, §6",
        page=_BODY,
        fix="Encode the body as a string, bytes in base64.",
        lenient="other values of a response are taken as their JSON text, null as no body",
    ),
    Rule(
        id="L702",
        title="The body's action is read-only or replace",
        section="§6",
        page=_BODY,
        fix="Set body.action to 'replace' to send other data.",
    ),
    Rule(
        id="L703",
        title="The body's encoding is text or base64",
        section="§4.1, §6",
        page=_FAILED + "The body encoding is not valid.",
        fix="Set the encoding to 'text' or 'base64'.",
        lenient="base64 in other letters is base64, everything else text",
    ),
    Rule(
        id="L704",
        title="A base64 body is valid base64",
        section="§4.1, §6",
        page=_FAILED + "The body is not valid base64.",
        fix="Encode in the standard alphabet with padding and without line breaks, or use 'text'.",
        lenient="line breaks, missing padding and the URL alphabet are accepted",
    ),
    Rule(
        id="L705",
        title="A replaced request body is at most 40,960 bytes in viewer-request, 1,048,576 in origin-request",
        section="§6",
        page=_BODY,
        fix="Shorten the body, or replace it in an origin-request function.",
        limit="40,960 bytes at viewer-request, 1,048,576 at origin-request; 40,000 and 1,048,576 with --pedantic",
        lenient="the body is let through",
    ),
    Rule(
        id="L706",
        title="A response with status 204 that viewer-request generates has no body",
        section="§4.2",
        page=_FAILED + "A response with status 204 must not include a body.",
        fix="Leave body out, or use status 200.",
        lenient="the body is left out",
    ),
    Rule(
        id="L707",
        title="A viewer-response function returns no body",
        section="§5.2, §13.2",
        fix="Replace the body in an origin-response function: here it is ignored.",
        reading="body_at_viewer_response",
    ),
    Rule(
        id="L708",
        title="Headers and body of a response are at most 40,960 bytes at viewer points, 1,048,576 at origin points",
        section="§4.2, §5",
        page=_BODY,
        fix="Shorten the body, or let the origin serve it.",
        limit="40,960 bytes at viewer points, 1,048,576 at origin points; 40,000 and 1,048,576 with --pedantic",
        lenient="the response is let through",
    ),
    Rule(
        id="L709",
        title="A response with status 204 or 304 has no body",
        section="§4.2",
        fix="Leave body out: it is not sent.",
        reading="body_with_bodyless_status",
    ),
    Rule(
        id="L710",
        title="The Content-Length of an origin's body stays with it",
        section="§5.1",
        fix="Leave content-length alone, or replace the body.",
        reading="length_of_kept_body",
    ),
)
