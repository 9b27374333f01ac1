"""Policies: from tables to values, and found by name or id."""

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Final, TypeVar

from edgerun.config import names, raw, shapes
from edgerun.config.bench import Bench
from edgerun.config.faults import Key, shown, suggestion
from edgerun.config.headers_policies import response_headers_policy
from edgerun.config.raw_headers import ResponseHeadersPolicyTable
from edgerun.distribution.headers_model import ResponseHeadersPolicy
from edgerun.distribution.managed import CACHE_POLICIES, ORIGIN_REQUEST_POLICIES, RESPONSE_HEADERS_POLICIES
from edgerun.distribution.model import NOTHING, CachePolicy, Choice, OriginRequestPolicy, Selection

PREFIX: Final = "Managed-"
MOST_NAMES: Final = 10
MOST_CHARACTERS: Final = 1024
DAY: Final = 86_400
YEAR: Final = 31_536_000

AnyPolicy = CachePolicy | OriginRequestPolicy | ResponseHeadersPolicy
Policy = TypeVar("Policy", CachePolicy, OriginRequestPolicy, ResponseHeadersPolicy)
Picked = str | list[str] | shapes.ExceptNames | shapes.AllViewerAnd
Check = Callable[[str], str]

_WORDS: Final = {
    "none": NOTHING,
    "all": Selection(choice=Choice.ALL),
    "all_viewer": Selection(choice=Choice.ALL_VIEWER),
}


def cache_policies(tables: Mapping[str, raw.CachePolicyTable], bench: Bench) -> dict[str, CachePolicy]:
    """Return the user's cache policies by name."""
    return {name: _cache_policy(name, table, bench) for name, table in tables.items()}


def origin_request_policies(
    tables: Mapping[str, raw.OriginRequestPolicyTable], bench: Bench
) -> dict[str, OriginRequestPolicy]:
    """Return the user's origin request policies by name."""
    return {name: _origin_request_policy(name, table, bench) for name, table in tables.items()}


def response_headers_policies(
    tables: Mapping[str, ResponseHeadersPolicyTable], bench: Bench
) -> dict[str, ResponseHeadersPolicy]:
    """Return the user's response headers policies by name."""
    found = {}
    for name, table in tables.items():
        key = ("response_headers_policies", name)
        _name(key, name, RESPONSE_HEADERS_POLICIES, bench)
        found[name] = response_headers_policy(key, name, table, bench)
    return found


def find_cache_policy(key: Key, name: str, own: Mapping[str, CachePolicy], bench: Bench) -> CachePolicy | None:
    """Return the cache policy of a name or managed id; an unknown one is a fault."""
    return _find(key, name, own, CACHE_POLICIES, bench)


def find_origin_request_policy(
    key: Key, name: str, own: Mapping[str, OriginRequestPolicy], bench: Bench
) -> OriginRequestPolicy | None:
    """Return the origin request policy of a name or managed id; an unknown one is a fault."""
    return _find(key, name, own, ORIGIN_REQUEST_POLICIES, bench)


def find_response_headers_policy(
    key: Key, name: str, own: Mapping[str, ResponseHeadersPolicy], bench: Bench
) -> ResponseHeadersPolicy | None:
    """Return the response headers policy of a name or managed id; an unknown one is a fault."""
    return _find(key, name, own, RESPONSE_HEADERS_POLICIES, bench)


def _find(key: Key, name: str, own: Mapping[str, Policy], managed: Iterable[Policy], bench: Bench) -> Policy | None:
    if name in own:
        return own[name]
    known: dict[str, Policy] = {}
    for policy in managed:
        known.update({policy.name: policy, PREFIX + policy.name: policy, policy.id: policy})
    if name in known:
        return known[name]
    words = [*own, *(word for word, policy in known.items() if word == policy.name)]
    near = suggestion(name, words) or suggestion(name, known) or f"; there are {', '.join(words)}"
    bench.fault(key, f"{shown(name)} is not a policy{near}")
    return None


