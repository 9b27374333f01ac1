"""Distributions: their behaviors, error pages and hosts."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from edgerun.config import custom, names, private, raw, shapes
from edgerun.config.access_log import access_log
from edgerun.config.bench import Bench, frozen
from edgerun.config.cloudfront_functions import check_association, check_kinds
from edgerun.config.faults import Key, shown
from edgerun.config.function_origins import check_at_the_edge
from edgerun.config.policies import find_cache_policy, find_origin_request_policy, find_response_headers_policy
from edgerun.distribution.headers_model import ResponseHeadersPolicy
from edgerun.distribution.latitude import STANDARD, Rfc9111
from edgerun.distribution.match import unreachable
from edgerun.distribution.model import (
    ALL_METHODS,
    READ_METHODS,
    Association,
    Behavior,
    CachePolicy,
    Distribution,
    ErrorResponse,
    KeyGroup,
    OriginRequestPolicy,
    Point,
)
from edgerun.distribution.origins import FunctionOrigin, OriginConfig, OriginGroup, is_bucket
from edgerun.functions.function import Function

METHOD_SETS: Final = (READ_METHODS, READ_METHODS | {"OPTIONS"}, ALL_METHODS)
VIEWER_MEMORY: Final = 128
QUOTAS: Final = {"behaviors": 75, "aliases": 100}

_VIEWER_POINTS: Final = (Point.VIEWER_REQUEST, Point.VIEWER_RESPONSE)
_RESPONSE_POINTS: Final = (Point.ORIGIN_RESPONSE, Point.VIEWER_RESPONSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What behaviors refer to; the tables tell names that exist from those that could not be made."""

    file: raw.FileTable
    origins: Mapping[str, OriginConfig]
    origin_groups: Mapping[str, OriginGroup]
    functions: Mapping[str, Function]
    cache_policies: Mapping[str, CachePolicy]
    origin_request_policies: Mapping[str, OriginRequestPolicy]
    response_headers_policies: Mapping[str, ResponseHeadersPolicy]
    key_groups: Mapping[str, KeyGroup]


def distribution(key: Key, name: str, table: raw.DistributionTable, parts: Parts, bench: Bench) -> Distribution | None:
    """Return one distribution, or None if its default behavior could not be made."""
    bench.fault((*key, "default_root_object"), names.root_object(table.default_root_object))
    _check_own(key, table, bench)
    _check_caching(key, table, bench)
    pages = _error_responses((*key, "error_responses"), table, bench)
    made = [_behavior((*key, "behaviors", n), each, parts, bench) for n, each in enumerate(table.behaviors)]
    if table.default_behavior is None:
        bench.fault((*key, "default_behavior"), "is missing")
        return None
    default = _behavior((*key, "default_behavior"), table.default_behavior, parts, bench)
    if default is None:
        return None
    digest = base64.b32encode(hashlib.sha256(name.encode()).digest()).decode()
    return Distribution(
        name=name,
        id=table.id or f"E{digest[:13]}",
        domain_name=f"d{digest[13:26].lower()}.cloudfront.net",
        default_behavior=default,
        behaviors=tuple(behavior for behavior in made if behavior is not None),
        aliases=tuple(alias.lower() for alias in table.aliases),
        default_root_object=table.default_root_object,
        enabled=table.enabled,
        geo_restriction=private.geo_restriction((*key, "geo_restriction"), table.geo_restriction, bench),
        error_responses=frozen(pages),
        access_log=access_log((*key, "access_log"), table.access_log, bench),
        cache_status="detailed" if table.cache_status == "detailed" else "short" if table.cache_status else "",
        caching=table.caching,
        rfc9111=_rfc9111((*key, "rfc9111"), table, bench),
    )


def _rfc9111(key: Key, table: raw.DistributionTable, bench: Bench) -> Rfc9111:
    given = table.rfc9111
    if given is None:
        return STANDARD
    if table.caching != "rfc9111":
        bench.fault(key, "counts only with caching = 'rfc9111'")
    for n, name in enumerate(given.targeted_fields):
        bench.fault((*key, "targeted_fields", n), names.header_name(name))
    return Rfc9111(
        targeted_fields=tuple(name.lower().encode("latin-1", "replace") for name in given.targeted_fields),
        default_ttl=None if given.default_ttl is None else float(given.default_ttl),
        max_stale=float(given.max_stale),
        request_directives=given.request_directives,
        set_cookie=given.set_cookie,
        stale_beside_s_maxage=given.stale_beside_s_maxage,
    )


NOT_OF_HTTP: Final = ("allowed_methods", "cached_methods", "origin_request_policy")


