"""CloudFront's words and ours: which key of CloudFormation is which native one (`spec/cloudfront.md` §1.1 to §1.3).

Every key that CloudFront knows is in a table, so that any other is a mistake. The tables know nothing of a direction.
"""

from typing import Final, Literal

from edgerun.values import value

Spelling = Literal["api", "cloudformation"]
Kind = Literal["text", "integer", "number", "flag", "texts", "own"]


@value
class Word:
    """One key.

    Attributes:
        theirs: its name in CloudFormation.
        api: its name in the API, where that is another.
        ours: its native name; "" where it has none of its own.
        kind: what it holds; `own` is translated by code.
        required: whether CloudFront demands it.
        ignored: why it means nothing here.
        refused: why its presence cannot be passed over; only if it asks for something (`harmless`).
    """

    theirs: str
    api: str = ""
    ours: str = ""
    kind: Kind = "text"
    required: bool = False
    ignored: str = ""
    refused: str = ""

    def spelled(self, spelling: "Spelling") -> str:
        """Return its name in the API or in CloudFormation."""
        return self.api or self.theirs if spelling == "api" else self.theirs


Table = tuple[Word, ...]

_COMMENT: Final = Word(theirs="Comment", ignored="is for people only")
_BILLING: Final = "is about where and what AWS bills"
_NOT_YET: Final = "is not supported by this version of edgerun"


def _own(*names: str) -> Table:
    return tuple(Word(theirs=name, kind="own") for name in names)


def _ignored(why: str, *names: str) -> Table:
    return tuple(Word(theirs=name, kind="own", ignored=why) for name in names)


def _refused(*names: str) -> Table:
    return tuple(Word(theirs=name, kind="own", refused=_NOT_YET) for name in names)


DISTRIBUTION: Final[Table] = (
    Word(theirs="Aliases", ours="aliases", kind="own"),
    Word(theirs="CNAMEs", ours="aliases", kind="own"),
    Word(theirs="DefaultRootObject", ours="default_root_object"),
    Word(theirs="Enabled", ours="enabled", kind="flag"),
    Word(theirs="DefaultCacheBehavior", ours="default_behavior", kind="own", required=True),
    Word(theirs="CacheBehaviors", ours="behaviors", kind="own"),
    Word(theirs="CustomErrorResponses", ours="error_responses", kind="own"),
    Word(theirs="Origins", ours="origins", kind="own", required=True),
    Word(theirs="OriginGroups", ours="origin_groups", kind="own"),
    Word(theirs="Restrictions", ours="geo_restriction", kind="own"),
    _COMMENT,
    *_ignored("is AWS's own", "CallerReference", "AnycastIpListId"),
    *_ignored(_BILLING, "PriceClass"),
    *_ignored("access logs go to a bucket there; here [access_log] says where they go", "Logging"),
    *_ignored("certificates are not taken from AWS", "ViewerCertificate", "ViewerMtlsConfig"),
    *_ignored("the firewall is on AWS only", "WebACLId"),
    *_ignored("the protocols to viewers are the server's", "HttpVersion"),
    Word(theirs="IPV6Enabled", api="IsIPV6Enabled", kind="own", ignored="the protocols to viewers are the server's"),
    *_ignored("is about deploying", "ContinuousDeploymentPolicyId", "Staging"),
    *_ignored("is AWS's default", "ConnectionMode"),
    *_ignored("cache tags have [store] tag_header", "CacheTagConfig"),
    *_refused("TenantConfig", "ConnectionFunctionAssociation", "CustomOrigin", "S3Origin"),
)

BEHAVIOR: Final[Table] = (
    Word(theirs="PathPattern", ours="path_pattern"),
    Word(theirs="TargetOriginId", ours="origin", kind="own", required=True),
    Word(theirs="ViewerProtocolPolicy", ours="viewer_protocol_policy", required=True),
    Word(theirs="AllowedMethods", ours="allowed_methods", kind="own"),
    Word(theirs="CachedMethods", ours="cached_methods", kind="texts"),
    Word(theirs="Compress", ours="compress", kind="flag"),
    Word(theirs="CachePolicyId", ours="cache_policy", kind="own"),
    Word(theirs="OriginRequestPolicyId", ours="origin_request_policy", kind="own"),
    Word(theirs="ResponseHeadersPolicyId", ours="response_headers_policy", kind="own"),
    Word(theirs="TrustedKeyGroups", ours="trusted_key_groups", kind="own"),
    *_own("LambdaFunctionAssociations", "FunctionAssociations"),
    *_own("ForwardedValues", "MinTTL", "DefaultTTL", "MaxTTL"),
    *_ignored("logs go to a stream there", "RealtimeLogConfigArn"),
    *_ignored("is for Microsoft Smooth Streaming", "SmoothStreaming"),
    *_refused("TrustedSigners", "GrpcConfig", "FieldLevelEncryptionId"),
)

