"""What `aws cloudfront get-…` prints: distributions, with and without ETag, and policies beside them."""

from collections.abc import Iterable, Mapping
from typing import Final

from edgerun.config.importers.draft import tame
from edgerun.config.importers.estate import Code, Data, Estate
from edgerun.config.importers.node import Node
from edgerun.config.importers.report import Report

SPELLING: Final = "api"
# Where a policy stands in what the command line prints: wrapper, config; and its kind.
_POLICIES: Final = (
    ("CachePolicy", "CachePolicyConfig", "cache"),
    ("OriginRequestPolicy", "OriginRequestPolicyConfig", "origin_request"),
    ("ResponseHeadersPolicy", "ResponseHeadersPolicyConfig", "response_headers"),
)


def knows(data: Mapping[str, object]) -> bool:
    """Tell whether this is a distribution of the API."""
    inner = data.get("Distribution", data)
    config = inner.get("DistributionConfig", inner) if isinstance(inner, dict) else None
    return isinstance(config, dict) and "DefaultCacheBehavior" in config


def estate(root: Node, beside: Iterable[Node], report: Report) -> Estate:
    """Return what a distribution's file describes.

    Args:
        root: the file.
        beside: files that were given with it: policies, functions, keys and key groups.
        report: where faults go.
    """
    found = Estate()
    inner = root.get("Distribution") or root
    config = inner.get("DistributionConfig") or inner
    name = "default"
    found.distributions[name] = config
    identity = inner.get("Id")
    if identity is not None and identity.text:
        found.ids[name] = identity.text
    for each in beside:
        if not _read_policy(found, each) and not _read_other(found, each):
            known = "aws cloudfront get-cache-policy, get-origin-request-policy, get-response-headers-policy"
            report.refuse(each, f"is no policy: expected what {known}, get-public-key or get-key-group print")
    return found


def _read_policy(found: Estate, root: Node) -> bool:
    for wrapper, config, kind in _POLICIES:
        inner = root.get(wrapper) or root
        node = inner.get(config)
        if node is None:
            continue
        named = node.get("Name")
        identity = inner.get("Id")
        name = tame(named.text if named is not None else "policy")
        reference = identity.text if identity is not None and identity.text else root.place.file
        found.policies[kind][reference] = (name, node)
        return True
    return False


def _read_other(found: Estate, root: Node) -> bool:
    """Read what signed access and functions need."""
    key, group = root.get("PublicKey") or root, root.get("KeyGroup") or root
    summary = root.get("FunctionSummary") or root
    if (config := key.get("PublicKeyConfig")) is not None:
        identity, name = key.get("Id"), config.get("Name")
        text = identity.text if identity is not None else ""
        found.keys[text] = Data(
            node=config, name=name.text if name is not None else text, inline=config.get("EncodedKey"), id=text
        )
        return True
    if (config := group.get("KeyGroupConfig")) is not None:
        identity, name, items = group.get("Id"), config.get("Name"), config.get("Items")
        text = identity.text if identity is not None else ""
        found.key_groups[text] = (tame(name.text if name is not None else text), items or config)
        return True
    if (config := summary.get("FunctionConfig")) is not None:
        name = summary.get("Name")
        if name is not None:
            found.functions[name.text] = Code(
                node=summary, name=name.text, runtime=config.get("Runtime") or config.with_value("cloudfront-js-2.0")
            )
        return name is not None
    return False
