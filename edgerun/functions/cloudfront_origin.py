"""The origin that a CloudFront Function chooses by `cf.…` at viewer-request (`spec/cloudfront-functions.md` §4).

The last call counts. What it does not give is inherited: from the behavior's origin, or from the selected one.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from edgerun.distribution.choice import OriginChoice
from edgerun.distribution.failover import FAILOVER_STATUSES
from edgerun.distribution.origins import OriginSpec
from edgerun.functions import limits
from edgerun.functions.cloudfront_entries import member
from edgerun.functions.lambda_headers import BAD_IN_VALUE, TOKEN, default_key
from edgerun.functions.lambda_origin import (
    are_ssl_protocols,
    is_custom_domain,
    is_custom_path,
    is_integer,
    is_port,
    is_s3_domain,
    is_timeout,
)
from edgerun.functions.lambda_refusal import Judge, refused
from edgerun.http.headers import Headers

UPDATE: Final = "updateRequestOrigin"
SELECT: Final = "selectRequestOriginById"
GROUP: Final = "createRequestOriginGroup"

_S3_NAME: Final = re.compile(r"(?:.+\.)?s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?")
_ADDRESS: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}")
_OVERRIDES: Final = frozenset({"hostHeader", "sni", "allowedCertificateNames"})
_PROPERTIES: Final = _OVERRIDES | {
    *("domainName", "originPath", "customHeaders", "connectionAttempts", "originShield", "mTLSConfig"),
    *("originAccessControlConfig", "timeouts", "customOriginConfig"),
}
_CERTIFICATE_NAMES: Final = 20
_CERTIFICATE_NAME: Final = 64


def read_calls(
    calls: Collection[Mapping[str, Any]],
    *,
    configured: OriginSpec,
    origins: Mapping[str, OriginSpec],
    request_headers: frozenset[str],
    judge: Judge,
) -> OriginChoice:
    """Return the origin that a run's calls chose.

    Args:
        calls: `method` and `params` of each call, in order; one at least.
        configured: the behavior's origin.
        origins: all that may be selected, by name.
        request_headers: lower-case names of the request's own headers, as the function left them.
        judge: decides what is forgiven.

    Raises:
        FunctionResultError: an argument breaks a rule.
    """
    chosen = OriginChoice(spec=configured)
    for call in calls:
        method, params = str(call.get("method")), call.get("params")
        if not isinstance(params, dict):
            raise refused("C608", f"cf.{method}", params)
        match method:
            case "updateRequestOrigin":
                chosen = _updated(params, configured, request_headers, judge)
            case "selectRequestOriginById":
                rest = {name: given for name, given in params.items() if name != "originId"}
                chosen = _selected(params.get("originId"), rest, f"cf.{method}", origins, judge)
            case "createRequestOriginGroup":
                chosen = _grouped(params, origins, judge)
            case _:
                judge.broken("C609", f"cf.{method}", params)
    return chosen


# ------------------------------------------------------------------------------ updateRequestOrigin


def _updated(params: dict[str, Any], spec: OriginSpec, request_headers: frozenset[str], judge: Judge) -> OriginChoice:
    path = f"cf.{UPDATE}"
    _check_known(params, _PROPERTIES, path, judge)
    spec = _with_kind(spec, params)
    domain = params.get("domainName")
    if domain is not None:
        spec = replace(spec, domain_name=_domain(domain, f"{path}.domainName", judge, s3=spec.kind == "s3"))
    if "originPath" in params:
        folder = params["originPath"]
        valid = folder == "" or (folder != "/" and is_custom_path(folder))
        _check(valid, "C603", f"{path}.originPath", folder)
        spec = replace(spec, path=folder)
    if "customHeaders" in params:
        spec = replace(spec, custom_headers=_custom_headers(params["customHeaders"], path))
        _refuse_shadowed(spec, request_headers, path)
    if "connectionAttempts" in params:
        attempts = _number(params["connectionAttempts"], range(1, 4), f"{path}.connectionAttempts")
        spec = replace(spec, connection_attempts=attempts)
    spec = _with_connection(spec, params, path)
    spec = _with_timeouts(spec, params, path)
    _check_the_rest(params, path)
    _check_overrides(params, path)
    return OriginChoice(spec=spec, host=_host(params, path, judge) or domain or "")


def _with_kind(spec: OriginSpec, params: dict[str, Any]) -> OriginSpec:
    """Return a spec of the kind that the properties make of it: settings of the other kind do not carry over."""
    domain, own = params.get("domainName"), params.get("customOriginConfig")
    kind = spec.kind
    if own is not None:
        kind = "custom"
    elif isinstance(domain, str) and _S3_NAME.fullmatch(domain):
        kind = "s3"
    if kind == spec.kind:
        return spec
    return OriginSpec(
        kind=kind,
        domain_name=spec.domain_name,
        path=spec.path,
        custom_headers=spec.custom_headers,
        connection_attempts=spec.connection_attempts,
        connection_timeout=spec.connection_timeout,
    )


def _with_connection(spec: OriginSpec, params: dict[str, Any], path: str) -> OriginSpec:
    own = params.get("customOriginConfig")
    if own is None:
        return spec
    place = f"{path}.customOriginConfig"
    if not isinstance(own, dict):
        raise refused("C608", place, own)
    for name in ("port", "protocol", "sslProtocols"):
        if name not in own:
            raise refused("C608", f"{place}.{name}", None)
    _check(is_port(own["port"]), "C607", f"{place}.port", own["port"])
    _check(own["protocol"] in ("http", "https"), "C607", f"{place}.protocol", own["protocol"])
    _check(are_ssl_protocols(own["sslProtocols"]), "C607", f"{place}.sslProtocols", own["sslProtocols"])
    family = own.get("ipAddressType")
    if family is not None:
        known = family in ("ipv4", "ipv6", "dualstack") and "domainName" in params
        _check(known, "C607", f"{place}.ipAddressType", family)
    return replace(spec, port=own["port"], protocol=own["protocol"], ssl_protocols=tuple(own["sslProtocols"]))


def _with_timeouts(spec: OriginSpec, params: dict[str, Any], path: str) -> OriginSpec:
    given, place = params.get("timeouts", {}), f"{path}.timeouts"
    if not isinstance(given, dict):
        raise refused("C608", place, given)
    for name in given.keys() - {"readTimeout", "responseCompletionTimeout", "keepAliveTimeout", "connectionTimeout"}:
        raise refused("C609", f"{place}.{name}", given[name])
    read = given.get("readTimeout", spec.read_timeout)
    idle = given.get("keepAliveTimeout", spec.keepalive_timeout)
    whole = given.get("responseCompletionTimeout", spec.response_completion_timeout)
    connect = given.get("connectionTimeout", spec.connection_timeout)
    _check(is_timeout(read), "C607", f"{place}.readTimeout", read)
    _check(is_timeout(idle), "C607", f"{place}.keepAliveTimeout", idle)
    _check(is_integer(connect) and 1 <= connect <= 10, "C607", f"{place}.connectionTimeout", connect)
    long_enough = whole is None or (is_integer(whole) and whole >= read)
    _check(long_enough, "C607", f"{place}.responseCompletionTimeout", whole)
    return replace(
        spec,
        read_timeout=read,
        keepalive_timeout=idle,
        response_completion_timeout=whole,
        connection_timeout=connect,
    )


def _custom_headers(given: object, path: str) -> Headers:
    place = f"{path}.customHeaders"
    if not isinstance(given, dict):
        raise refused("C604", place, given)
    for name, content in given.items():
        shaped = isinstance(content, str) and TOKEN.fullmatch(name) and name == name.lower()
        fits = len(name) <= limits.CUSTOM_NAME and len(str(content)) <= limits.CUSTOM_VALUE
        if not shaped or not fits or BAD_IN_VALUE.search(content):
            raise refused("C604", member(place, name), content)
        if limits.is_disallowed(name) or limits.is_denied_as_custom(name):
            raise refused("C605", member(place, name), content)
    total = sum(len(name) + len(content) for name, content in given.items())
    if len(given) > limits.CUSTOM_HEADERS or total > limits.CUSTOM_TOTAL:
        raise refused("C604", place, list(given), note=f"{len(given)} headers of {total} characters")
    return Headers((default_key(name).encode(), content.encode()) for name, content in given.items())


def _refuse_shadowed(spec: OriginSpec, request_headers: frozenset[str], path: str) -> None:
    for name in spec.custom_headers.names():
        if name.decode("latin-1") in request_headers:
            raise refused("C606", member(f"{path}.customHeaders", name.decode("latin-1")), name.decode("latin-1"))


def _check_the_rest(params: dict[str, Any], path: str) -> None:
    """Check what has no effect here: shields, access control and client certificates are AWS's own."""
    shield = params.get("originShield")
    if shield is not None:
        place = f"{path}.originShield"
        if not isinstance(shield, dict) or not isinstance(shield.get("enabled"), bool):
            raise refused("C608", place, shield)
        if shield["enabled"] and not isinstance(shield.get("region"), str):
            raise refused("C608", f"{place}.region", shield.get("region"))
    control = params.get("originAccessControlConfig")
    if control is not None:
        _check_access_control(control, f"{path}.originAccessControlConfig")
    if "mTLSConfig" in params:
        _check(params["mTLSConfig"] == "off", "C607", f"{path}.mTLSConfig", params["mTLSConfig"])


