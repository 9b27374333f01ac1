"""Response headers policies: from their tables to values."""

import re
from typing import Final

from edgerun.config import names
from edgerun.config import raw_headers as raw
from edgerun.config.bench import Bench
from edgerun.config.faults import Key, listed, shown, suggestion
from edgerun.distribution.headers_model import (
    ContentSecurityPolicy,
    ContentTypeOptions,
    Cors,
    CustomHeader,
    FrameOptions,
    ReferrerPolicy,
    ResponseHeadersPolicy,
    Security,
    ServerTiming,
    StrictTransportSecurity,
    XssProtection,
)
from edgerun.distribution.headers_policy import is_removable
from edgerun.distribution.model import ALL_METHODS

LONGEST_VALUE: Final = 1783
MOST_CUSTOM: Final = 10
DECIMALS: Final = 4
METHODS: Final = (*sorted(ALL_METHODS), "ALL")

_ORIGIN: Final = re.compile(
    r"\*|(?:[A-Za-z][A-Za-z0-9+.-]*://)?(?:\*|(?:\*\.)?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\])"
    r"(?::[0-9*]{1,5})?"
)
# Those that have a place of their own in a policy.
_ELSEWHERE: Final = {
    "strict-transport-security": "security",
    "x-content-type-options": "security",
    "x-frame-options": "security",
    "referrer-policy": "security",
    "content-security-policy": "security",
    "x-xss-protection": "security",
    **{
        f"access-control-{part}": "cors"
        for part in (
            "allow-origin",
            "allow-credentials",
            "expose-headers",
            "allow-methods",
            "allow-headers",
            "max-age",
        )
    },
    "server-timing": "server_timing",
}


def response_headers_policy(
    key: Key, name: str, table: raw.ResponseHeadersPolicyTable, bench: Bench
) -> ResponseHeadersPolicy:
    """Return the policy of a table."""
    if not (table.cors or table.security or table.custom or table.remove or table.server_timing):
        bench.note(key, "changes nothing: it has none of cors, security, custom, remove and server_timing")
    for n, header in enumerate(table.remove):
        bench.fault((*key, "remove", n), removable(header))
    return ResponseHeadersPolicy(
        name=name,
        cors=_cors((*key, "cors"), table.cors, bench),
        security=_security((*key, "security"), table.security, bench),
        custom=_custom((*key, "custom"), table.custom, bench),
        remove=frozenset(header.lower().encode() for header in table.remove),
        server_timing=_server_timing((*key, "server_timing"), table.server_timing, bench),
    )


def _cors(key: Key, table: raw.CorsTable | None, bench: Bench) -> Cors | None:
    if table is None:
        return None
    for n, origin in enumerate(table.allow_origins):
        bench.fault((*key, "allow_origins", n), allowed_origin(origin))
    if len(", ".join(table.allow_origins)) > LONGEST_VALUE:
        bench.fault((*key, "allow_origins"), f"expected at most {LONGEST_VALUE} characters altogether")
    for n, method in enumerate(table.allow_methods):
        if method not in METHODS:
            near = suggestion(method, METHODS)
            bench.fault((*key, "allow_methods", n), f"expected {listed(METHODS)}, got {shown(method)}{near}")
    for word in ("allow_headers", "expose_headers"):
        for n, header in enumerate(getattr(table, word)):
            bench.fault((*key, word, n), names.header_name(header))
    wide = [word for word in ("allow_origins", "allow_headers", "expose_headers") if "*" in getattr(table, word)]
    if table.allow_credentials and wide:
        bench.note((*key, wide[0]), "browsers take '*' for a mere name when allow_credentials is true")
    return Cors(
        allow_origins=tuple(table.allow_origins),
        allow_headers=tuple(table.allow_headers),
        allow_methods=tuple(table.allow_methods),
        allow_credentials=table.allow_credentials,
        expose_headers=tuple(table.expose_headers),
        max_age=table.max_age,
        origin_override=table.origin_override,
    )


def allowed_origin(text: str) -> str:
    """Check an entry of `allow_origins` (§11.1)."""
    if _ORIGIN.fullmatch(text):
        return ""
    if "*" in text:
        return (
            f"in {shown(text)}, '*' may only stand for the whole first label or in the port: 'http://*.example.com:*'"
        )
    return f"{shown(text)} is not an origin such as 'https://example.com'"


