"""Behaviors without policies: `ForwardedValues` and TTLs as policies that do the same (`spec/cloudfront.md` §1.1)."""

from collections.abc import Mapping
from typing import Any, Final

from edgerun.config.faults import Key
from edgerun.config.importers import words
from edgerun.config.importers.draft import Draft
from edgerun.config.importers.node import Node

DISABLED: Final = "CachingDisabled"
TTLS: Final = {"MinTTL": ("min_ttl", 0), "DefaultTTL": ("default_ttl", 86_400), "MaxTTL": ("max_ttl", 31_536_000)}
_COOKIES: Final = (
    words.Word(theirs="Forward", kind="own", required=True),
    words.Word(theirs="WhitelistedNames", kind="own"),
)


def write(draft: Draft, key: Key, name: str, own: Mapping[str, Node], *, compress: bool) -> None:
    """Write the policies of a behavior that has none, under a name, and what refers to them.

    Args:
        draft: the native form.
        key: the behavior's.
        name: for the policies.
        own: the behavior's nodes.
        compress: whether it compresses: then, and only then, Accept-Encoding is normalised, for gzip alone.
    """
    node = own["ForwardedValues"]
    inside = draft.translate(node, words.FORWARDED, (*key, "cache_policy"))
    ttls = {ours: _ttl(draft, own.get(theirs), usual) for theirs, (ours, usual) in TTLS.items()}
    if "DefaultTTL" not in own:
        ttls["default_ttl"] = max(ttls["min_ttl"], min(ttls["default_ttl"], ttls["max_ttl"]))
    if "MaxTTL" not in own:
        ttls["max_ttl"] = max(ttls.values())
    headers = [text for each in draft.list(inside.get("Headers")) if (text := draft.text(each)) is not None]
    cookies = _cookies(draft, inside.get("Cookies"))
    everything, listed = _queries(draft, inside)
    keyed: dict[str, Any] = {"headers": headers, "cookies": cookies, "query_strings": listed or everything}
    forwarded: dict[str, Any] = {}
    disabled = "*" in headers or not any(ttls.values())
    if "*" in headers:
        if ttls["min_ttl"] > 0:
            draft.report.refuse(own.get("MinTTL", node), "forwarding all headers ('*') needs MinTTL 0")
        forwarded = {"headers": "all_viewer", "cookies": cookies, "query_strings": everything}
    elif disabled and any(value not in ("none", []) for value in keyed.values()):
        if any(header.lower() == "authorization" for header in headers):
            disabled, ttls["max_ttl"] = False, 1
            draft.report.note(
                node, "keeps objects for up to a second: only a policy that caches can name Authorization"
            )
        else:
            forwarded = {"headers": headers or "none", "cookies": cookies, "query_strings": everything}
    elif listed:
        forwarded = {"query_strings": everything}
    if disabled:
        draft.put((*key, "cache_policy"), DISABLED, node)
    else:
        keyed["headers"] = headers or "none"
        draft.put(("cache_policies", name), {**ttls, **keyed, "gzip": compress}, node)
        draft.put((*key, "cache_policy"), name, node)
    if forwarded:
        draft.put(("origin_request_policies", name), forwarded, node)
        draft.put((*key, "origin_request_policy"), name, node)


def _ttl(draft: Draft, node: Node | None, usual: int) -> int:
    found = usual if node is None else draft.integer(node)
    return usual if found is None else found


def _cookies(draft: Draft, node: Node | None) -> Any:
    """Return which cookies count, in the native form."""
    if node is None:
        return "none"
    own = draft.translate(node, _COOKIES, ())
    choice = draft.one_of(own["Forward"], ("none", "whitelist", "all")) if "Forward" in own else None
    if choice != "whitelist":
        return choice or "none"
    listed = own.get("WhitelistedNames")
    found = [text for each in draft.list(listed) if (text := draft.text(each)) is not None]
    wild = [name for name in found if "*" in name or "?" in name]
    if wild and listed is not None:
        draft.report.refuse(listed, f"{wild[0]!r} has a wildcard, which no policy has: name the cookies, or say all")
    return found or "none"


def _queries(draft: Draft, inside: Mapping[str, Node]) -> tuple[str, list[str]]:
    """Return what reaches the origin, and the parameters that alone are in the key, if only some are."""
    if "QueryString" not in inside or not draft.flag(inside["QueryString"]):
        return "none", []
    keys = draft.list(inside.get("QueryStringCacheKeys"))
    return "all", [text for each in keys if (text := draft.text(each)) is not None]
