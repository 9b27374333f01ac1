"""A distribution as CloudFront's API tells it: names, nesting and order of `spec/cloudfront.md` §1.1.

Lists are `{"Quantity": n, "Items": [...]}`, without `Items` when there are none. What edgerun does not know
has the value that the console gives it.
"""

from collections.abc import Iterable
from typing import Final

from edgerun.distribution.access_log import AccessLog
from edgerun.distribution.model import Association, Behavior, Distribution, GeoRestriction, KeyGroup, Point
from edgerun.distribution.origins import FunctionOrigin, HttpOrigin, OriginConfig, OriginGroup, is_bucket

Form = dict[str, object]

DEPLOYED: Final = "Deployed"
_NOBODY: Final[Form] = {"Enabled": False, "Quantity": 0}
_CERTIFICATE: Final[Form] = {
    "CloudFrontDefaultCertificate": True,
    "SSLSupportMethod": "vip",
    "MinimumProtocolVersion": "TLSv1",
    "CertificateSource": "cloudfront",
}


def items(values: Iterable[object]) -> Form:
    """Return a list as the API tells it."""
    found = list(values)
    return {"Quantity": len(found), "Items": found} if found else {"Quantity": 0}


def distribution_arn(distribution: Distribution, account: str) -> str:
    """Return the ARN of a distribution."""
    return f"arn:aws:cloudfront::{account}:distribution/{distribution.id}"


def distribution_config(distribution: Distribution, account: str) -> Form:
    """Return the `DistributionConfig`.

    Args:
        distribution: whose.
        account: the AWS account that ARNs name.
    """
    return {
        "CallerReference": distribution.name,
        "Aliases": items(distribution.aliases),
        "DefaultRootObject": distribution.default_root_object,
        **_shared(distribution, account),
        "Comment": distribution.name,
        "Logging": _logging(distribution.access_log),
        **_settings(distribution),
    }


def distribution_summary(distribution: Distribution, account: str, etag: str, modified: str) -> Form:
    """Return the `DistributionSummary` of a list: `modified` as an ISO 8601 time."""
    return {
        "Id": distribution.id,
        "ARN": distribution_arn(distribution, account),
        "ETag": etag,
        "Status": DEPLOYED,
        "LastModifiedTime": modified,
        "DomainName": distribution.domain_name,
        "Aliases": items(distribution.aliases),
        **_shared(distribution, account),
        "Comment": distribution.name,
        **_settings(distribution),
    }


def _shared(distribution: Distribution, account: str) -> Form:
    behaviors = distribution.all_behaviors
    groups = {behavior.origin_group.name: behavior.origin_group for behavior in behaviors if behavior.origin_group}
    origins = {behavior.origin.name: behavior.origin for behavior in behaviors}
    origins |= {group.secondary.name: group.secondary for group in groups.values()}
    return {
        "Origins": items(_origin(origin) for origin in origins.values()),
        "OriginGroups": items(_group(group) for group in groups.values()),
        "DefaultCacheBehavior": _behavior(distribution.default_behavior, account),
        "CacheBehaviors": items(
            {"PathPattern": behavior.path_pattern, **_behavior(behavior, account)}
            for behavior in distribution.behaviors
        ),
        "CustomErrorResponses": items(
            {
                "ErrorCode": error.error_code,
                "ResponsePagePath": error.response_page_path,
                "ResponseCode": "" if error.response_code is None else str(error.response_code),
                "ErrorCachingMinTTL": int(error.error_caching_min_ttl),
            }
            for _, error in sorted(distribution.error_responses.items())
        ),
    }


def _settings(distribution: Distribution) -> Form:
    return {
        "PriceClass": "PriceClass_All",
        "Enabled": distribution.enabled,
        "ViewerCertificate": _CERTIFICATE,
        "Restrictions": {"GeoRestriction": _countries(distribution.geo_restriction)},
        "WebACLId": "",
        "HttpVersion": "http1.1",
        "IsIPV6Enabled": False,
        "Staging": False,
    }


def _logging(log: AccessLog | None) -> Form:
    """Return the standard log: it has no bucket here, and its second version (JSON) is no part of a distribution."""
    if log is None or log.format == "json":
        return {"Enabled": False, "IncludeCookies": False, "Bucket": "", "Prefix": ""}
    return {"Enabled": True, "IncludeCookies": log.include_cookies, "Bucket": "", "Prefix": log.prefix}


