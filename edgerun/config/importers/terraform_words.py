"""Terraform's words for CloudFront's: which block or argument is which key of CloudFormation.

An argument is written as its key, a single block as a pair of key and inner words, repeated blocks as a list of both.
A key of "" is what Terraform or AWS computes, or what has no meaning for serving.
"""

from typing import Final, TypeAlias

Shape: TypeAlias = "str | tuple[str, Words] | list[tuple[str, Words]]"
Words: TypeAlias = "dict[str, Shape]"


def _camel(*names: str) -> Words:
    return {name: "".join(part.capitalize() for part in name.split("_")) for name in names}


def _picked(kind: str, choice: str) -> tuple[str, Words]:
    return f"{kind}Config", {**_camel(choice), kind_of(kind): (kind, {"items": "Items"})}


def kind_of(kind: str) -> str:
    """Return Terraform's name of `Headers`, `Cookies` or `QueryStrings`."""
    return {"Headers": "headers", "Cookies": "cookies", "QueryStrings": "query_strings"}[kind]


_COMPUTED: Final[Words] = dict.fromkeys(("id", "arn", "etag", "tags", "tags_all", "last_modified_time", "region"), "")
_ITEMS: Final[Words] = {"items": "Items"}
_PICKS: Final[Words] = {
    "headers_config": _picked("Headers", "header_behavior"),
    "cookies_config": _picked("Cookies", "cookie_behavior"),
    "query_strings_config": _picked("QueryStrings", "query_string_behavior"),
}
_TIMEOUTS: Final[Words] = _camel("origin_read_timeout", "origin_keepalive_timeout")

_BEHAVIOR: Final[Words] = {
    **_camel("allowed_methods", "cached_methods", "cache_policy_id", "compress", "path_pattern", "target_origin_id"),
    **_camel("origin_request_policy_id", "response_headers_policy_id", "viewer_protocol_policy", "smooth_streaming"),
    **_camel("trusted_key_groups", "trusted_signers", "field_level_encryption_id", "realtime_log_config_arn"),
    "min_ttl": "MinTTL",
    "default_ttl": "DefaultTTL",
    "max_ttl": "MaxTTL",
    "grpc_config": ("GrpcConfig", {"enabled": "Enabled"}),
    "forwarded_values": (
        "ForwardedValues",
        {
            **_camel("headers", "query_string", "query_string_cache_keys"),
            "cookies": ("Cookies", _camel("forward", "whitelisted_names")),
        },
    ),
    "lambda_function_association": [
        (
            "LambdaFunctionAssociations",
            {"event_type": "EventType", "include_body": "IncludeBody", "lambda_arn": "LambdaFunctionARN"},
        )
    ],
    "function_association": [("FunctionAssociations", {"event_type": "EventType", "function_arn": "FunctionARN"})],
}

_ORIGIN: Final[Words] = {
    **_camel("domain_name", "origin_path", "connection_attempts", "connection_timeout", "origin_access_control_id"),
    **_camel("response_completion_timeout"),
    "origin_id": "Id",
    "custom_header": [("OriginCustomHeaders", {"name": "HeaderName", "value": "HeaderValue"})],
    "custom_origin_config": (
        "CustomOriginConfig",
        {
            **_TIMEOUTS,
            **_camel("origin_protocol_policy", "ip_address_type"),
            "http_port": "HTTPPort",
            "https_port": "HTTPSPort",
            "origin_ssl_protocols": "OriginSSLProtocols",
        },
    ),
    "s3_origin_config": ("S3OriginConfig", _camel("origin_access_identity")),
    "vpc_origin_config": ("VpcOriginConfig", {**_TIMEOUTS, **_camel("vpc_origin_id", "owner_account_id")}),
    "origin_shield": ("OriginShield", _camel("enabled", "origin_shield_region")),
}

