"""The `origin` of a request: as a function sees it, and as it may replace it (`spec/lambda-at-edge.md` §2.5, §3.5)."""

import re
from collections.abc import Callable, Collection
from typing import Any, Final, Literal, TypeGuard
from urllib.parse import quote

from edgerun.distribution.origins import OriginSpec
from edgerun.functions import limits
from edgerun.functions.lambda_headers import (
    BAD_IN_VALUE,
    ReturnedHeader,
    ReturnedHeaders,
    header_object,
    lines_of,
    member,
    read_headers,
)
from edgerun.functions.lambda_refusal import Judge, refused
from edgerun.http.headers import EMPTY, Headers
from edgerun.values import value

_LABELS: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*")
_DIGITS_AND_DOTS: Final = re.compile(r"[0-9.]+")
_ADDRESS: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}")
_DIGITS: Final = re.compile(r"[0-9]{1,6}")
_REQUEST_LINE: Final = re.compile(r"[!-~]*")
_REGION: Final = re.compile(r"[a-z]{2,3}(-[a-z]+)+-[0-9]")


def origin_object(origin: OriginSpec) -> dict[str, object]:
    """Return an origin as the event has it: one member, `custom` or `s3`."""
    custom_headers = header_object(origin.custom_headers)
    if origin.kind == "s3":
        # AWS: the field list names readTimeout for s3 since 2025, no published event has it (§13.19).
        return {
            "s3": {
                "authMethod": origin.auth_method,
                "customHeaders": custom_headers,
                "domainName": origin.domain_name,
                "path": origin.path,
                "region": origin.region,
            }
        }
    custom: dict[str, object] = {
        "customHeaders": custom_headers,
        "domainName": origin.domain_name,
        "keepaliveTimeout": origin.keepalive_timeout,
        "path": origin.path,
        "port": origin.port,
        "protocol": origin.protocol,
        "readTimeout": origin.read_timeout,
        "sslProtocols": list(origin.ssl_protocols),
    }
    if origin.response_completion_timeout is not None:
        custom["responseCompletionTimeout"] = origin.response_completion_timeout
    return {"custom": custom}


def without_custom_headers(headers: Headers, origin: OriginSpec | None) -> Headers:
    """Return request headers without those that an origin's custom headers override (§3.5)."""
    if origin is None or not origin.custom_headers:
        return headers
    return headers.without(*origin.custom_headers.names())


def read_origin(
    returned: object, *, sent: dict[str, Any], configured: OriginSpec, request_headers: Collection[str], judge: Judge
) -> OriginSpec:
    """Return the origin a function chose.

    Values equal to those sent are not checked: the configured origin is never refused.

    Args:
        returned: the result's `origin`.
        sent: the event's.
        configured: the origin behind `sent`.
        request_headers: lower-case names of the result's own `headers`.
        judge: decides what is forgiven.

    Raises:
        FunctionResultError: a field is out of its range, or a custom header is not allowed.
    """
    if returned == sent:
        path = f"origin.{configured.kind}.customHeaders"
        names = (name.decode("latin-1") for name in configured.custom_headers.names())
        _refuse_shadowed({name: member(path, name) for name in names}, request_headers, judge)
        return configured
    if not isinstance(returned, dict) or ("custom" in returned) == ("s3" in returned):
        raise refused("L601", "origin", returned)
    kind: Literal["custom", "s3"] = "custom" if "custom" in returned else "s3"
    fields = returned[kind]
    if not isinstance(fields, dict):
        raise refused("L601", f"origin.{kind}", fields)
    reading = _Reading(path=f"origin.{kind}", returned=fields, sent=sent.get(kind, {}), judge=judge)
    fallback = configured if configured.kind == kind else OriginSpec(kind=kind, domain_name="", auth_method="none")
    custom_headers = _read_custom_headers(reading, fallback, request_headers)
    if kind == "custom":
        return _read_custom(reading, fallback, custom_headers)
    return _read_s3(reading, fallback, custom_headers, switched=configured.kind != kind)


_Mend = Callable[[object], object]
"""Makes of a field's bad value a good one, or None."""


@value
class _Reading:
    """One origin being read: what came back, what had been sent, and where to warn."""

    path: str
    returned: dict[str, object]
    sent: dict[str, object]
    judge: Judge

    def field(
        self, name: str, rule: str, fallback: object, valid: Callable[[object], bool], mend: _Mend | None = None
    ) -> Any:
        """Return a field, checked if it differs from the one sent; the fallback, with a warning, if it is missing."""
        if name not in self.returned:
            self.judge.broken("L616", self.path, self.returned, note=f"{name} is missing, {fallback!r} is taken")
            return fallback
        return self.optional(name, rule, fallback, valid, mend)

    def optional(
        self, name: str, rule: str, fallback: object, valid: Callable[[object], bool], mend: _Mend | None = None
    ) -> Any:
        """Return a field that may be missing; `mend` makes of a bad one what the lenient level takes, or None."""
        if name not in self.returned:
            return fallback
        returned = self.returned[name]
        if not self.unchanged(name) and not valid(returned):
            mended = mend(returned) if mend is not None else None
            self.judge.broken(rule, f"{self.path}.{name}", returned, sense=mended is not None)
            return mended
        return returned

    def unchanged(self, name: str) -> bool:
        """Tell whether a field came back as it was sent; true is not 1."""
        missing = object()
        returned, sent = self.returned.get(name, missing), self.sent.get(name, missing)
        return type(returned) is type(sent) and returned == sent


