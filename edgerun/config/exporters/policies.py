"""Policies and keys as CloudFormation resources (`spec/cloudfront.md` §1.2, §1.3)."""

from typing import Any, Final

from edgerun.distribution.headers_model import Cors, ResponseHeadersPolicy, Security
from edgerun.distribution.model import CachePolicy, Choice, KeyGroup, OriginRequestPolicy, PublicKey, Selection

Form = dict[str, Any]

_BEHAVIORS: Final = {
    Choice.NONE: "none",
    Choice.ALL: "all",
    Choice.ONLY: "whitelist",
    Choice.EXCEPT: "allExcept",
    Choice.ALL_VIEWER: "allViewer",
}


def cache_policy(policy: CachePolicy, name: str) -> Form:
    """Return an `AWS::CloudFront::CachePolicy`."""
    config = {
        "Name": name,
        "MinTTL": policy.min_ttl,
        "DefaultTTL": policy.default_ttl,
        "MaxTTL": policy.max_ttl,
        "ParametersInCacheKeyAndForwardedToOrigin": {
            "EnableAcceptEncodingGzip": policy.gzip,
            "EnableAcceptEncodingBrotli": policy.brotli,
            "HeadersConfig": _chosen("Header", policy.headers),
            "CookiesConfig": _chosen("Cookie", policy.cookies),
            "QueryStringsConfig": _chosen("QueryString", policy.query_strings),
        },
    }
    return resource("CachePolicy", {"CachePolicyConfig": config})


def origin_request_policy(policy: OriginRequestPolicy, name: str) -> Form:
    """Return an `AWS::CloudFront::OriginRequestPolicy`."""
    config = {
        "Name": name,
        "HeadersConfig": _chosen("Header", policy.headers),
        "CookiesConfig": _chosen("Cookie", policy.cookies),
        "QueryStringsConfig": _chosen("QueryString", policy.query_strings),
    }
    return resource("OriginRequestPolicy", {"OriginRequestPolicyConfig": config})


def response_headers_policy(policy: ResponseHeadersPolicy, name: str) -> Form:
    """Return an `AWS::CloudFront::ResponseHeadersPolicy`."""
    config: Form = {"Name": name}
    if policy.cors is not None:
        config["CorsConfig"] = _cors(policy.cors)
    if policy.security is not None:
        config["SecurityHeadersConfig"] = _security(policy.security)
    if policy.custom:
        custom = [{"Header": each.header, "Value": each.value, "Override": each.override} for each in policy.custom]
        config["CustomHeadersConfig"] = {"Items": custom}
    if policy.remove:
        config["RemoveHeadersConfig"] = {"Items": [{"Header": name.decode()} for name in sorted(policy.remove)]}
    if policy.server_timing is not None:
        timing = policy.server_timing
        config["ServerTimingHeadersConfig"] = {"Enabled": timing.enabled, "SamplingRate": timing.sampling_rate}
    return resource("ResponseHeadersPolicy", {"ResponseHeadersPolicyConfig": config})


def public_key(key: PublicKey) -> Form:
    """Return an `AWS::CloudFront::PublicKey`."""
    config = {"CallerReference": key.name, "Name": key.name, "EncodedKey": key.pem.decode("ascii", "replace")}
    return resource("PublicKey", {"PublicKeyConfig": config})


def key_group(group: KeyGroup, keys: list[Form]) -> Form:
    """Return an `AWS::CloudFront::KeyGroup` of references to keys."""
    return resource("KeyGroup", {"KeyGroupConfig": {"Name": group.name, "Items": keys}})


def resource(kind: str, properties: Form) -> Form:
    """Return a resource of CloudFront's."""
    return {"Type": f"AWS::CloudFront::{kind}", "Properties": properties}


def _chosen(kind: str, selection: Selection) -> Form:
    names = [name.decode("latin-1") for name in sorted(selection.names)]
    behavior = _BEHAVIORS[selection.choice]
    if selection.choice is Choice.ALL_VIEWER and names:
        behavior = "allViewerAndWhitelistCloudFront"
    form: Form = {f"{kind}Behavior": behavior}
    return form | {f"{kind}s": names} if names else form


def _cors(cors: Cors) -> Form:
    form: Form = {
        "AccessControlAllowOrigins": {"Items": list(cors.allow_origins)},
        "AccessControlAllowHeaders": {"Items": list(cors.allow_headers)},
        "AccessControlAllowMethods": {"Items": list(cors.allow_methods)},
        "AccessControlAllowCredentials": cors.allow_credentials,
        "OriginOverride": cors.origin_override,
    }
    if cors.expose_headers:
        form["AccessControlExposeHeaders"] = {"Items": list(cors.expose_headers)}
    if cors.max_age is not None:
        form["AccessControlMaxAgeSec"] = cors.max_age
    return form


def _security(security: Security) -> Form:
    form: Form = {}
    if (sts := security.strict_transport_security) is not None:
        form["StrictTransportSecurity"] = {
            "AccessControlMaxAgeSec": sts.max_age,
            "IncludeSubdomains": sts.include_subdomains,
            "Preload": sts.preload,
            "Override": sts.override,
        }
    if (options := security.content_type_options) is not None:
        form["ContentTypeOptions"] = {"Override": options.override}
    if (frame := security.frame_options) is not None:
        form["FrameOptions"] = {"FrameOption": frame.frame_option, "Override": frame.override}
    if (referrer := security.referrer_policy) is not None:
        form["ReferrerPolicy"] = {"ReferrerPolicy": referrer.referrer_policy, "Override": referrer.override}
    if (csp := security.content_security_policy) is not None:
        form["ContentSecurityPolicy"] = {
            "ContentSecurityPolicy": csp.content_security_policy,
            "Override": csp.override,
        }
    if (xss := security.xss_protection) is not None:
        form["XSSProtection"] = {"Protection": xss.protection, "Override": xss.override}
        if xss.mode_block:
            form["XSSProtection"]["ModeBlock"] = True
        if xss.report_uri:
            form["XSSProtection"]["ReportUri"] = xss.report_uri
    return form
