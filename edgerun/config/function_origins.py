"""Functions as origins: from a table to a value, and what is asked of a function at the edge but not here."""

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

from edgerun.config import raw
from edgerun.config.bench import Bench
from edgerun.config.faults import Key, shown
from edgerun.distribution.origins import FunctionOrigin
from edgerun.functions.function import Function

FUNCTION_TIMEOUT_AT_THE_EDGE: Final = 30


def served(tables: Mapping[str, raw.OriginTable]) -> frozenset[str]:
    """Return the names of the functions that are origins."""
    return frozenset(table.function for table in tables.values() if table.function is not None)


def function_origin(
    key: Key,
    table: raw.OriginTable,
    functions: Mapping[str, raw.FunctionTable],
    common: Mapping[str, Any],
    bench: Bench,
) -> FunctionOrigin | None:
    """Return an origin that is a function.

    Args:
        key: where its table stands.
        table: with `function`.
        functions: the tables of all functions.
        common: what all origins have.
        bench: where faults go.
    """
    name = table.function or ""
    if not bench.named((*key, "function"), name, "a function", functions):
        return None
    if table.multi_value and table.payload != "alb":
        bench.fault((*key, "multi_value"), "only an origin with payload = 'alb' has this key")
    runtime = functions[name].runtime or ""
    if runtime.startswith("cloudfront-js-"):
        bench.fault((*key, "function"), f"{shown(name)} is a CloudFront Function, which answers no requests of its own")
        return None
    if functions[name].timeout > table.read_timeout:
        what = f"CloudFront gives up after read_timeout, {table.read_timeout} s"
        bench.note((*key, "function"), f"{name!r} may take {functions[name].timeout} s, and {what}")
    digest = base64.b32encode(hashlib.sha256(str(common["name"]).encode()).digest()).decode().lower()
    balancer = re.sub(r"[^a-z0-9]+", "-", str(common["name"]).lower()).strip("-") or "app"
    own = {
        "function-url": f"{digest[:32]}.lambda-url.us-east-1.on.aws",
        "alb": f"{balancer}-{int(hashlib.sha256(digest.encode()).hexdigest(), 16) % 10**9}.us-east-1.elb.amazonaws.com",
    }
    return FunctionOrigin(
        **common,
        function=name,
        payload=table.payload,
        domain_name=(table.domain_name or own[table.payload]).lower(),
        multi_value=table.multi_value,
    )


def check_timeout(place: Key, timeout: int, bench: Bench) -> None:
    """Refuse a timeout that only an origin may have."""
    if timeout > FUNCTION_TIMEOUT_AT_THE_EDGE:
        bench.fault(
            place, f"expected 1 to {FUNCTION_TIMEOUT_AT_THE_EDGE}, got {timeout}; only an origin may take longer"
        )


def check_at_the_edge(place: Key, function: Function, bench: Bench) -> None:
    """Refuse at the four points what only a function behind an origin may have."""
    if function.timeout > FUNCTION_TIMEOUT_AT_THE_EDGE:
        said = f"function {function.name!r} has timeout {function.timeout:g}, and at the edge 30 seconds are the most"
        bench.fault(place, said)
    if function.environment and not function.deployed_as:
        said = f"function {function.name!r} has environment variables, and Lambda@Edge has none"
        if bench.strictness == "lenient":
            bench.note(place, f"forgiven: {said}")
        else:
            bench.fault(place, said)
