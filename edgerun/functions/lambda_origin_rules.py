"""The rules for the origin that an origin-request function returns: L6xx of `rules.py`."""

from typing import Final

from edgerun.functions.lambda_rule import Rule

_ORIGIN: Final = "The Lambda function returned an invalid origin configuration: "
_CUSTOM_HEADERS: Final = _ORIGIN + "One or more HeaderName or HeaderValue values are invalid."


def _origin_field(field: str) -> str:
    return f"{_ORIGIN}The value of {field} is invalid."


ORIGIN_RULES: Final = (
    Rule(
        id="L601",
        title="The origin is an object with exactly one of custom and s3",
        section="§2.5",
        page=_ORIGIN + "The origin must be exactly one of custom and s3.",
        fix="Set origin to {'custom': {...}} or {'s3': {...}}.",
    ),
    Rule(
        id="L602",
        title="The origin's domainName is a DNS name, without port, and not an IP address",
        section="§2.5",
        page=_origin_field("DomainName"),
        fix="Use a host name, in lower case for s3, and put the port into port.",
        limit="253 characters for custom, 128 for s3",
        lenient="an IP address is taken, and capital letters of a bucket are made small",
    ),
    Rule(
        id="L603",
        title="The origin's path is empty, or starts with / and does not end with /",
        section="§2.5",
        page=_origin_field("Path"),
        fix="Write the path as '' or '/folder', percent-encoded and at most 255 characters long.",
        limit="255 characters for custom",
        lenient="the slashes are put right",
    ),
    Rule(
        id="L604",
        title="The origin's port is 80, 443 or 1024 to 65535",
        section="§2.5",
        page=_origin_field("Port"),
        fix="Set port to a number such as 443.",
        limit="80, 443 or 1024 to 65535",
        lenient="digits in a string are taken as the number",
    ),
    Rule(
        id="L605",
        title="The origin's protocol is http or https",
        section="§2.5",
        page=_origin_field("Protocol"),
        fix="Set protocol to 'http' or 'https'; match-viewer exists in the configuration only.",
        lenient="capital letters are made small",
    ),
    Rule(
        id="L606",
        title="The origin's sslProtocols are a list of TLSv1.2, TLSv1.1, TLSv1 and SSLv3",
        section="§2.5",
        page=_origin_field("SslProtocols"),
        fix="Set sslProtocols to ['TLSv1.2'].",
        lenient="unknown ones are left out",
    ),
    Rule(
        id="L607",
        title="The origin's readTimeout is a whole number from 1 to 120",
        section="§2.5",
        page=_origin_field("ReadTimeout"),
        fix="Set readTimeout to seconds from 1 to 120.",
        limit="1 to 120 seconds",
        lenient="digits in a string are taken as the number",
    ),
    Rule(
        id="L608",
        title="The origin's keepaliveTimeout is a whole number from 1 to 120",
        section="§2.5",
        page=_origin_field("KeepaliveTimeout"),
        fix="Set keepaliveTimeout to seconds from 1 to 120.",
        limit="1 to 120 seconds",
        lenient="digits in a string are taken as the number",
    ),
    Rule(
        id="L609",
        title="The origin's responseCompletionTimeout is 0 or at least readTimeout",
        section="§2.5",
        page=_origin_field("ResponseCompletionTimeout"),
        fix="Raise responseCompletionTimeout to readTimeout, or leave it out.",
        limit="0, or readTimeout and more",
        lenient="digits in a string are taken as the number",
    ),
    Rule(
        id="L610",
        title="The origin's authMethod is none, or origin-access-identity where the configured origin is s3",
        section="§3.5",
        page=_origin_field("AuthMethod"),
        fix="Set authMethod to 'none'.",
    ),
    Rule(
        id="L611",
        title="The origin's region is an AWS region, and not empty with origin-access-identity",
        section="§2.5",
        page=_origin_field("Region"),
        fix="Set region to the bucket's, such as 'eu-west-1'.",
    ),
    Rule(
        id="L612",
        title="The origin's customHeaders have the shape of headers and keep to their quotas",
        section="§3.5",
        page=_CUSTOM_HEADERS,
        fix="At most 30 headers, names to 256 characters, values to 1,783, together 10,240.",
        limit="30 headers, names of 256, values of 1,783, together 10,240 characters",
        lenient="bare strings and numbers are taken as values; quotas are not forgiven",
    ),
    Rule(
        id="L613",
        title="A disallowed header is not in customHeaders",
        section="§3.5",
        page=_CUSTOM_HEADERS,
        fix="Leave the header out: CloudFront keeps it for itself.",
        lenient="the header is left out",
    ),
    Rule(
        id="L614",
        title="A header that CloudFront sends of its own is not in customHeaders",
        section="§3.5",
        page=_CUSTOM_HEADERS,
        fix="Put the header into request.headers if it is allowed there.",
        lenient="the header is left out",
    ),
    Rule(
        id="L615",
        title="A custom header is not in the request's headers as well",
        section="§3.5",
        page=_CUSTOM_HEADERS,
        fix="Keep the header in one of the two places.",
        lenient="the custom header is sent",
    ),
    Rule(
        id="L616",
        title="A returned origin has all fields of its kind",
        section="§2.5",
        fix="Add the field: the configured origin's value was taken.",
        reading="missing_origin_field",
    ),
    Rule(
        id="L617",
        title="The request of origin-request has its origin",
        section="§2.3",
        fix="Return the request of the event; the configured origin was taken.",
        reading="missing_origin",
    ),
)