DISTRIBUTION: Final[Words] = {
    **_COMPUTED,
    **dict.fromkeys(
        (
            *("caller_reference", "domain_name", "hosted_zone_id", "in_progress_validation_batches", "status"),
            *("trusted_key_groups", "trusted_signers", "retain_on_delete", "wait_for_deployment", "timeouts"),
            "logging_v1_enabled",
        ),
        "",
    ),
    **_camel("aliases", "comment", "default_root_object", "enabled", "http_version", "price_class", "staging"),
    **_camel("continuous_deployment_policy_id", "anycast_ip_list_id"),
    "web_acl_id": "WebACLId",
    "is_ipv6_enabled": "IPV6Enabled",
    "origin": [("Origins", _ORIGIN)],
    "origin_group": [
        (
            "OriginGroups",
            {
                "origin_id": "Id",
                "failover_criteria": ("FailoverCriteria", {"status_codes": "StatusCodes"}),
                "member": [("Members", {"origin_id": "OriginId"})],
            },
        )
    ],
    "default_cache_behavior": ("DefaultCacheBehavior", _BEHAVIOR),
    "ordered_cache_behavior": [("CacheBehaviors", _BEHAVIOR)],
    "custom_error_response": [
        (
            "CustomErrorResponses",
            {
                **_camel("error_code", "response_code", "response_page_path"),
                "error_caching_min_ttl": "ErrorCachingMinTTL",
            },
        )
    ],
    "restrictions": (
        "Restrictions",
        {"geo_restriction": ("GeoRestriction", _camel("restriction_type", "locations"))},
    ),
    "viewer_certificate": (
        "ViewerCertificate",
        _camel("acm_certificate_arn", "iam_certificate_id", "cloudfront_default_certificate", "ssl_support_method")
        | _camel("minimum_protocol_version"),
    ),
    "logging_config": ("Logging", _camel("bucket", "include_cookies", "prefix")),
}

CACHE_POLICY: Final[Words] = {
    **_COMPUTED,
    **_camel("name", "comment"),
    "min_ttl": "MinTTL",
    "default_ttl": "DefaultTTL",
    "max_ttl": "MaxTTL",
    "parameters_in_cache_key_and_forwarded_to_origin": (
        "ParametersInCacheKeyAndForwardedToOrigin",
        {**_camel("enable_accept_encoding_gzip", "enable_accept_encoding_brotli"), **_PICKS},
    ),
}

ORIGIN_REQUEST_POLICY: Final[Words] = {**_COMPUTED, **_camel("name", "comment"), **_PICKS}


def _listed(*names: str) -> Words:
    return {name: ("".join(part.capitalize() for part in name.split("_")), _ITEMS) for name in names}


RESPONSE_HEADERS_POLICY: Final[Words] = {
    **_COMPUTED,
    **_camel("name", "comment"),
    "cors_config": (
        "CorsConfig",
        {
            **_listed("access_control_allow_origins", "access_control_allow_headers", "access_control_allow_methods"),
            **_listed("access_control_expose_headers"),
            **_camel("access_control_allow_credentials", "access_control_max_age_sec", "origin_override"),
        },
    ),
    "security_headers_config": (
        "SecurityHeadersConfig",
        {
            "strict_transport_security": (
                "StrictTransportSecurity",
                _camel("access_control_max_age_sec", "include_subdomains", "preload", "override"),
            ),
            "content_type_options": ("ContentTypeOptions", _camel("override")),
            "frame_options": ("FrameOptions", _camel("frame_option", "override")),
            "referrer_policy": ("ReferrerPolicy", _camel("referrer_policy", "override")),
            "content_security_policy": ("ContentSecurityPolicy", _camel("content_security_policy", "override")),
            "xss_protection": ("XSSProtection", _camel("mode_block", "override", "protection", "report_uri")),
        },
    ),
    "custom_headers_config": (
        "CustomHeadersConfig",
        {"items": [("Items", _camel("header", "value", "override"))]},
    ),
    "remove_headers_config": ("RemoveHeadersConfig", {"items": [("Items", _camel("header"))]}),
    "server_timing_headers_config": ("ServerTimingHeadersConfig", _camel("enabled", "sampling_rate")),
}
