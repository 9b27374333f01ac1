"""The rules for the origins that CloudFront Functions choose: C6xx of `cloudfront_rules.py`."""

from typing import Final

from edgerun.functions.cloudfront_rule import VIEWER_REQUEST as _VRQ
from edgerun.functions.cloudfront_rule import cloudfront_rule as _rule

_UPDATE: Final = "cf.updateRequestOrigin({})"
_GROUP: Final = "cf.createRequestOriginGroup({{originIds: [{}], failoverCriteria: {{statusCodes: {}}}}})"


def _update(failing: str, passing: str) -> tuple[str, str, str]:
    return _VRQ, _UPDATE.format(failing), _UPDATE.format(passing)


CLOUDFRONT_ORIGIN_RULES: Final = (
    _rule(
        "C602",
        "A domain name or hostHeader is a DNS name, without port, and not an IP address",
        "{path} must be a domain name.",
        "Use a host name, in lower case for S3, and put the port into customOriginConfig.port.",
        _update("{domainName: '127.0.0.1:3000'}", "{domainName: 'eu.example.com'}"),
        section="§4.1",
        limit="253 characters, 128 for S3",
        lenient="an IP address is taken",
    ),
    _rule(
        "C603",
        "originPath starts with / and does not end with /",
        "{path} must start with '/' and must not end with '/'.",
        "Write '/folder', URL-encoded and at most 255 characters long, or '' for none.",
        _update("{originPath: 'folder/'}", "{originPath: '/folder'}"),
        section="§4.1",
        limit="255 characters",
    ),
    _rule(
        "C604",
        "customHeaders are lower-case names with strings",
        "{path} must be an object of strings by lower-case names.",
        "Write {'x-a': 'text'}; {} removes the origin's own.",
        _update("{customHeaders: {'X-A': 'b'}}", "{customHeaders: {'x-a': 'b'}}"),
        section="§4.1",
        limit="30 headers, names of 256, values of 1,783, together 10,240 characters",
    ),
    _rule(
        "C605",
        "A header that CloudFront keeps for itself is not in customHeaders",
        "{path} is not allowed.",
        "Leave the header out.",
        _update("{customHeaders: {'x-edge-a': 'b'}}", "{customHeaders: {'x-a': 'b'}}"),
        section="§4.1",
    ),
    _rule(
        "C606",
        "A custom header is not in request.headers as well",
        "{path} is in request.headers too.",
        "Keep the header in one of the two places.",
        (
            _VRQ,
            "request.headers['x-a'] = {value: 'b'}; cf.updateRequestOrigin({customHeaders: {'x-a': 'b'}})",
            "cf.updateRequestOrigin({customHeaders: {'x-a': 'b'}})",
        ),
        section="§4.1",
    ),
    _rule(
        "C607",
        "A number or a choice of an origin's is one of those allowed",
        "{path} is not a valid value.",
        "See the limit.",
        _update("{timeouts: {readTimeout: 121}}", "{timeouts: {readTimeout: 20}}"),
        section="§4.1",
        limit="connectionAttempts 1-3; readTimeout and keepAliveTimeout 1-120, connectionTimeout 1-10 seconds, "
        "responseCompletionTimeout at least readTimeout; port 80, 443 or 1024-65535; protocol http or https",
    ),
    _rule(
        "C608",
        "The parts of an origin are objects with the keys that are required",
        "{path} is missing or has the wrong type.",
        "Give port, protocol and sslProtocols in customOriginConfig, and region in an enabled originShield.",
        _update(
            "{customOriginConfig: {port: 443}}",
            "{customOriginConfig: {port: 443, protocol: 'https', sslProtocols: ['TLSv1.2']}}",
        ),
        section="§4.1",
    ),
    _rule(
        "C609",
        "The properties of an origin are those that CloudFront knows",
        "{path} is not a known property.",
        "Correct its name; for an origin of this distribution use cf.selectRequestOriginById.",
        _update("{domain: 'eu.example.com'}", "{domainName: 'eu.example.com'}"),
        section="§4.1",
        lenient="the property is ignored",
    ),
    _rule(
        "C610",
        "An origin is selected by the name of a configured one",
        "{path} is not the ID of an origin of the distribution.",
        "Use a name of [origins.NAME].",
        (_VRQ, "cf.selectRequestOriginById('nope')", "cf.selectRequestOriginById('site')"),
        section="§4.2",
    ),
    _rule(
        "C611",
        "An origin group has exactly two origins, and the statuses that fail over",
        "{path} is not a valid origin group.",
        "Give two originIds, and failoverCriteria.statusCodes.",
        (
            _VRQ,
            _GROUP.format("{originId: 'site'}", "[500]"),
            _GROUP.format("{originId: 'site'}, {originId: 'spare'}", "[500]"),
        ),
        section="§4.3",
        limit="statuses 400, 403, 404, 416, 429, 500, 502, 503, 504",
    ),
)