def _read_custom(reading: _Reading, fallback: OriginSpec, custom_headers: Headers) -> OriginSpec:
    _refuse_missing_domain(reading)
    domain_name = reading.field("domainName", "L602", "", is_custom_domain, _address)
    path = reading.field("path", "L603", fallback.path, is_custom_path, _mended(is_custom_path, _slashed))
    port = reading.field("port", "L604", fallback.port, is_port, _mended(is_port, _number))
    known = _one_of(limits.ORIGIN_PROTOCOLS)
    protocol = reading.field("protocol", "L605", fallback.protocol, known, _mended(known, _small))
    ssl_protocols = reading.field(
        "sslProtocols", "L606", fallback.ssl_protocols, are_ssl_protocols, _mended(are_ssl_protocols, _known_only)
    )
    seconds = _mended(is_timeout, _number)
    read_timeout = reading.field("readTimeout", "L607", fallback.read_timeout, is_timeout, seconds)
    keepalive_timeout = reading.field("keepaliveTimeout", "L608", fallback.keepalive_timeout, is_timeout, seconds)
    completion = _completion_timeout(reading, None, read_timeout)
    return OriginSpec(
        kind="custom",
        domain_name=domain_name,
        path=path,
        custom_headers=custom_headers,
        port=port,
        protocol=protocol,
        read_timeout=read_timeout,
        keepalive_timeout=keepalive_timeout,
        ssl_protocols=tuple(ssl_protocols),
        response_completion_timeout=completion,
        connection_attempts=fallback.connection_attempts,
        connection_timeout=fallback.connection_timeout,
    )


def _read_s3(reading: _Reading, fallback: OriginSpec, custom_headers: Headers, *, switched: bool) -> OriginSpec:
    _refuse_missing_domain(reading)
    domain_name = reading.field("domainName", "L602", "", is_s3_domain, _mended(is_s3_domain, _small))
    path = reading.field("path", "L603", fallback.path, _is_s3_path, _mended(_is_s3_path, _slashed))
    auth_method = reading.field("authMethod", "L610", fallback.auth_method, _one_of(limits.ORIGIN_AUTH_METHODS))
    with_identity = auth_method == "origin-access-identity"
    if with_identity and switched:
        raise refused("L610", f"{reading.path}.authMethod", auth_method, note="the configured origin is custom")
    region = reading.optional("region", "L611", fallback.region, _is_region)
    if with_identity and not region and not (reading.unchanged("region") and reading.unchanged("authMethod")):
        raise refused("L611", f"{reading.path}.region", region)
    seconds = _mended(is_timeout, _number)
    read_timeout = reading.optional("readTimeout", "L607", fallback.read_timeout, is_timeout, seconds)
    completion = _completion_timeout(reading, fallback.response_completion_timeout, read_timeout)
    return OriginSpec(
        kind="s3",
        domain_name=domain_name,
        path=path if reading.unchanged("path") else quote(path, safe="/%!$&'()*+,;=:@~"),
        custom_headers=custom_headers,
        port=fallback.port,
        protocol=fallback.protocol,
        read_timeout=read_timeout,
        keepalive_timeout=fallback.keepalive_timeout,
        ssl_protocols=fallback.ssl_protocols,
        response_completion_timeout=completion,
        auth_method=auth_method,
        region=region,
        connection_attempts=fallback.connection_attempts,
        connection_timeout=fallback.connection_timeout,
    )


def _refuse_missing_domain(reading: _Reading) -> None:
    if "domainName" not in reading.returned:
        raise refused("L602", f"{reading.path}.domainName", None, note="it is missing")


def _completion_timeout(reading: _Reading, absent: int | None, read_timeout: int) -> int | None:
    """Return the time for the whole answer; 0 or absent in a custom origin is no limit."""
    name = "responseCompletionTimeout"

    def is_long_enough(seconds: object) -> bool:
        return is_integer(seconds) and (seconds == 0 or seconds >= read_timeout)

    seconds = reading.optional(name, "L609", absent, is_long_enough, _mended(is_long_enough, _number))
    if name in reading.returned and not reading.unchanged("readTimeout") and not is_long_enough(seconds):
        raise refused("L609", f"{reading.path}.{name}", seconds, note=f"readTimeout is {read_timeout}")
    return seconds or None