def _check_caching(key: Key, table: raw.DistributionTable, bench: Bench) -> None:
    """Say what is configured and does not count where HTTP's own rules do."""
    if table.caching != "rfc9111":
        return
    behaviors: list[tuple[Key, raw.DefaultBehaviorTable]] = [
        ((*key, "behaviors", n), behavior) for n, behavior in enumerate(table.behaviors)
    ]
    if table.default_behavior is not None:
        behaviors.append(((*key, "default_behavior"), table.default_behavior))
    for place, behavior in behaviors:
        for word in NOT_OF_HTTP:
            if word in behavior.model_fields_set:
                bench.note((*place, word), "does not count with caching = 'rfc9111'")
    for n, page in enumerate(table.error_responses):
        if "error_caching_min_ttl" in page.model_fields_set:
            place = (*key, "error_responses", n, "error_caching_min_ttl")
            bench.note(place, "does not count with caching = 'rfc9111'")


def _check_own(key: Key, table: raw.DistributionTable, bench: Bench) -> None:
    if table.id is not None and not (table.id.isascii() and table.id.isalnum() and len(table.id) <= 64):
        bench.fault((*key, "id"), f"expected letters and digits, such as 'E2EXAMPLE', got {shown(table.id)}")
    for n, alias in enumerate(table.aliases):
        bench.fault((*key, "aliases", n), names.alias(alias))
    _check_patterns((*key, "behaviors"), [behavior.path_pattern for behavior in table.behaviors], bench)
    for word, most in QUOTAS.items():
        if len(getattr(table, word)) > most:
            bench.note((*key, word), f"CloudFront's quota is {most} per distribution")


def _check_patterns(key: Key, patterns: list[str], bench: Bench) -> None:
    for n, pattern in enumerate(patterns):
        bench.fault((*key, n, "path_pattern"), names.path_pattern(pattern))
        if pattern in patterns[:n]:
            bench.fault(
                (*key, n, "path_pattern"), f"{shown(pattern)} is there already, in behaviors[{patterns.index(pattern)}]"
            )
    lost = len(unreachable(patterns))
    for n in range(len(patterns) - lost, len(patterns)):
        before = patterns[len(patterns) - lost - 1]
        bench.note((*key, n, "path_pattern"), f"{patterns[n]!r} never matches, because {before!r} stands before it")


def _error_responses(key: Key, table: raw.DistributionTable, bench: Bench) -> dict[int, ErrorResponse]:
    pages: dict[int, ErrorResponse] = {}
    for n, entry in enumerate(table.error_responses):
        place = (*key, n)
        if entry.error_code in pages:
            bench.fault((*place, "error_code"), f"{entry.error_code} is there already")
        if (entry.response_code is None) != (entry.response_page_path is None):
            bench.fault(place, "expected 'response_code' and 'response_page_path' together, or neither")
        if entry.response_page_path is not None:
            bench.fault((*place, "response_page_path"), names.page_path(entry.response_page_path))
        pages[entry.error_code] = ErrorResponse(
            error_code=entry.error_code,
            response_code=entry.response_code,
            response_page_path=entry.response_page_path or "",
            error_caching_min_ttl=float(entry.error_caching_min_ttl),
        )
    return pages


def _behavior(key: Key, table: raw.DefaultBehaviorTable, parts: Parts, bench: Bench) -> Behavior | None:
    known = {**parts.file.origins, **parts.file.origin_groups}
    kind = "an origin or an origin group" if parts.file.origin_groups else "an origin"
    bench.named((*key, "origin"), table.origin, kind, known)
    group = parts.origin_groups.get(table.origin)
    origin = parts.origins.get(table.origin) if group is None else group.primary
    policy = find_cache_policy((*key, "cache_policy"), table.cache_policy, parts.cache_policies, bench)
    forwarded = table.origin_request_policy and find_origin_request_policy(
        (*key, "origin_request_policy"), table.origin_request_policy, parts.origin_request_policies, bench
    )
    decorated = table.response_headers_policy and find_response_headers_policy(
        (*key, "response_headers_policy"), table.response_headers_policy, parts.response_headers_policies, bench
    )
    allowed, cached = _methods(key, table, bench)
    uses = {point: _association(key, point, table, parts, bench) for point in Point}
    check_kinds(key, uses, bench)
    if origin is None or policy is None:
        return None
    for each in (origin,) if group is None else (origin, group.secondary):
        _check_host(key, each, policy, bench)
    if table.compress and (policy.disabled or not (policy.gzip or policy.brotli)):
        why = "caches nothing" if policy.disabled else "has neither gzip nor brotli"
        bench.note((*key, "compress"), f"compresses nothing, because the cache policy {policy.name!r} {why}")
    return Behavior(
        path_pattern=table.path_pattern if isinstance(table, raw.BehaviorTable) else "*",
        origin=origin,
        cache_policy=policy,
        origin_group=group,
        origin_request_policy=forwarded or None,
        response_headers_policy=decorated or None,
        viewer_protocol_policy=table.viewer_protocol_policy,
        allowed_methods=allowed,
        cached_methods=cached,
        compress=table.compress,
        trusted_key_groups=private.trusted(
            (*key, "trusted_key_groups"), table.trusted_key_groups, parts.key_groups, bench
        ),
        viewer_request=uses[Point.VIEWER_REQUEST],
        origin_request=uses[Point.ORIGIN_REQUEST],
        origin_response=uses[Point.ORIGIN_RESPONSE],
        viewer_response=uses[Point.VIEWER_RESPONSE],
    )