def _security(key: Key, table: raw.SecurityTable | None, bench: Bench) -> Security | None:
    if table is None:
        return None
    return Security(
        strict_transport_security=_transport(table.strict_transport_security),
        content_type_options=_options(table.content_type_options),
        frame_options=_frame(table.frame_options),
        referrer_policy=_referrer(table.referrer_policy),
        content_security_policy=_content((*key, "content_security_policy"), table.content_security_policy, bench),
        xss_protection=_xss((*key, "xss_protection"), table.xss_protection, bench),
    )


def _transport(table: raw.StrictTransportSecurityTable | None) -> StrictTransportSecurity | None:
    if table is None:
        return None
    return StrictTransportSecurity(
        max_age=table.max_age,
        include_subdomains=table.include_subdomains,
        preload=table.preload,
        override=table.override,
    )


def _options(table: raw.ContentTypeOptionsTable | None) -> ContentTypeOptions | None:
    return None if table is None else ContentTypeOptions(override=table.override)


def _frame(table: raw.FrameOptionsTable | None) -> FrameOptions | None:
    return None if table is None else FrameOptions(frame_option=table.frame_option, override=table.override)


def _referrer(table: raw.ReferrerPolicyTable | None) -> ReferrerPolicy | None:
    return None if table is None else ReferrerPolicy(referrer_policy=table.referrer_policy, override=table.override)


def _content(key: Key, table: raw.ContentSecurityPolicyTable | None, bench: Bench) -> ContentSecurityPolicy | None:
    if table is None:
        return None
    text, place = table.content_security_policy, (*key, "content_security_policy")
    bench.fault(place, names.header_value(text) if text else "expected a policy such as \"default-src 'self'\"")
    if len(text) > LONGEST_VALUE:
        bench.fault(place, f"expected at most {LONGEST_VALUE} characters, got {len(text)}")
    return ContentSecurityPolicy(content_security_policy=text, override=table.override)


def _xss(key: Key, table: raw.XssProtectionTable | None, bench: Bench) -> XssProtection | None:
    if table is None:
        return None
    if table.report_uri is not None:
        good = table.report_uri and " " not in table.report_uri
        bench.fault((*key, "report_uri"), names.header_value(table.report_uri) if good else "expected a URI")
        if table.mode_block:
            bench.fault((*key, "report_uri"), "expected 'mode_block' or 'report_uri', not both")
    if not table.protection and (table.mode_block or table.report_uri):
        bench.note(key, "'mode_block' and 'report_uri' mean nothing when protection is false")
    return XssProtection(
        protection=table.protection,
        mode_block=table.mode_block,
        report_uri=table.report_uri or "",
        override=table.override,
    )


def _custom(key: Key, tables: list[raw.CustomHeaderTable], bench: Bench) -> tuple[CustomHeader, ...]:
    if len(tables) > MOST_CUSTOM:
        bench.note(key, f"CloudFront's quota is {MOST_CUSTOM} headers per policy")
    seen: set[str] = set()
    for n, table in enumerate(tables):
        lower = table.header.lower()
        bench.fault((*key, n, "header"), addable(table.header))
        bench.fault((*key, n, "value"), names.header_value(table.value))
        if lower in seen:
            bench.fault((*key, n, "header"), f"{shown(table.header)} is there already")
        if lower in _ELSEWHERE:
            bench.note((*key, n, "header"), f"CloudFront wants {shown(table.header)} under {_ELSEWHERE[lower]!r}")
        seen.add(lower)
    return tuple(CustomHeader(header=table.header, value=table.value, override=table.override) for table in tables)


def removable(text: str) -> str:
    """Check a header that a policy removes (§11.4)."""
    return names.header_name(text) if is_removable(text) else f"CloudFront does not allow {shown(text)} to be removed"


def addable(text: str) -> str:
    """Check a header that a policy adds: what CloudFront keeps to itself is not to be set either."""
    return names.header_name(text) if is_removable(text) else f"CloudFront does not allow {shown(text)} to be set"


def _server_timing(key: Key, table: raw.ServerTimingTable | None, bench: Bench) -> ServerTiming | None:
    if table is None:
        return None
    rate = table.sampling_rate
    if round(rate, DECIMALS) != rate:
        bench.fault((*key, "sampling_rate"), f"expected at most {DECIMALS} decimals, got {shown(rate)}")
    return ServerTiming(enabled=table.enabled, sampling_rate=float(rate))