def _check_access_control(control: object, path: str) -> None:
    if not isinstance(control, dict) or not isinstance(control.get("enabled"), bool):
        raise refused("C608", path, control)
    for name, allowed in (
        ("signingBehavior", ("always", "never", "no-override")),
        ("signingProtocol", ("sigv4",)),
        ("originType", ("s3", "mediapackagev2", "mediastore", "lambda")),
    ):
        if control["enabled"] or name in control:
            _check(control.get(name) in allowed, "C607", f"{path}.{name}", control.get(name))


# ------------------------------------------------------------------------------ selectRequestOriginById, group


def _selected(
    name: object, overrides: object, path: str, origins: Mapping[str, OriginSpec], judge: Judge
) -> OriginChoice:
    if not isinstance(name, str) or name not in origins:
        known = f"there are {', '.join(sorted(origins))}" if origins else ""
        raise refused("C610", f"{path}.originId", name, note=known)
    if not isinstance(overrides, dict):
        raise refused("C608", f"{path}.originOverrides", overrides)
    _check_known(overrides, _OVERRIDES, path, judge)
    _check_overrides(overrides, path)
    return OriginChoice(spec=origins[name], origin=name, host=_host(overrides, path, judge) or "")


def _grouped(params: dict[str, Any], origins: Mapping[str, OriginSpec], judge: Judge) -> OriginChoice:
    path = f"cf.{GROUP}"
    _check_known(params, frozenset({"originIds", "selectionCriteria", "failoverCriteria"}), path, judge)
    members = params.get("originIds")
    if not isinstance(members, list) or len(members) != 2 or not all(isinstance(each, dict) for each in members):
        raise refused("C611", f"{path}.originIds", members)
    criteria = params.get("selectionCriteria", "default")
    _check(criteria in ("default", "media-quality-score"), "C611", f"{path}.selectionCriteria", criteria)
    failover = params.get("failoverCriteria")
    codes = failover.get("statusCodes") if isinstance(failover, dict) else None
    known = isinstance(codes, list) and bool(codes) and all(is_integer(each) for each in codes)
    if not known or not FAILOVER_STATUSES.issuperset(codes or ()):
        raise refused("C611", f"{path}.failoverCriteria.statusCodes", codes)
    first, second = (
        _selected(each.get("originId"), each.get("originOverrides", {}), f"{path}.originIds[{n}]", origins, judge)
        for n, each in enumerate(members)
    )
    return replace(first, secondary=second, failover=frozenset(codes or ()))


