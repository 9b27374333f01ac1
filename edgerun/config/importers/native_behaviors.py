"""Behaviors: from CloudFront's words to native tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from edgerun.config.faults import Key, shown, suggestion
from edgerun.config.importers import legacy, words
from edgerun.config.importers.draft import Draft, tame
from edgerun.config.importers.estate import Estate
from edgerun.config.importers.native_functions import Functions
from edgerun.config.importers.node import Node
from edgerun.distribution.managed import CACHE_POLICIES, ORIGIN_REQUEST_POLICIES, RESPONSE_HEADERS_POLICIES
from edgerun.distribution.model import ALL_METHODS, Point

MANAGED: Final = {
    "cache": {policy.id: policy.name for policy in CACHE_POLICIES},
    "origin_request": {policy.id: policy.name for policy in ORIGIN_REQUEST_POLICIES},
    "response_headers": {policy.id: policy.name for policy in RESPONSE_HEADERS_POLICIES},
}
POLICIES: Final = {
    "CachePolicyId": ("cache", "cache_policy", "get-cache-policy"),
    "OriginRequestPolicyId": ("origin_request", "origin_request_policy", "get-origin-request-policy"),
    "ResponseHeadersPolicyId": ("response_headers", "response_headers_policy", "get-response-headers-policy"),
}
_ASSOCIATIONS: Final = {"LambdaFunctionAssociations": "LambdaFunctionARN", "FunctionAssociations": "FunctionARN"}


@dataclass(slots=True, kw_only=True)
class Behaviors:
    """Writes behaviors.

    Attributes:
        estate: what they may refer to.
        draft: where tables go.
        functions: writes the functions they use.
        targets: our names of origins and origin groups by id, of the distribution at hand.
        used: policies and key groups that some behavior uses, by kind and reference.
    """

    estate: Estate
    draft: Draft
    functions: Functions
    targets: Mapping[str, str]
    used: dict[tuple[str, str], None]

    def write(self, key: Key, node: Node, name: str) -> None:
        """Write one behavior.

        Args:
            key: where to.
            node: CloudFront's description.
            name: for policies that it has no names for.
        """
        own = self.draft.translate(node, words.BEHAVIOR, key)
        self._target(key, own)
        self._methods(key, own)
        self._policies(key, node, own, name)
        groups = own.get("TrustedKeyGroups")
        trusted = self.draft.list(groups, "Enabled") if groups is not None else []
        on = groups.get("Enabled") if groups is not None else None
        if groups is not None and trusted and (on is None or on.text != "false"):
            found = [ours for each in trusted if (ours := self._key_group(each)) is not None]
            self.draft.put((*key, "trusted_key_groups"), found, groups)
        for word, arn in _ASSOCIATIONS.items():
            for each in self.draft.list(own.get(word)):
                self._association(key, each, arn)

    def _target(self, key: Key, own: Mapping[str, Node]) -> None:
        node = own.get("TargetOriginId")
        target = self.draft.text(node) if node is not None else None
        if node is None or target is None:
            return
        if target not in self.targets:
            self.draft.report.refuse(node, f"{shown(target)} is not an origin{suggestion(target, self.targets)}")
        self.draft.put((*key, "origin"), self.targets.get(target, tame(target)), node)

    def _methods(self, key: Key, own: Mapping[str, Node]) -> None:
        node = own.get("AllowedMethods")
        if node is None:
            return
        found = [text for each in self.draft.list(node, "CachedMethods") if (text := self.draft.text(each)) is not None]
        whole = frozenset(found) == ALL_METHODS
        self.draft.put((*key, "allowed_methods"), "all" if whole else found, node)
        cached = node.get("CachedMethods") if self.draft.spelling == "api" else None
        if cached is not None:
            texts = [text for each in self.draft.list(cached) if (text := self.draft.text(each)) is not None]
            self.draft.put((*key, "cached_methods"), texts, cached)

    def _policies(self, key: Key, node: Node, own: Mapping[str, Node], name: str) -> None:
        for word in POLICIES:
            if word in own and own[word].text:
                self._policy(key, word, own[word])
        written = "CachePolicyId" in own and bool(own["CachePolicyId"].text)
        if not written and "ForwardedValues" not in own:
            self.draft.report.refuse(node, "expected CachePolicyId, or ForwardedValues")
        elif not written:
            compress = own_flag(node, "Compress")
            legacy.write(self.draft, key, name, own, compress=compress)
        elif "ForwardedValues" in own and own["ForwardedValues"].value:
            self.draft.report.refuse(own["ForwardedValues"], "expected CachePolicyId or ForwardedValues, not both")

    def _policy(self, key: Key, word: str, node: Node) -> None:
        kind, ours, command = POLICIES[word]
        reference = node.text
        if reference in MANAGED[kind]:
            self.draft.put((*key, ours), MANAGED[kind][reference], node)
        elif reference in self.estate.policies[kind]:
            self.used[kind, reference] = None
            self.draft.put((*key, ours), self.estate.policies[kind][reference][0], node)
        else:
            how = f"aws cloudfront {command} --id {reference} > policy.json, then --policy policy.json"
            what = f"the policy {shown(reference)} is neither managed by AWS nor given: {how}"
            self.draft.report.refuse(node, what)

    def _key_group(self, node: Node) -> str | None:
        reference = self.draft.text(node)
        if reference is None:
            return None
        self.used["key_group", reference] = None
        if reference not in self.estate.key_groups:
            self.draft.report.refuse(node, f"the key group {shown(reference)} is known on AWS only")
            return None
        return self.estate.key_groups[reference][0]

    def _association(self, key: Key, node: Node, arn: str) -> None:
        own = self.draft.translate(node, words.ASSOCIATION, ())
        for word in ("EventType", arn):
            if word not in own:
                self.draft.report.refuse(node, f"{word} is missing")
        point = self.draft.one_of(own["EventType"], list(Point)) if "EventType" in own else None
        if point is None or arn not in own:
            return
        place = (*key, point.replace("-", "_"))
        if place in self.draft.labels:
            self.draft.report.refuse(node, f"there is a function at {point} already")
            return
        name = self.functions.at_the_edge(own[arn], cloudfront=arn == "FunctionARN")
        body = self.draft.flag(own["IncludeBody"]) if "IncludeBody" in own else False
        self.draft.put(place, {"function": name, "include_body": True} if body else name or "", node)


def own_flag(node: Node, name: str) -> bool:
    """Tell whether a flag of an object is on."""
    found = node.get(name)
    return found is not None and found.text.lower() == "true"