def _read_custom_headers(reading: _Reading, fallback: OriginSpec, request_headers: Collection[str]) -> Headers:
    """Return the custom headers, held to rules (1), (2), (3) and the quotas of §3.5."""
    path = f"{reading.path}.customHeaders"
    sent: Any = reading.sent.get("customHeaders", {})
    returned: Any = reading.returned.get("customHeaders", {})
    original = fallback.custom_headers if reading.sent else EMPTY
    headers = read_headers(returned, sent=sent, original=original, judge=reading.judge, path=path, rule="L612")
    headers = {
        name: header
        for name, header in headers.items()
        if not header.lines or (name in sent and returned[name] == sent[name]) or _is_allowed(header, reading.judge)
    }
    names = {key: h.path for n, h in headers.items() for key in (*h.keys, n) if h.lines}
    _refuse_shadowed(names, request_headers, reading.judge)
    if returned == sent:
        return original
    _refuse_too_many(path, headers)
    return Headers(lines_of(headers))


def _is_allowed(header: ReturnedHeader, judge: Judge) -> bool:
    """Tell whether a custom header is sent; one that is not allowed is refused, or left out."""
    for name in sorted(header.keys | {header.name}):
        if limits.is_disallowed(name):
            judge.broken("L613", header.path, name, name=name)
            return False
        if limits.is_denied_as_custom(name):
            judge.broken("L614", header.path, name, name=name)
            return False
    return True


def _refuse_shadowed(custom: dict[str, str], request_headers: Collection[str], judge: Judge) -> None:
    for name, path in custom.items():
        if name in request_headers:
            judge.broken("L615", path, name, name=name)


def _refuse_too_many(path: str, headers: ReturnedHeaders) -> None:
    lines = lines_of(headers)
    longest_name = max((len(name) for name in headers), default=0)
    longest_value = max((len(each) for header in headers.values() for each in header.texts), default=0)
    total = sum(len(name) + len(octets) for name, octets in lines)
    if (
        len(lines) > limits.CUSTOM_HEADERS
        or longest_name > limits.CUSTOM_NAME
        or longest_value > limits.CUSTOM_VALUE
        or total > limits.CUSTOM_TOTAL
    ):
        raise refused("L612", path, list(headers), note=f"{len(lines)} headers of {total} characters")


def _mended(valid: Callable[[object], bool], mend: _Mend) -> _Mend:
    """Return what mends a value, if the mended one is valid."""

    def mended(returned: object) -> object:
        better = mend(returned)
        return better if valid(better) else None

    return mended


def _number(returned: object) -> object:
    return int(returned) if isinstance(returned, str) and _DIGITS.fullmatch(returned) else None


def _small(returned: object) -> object:
    return returned.lower() if isinstance(returned, str) else None


def _slashed(returned: object) -> object:
    return "/" + returned.strip("/") if isinstance(returned, str) and returned.strip("/") else ""


def _known_only(returned: object) -> object:
    listed = returned if isinstance(returned, list) else [returned]
    return [each for each in listed if isinstance(each, str) and each in limits.ORIGIN_SSL_PROTOCOLS]


def _address(returned: object) -> object:
    return returned if isinstance(returned, str) and _ADDRESS.fullmatch(returned) else None


def is_integer(returned: object) -> TypeGuard[int]:
    return isinstance(returned, int) and not isinstance(returned, bool)


def _one_of(allowed: frozenset[str]) -> Callable[[object], bool]:
    return lambda returned: isinstance(returned, str) and returned in allowed


def is_port(returned: object) -> bool:
    return is_integer(returned) and (returned in limits.ORIGIN_PORTS or returned in limits.ORIGIN_HIGH_PORTS)


def is_timeout(returned: object) -> bool:
    return is_integer(returned) and returned in limits.ORIGIN_TIMEOUTS


def is_custom_domain(returned: object) -> bool:
    return (
        isinstance(returned, str)
        and len(returned) <= limits.CUSTOM_DOMAIN_CHARACTERS
        and _LABELS.fullmatch(returned) is not None
        and _DIGITS_AND_DOTS.fullmatch(returned) is None
    )


def is_s3_domain(returned: object) -> bool:
    return (
        is_custom_domain(returned)
        and isinstance(returned, str)
        and len(returned) <= limits.S3_DOMAIN_CHARACTERS
        and returned == returned.lower()
    )


def is_custom_path(returned: object) -> bool:
    return (
        isinstance(returned, str)
        and len(returned) <= limits.ORIGIN_PATH_CHARACTERS
        and _is_s3_path(returned)
        and _REQUEST_LINE.fullmatch(returned) is not None
        and "?" not in returned
        and "#" not in returned
    )


def _is_s3_path(returned: object) -> bool:
    return isinstance(returned, str) and (
        not returned
        or (returned.startswith("/") and not returned.endswith("/") and BAD_IN_VALUE.search(returned) is None)
    )


def are_ssl_protocols(returned: object) -> bool:
    return (
        isinstance(returned, list)
        and bool(returned)
        and all(isinstance(each, str) and each in limits.ORIGIN_SSL_PROTOCOLS for each in returned)
    )


def _is_region(returned: object) -> bool:
    return isinstance(returned, str) and (not returned or _REGION.fullmatch(returned) is not None)
