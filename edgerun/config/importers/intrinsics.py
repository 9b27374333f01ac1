"""CloudFormation's intrinsic functions, worked out where a template alone can."""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from edgerun.config.faults import listed, suggestion
from edgerun.config.importers import arns
from edgerun.config.importers.node import Node
from edgerun.config.importers.report import Report

DEEPEST: Final = 100
MOST: Final = 1_000_000

_IN_TEXT: Final = re.compile(r"\$\{(!?)([^}]*)\}")
_ELSEWHERE: Final = {
    "Fn::ImportValue": "an export of another stack is known on AWS only: put the value itself, or use a parameter",
    "Fn::Transform": "a macro runs on AWS only",
    "Fn::GetAZs": "availability zones are known on AWS only",
    "Fn::Cidr": "is not supported by this version of edgerun",
    "Fn::Length": "is not supported by this version of edgerun",
    "Fn::ToJsonString": "is not supported by this version of edgerun",
}


class Names(Protocol):
    """What a template's names mean."""

    def ref(self, name: str, node: Node) -> Node | None:
        """Return what `Ref` gives at a node; None for `AWS::NoValue` and after a refusal."""
        ...

    def attribute(self, name: str, attribute: str, node: Node) -> Node | None:
        """Return what `GetAtt` gives at a node; None after a refusal."""
        ...

    def imported(self, name: str, node: Node) -> Node | None:
        """Return what another template exports under a name; None if none does."""
        ...

    @property
    def mappings(self) -> Node:
        """The template's mappings."""
        ...

    @property
    def conditions(self) -> Node:
        """The template's conditions."""
        ...


