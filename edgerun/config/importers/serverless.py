"""The Serverless Framework's serverless.yml: `lambdaAtEdge` of its plugins, `cloudFront` events, and resources."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edgerun.config.faults import shown, suggestion
from edgerun.config.importers import arns, cloudformation
from edgerun.config.importers.desk import Desk
from edgerun.config.importers.estate import Code, Estate
from edgerun.config.importers.node import Node, Place
from edgerun.config.importers.template import Template
from edgerun.config.importers.variables import Variables
from edgerun.distribution.managed import CACHE_POLICIES

# AWS::CloudFront::Distribution that the framework makes of `cloudFront` events.
NAME: Final = "CloudFrontDistribution"
OPTIMIZED: Final = "658327ea-f89d-4fab-a63d-7e88639e58f6"
# The framework's own defaults.
USUAL: Final = {"memorySize": ("memory", 1024), "timeout": ("timeout", 6)}

_ORIGIN: Final = re.compile(r"(s3|https?)://([^/:?#]+)(?::(\d{1,5}))?(/[^?#]*)?")
_SECTIONS: Final = ("Resources", "Parameters", "Mappings", "Conditions", "Outputs")


def knows(data: Mapping[str, object]) -> bool:
    """Tell whether this is a serverless.yml."""
    return "provider" in data and ("functions" in data or "resources" in data) and "Resources" not in data


def estate(root: Node, given: Mapping[str, str], desk: Desk) -> Estate:
    """Return what a serverless.yml describes.

    Args:
        root: the file.
        given: values of variables by flags.
        desk: where files are.
    """
    variables = Variables(root=root, base=desk.base, given=given, report=desk.report)
    parts = {
        name: variables.filled(part) if (part := root.get(name)) is not None else None
        for name in ("service", "provider", "functions", "resources", "package")
    }
    template = Template(
        root=root.with_value(_merged(parts["resources"], root)),
        folder=desk.base,
        stack="serverless",
        parameters={},
        report=desk.report,
    )
    found = cloudformation.estate([template], [template], desk, {})
    empty = root.with_value({})
    service = _Service(
        root=root,
        desk=desk,
        found=found,
        parts={name: each or empty for name, each in parts.items()},
        stage=variables.stage(root),
    )
    for name, function in (parts["functions"] or empty).items():
        service.function(name, function)
    service.finish()
    found.watch += [each.absolute() for each in variables.files]
    return found


def _merged(resources: Node | None, root: Node) -> dict[str, Node]:
    """Return the sections of all parts of `resources` in one template."""
    made: dict[str, Node] = {}
    parts = list(resources.each()) if resources is not None and isinstance(resources.value, list) else [resources]
    for part in parts:
        for section in _SECTIONS:
            found = part.get(section) if part is not None else None
            if found is not None and isinstance(found.value, dict):
                before = dict(made[section].items()) if section in made else {}
                made[section] = found.with_value({**before, **found.value})
    return made or {"Resources": root.with_value({})}


@dataclass(slots=True, kw_only=True)
class _Service:
    root: Node
    desk: Desk
    found: Estate
    parts: Mapping[str, Node]
    stage: Node
    _origins: dict[str, Node] = field(default_factory=dict)
    _behaviors: dict[str, dict[str, Node]] = field(default_factory=dict)
    _uses: dict[str, list[Node]] = field(default_factory=dict)

    def function(self, name: str, node: Node) -> None:
        """Read one function: its code, and where it is associated."""
        edge = node.get("lambdaAtEdge")
        attached = list(edge.each()) if edge is not None and isinstance(edge.value, list) else [edge] if edge else []
        events = [each for event in (node.get("events") or node).each() if (each := event.get("cloudFront"))]
        if not attached and not events:
            self.desk.report.ignore(node, f"function {name!r} is not used at the edge")
            return
        own = self._named(name, node)
        for each in attached:
            self._attach(own, each)
        for each in events:
            self._event(own, each)
        self._code(own, node)

    def _named(self, name: str, node: Node) -> str:
        given = node.get("name")
        if given is not None and given.text:
            return given.text
        service, stage = self.parts["service"], self.stage.text
        return f"{service.text or 'service'}-{stage}-{name}"

    def _code(self, name: str, node: Node) -> None:
        provider = self.parts["provider"]
        settings = {
            ours: node.get(theirs) or provider.get(theirs) or node.with_value(usual)
            for theirs, (ours, usual) in USUAL.items()
        }
        if (variables := node.get("environment")) is not None and variables.value:
            settings["environment"] = variables
        artifact = node.get("package", "artifact") or self.parts["package"].get("artifact")
        self.found.functions[name] = Code(
            node=node,
            name=name,
            runtime=node.get("runtime") or provider.get("runtime") or node.with_value("nodejs20.x"),
            handler=node.get("handler"),
            path=self._package(artifact),
            settings=settings,
        )

    def _package(self, artifact: Node | None) -> Path:
        return self.desk.path(artifact.text) if artifact is not None and artifact.text else self.desk.base

    def _association(self, name: str, node: Node) -> Node | None:
        """Return an association in CloudFormation's words."""
        made = {"LambdaFunctionARN": node.with_value(f"{arns.lambda_arn(name)}:1")}
        event, body = node.get("eventType"), node.get("includeBody")
        if event is None:
            self.desk.report.refuse(node, "eventType is missing")
            return None
        made["EventType"] = event
        if body is not None:
            made["IncludeBody"] = body
        return node.with_value(dict(made))

    def _attach(self, name: str, node: Node) -> None:
        """Associate a function with a behavior of a distribution in `resources`."""
        wanted, pattern, one = node.get("distribution"), node.get("pathPattern"), self._association(name, node)
        if wanted is None:
            self.desk.report.refuse(node, "distribution is missing: name one of resources")
        elif wanted.text not in self.found.distributions:
            near = suggestion(wanted.text, self.found.distributions)
            self.desk.report.refuse(wanted, f"{shown(wanted.text)} is no distribution of resources{near}")
        elif one is not None:
            config = self.found.distributions[wanted.text]
            self.found.distributions[wanted.text] = self._with(config, pattern, one)

    def _with(self, config: Node, pattern: Node | None, association: Node) -> Node:
        """Return a distribution with one association more."""
        members = dict(config.items())
        if pattern is None:
            members["DefaultCacheBehavior"] = _associated(members.get("DefaultCacheBehavior") or config, association)
            return config.with_value(members)
        behaviors = list((config.get("CacheBehaviors") or config).each())
        patterns = [each.get("PathPattern") for each in behaviors]
        texts = [each.text if each is not None else "" for each in patterns]
        if pattern.text not in texts:
            near = suggestion(pattern.text, texts)
            self.desk.report.refuse(pattern, f"no behavior has the pattern {shown(pattern.text)}{near}")
            return config
        at = texts.index(pattern.text)
        behaviors[at] = _associated(behaviors[at], association)
        members["CacheBehaviors"] = (config.get("CacheBehaviors") or config).with_value(behaviors)
        return config.with_value(members)

    def _event(self, name: str, node: Node) -> None:
        """Read one `cloudFront` event: an origin, a behavior, an association."""
        origin = node.get("origin")
        described = self._origin(origin) if origin is not None else None
        one = self._association(name, node)
        if described is None:
            self.desk.report.refuse(
                origin or node, "expected an origin such as s3://bucket.s3.amazonaws.com or https://host"
            )
            return
        key = described.get("Id")
        identity = key.text if key is not None else ""
        self._origins.setdefault(identity, described)
        pattern = node.get("pathPattern")
        place = pattern.text if pattern is not None else ""
        behavior = self._behaviors.setdefault(place, {"TargetOriginId": node.with_value(identity)})
        if pattern is not None:
            behavior["PathPattern"] = pattern
        behavior |= dict((node.get("behavior") or node.with_value({})).items())
        self._policy(behavior, node)
        if one is not None:
            self._uses.setdefault(place, []).append(one)

    def _policy(self, behavior: dict[str, Node], node: Node) -> None:
        behavior.setdefault("ViewerProtocolPolicy", node.with_value("allow-all"))
        identity, named = node.get("cachePolicy", "id"), node.get("cachePolicy", "name")
        managed = {f"Managed-{each.name}": each.id for each in CACHE_POLICIES}
        if identity is not None:
            behavior["CachePolicyId"] = identity
        elif named is not None:
            text = named.text if named.text.startswith("Managed-") else f"Managed-{named.text}"
            behavior["CachePolicyId"] = named.with_value(managed.get(text, named.text))
        elif "ForwardedValues" not in behavior and "CachePolicyId" not in behavior:
            behavior["CachePolicyId"] = node.with_value(OPTIMIZED)

    def _origin(self, node: Node) -> Node | None:
        """Return an origin in CloudFormation's words; its id is made of its host and path."""
        if isinstance(node.value, dict):
            host, path = node.get("DomainName"), node.get("OriginPath")
            if host is None:
                return None
            return node.with_value({**node.value, "Id": node.with_value(host.text + (path.text if path else ""))})
        match = _ORIGIN.fullmatch(node.text)
        if match is None:
            return None
        below = (match[4] or "").rstrip("/")
        made = {
            "Id": node.with_value(f"{match[2]}{below}"),
            "DomainName": node.with_value(match[2]),
            "OriginPath": node.with_value(below),
        }
        if match[1] == "s3":
            made["S3OriginConfig"] = node.with_value({})
        else:
            port = "HTTPPort" if match[1] == "http" else "HTTPSPort"
            custom = {"OriginProtocolPolicy": node.with_value(f"{match[1]}-only")}
            made["CustomOriginConfig"] = node.with_value(
                custom | ({port: node.with_value(int(match[3]))} if match[3] else {})
            )
        return node.with_value(dict(made))

    def finish(self) -> None:
        """Make the distribution of the `cloudFront` events, if there are any."""
        if not self._behaviors:
            return
        place = Place(self.root.place.file, ("functions",), (self.root.get("functions") or self.root).place.line)
        base = Node({}, place)
        config = dict((self.parts["provider"].get("cloudFront") or base).items())
        config.pop("cachePolicies", None)
        behaviors = {text: base.with_value(dict(made)) for text, made in self._behaviors.items()}
        for text, uses in self._uses.items():
            for each in uses:
                behaviors[text] = _associated(behaviors[text], each)
        first = next(iter(self._origins))
        default = behaviors.pop("", None) or base.with_value(
            {
                "TargetOriginId": base.with_value(first),
                "ViewerProtocolPolicy": base.with_value("allow-all"),
                "CachePolicyId": base.with_value(OPTIMIZED),
            }
        )
        self.found.distributions[NAME] = base.with_value(
            {
                **config,
                "Enabled": base.with_value(value=True),
                "Origins": base.with_value(list(self._origins.values())),
                "DefaultCacheBehavior": default,
                "CacheBehaviors": base.with_value(list(behaviors.values())),
            }
        )


def _associated(behavior: Node, association: Node) -> Node:
    """Return a behavior with one association more."""
    before = list((behavior.get("LambdaFunctionAssociations") or behavior).each())
    return behavior.with_value(
        {**dict(behavior.items()), "LambdaFunctionAssociations": behavior.with_value([*before, association])}
    )
