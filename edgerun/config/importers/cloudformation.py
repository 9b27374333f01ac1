"""CloudFormation and SAM templates, and the templates of a CDK app, as an estate."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edgerun.config.importers import arns, physical
from edgerun.config.importers.desk import Desk
from edgerun.config.importers.draft import tame
from edgerun.config.importers.estate import Code, Data, Estate
from edgerun.config.importers.node import Node
from edgerun.config.importers.template import URL, Template

ERROR_TTL: Final = 300
POLICIES: Final = {
    "AWS::CloudFront::CachePolicy": ("cache", "CachePolicyConfig"),
    "AWS::CloudFront::OriginRequestPolicy": ("origin_request", "OriginRequestPolicyConfig"),
    "AWS::CloudFront::ResponseHeadersPolicy": ("response_headers", "ResponseHeadersPolicyConfig"),
}
SETTINGS: Final = {"Timeout": "timeout", "MemorySize": "memory"}
_IGNORED: Final = {
    "AWS::CloudFront::OriginAccessControl": "a local folder needs no credentials",
    "AWS::CloudFront::CloudFrontOriginAccessIdentity": "a local folder needs no credentials",
    "AWS::CloudFront::MonitoringSubscription": "metrics are the server's own",
    "AWS::CloudFront::RealtimeLogConfig": "logs go to a stream there",
    "AWS::CloudFormation::Stack": "is a stack of its own: import its template",
}
_REFUSED: Final = ("AWS::CloudFront::DistributionTenant", "AWS::CloudFront::StreamingDistribution")
_DEPLOYMENT: Final = "Custom::CDKBucketDeployment"


def knows(data: Mapping[str, object]) -> bool:
    """Tell whether this is a template."""
    return isinstance(data.get("Resources"), dict)


def estate(templates: Sequence[Template], every: Sequence[Template], desk: Desk, assets: Mapping[str, Path]) -> Estate:
    """Return what templates of one app describe.

    Args:
        templates: those that are meant.
        every: all of the app, where functions may be.
        desk: where faults go.
        assets: files and folders by the key under which they are in a bucket on AWS.
    """
    found = Estate(error_ttl=ERROR_TTL)
    reader = _Reader(found=found, desk=desk, assets=assets)
    for template in templates:
        reader.resources(template)
    for template in templates:
        reader.urls(template)
    for template in every:
        reader.code(template, meant=template in templates)
    return found


@dataclass(slots=True, kw_only=True)
class _Reader:
    found: Estate
    desk: Desk
    assets: Mapping[str, Path]
    _associated: set[str] = field(default_factory=set)

    def resources(self, template: Template) -> None:
        """Read all but functions, of which only those that are used count."""
        template.check_parameters()
        for name, kind, node in template.resources():
            if kind == "AWS::CloudFront::Distribution":
                self._distribution(name, node, template)
            elif kind in POLICIES:
                table, word = POLICIES[kind]
                config = template.resolved(node.get("Properties", word))
                if config is not None:
                    self.found.policies[table][name] = (tame(name), config)
            elif kind in _IGNORED:
                self.desk.report.ignore(node, f"{name!r}: {_IGNORED[kind]}")
            elif kind in _REFUSED:
                self.desk.report.refuse(node, f"{kind} is not supported by this version of edgerun")
            elif kind == _DEPLOYMENT:
                self._deployment(node, template)
            else:
                self._signing(name, kind, node, template)

    def _distribution(self, name: str, node: Node, template: Template) -> None:
        config = node.get("Properties", "DistributionConfig")
        if config is None:
            self.desk.report.refuse(node, "Properties.DistributionConfig is missing")
            return
        resolved = template.resolved(config)
        if resolved is not None:
            self.found.distributions[name] = resolved
            self._associated |= set(_functions(resolved))

    def _signing(self, name: str, kind: str, node: Node, template: Template) -> None:
        if kind == "AWS::CloudFront::PublicKey":
            key = template.resolved(node.get("Properties", "PublicKeyConfig", "EncodedKey"))
            self.found.keys[name] = Data(node=node, name=name, inline=key)
        elif kind == "AWS::CloudFront::KeyGroup":
            items = template.resolved(node.get("Properties", "KeyGroupConfig", "Items"))
            if items is None:
                self.desk.report.refuse(node, "Properties.KeyGroupConfig.Items is missing")
            else:
                self.found.key_groups[name] = (tame(name), items)
        elif kind == "AWS::CloudFront::KeyValueStore":
            source = template.resolved(node.get("Properties", "ImportSource", "SourceArn"))
            own = template.named(name, kind, node)
            path = self._asset(source.text.partition("/")[2]) if source is not None else None
            empty = node.with_value('{"data": []}') if source is None else None
            self.found.stores[own] = Data(node=node, name=own, path=path, inline=empty)

    def _deployment(self, node: Node, template: Template) -> None:
        """Read which folders CDK would upload to a bucket."""
        bucket = template.resolved(node.get("Properties", "DestinationBucketName"))
        keys = template.resolved(node.get("Properties", "SourceObjectKeys"))
        prefix = node.get("Properties", "DestinationBucketKeyPrefix")
        folders = [path for each in (keys.each() if keys is not None else ()) if (path := self._asset(each.text))]
        if bucket is None or not folders:
            return
        self.found.folders.setdefault(bucket.text, folders[0])
        if len(folders) > 1 or prefix is not None:
            self.desk.report.note(node, f"the bucket {bucket.text!r} is {folders[0].name} alone, without prefix")

    def _asset(self, key: str) -> Path | None:
        return self.assets.get(key)

    def urls(self, template: Template) -> None:
        """Read which functions answer as origins."""
        hosts = {
            domain.text
            for config in self.found.distributions.values()
            for origin in (config.get("Origins") or config).each()
            if (domain := origin.get("DomainName")) is not None
        }
        for name, kind, node in template.resources("AWS::Lambda::Url", "AWS::Serverless::Function"):
            own = name if kind == "AWS::Lambda::Url" else f"{name}{URL}"
            host = arns.function_url(own).split("/")[2]
            if host not in hosts:
                continue
            given = template.resolved(node.get("Properties", "TargetFunctionArn"))
            function = template.named(name, kind, node) if given is None else arns.lambda_name(given.text) or given.text
            self.found.urls[host] = function
            self._associated.add(function)

    def code(self, template: Template, *, meant: bool) -> None:
        """Read the functions that distributions use."""
        kinds = (*physical.FUNCTIONS, "AWS::CloudFront::Function")
        for name, kind, node in template.resources(*kinds):
            own = next((given for given, logical in template.references.items() if logical == name), "")
            literal = node.get("Properties", physical.NAMED_BY[kind])
            own = own or (literal.text if literal is not None else "") or name
            if own not in self._associated:
                if meant:
                    self.desk.report.ignore(node, f"function {name!r} is not used at the edge")
            elif kind == "AWS::CloudFront::Function":
                self._cloudfront(own, node, template)
            else:
                self._lambda(own, kind, node, template)

    def _cloudfront(self, name: str, node: Node, template: Template) -> None:
        config = template.resolved(node.get("Properties", "FunctionConfig"))
        stores = config.get("KeyValueStoreAssociations") if config is not None else None
        arn = next((each.get("KeyValueStoreARN") for each in (stores.each() if stores is not None else ())), None)
        publish = node.get("Properties", "AutoPublish")
        if publish is None or publish.text != "true":
            self.desk.report.note(node, f"without AutoPublish: true the association of {name!r} fails to deploy")
        runtime = config.get("Runtime") if config is not None else None
        self.found.functions[name] = Code(
            node=node,
            name=name,
            runtime=runtime or node.with_value("cloudfront-js-1.0"),
            inline=template.resolved(node.get("Properties", "FunctionCode")),
            store=arns.cloudfront_name(arn.text) if arn is not None else "",
        )

    def _lambda(self, name: str, kind: str, node: Node, template: Template) -> None:
        usual = template.root.get("Globals", "Function") if kind == "AWS::Serverless::Function" else None

        def get(word: str) -> Node | None:
            own = node.get("Properties", word)
            return template.resolved(own if own is not None else usual.get(word) if usual is not None else None)

        settings = {ours: found for theirs, ours in SETTINGS.items() if (found := get(theirs)) is not None}
        variables = get("Environment")
        if variables is not None and variables.get("Variables") is not None:
            settings["environment"] = variables.get("Variables") or variables
        path, inline, elsewhere = self._place(kind, node, usual, template)
        self.found.functions[name] = Code(
            node=node,
            name=name,
            runtime=get("Runtime") or node.with_value(""),
            handler=get("Handler"),
            path=path,
            inline=inline,
            elsewhere=elsewhere,
            settings=settings,
        )

    def _place(
        self, kind: str, node: Node, usual: Node | None, template: Template
    ) -> tuple[Path | None, Node | None, str]:
        """Return a function's local path, or its code itself, or why there is neither."""
        asset = node.get("Metadata", "aws:asset:path")
        if asset is not None and asset.text:
            return template.folder / asset.text, None, ""
        inline = node.get("Properties", "InlineCode") or node.get("Properties", "Code", "ZipFile")
        if inline is not None:
            return None, template.resolved(inline), ""
        word = "Code" if kind == "AWS::Lambda::Function" else "CodeUri"
        written = node.get("Properties", word) or (usual.get(word) if usual is not None else None)
        code = template.resolved(written)
        if code is None:
            return (None, None, "it has no code") if word == "Code" else (template.folder, None, "")
        if isinstance(code.value, str):
            if code.value.startswith(("s3://", "https://")):
                return None, None, f"its code is at {code.value}"
            return self.desk.path(code.value), None, ""
        key = code.get("S3Key") or code.get("Key")
        if code.get("ImageUri") is not None:
            return None, None, "its code is a container image"
        path = self._asset(key.text) if key is not None else None
        return path, None, f"its code is in a bucket ({key.text})" if key is not None else "it has no code"


def _functions(config: Node) -> Iterator[str]:
    """Yield the names of functions that a distribution refers to."""
    for name, node in config.items():
        if name == "LambdaFunctionARN":
            yield arns.lambda_name(node.text)
        elif name == "FunctionARN":
            yield arns.cloudfront_name(node.text)
        else:
            yield from _functions(node)
    for node in config.each():
        yield from _functions(node)