@dataclass(slots=True)
class Resolver:
    """Works out the intrinsic functions of one template.

    Attributes:
        names: what its names mean.
        report: where faults go.
    """

    names: Names
    report: Report
    _deep: int = 0
    _done: int = 0
    _known: dict[str, bool] = field(default_factory=dict)
    _asking: set[str] = field(default_factory=set)

    def resolve(self, node: Node) -> Node | None:
        """Return a node without intrinsic functions.

        Returns:
            None where there is no value: `AWS::NoValue`, or what was refused.
        """
        self._deep += 1
        self._done += 1
        try:
            if self._deep > DEEPEST or self._done > MOST:
                return self._broken(node, "is nested too deeply")
            return self._resolved(node)
        finally:
            self._deep -= 1

    def text(self, node: Node) -> Node | None:
        """Return a node that holds a text, a number or true or false; anything else is refused."""
        found = self.resolve(node)
        if found is not None and isinstance(found.value, dict | list):
            return self._broken(node, f"expected a string, got {found.shown}")
        return found

    def _resolved(self, node: Node) -> Node | None:
        if isinstance(node.value, list):
            inside = [found for each in node.each() if (found := self.resolve(each)) is not None]
            return node.with_value(inside)
        if not isinstance(node.value, dict):
            return node
        name = next(iter(node.value), "")
        if len(node.value) == 1 and (name == "Ref" or name.startswith("Fn::")):
            return self._call(name, node, node.value[name])
        members = {name: found for name, each in node.items() if (found := self.resolve(each)) is not None}
        return node.with_value(dict(members))

    def _call(self, name: str, node: Node, argument: Node) -> Node | None:
        if name == "Fn::ImportValue":
            wanted = self.text(argument)
            found = self.names.imported(wanted.text, node) if wanted is not None else None
            return found if found is not None else self._broken(node, f"{name}: {_ELSEWHERE[name]}")
        if name in _ELSEWHERE:
            return self._broken(node, f"{name}: {_ELSEWHERE[name]}")
        if name not in _CALLS:
            return self._broken(node, f"{name} is no function of CloudFormation{suggestion(name, _CALLS)}")
        found = _CALLS[name](self, node, argument)
        return None if found is None else Node(found.value, node.place, found.unknown)

    def _broken(self, node: Node, text: str) -> Node | None:
        return self.report.refuse_value(node, text)

    def _arguments(self, name: str, node: Node, argument: Node, *counts: int) -> list[Node] | None:
        inside = list(argument.each())
        if len(inside) not in counts:
            self._broken(node, f"{name}: expected a list of {listed(map(str, counts))}, got {argument.shown}")
            return None
        return inside

    def ref(self, node: Node, argument: Node) -> Node | None:
        if not isinstance(argument.value, str):
            return self._broken(node, f"Ref: expected a name, got {argument.shown}")
        return self.names.ref(argument.value, node)

    def get_att(self, node: Node, argument: Node) -> Node | None:
        if isinstance(argument.value, str):
            name, _, attribute = argument.value.partition(".")
            return self.names.attribute(name, attribute, node)
        inside = self._arguments("Fn::GetAtt", node, argument, 2)
        attribute_node = self.text(inside[1]) if inside is not None else None
        if inside is None or attribute_node is None:
            return None
        return self.names.attribute(inside[0].text, attribute_node.text, node)

    def sub(self, node: Node, argument: Node) -> Node | None:
        values: dict[str, Node] = {}
        if isinstance(argument.value, list):
            inside = self._arguments("Fn::Sub", node, argument, 2)
            if inside is None:
                return None
            argument = inside[0]
            values = dict(inside[1].items())
        if not isinstance(argument.value, str):
            return self._broken(node, f"Fn::Sub: expected a string, got {argument.shown}")
        parts: list[str] = []
        at, unknown = 0, ""
        for match in _IN_TEXT.finditer(argument.value):
            parts.append(argument.value[at : match.start()])
            at = match.end()
            if match[1]:
                parts.append(f"${{{match[2]}}}")
                continue
            found = self._named(match[2].strip(), values, node)
            if found is None:
                return None
            parts.append(found.text)
            unknown = unknown or found.unknown
        return node.with_value("".join((*parts, argument.value[at:])), unknown)

    def _named(self, name: str, values: Mapping[str, Node], node: Node) -> Node | None:
        if name in values:
            return self.text(values[name])
        resource, dot, attribute = name.partition(".")
        found = self.names.attribute(resource, attribute, node) if dot else self.names.ref(name, node)
        if found is not None and isinstance(found.value, list | dict):
            return self._broken(node, f"Fn::Sub: {name!r} is a list")
        return found

    def join(self, node: Node, argument: Node) -> Node | None:
        inside = self._arguments("Fn::Join", node, argument, 2)
        parts = self.resolve(inside[1]) if inside is not None else None
        if inside is None or parts is None:
            return None
        if not isinstance(parts.value, list) or any(isinstance(each.value, list | dict) for each in parts.each()):
            return self._broken(node, "Fn::Join: expected a list of strings")
        unknown = next((each.unknown for each in parts.each() if each.unknown), "")
        return node.with_value(inside[0].text.join(each.text for each in parts.each()), unknown)

    def select(self, node: Node, argument: Node) -> Node | None:
        inside = self._arguments("Fn::Select", node, argument, 2)
        if inside is None:
            return None
        index, items = self.text(inside[0]), self.resolve(inside[1])
        if index is None or items is None:
            return None
        found = list(items.each())
        unknown = next((each.unknown for each in found if each.unknown), "")
        if unknown:
            return node.with_value(unknown, unknown)
        if not index.text.isdecimal() or len(index.text) > 6 or int(index.text) >= len(found):
            return self._broken(node, f"Fn::Select: there is no item {index.shown} of {len(found)}")
        return found[int(index.text)]

    def split(self, node: Node, argument: Node) -> Node | None:
        inside = self._arguments("Fn::Split", node, argument, 2)
        text = self.text(inside[1]) if inside is not None else None
        if inside is None or text is None:
            return None
        if not inside[0].text:
            return self._broken(node, "Fn::Split: expected a delimiter")
        return node.with_value([node.with_value(part, text.unknown) for part in text.text.split(inside[0].text)])

    def find_in_map(self, node: Node, argument: Node) -> Node | None:
        inside = self._arguments("Fn::FindInMap", node, argument, 3, 4)
        keys = [self.text(each) for each in inside[:3]] if inside is not None else [None]
        if inside is None or any(each is None for each in keys):
            return None
        at: Node | None = self.names.mappings
        for each in keys:
            word = each.text if each is not None else ""
            known = dict(at.items()) if at is not None else {}
            at = known.get(word)
            if at is None and len(inside) == 4 and (usual := inside[3].get("DefaultValue")) is not None:
                return self.resolve(usual)
            if at is None:
                return self._broken(node, f"Fn::FindInMap: there is no {word!r}{suggestion(word, known)}")
        return at

    def choose(self, node: Node, argument: Node) -> Node | None:
        inside = self._arguments("Fn::If", node, argument, 3)
        if inside is None:
            return None
        return self.resolve(inside[1 if self.condition(inside[0].text, node) else 2])

    def base_64(self, node: Node, argument: Node) -> Node | None:
        text = self.text(argument)
        return None if text is None else node.with_value(base64.b64encode(text.text.encode()).decode(), text.unknown)

    def condition(self, name: str, node: Node) -> bool:
        """Tell whether a named condition holds; one that cannot be told is refused, and does not."""
        if name not in self._known:
            conditions = dict(self.names.conditions.items())
            if name not in conditions or name in self._asking:
                wrong = (
                    "depends on itself" if name in self._asking else f"is no condition{suggestion(name, conditions)}"
                )
                self._broken(node, f"{name!r} {wrong}")
                return False
            self._asking.add(name)
            self._known[name] = self._holds(conditions[name])
            self._asking.discard(name)
        return self._known[name]

    def _holds(self, node: Node) -> bool:
        self._deep += 1
        try:
            name, argument = next(iter(node.items()), ("", node))
            if self._deep > DEEPEST:
                self._broken(node, "is nested too deeply")
                return False
            return self._judged(name, argument, node)
        finally:
            self._deep -= 1

    def _judged(self, name: str, argument: Node, node: Node) -> bool:
        inside = list(argument.each())
        match name:
            case "Condition":
                return self.condition(argument.text, node)
            case "Fn::Equals" if len(inside) == 2:
                left, right = (self.text(each) for each in inside)
                return left is not None and right is not None and left.text == right.text
            case "Fn::Not" if len(inside) == 1:
                return not self._holds(inside[0])
            case "Fn::And" if inside:
                return all(self._holds(each) for each in inside)
            case "Fn::Or" if inside:
                return any(self._holds(each) for each in inside)
            case _:
                self._broken(node, "expected Fn::Equals, Fn::Not, Fn::And, Fn::Or or Condition")
                return False


_CALLS: Final[Mapping[str, Callable[[Resolver, Node, Node], Node | None]]] = {
    "Ref": Resolver.ref,
    "Fn::GetAtt": Resolver.get_att,
    "Fn::Sub": Resolver.sub,
    "Fn::Join": Resolver.join,
    "Fn::Select": Resolver.select,
    "Fn::Split": Resolver.split,
    "Fn::FindInMap": Resolver.find_in_map,
    "Fn::If": Resolver.choose,
    "Fn::Base64": Resolver.base_64,
}
PSEUDO: Final[Mapping[str, str]] = {
    "AWS::AccountId": arns.ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": arns.REGION,
    "AWS::URLSuffix": "amazonaws.com",
}