# ------------------------------------------------------------------------------ parts


def _check_known(given: Mapping[str, Any], known: frozenset[str], path: str, judge: Judge) -> None:
    for name in given:
        if name not in known:
            judge.broken("C609", f"{path}.{name}", given[name])


def _check_overrides(given: Mapping[str, Any], path: str) -> None:
    """Check what names the server in the TLS handshake; here the domain name does."""
    sni = given.get("sni")
    _check(sni is None or is_custom_domain(sni), "C602", f"{path}.sni", sni)
    names = given.get("allowedCertificateNames")
    if names is not None:
        few = isinstance(names, list) and len(names) <= _CERTIFICATE_NAMES
        short = few and all(isinstance(each, str) and 0 < len(each) <= _CERTIFICATE_NAME for each in names)
        _check(short, "C607", f"{path}.allowedCertificateNames", names)


def _host(given: Mapping[str, Any], path: str, judge: Judge) -> str | None:
    host = given.get("hostHeader")
    return None if host is None else _domain(host, f"{path}.hostHeader", judge, s3=False)


def _domain(given: object, path: str, judge: Judge, *, s3: bool) -> str:
    valid: Callable[[object], bool] = is_s3_domain if s3 else is_custom_domain
    if not valid(given):
        judge.broken("C602", path, given, sense=isinstance(given, str) and _ADDRESS.fullmatch(given) is not None)
    return str(given)


def _number(given: object, allowed: range, path: str) -> int:
    if not is_integer(given) or given not in allowed:
        raise refused("C607", path, given)
    return given


def _check(kept: bool, rule: str, path: str, given: object) -> None:
    if not kept:
        raise refused(rule, path, given)
