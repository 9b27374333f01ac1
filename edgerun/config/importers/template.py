"""A CloudFormation template: its parameters, conditions and mappings, and what its names mean."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edgerun.config.faults import listed, shown, suggestion
from edgerun.config.importers import arns, physical
from edgerun.config.importers.intrinsics import PSEUDO, Resolver
from edgerun.config.importers.node import Node
from edgerun.config.importers.report import Report

_LIST: Final = re.compile(r"CommaDelimitedList|List<.*>")
_STORED: Final = "AWS::SSM::Parameter::Value"
_READER: Final = "Custom::CrossRegionStringParameterReader"
URL: Final = "Url"
_EXPORTS: Final = "/cdk/exports/"
_BOOTSTRAP: Final = "BootstrapVersion"


@dataclass(slots=True, kw_only=True)
class Template:
    """One template, and the ones beside it.

    Attributes:
        root: the file.
        folder: where it is.
        stack: what `AWS::StackName` is.
        parameters: values by flags.
        report: where faults go.
        beside: all templates of one app, this one too.
        references: names that the template gave to its functions, as far as they were asked for: to logical ids.
    """

    root: Node
    folder: Path
    stack: str
    parameters: Mapping[str, str]
    report: Report
    beside: "Sequence[Template]" = ()
    references: dict[str, str] = field(default_factory=dict)
    resolver: Resolver = field(init=False)

    def __post_init__(self) -> None:
        """Make the resolver, which asks the template for its names."""
        self.resolver = Resolver(self, self.report)

    @property
    def mappings(self) -> Node:
        """The template's mappings."""
        return self.part("Mappings")

    @property
    def conditions(self) -> Node:
        """The template's conditions."""
        return self.part("Conditions")

    def part(self, name: str) -> Node:
        """Return a section of the template, empty if it has none."""
        return self.root.get(name) or self.root.with_value({})

    def resources(self, *types: str) -> Iterator[tuple[str, str, Node]]:
        """Yield logical id, type and node of the resources of some types, or of all, whose condition holds."""
        for name, node in self.part("Resources").items():
            kind = node.get("Type")
            text = kind.text if kind is not None else ""
            condition = node.get("Condition")
            if types and text not in types:
                continue
            if condition is None or self.resolver.condition(condition.text, node):
                yield name, text, node

    def resolved(self, node: Node | None) -> Node | None:
        """Return a node without intrinsic functions; None for none, and after a refusal."""
        return self.resolver.resolve(node) if node is not None else None

    def check_parameters(self) -> None:
        """Refuse flags for parameters that no template has."""
        known = {name for each in (self, *self.beside) for name, _ in each.part("Parameters").items()}
        for name in self.parameters:
            if name not in known:
                near = suggestion(name, known)
                self.report.refuse(self.root, f"--parameter {name}: is not a parameter of this template{near}")

    def ref(self, name: str, node: Node) -> Node | None:
        """Return what `Ref` gives; see `intrinsics.Names`."""
        if name == "AWS::NoValue":
            return None
        if name in PSEUDO:
            return node.with_value(PSEUDO[name])
        if name == "AWS::StackName":
            return node.with_value(self.stack)
        if name.startswith("AWS::"):
            return node.with_value(name.removeprefix("AWS::"), unknown=name)
        parameter = self.part("Parameters").get(name)
        if parameter is not None:
            return self._parameter(name, parameter, node)
        if self.part("Resources").get(name) is not None:
            return self._physical(name, "", node)
        resource, dot, attribute = name.partition(".")
        if dot and self.part("Resources").get(resource) is not None:
            return self.attribute(resource, attribute, node)
        return self._unknown(name, node)

    def _unknown(self, name: str, node: Node) -> Node | None:
        known = [each for part in ("Parameters", "Resources") for each, _ in self.part(part).items()]
        what = f"{shown(name)} is neither a parameter nor a resource{suggestion(name, known)}"
        return self.report.refuse_value(node, what)

    def _parameter(self, name: str, parameter: Node, node: Node) -> Node | None:
        given, usual, kind = self.parameters.get(name), parameter.get("Default"), parameter.get("Type")
        stored = kind is not None and kind.text.startswith(_STORED)
        if given is None and (usual is None or (stored and name != _BOOTSTRAP)):
            why = "is kept in the Systems Manager" if stored else "has no default"
            return self.report.refuse_value(node, f"parameter {name} {why}: say --parameter {name}=VALUE")
        text = given if given is not None else usual.text if usual is not None else ""
        allowed = [each.text for each in (parameter.get("AllowedValues") or parameter).each()]
        if allowed and text not in allowed:
            self.report.refuse(node, f"--parameter {name}: expected {listed(allowed)}, got {shown(text)}")
        if kind is not None and _LIST.fullmatch(kind.text):
            return node.with_value([node.with_value(part.strip()) for part in text.split(",")])
        return node.with_value(text)

    def attribute(self, name: str, attribute: str, node: Node) -> Node | None:
        """Return what `GetAtt` gives; see `intrinsics.Names`."""
        if self.part("Resources").get(name) is not None:
            return self._physical(name, attribute, node)
        # SAM makes a resource for a function's URL.
        owner = self.part("Resources").get(name.removesuffix(URL), "Properties", "FunctionUrlConfig")
        if owner is not None and attribute == "FunctionUrl":
            return node.with_value(arns.function_url(name))
        return self._unknown(name, node)

    def _physical(self, name: str, attribute: str, node: Node) -> Node | None:
        """Return a resource's name or attribute as AWS would make it, or a stand-in that says what it stands for."""
        resource = self.part("Resources").get(name) or self.root
        found = resource.get("Type")
        kind = found.text if found is not None else ""
        if kind == _READER:
            return self._read_across(resource, node)
        if kind in physical.VERSIONS and attribute in {"", "FunctionArn"}:
            return self._version(resource.get("Properties", physical.VERSIONS[kind]), node)
        own = self.named(name, kind, resource)
        if kind in physical.FUNCTIONS or kind == "AWS::CloudFront::Function":
            self.references[own] = name
        if attribute.startswith(_EXPORTS):
            return self._exported(attribute, node)
        made = physical.KINDS.get(kind)
        make = (made.attributes.get(attribute) if attribute else made.ref) if made is not None else None
        if make is None:
            return node.with_value(f"{name}.{attribute}".rstrip("."), unknown=f"{name}.{attribute}".rstrip("."))
        return node.with_value(make(own))

    def named(self, name: str, kind: str, resource: Node) -> str:
        """Return the name of a resource: what its properties say, else its logical id."""
        word = physical.NAMED_BY.get(kind)
        given = resource.get("Properties", word) if word is not None else None
        text = self.resolved(given)
        return text.text or name if text is not None else name

    def _version(self, function: Node | None, node: Node) -> Node | None:
        found = self.resolved(function)
        if found is None:
            return None
        name = arns.lambda_name(found.text) or found.text
        return node.with_value(f"{arns.lambda_arn(name)}:1", found.unknown)

    def _read_across(self, resource: Node, node: Node) -> Node | None:
        """Return what CDK's reader of another Region's parameter reads: the version that another stack wrote there."""
        wanted = self.resolved(resource.get("Properties", "ParameterName"))
        for other in self.beside:
            for _, _, each in other.resources("AWS::SSM::Parameter"):
                name = other.resolved(each.get("Properties", "Name"))
                if wanted is not None and name is not None and name.text == wanted.text:
                    found = other.resolved(each.get("Properties", "Value"))
                    return node.with_value(found.text, found.unknown) if found is not None else None
        return node.with_value("", unknown=wanted.text if wanted is not None else "a parameter of another Region")

    def _exported(self, name: str, node: Node) -> Node:
        """Return what CDK's writer of another Region's exports writes."""
        for other in self.beside:
            for _, _, each in other.resources("Custom::CrossRegionExportWriter"):
                content = each.get("Properties", "WriterProps", "exports", name)
                found = other.resolved(content)
                if found is not None:
                    return node.with_value(found.text, found.unknown)
        return node.with_value("", unknown=name)

    def imported(self, name: str, node: Node) -> Node | None:
        """Return what a template beside this one exports; see `intrinsics.Names`."""
        for other in self.beside:
            for output in dict(other.part("Outputs").items()).values():
                export, content = output.get("Export", "Name"), output.get("Value")
                if export is None or other is self:
                    continue
                told = other.resolved(export)
                found = other.resolved(content) if told is not None and told.text == name else None
                if found is not None:
                    return node.with_value(found.value, found.unknown)
        return None