def _cache_policy(name: str, table: raw.CachePolicyTable, bench: Bench) -> CachePolicy:
    key = ("cache_policies", name)
    _name(key, name, CACHE_POLICIES, bench)
    least, usual, most = _ttls(key, table, bench)
    policy = CachePolicy(
        name=name,
        min_ttl=least,
        default_ttl=usual,
        max_ttl=most,
        headers=_headers((*key, "headers"), table.headers, names.keyed_header, bench),
        cookies=_selection((*key, "cookies"), table.cookies, bench),
        query_strings=_selection((*key, "query_strings"), table.query_strings, bench),
        gzip=table.gzip,
        brotli=table.brotli,
    )
    if policy.disabled and any(
        part.choice is not Choice.NONE for part in (policy.headers, policy.cookies, policy.query_strings)
    ):
        bench.fault(key, "a policy whose TTLs are all 0 caches nothing and cannot name headers, cookies or queries")
    return policy


def _ttls(key: Key, table: raw.CachePolicyTable, bench: Bench) -> tuple[float, float, float]:
    """Return the three TTLs; absent ones follow §1.2."""
    least = table.min_ttl
    usual = max(DAY, least) if table.default_ttl is None else table.default_ttl
    most = max(YEAR, usual, least) if table.max_ttl is None else table.max_ttl
    if not least <= usual <= most:
        why = " (a day when left out)" if table.default_ttl is None else ""
        bench.fault(
            key, f"expected min_ttl ≤ default_ttl ≤ max_ttl, got min {least}, default {usual}{why}, max {most} seconds"
        )
    return float(least), float(usual), float(most)


def _origin_request_policy(name: str, table: raw.OriginRequestPolicyTable, bench: Bench) -> OriginRequestPolicy:
    key = ("origin_request_policies", name)
    _name(key, name, ORIGIN_REQUEST_POLICIES, bench)
    return OriginRequestPolicy(
        name=name,
        headers=_headers((*key, "headers"), table.headers, names.forwarded_header, bench),
        cookies=_selection((*key, "cookies"), table.cookies, bench),
        query_strings=_selection((*key, "query_strings"), table.query_strings, bench),
    )


def _name(key: Key, name: str, managed: Iterable[AnyPolicy], bench: Bench) -> None:
    bench.fault(key, names.table_name(name))
    if name.removeprefix(PREFIX) in {policy.name for policy in managed}:
        bench.note(key, "hides the managed policy of this name")


def _headers(key: Key, picked: Picked, listable: Check, bench: Bench) -> Selection:
    check = listable
    if isinstance(picked, shapes.AllViewerAnd):
        check = names.cloudfront_header
    elif isinstance(picked, shapes.ExceptNames):
        check = names.header_name
    for place, name in _places(key, picked):
        bench.fault(place, check(name))
    return _selection(key, picked, bench, fold=True)


def _places(key: Key, picked: Picked) -> Iterable[tuple[Key, str]]:
    match picked:
        case str():
            return ()
        case list():
            return (((*key, n), name) for n, name in enumerate(picked))
        case shapes.ExceptNames():
            return (((*key, "except", n), name) for n, name in enumerate(picked.names))
        case shapes.AllViewerAnd():
            return (((*key, "all_viewer", n), name) for n, name in enumerate(picked.names))


def _selection(key: Key, picked: Picked, bench: Bench, *, fold: bool = False) -> Selection:
    """Return what a policy picks of one kind; names are folded to lower case for headers."""
    if isinstance(picked, str):
        return _WORDS[picked]
    listed = picked if isinstance(picked, list) else picked.names
    for place, name in _places(key, picked):
        bench.fault(place, "" if name else "expected a name")
    if len(listed) > MOST_NAMES or len("".join(chain(listed))) > MOST_CHARACTERS:
        bench.note(key, f"CloudFront's quota is {MOST_NAMES} names of {MOST_CHARACTERS} characters together")
    bound = frozenset((name.lower() if fold else name).encode() for name in listed)
    match picked:
        case shapes.ExceptNames():
            return Selection(choice=Choice.EXCEPT, names=bound)
        case shapes.AllViewerAnd():
            return Selection(choice=Choice.ALL_VIEWER, names=bound)
        case _:
            return Selection(choice=Choice.ONLY, names=bound) if bound else NOTHING