def _countries(restriction: GeoRestriction | None) -> Form:
    if restriction is None:
        return {"RestrictionType": "none", "Quantity": 0}
    return {"RestrictionType": restriction.restriction_type, **items(sorted(restriction.locations))}


def _trusted(groups: tuple[KeyGroup, ...]) -> Form:
    return {"Enabled": True, **items(group.id for group in groups)} if groups else _NOBODY


def _group(group: OriginGroup) -> Form:
    return {
        "Id": group.name,
        "FailoverCriteria": {"StatusCodes": items(sorted(group.status_codes))},
        "Members": items({"OriginId": origin.name} for origin in (group.primary, group.secondary)),
        "SelectionCriteria": "default",
    }


def _origin(origin: OriginConfig) -> Form:
    bucket = is_bucket(origin)
    headers = ({"HeaderName": name, "HeaderValue": text} for name, text in origin.custom_headers.items())
    form: Form = {
        "Id": origin.name,
        "DomainName": origin.domain_name,
        "OriginPath": origin.path,
        "CustomHeaders": items(headers),
        **({"S3OriginConfig": _bucket(origin)} if bucket else {"CustomOriginConfig": _server(origin)}),
        "ConnectionAttempts": origin.connection_attempts,
        "ConnectionTimeout": int(origin.connection_timeout),
    }
    if origin.response_completion_timeout is not None:
        form["ResponseCompletionTimeout"] = int(origin.response_completion_timeout)
    return form | {"OriginShield": {"Enabled": False}, "OriginAccessControlId": ""}


def _bucket(origin: OriginConfig) -> Form:
    return {"OriginAccessIdentity": "", "OriginReadTimeout": int(origin.read_timeout)}


def _server(origin: OriginConfig) -> Form:
    scheme, port = ("https", 443) if isinstance(origin, FunctionOrigin) else ("http", 80)
    if isinstance(origin, HttpOrigin):
        scheme, port = origin.scheme, origin.port
    return {
        "HTTPPort": port if scheme == "http" else 80,
        "HTTPSPort": port if scheme == "https" else 443,
        "OriginProtocolPolicy": f"{scheme}-only",
        "OriginSslProtocols": items(["TLSv1.2"]),
        "OriginReadTimeout": int(origin.read_timeout),
        "OriginKeepaliveTimeout": int(origin.keepalive_timeout),
    }


def _behavior(behavior: Behavior, account: str) -> Form:
    form: Form = {
        "TargetOriginId": behavior.origin_group.name if behavior.origin_group else behavior.origin.name,
        "TrustedSigners": _NOBODY,
        "TrustedKeyGroups": _trusted(behavior.trusted_key_groups),
        "ViewerProtocolPolicy": behavior.viewer_protocol_policy,
        "AllowedMethods": {
            **items(sorted(behavior.allowed_methods)),
            "CachedMethods": items(sorted(behavior.cached_methods)),
        },
        "SmoothStreaming": False,
        "Compress": behavior.compress,
        **_associations(behavior, account),
        "FieldLevelEncryptionId": "",
        "CachePolicyId": behavior.cache_policy.id or behavior.cache_policy.name,
    }
    for key, policy in (
        ("OriginRequestPolicyId", behavior.origin_request_policy),
        ("ResponseHeadersPolicyId", behavior.response_headers_policy),
    ):
        if policy is not None:
            form[key] = policy.id or policy.name
    return form


def _associations(behavior: Behavior, account: str) -> Form:
    found = [(point, use) for point in Point if (use := behavior.function_at(point)) is not None]
    here = [use for use in found if use[1].function.runtime.startswith("cloudfront-js")]
    return {
        "LambdaFunctionAssociations": items(_lambda(use, account) for use in found if use not in here),
        "FunctionAssociations": items(
            {"FunctionARN": f"arn:aws:cloudfront::{account}:function/{use.function.name}", "EventType": str(point)}
            for point, use in here
        ),
    }


def _lambda(use: tuple[Point, Association], account: str) -> Form:
    point, association = use
    function = association.function
    return {
        "LambdaFunctionARN": f"arn:aws:lambda:us-east-1:{account}:function:{function.name}:{function.version}",
        "EventType": str(point),
        "IncludeBody": association.include_body,
    }