def _check_host(key: Key, origin: OriginConfig, policy: CachePolicy, bench: Bench) -> None:
    if isinstance(origin, FunctionOrigin) and origin.payload == "function-url" and b"host" in policy.headers.names:
        bench.note((*key, "cache_policy"), f"{policy.name!r} sends Host to the origin, which a function's URL refuses")
    if is_bucket(origin) and b"host" in policy.headers.names:
        bench.note((*key, "cache_policy"), f"{policy.name!r} sends Host to the origin, which S3 on AWS refuses")


def _methods(key: Key, table: raw.DefaultBehaviorTable, bench: Bench) -> tuple[frozenset[str], frozenset[str]]:
    allowed = ALL_METHODS if table.allowed_methods == "all" else frozenset(table.allowed_methods)
    cached = frozenset(table.cached_methods)
    if allowed not in METHOD_SETS:
        bench.fault(
            (*key, "allowed_methods"),
            "expected [GET, HEAD], [GET, HEAD, OPTIONS] or 'all', got " + _method_list(table.allowed_methods),
        )
    if cached not in METHOD_SETS[:2]:
        bench.fault(
            (*key, "cached_methods"), "expected [GET, HEAD] or [GET, HEAD, OPTIONS], got " + _method_list(cached)
        )
    elif allowed in METHOD_SETS and not cached <= allowed:
        bench.fault((*key, "cached_methods"), "OPTIONS is cached only where allowed_methods has it")
    return allowed, cached


def _method_list(methods: str | list[str] | frozenset[str]) -> str:
    words = sorted(word[:20] if word.isprintable() else repr(word[:20]) for word in methods)
    return f"[{', '.join(words[:10])}]"


def _association(
    key: Key, point: Point, table: raw.DefaultBehaviorTable, parts: Parts, bench: Bench
) -> Association | None:
    word = point.replace("-", "_")
    use: str | shapes.FunctionUse | None = getattr(table, word)
    if use is None:
        return None
    place: Key = (*key, word)
    if isinstance(use, str):
        use = shapes.FunctionUse(function=use)
    if use.include_body and point in _RESPONSE_POINTS:
        # AWS: spec/lambda-at-edge.md §9.7
        bench.fault(place, "The IncludeBody option can only be used with viewer-request or origin-request events.")
    bench.named(place, use.function, "a function", parts.file.functions)
    function = parts.functions.get(use.function)
    if function is None:
        return None
    check_association(place, point, function, use.include_body, bench)
    _check_memory(place, point, function, bench)
    custom.check_at_the_edge(place, function, bench)
    check_at_the_edge(place, function, bench)
    return Association(function=function, include_body=use.include_body)


def _check_memory(place: Key, point: Point, function: Function, bench: Bench) -> None:
    if point not in _VIEWER_POINTS or function.memory <= VIEWER_MEMORY:
        return
    # AWS: two pages contradict each other, spec/lambda-at-edge.md §13.10.
    said = f"function {function.name!r} has {function.memory} MB, and one AWS page allows 128 MB at viewer events"
    if bench.strictness == "pedantic":
        bench.fault(place, said)
    else:
        bench.note(place, said)


def check_hosts(found: Mapping[Key, Distribution], bench: Bench) -> None:
    """Check what no two distributions may share: id, aliases, and the hosts that nobody claims."""
    ids: dict[str, str] = {}
    aliases: dict[str, str] = {}
    catch_all = ""
    for key, one in found.items():
        if ids.setdefault(one.id, one.name) != one.name:
            bench.fault((*key, "id"), f"{one.id!r} is the id of distribution {ids[one.id]!r}")
        for n, alias in enumerate(one.aliases):
            if alias in one.aliases[:n] or aliases.setdefault(alias, one.name) != one.name:
                bench.fault((*key, "aliases", n), f"{shown(alias)} is an alias of {aliases[alias]!r} already")
        if not one.aliases and catch_all:
            bench.note(key, f"answers {one.domain_name} only, because {catch_all!r} takes all other hosts")
        catch_all = catch_all or ("" if one.aliases else one.name)