ORIGIN: Final[Table] = (
    Word(theirs="Id", kind="own", required=True),
    Word(theirs="DomainName", ours="domain_name", kind="own", required=True),
    Word(theirs="OriginPath", ours="path", kind="own"),
    Word(theirs="OriginCustomHeaders", api="CustomHeaders", ours="custom_headers", kind="own"),
    Word(theirs="ConnectionAttempts", ours="connection_attempts", kind="integer"),
    Word(theirs="ConnectionTimeout", ours="connection_timeout", kind="integer"),
    Word(theirs="ResponseCompletionTimeout", ours="response_completion_timeout", kind="integer"),
    *_own("CustomOriginConfig", "S3OriginConfig", "VpcOriginConfig"),
    *_ignored("is one more layer of cache on AWS", "OriginShield"),
    *_ignored("a local folder needs no credentials", "OriginAccessControlId"),
)

CUSTOM_ORIGIN: Final[Table] = (
    Word(theirs="HTTPPort", kind="own"),
    Word(theirs="HTTPSPort", kind="own"),
    Word(theirs="OriginProtocolPolicy", kind="own", required=True),
    Word(theirs="OriginReadTimeout", ours="read_timeout", kind="integer"),
    Word(theirs="OriginKeepaliveTimeout", ours="keepalive_timeout", kind="integer"),
    Word(theirs="OriginSSLProtocols", api="OriginSslProtocols", kind="own", ignored="is the machine's"),
    *_ignored("is the machine's", "IpAddressType"),
    *_refused("OriginMtlsConfig"),
)

S3_ORIGIN: Final[Table] = (
    Word(theirs="OriginReadTimeout", ours="read_timeout", kind="integer"),
    *_ignored("a local folder needs no credentials", "OriginAccessIdentity"),
)

VPC_ORIGIN: Final[Table] = (
    Word(theirs="OriginReadTimeout", ours="read_timeout", kind="integer"),
    Word(theirs="OriginKeepaliveTimeout", ours="keepalive_timeout", kind="integer"),
    *_ignored("a private network is on AWS only", "VpcOriginId", "OwnerAccountId"),
)

ERROR_RESPONSE: Final[Table] = (
    Word(theirs="ErrorCode", ours="error_code", kind="integer", required=True),
    Word(theirs="ResponseCode", ours="response_code", kind="own"),
    Word(theirs="ResponsePagePath", ours="response_page_path", kind="own"),
    Word(theirs="ErrorCachingMinTTL", ours="error_caching_min_ttl", kind="integer"),
)

CACHE_POLICY: Final[Table] = (
    Word(theirs="Name", kind="own"),
    _COMMENT,
    Word(theirs="MinTTL", ours="min_ttl", kind="integer"),
    Word(theirs="DefaultTTL", ours="default_ttl", kind="integer"),
    Word(theirs="MaxTTL", ours="max_ttl", kind="integer"),
    Word(theirs="ParametersInCacheKeyAndForwardedToOrigin", kind="own", required=True),
)

CACHE_KEY: Final[Table] = (
    Word(theirs="EnableAcceptEncodingGzip", ours="gzip", kind="flag"),
    Word(theirs="EnableAcceptEncodingBrotli", ours="brotli", kind="flag"),
    *_own("HeadersConfig", "CookiesConfig", "QueryStringsConfig"),
)

ORIGIN_REQUEST_POLICY: Final[Table] = (
    Word(theirs="Name", kind="own"),
    _COMMENT,
    *_own("HeadersConfig", "CookiesConfig", "QueryStringsConfig"),
)

