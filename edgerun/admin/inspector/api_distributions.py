"""Distributions as the inspector draws them, and which behavior takes a URL: the edge's own rules decide."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edgerun.admin.inspector.answering import answer, refusal
from edgerun.admin.inspector.shown import Shown
from edgerun.admin.questions import request_of
from edgerun.cache.key_parts import taken
from edgerun.distribution.forward import origin_spec
from edgerun.distribution.match import behavior_for, distribution_for, normalised, root_object, unreachable
from edgerun.distribution.model import (
    ALL_METHODS,
    Association,
    Behavior,
    CachePolicy,
    Config,
    Distribution,
    OriginRequestPolicy,
    Point,
)
from edgerun.distribution.origins import (
    BucketOrigin,
    DirectoryOrigin,
    FunctionOrigin,
    HttpOrigin,
    OriginConfig,
    place_of,
)
from edgerun.observe.tally import Tally


def distribution_routes(edge: Shown, tally: Tally) -> list[Route]:
    """Return the routes: all distributions, and which behavior takes a URL."""

    async def distributions(_: Request) -> Response:
        config = edge.config
        told = [distribution_told(each) for each in config.distributions]
        origins = {name: origin_told(each, tally) for name, each in config.origins.items()}
        return answer({"distributions": told, "origins": origins})

    async def match(request: Request) -> Response:
        config, url = edge.config, request.query_params.get("url", "")
        matches = matches_of(url, config)
        if isinstance(matches, str):
            return refusal(matches)
        return answer({"url": url, "matches": matches})

    return [Route("/api/distributions", distributions), Route("/api/distributions/match", match)]


def matches_of(url: str, config: Config) -> list[dict[str, Any]] | str:
    """Return which behavior takes a URL, or what is wrong with it.

    A path alone is asked of every distribution that is enabled, a whole URL of the one that answers its host.
    """
    request = request_of({"url": url}, config)
    if isinstance(request, str):
        return request
    asked = distribution_for(request.headers.get(b"host"), config.distributions)
    if url.startswith("/"):
        return [match_told(request.path, each) for each in config.distributions if each.enabled]
    return [match_told(request.path, asked)] if asked is not None else []


def match_told(path: bytes, distribution: Distribution) -> dict[str, Any]:
    """Return which behavior of a distribution takes a path: its place in the order in which they are tried."""
    seen = root_object(distribution) if path == b"/" else path
    behavior = behavior_for(seen, distribution)
    index = next(n for n, each in enumerate(distribution.all_behaviors) if each is behavior)
    return {
        "distribution": distribution.id,
        "name": distribution.name,
        "index": index,
        "path_pattern": behavior.path_pattern,
        "path": normalised(seen).decode("latin-1"),
    }


def distribution_told(distribution: Distribution) -> dict[str, Any]:
    """Return a distribution as it is drawn."""
    lost = unreachable([each.path_pattern for each in distribution.behaviors])
    geo, log = distribution.geo_restriction, distribution.access_log
    return {
        "id": distribution.id,
        "name": distribution.name,
        "domain_name": distribution.domain_name,
        "aliases": list(distribution.aliases),
        "enabled": distribution.enabled,
        "caching": distribution.caching,
        "default_root_object": distribution.default_root_object,
        "geo_restriction": None if geo is None else {"type": geo.restriction_type, "locations": sorted(geo.locations)},
        "access_log": None if log is None else log.path,
        "error_responses": [
            {
                "error_code": each.error_code,
                "response_code": each.response_code,
                "response_page_path": each.response_page_path,
                "error_caching_min_ttl": each.error_caching_min_ttl,
            }
            for _, each in sorted(distribution.error_responses.items())
        ],
        "behaviors": [
            behavior_told(each)
            | {"default": each is distribution.default_behavior, "unreachable": each.path_pattern in lost}
            for each in distribution.all_behaviors
        ],
    }


def behavior_told(behavior: Behavior) -> dict[str, Any]:
    """Return a behavior: what it takes, what it does, whom it asks."""
    group, headers = behavior.origin_group, behavior.response_headers_policy
    request_policy = behavior.origin_request_policy
    return {
        "path_pattern": behavior.path_pattern,
        "origin": behavior.origin.name,
        "origin_group": None
        if group is None
        else {
            "name": group.name,
            "primary": group.primary.name,
            "secondary": group.secondary.name,
            "status_codes": sorted(group.status_codes),
        },
        "cache_policy": cache_policy_told(behavior.cache_policy),
        "origin_request_policy": None
        if request_policy is None
        else {"name": request_policy.name, **selections_told(request_policy)},
        "response_headers_policy": None if headers is None else headers.name,
        "viewer_protocol_policy": behavior.viewer_protocol_policy,
        "allowed_methods": methods(behavior.allowed_methods),
        "cached_methods": methods(behavior.cached_methods),
        "compress": behavior.compress,
        "trusted_key_groups": [each.name for each in behavior.trusted_key_groups],
        "functions": {str(point): association_told(behavior.function_at(point)) for point in Point},
    }


def cache_policy_told(policy: CachePolicy) -> dict[str, Any]:
    """Return a cache policy: its TTLs in seconds, and what makes the key."""
    return {
        "name": policy.name,
        "disabled": policy.disabled,
        "min_ttl": policy.min_ttl,
        "default_ttl": policy.default_ttl,
        "max_ttl": policy.max_ttl,
        "gzip": policy.gzip,
        "brotli": policy.brotli,
        **selections_told(policy),
    }


def selections_told(policy: CachePolicy | OriginRequestPolicy) -> dict[str, str]:
    """Return what a policy takes of headers, cookies and query strings, in words."""
    return {name: taken(getattr(policy, name)) for name in ("headers", "cookies", "query_strings")}


def association_told(association: Association | None) -> dict[str, Any] | None:
    """Return a function at a point, None for none."""
    if association is None:
        return None
    function = association.function
    return {
        "name": function.name,
        "runtime": function.runtime,
        "cloudfront": association.of_cloudfront,
        "include_body": association.include_body,
    }


def methods(names: frozenset[str]) -> str:
    """Return methods in words."""
    return "all methods" if names == ALL_METHODS else ", ".join(sorted(names))


def origin_told(origin: OriginConfig, tally: Tally) -> dict[str, Any]:
    """Return an origin: what it is, where, and its last failure to answer, if there was one."""
    spec = origin_spec(origin)
    trouble = tally.origin((spec.domain_name, spec.port))
    failure = None
    if trouble is not None:
        failure = {"at": trouble.at, "count": trouble.count, "message": str(trouble.error)}
    return {
        "name": origin.name,
        "kind": kind_of(origin),
        "place": place_of(origin),
        "domain_name": origin.domain_name,
        "path": origin.path,
        "connection_attempts": origin.connection_attempts,
        "connection_timeout": origin.connection_timeout,
        "read_timeout": origin.read_timeout,
        "custom_headers": len(origin.custom_headers),
        "command": origin.command if isinstance(origin, HttpOrigin) else "",
        "failure": failure,
    }


def kind_of(origin: OriginConfig) -> str:
    """Return what an origin is, in a word or two."""
    match origin:
        case DirectoryOrigin():
            return "website folder" if origin.website else "folder"
        case HttpOrigin():
            return "HTTP server"
        case BucketOrigin():
            return "bucket"
        case FunctionOrigin():
            return "function URL" if origin.payload == "function-url" else "load balancer"
