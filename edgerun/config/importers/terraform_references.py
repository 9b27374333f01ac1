"""What Terraform's references point to, where a plan does not know the value yet (`known after apply`)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from edgerun.config.importers import arns
from edgerun.config.importers.node import Node

_STEP: Final = re.compile(r"\[[^\]]*\]")
_DEEPEST: Final = 20
_ADDRESSES: Final = {
    "aws_cloudfront_function": arns.cloudfront_arn,
    "aws_cloudfront_key_value_store": lambda name: arns.cloudfront_arn(name, "key-value-store"),
}
_BUCKET: Final = {
    "bucket_domain_name": "{}.s3.amazonaws.com",
    "bucket_regional_domain_name": f"{{}}.s3.{arns.REGION}.amazonaws.com",
    "website_endpoint": f"{{}}.s3-website-{arns.REGION}.amazonaws.com",
}


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of a plan or state.

    Attributes:
        address: such as `module.cdn.aws_cloudfront_function.auth[0]`.
        module: the address of its module, "" for the root.
        kind: its type; `data.` before those that are only read.
        name: its name in the module.
        values: its arguments.
    """

    address: str
    module: str
    kind: str
    name: str
    values: Node


@dataclass(slots=True, kw_only=True)
class References:
    """Finds what an expression of the configuration refers to.

    Attributes:
        resources: all of them.
        configuration: the root module as it is written; None in a state.
    """

    resources: list[Resource]
    configuration: Node | None
    _by_name: dict[tuple[str, str, str], Resource] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Index the resources; of several instances the first counts."""
        for each in self.resources:
            self._by_name.setdefault((_STEP.sub("", each.module), each.kind, each.name), each)

    def expressions(self, resource: Resource) -> Node | None:
        """Return how a resource's arguments are written."""
        module = self._module(_STEP.sub("", resource.module))
        for each in (module.get("resources") or module).each() if module is not None else ():
            kind, name = each.get("type"), each.get("name")
            mode = "data." if (found := each.get("mode")) is not None and found.text == "data" else ""
            if (
                kind is not None
                and name is not None
                and (mode + kind.text, name.text) == (resource.kind, resource.name)
            ):
                return each.get("expressions")
        return None

    def _module(self, address: str) -> Node | None:
        module = self.configuration
        for name in address.split(".")[1::2]:
            module = module.get("module_calls", name, "module") if module is not None else None
        return module

    def target(self, expression: Node, module: str, deep: int = 0) -> Node | None:
        """Return what an expression gives, as far as can be told: the attribute of a resource.

        Args:
            expression: an expression of the configuration.
            module: the address of the module in which it stands.
            deep: how many references have been followed.
        """
        constant = expression.get("constant_value")
        if constant is not None or deep > _DEEPEST:
            return constant
        for each in self.words(expression):
            found = self._one(expression, each, _STEP.sub("", module), deep)
            if found is not None:
                return found
        return None

    def words(self, expression: Node) -> Iterator[str]:
        """Yield the references of an expression, the longest of each first as Terraform writes them."""
        seen: list[str] = []
        for each in (expression.get("references") or expression).each():
            if not any(other.startswith(each.text) for other in seen):
                seen.append(each.text)
                yield each.text

    def _one(self, expression: Node, reference: str, module: str, deep: int) -> Node | None:
        parts = _STEP.sub("", reference).split(".")
        if parts[0] == "var" and len(parts) > 1:
            parent, _, call = module.removesuffix(f".{module.rsplit('.', maxsplit=1)[-1]}").rpartition("module")
            name = module.rsplit(".", maxsplit=1)[-1]
            outer = self._module(parent.rstrip(".") if call or parent else "")
            inner = outer.get("module_calls", name, "expressions", parts[1]) if outer is not None and module else None
            return self.target(inner, parent.rstrip("."), deep + 1) if inner is not None else None
        if parts[0] == "module" and len(parts) > 2:
            deeper = f"{module}.module.{parts[1]}".lstrip(".")
            inside = self._module(deeper)
            output = inside.get("outputs", parts[2], "expression") if inside is not None else None
            return self.target(output, deeper, deep + 1) if output is not None else None
        kind = f"data.{parts[1]}" if parts[0] == "data" and len(parts) > 1 else parts[0]
        name, *attribute = parts[2 if kind.startswith("data.") else 1 :] or [""]
        resource = self._by_name.get((module, kind, name))
        if resource is None:
            return None
        return self.attribute(resource, attribute[0] if attribute else "id", expression)

    def attribute(self, resource: Resource, attribute: str, node: Node) -> Node:
        """Return an attribute of a resource as it is known, or as AWS would make it, or a stand-in."""
        known = resource.values.get(attribute)
        if known is not None and known.text:
            return Node(known.value, node.place)
        made = _made(resource, attribute)
        if made:
            return node.with_value(made)
        return node.with_value(f"{resource.address}.{attribute}", unknown=f"{resource.address}.{attribute}")


def _made(resource: Resource, attribute: str) -> str:
    """Return what AWS would make of an attribute: an ARN with the resource's name, a bucket's host."""
    named = resource.values.get("function_name") or resource.values.get("name") or resource.values.get("bucket")
    name = named.text if named is not None and named.text else resource.name
    if resource.kind == "aws_lambda_function":
        return f"{arns.lambda_arn(name)}:1"
    if resource.kind in _ADDRESSES and attribute == "arn":
        return _ADDRESSES[resource.kind](name)
    if attribute in _BUCKET and resource.kind.startswith("aws_s3_bucket"):
        return _BUCKET[attribute].format(name.lower())
    return resource.address if resource.kind.startswith("aws_cloudfront_") and attribute == "id" else ""