# What a policy picks: key of the choice, key of its names, native key.
PICKS: Final = {
    "HeadersConfig": ("HeaderBehavior", "Headers", "headers"),
    "CookiesConfig": ("CookieBehavior", "Cookies", "cookies"),
    "QueryStringsConfig": ("QueryStringBehavior", "QueryStrings", "query_strings"),
}
# CloudFront's choices, and how we write them: a word, or a form for the names.
CHOICES: Final = {
    "none": "none",
    "all": "all",
    "allViewer": "all_viewer",
    "whitelist": "{names}",
    "allExcept": "{except}",
    "allViewerAndWhitelistCloudFront": "{all_viewer}",
}

RESPONSE_HEADERS_POLICY: Final[Table] = (
    Word(theirs="Name", kind="own"),
    _COMMENT,
    Word(theirs="CorsConfig", ours="cors", kind="own"),
    Word(theirs="SecurityHeadersConfig", ours="security", kind="own"),
    Word(theirs="CustomHeadersConfig", ours="custom", kind="own"),
    Word(theirs="RemoveHeadersConfig", ours="remove", kind="own"),
    Word(theirs="ServerTimingHeadersConfig", ours="server_timing", kind="own"),
)

CORS: Final[Table] = (
    Word(theirs="AccessControlAllowOrigins", ours="allow_origins", kind="texts", required=True),
    Word(theirs="AccessControlAllowHeaders", ours="allow_headers", kind="texts", required=True),
    Word(theirs="AccessControlAllowMethods", ours="allow_methods", kind="texts", required=True),
    Word(theirs="AccessControlAllowCredentials", ours="allow_credentials", kind="flag", required=True),
    Word(theirs="AccessControlExposeHeaders", ours="expose_headers", kind="texts"),
    Word(theirs="AccessControlMaxAgeSec", ours="max_age", kind="integer"),
    Word(theirs="OriginOverride", ours="origin_override", kind="flag", required=True),
)

_OVERRIDE: Final = Word(theirs="Override", ours="override", kind="flag", required=True)

# Name of the table in CloudFront, native name, keys.
SECURITY: Final[tuple[tuple[str, str, Table], ...]] = (
    (
        "StrictTransportSecurity",
        "strict_transport_security",
        (
            Word(theirs="AccessControlMaxAgeSec", ours="max_age", kind="integer", required=True),
            Word(theirs="IncludeSubdomains", ours="include_subdomains", kind="flag"),
            Word(theirs="Preload", ours="preload", kind="flag"),
            _OVERRIDE,
        ),
    ),
    ("ContentTypeOptions", "content_type_options", (_OVERRIDE,)),
    (
        "FrameOptions",
        "frame_options",
        (Word(theirs="FrameOption", ours="frame_option", required=True), _OVERRIDE),
    ),
    (
        "ReferrerPolicy",
        "referrer_policy",
        (Word(theirs="ReferrerPolicy", ours="referrer_policy", required=True), _OVERRIDE),
    ),
    (
        "ContentSecurityPolicy",
        "content_security_policy",
        (Word(theirs="ContentSecurityPolicy", ours="content_security_policy", required=True), _OVERRIDE),
    ),
    (
        "XSSProtection",
        "xss_protection",
        (
            Word(theirs="Protection", ours="protection", kind="flag", required=True),
            Word(theirs="ModeBlock", ours="mode_block", kind="flag"),
            Word(theirs="ReportUri", ours="report_uri"),
            _OVERRIDE,
        ),
    ),
)

CUSTOM_HEADER: Final[Table] = (
    Word(theirs="Header", ours="header", required=True),
    Word(theirs="Value", ours="value", required=True),
    _OVERRIDE,
)

SERVER_TIMING: Final[Table] = (
    Word(theirs="Enabled", ours="enabled", kind="flag", required=True),
    Word(theirs="SamplingRate", ours="sampling_rate", kind="number"),
)

ASSOCIATION: Final[Table] = _own("EventType", "LambdaFunctionARN", "FunctionARN", "IncludeBody")
FORWARDED: Final[Table] = _own("QueryString", "Cookies", "Headers", "QueryStringCacheKeys")
FUNCTION_CONFIG: Final[Table] = (
    _COMMENT,
    Word(theirs="Runtime", ours="runtime", required=True),
    Word(theirs="KeyValueStoreAssociations", ours="key_value_store", kind="own"),
)
