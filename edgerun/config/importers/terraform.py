"""What `terraform show -json` prints of a plan or a state, as an estate."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from edgerun.config.importers import arns
from edgerun.config.importers import terraform_words as words
from edgerun.config.importers.desk import Desk
from edgerun.config.importers.draft import tame
from edgerun.config.importers.estate import Code, Data, Estate
from edgerun.config.importers.node import Node
from edgerun.config.importers.terraform_references import References, Resource

POLICIES: Final = {
    "aws_cloudfront_cache_policy": ("cache", words.CACHE_POLICY),
    "aws_cloudfront_origin_request_policy": ("origin_request", words.ORIGIN_REQUEST_POLICY),
    "aws_cloudfront_response_headers_policy": ("response_headers", words.RESPONSE_HEADERS_POLICY),
}
_LISTS: Final = ("TrustedKeyGroups",)
_SETTINGS: Final = {"timeout": "timeout", "memory_size": "memory"}


def knows(data: Mapping[str, object]) -> bool:
    """Tell whether this is Terraform's JSON."""
    return "format_version" in data and ("planned_values" in data or "values" in data)


def estate(root: Node, desk: Desk) -> Estate:
    """Return what a plan or a state describes; a plan's values are those after it is applied."""
    values = root.get("planned_values") or root.get("values") or root
    resources = list(_resources(values.get("root_module") or values))
    resources += list(_resources(root.get("prior_state", "values", "root_module") or root.with_value({})))
    references = References(resources=resources, configuration=root.get("configuration", "root_module"))
    reader = _Reader(references=references, desk=desk, found=Estate())
    for resource in {each.address: each for each in reversed(resources)}.values():
        reader.read(resource)
    return reader.found


def _resources(module: Node) -> Iterator[Resource]:
    address = module.get("address")
    for each in (module.get("resources") or module).each():
        kind, name, values = each.get("type"), each.get("name"), each.get("values")
        if kind is None or name is None or values is None:
            continue
        own = each.get("address")
        mode = each.get("mode")
        yield Resource(
            address=own.text if own is not None else f"{kind.text}.{name.text}",
            module=address.text if address is not None else "",
            kind=f"data.{kind.text}" if mode is not None and mode.text == "data" else kind.text,
            name=name.text,
            values=values,
        )
    for each in (module.get("child_modules") or module).each():
        if each is not module:
            yield from _resources(each)


@dataclass(slots=True, kw_only=True)
class _Reader:
    references: References
    desk: Desk
    found: Estate

    def read(self, resource: Resource) -> None:
        """Read one resource; most are not about the edge."""
        name = _short(resource)
        match resource.kind:
            case "aws_cloudfront_distribution":
                self.found.distributions[name] = self._words(resource, words.DISTRIBUTION)
                identity = resource.values.get("id")
                if identity is not None and identity.text:
                    self.found.ids[name] = identity.text
            case kind if kind in POLICIES:
                table, inside = POLICIES[kind]
                reference = self._id(resource)
                self.found.policies[table][reference] = (name, self._words(resource, inside))
            case "aws_lambda_function":
                self._lambda(resource)
            case "aws_cloudfront_function":
                self._cloudfront(resource)
            case "aws_cloudfront_key_value_store":
                own = resource.values.get("name") or resource.values.with_value(name)
                empty = resource.values.with_value('{"data": []}')
                self.found.stores[own.text] = Data(node=resource.values, name=own.text, inline=empty)
            case "aws_cloudfront_public_key":
                inline, reference = resource.values.get("encoded_key"), self._id(resource)
                known = resource.values.get("id")
                self.found.keys[reference] = Data(
                    node=resource.values, name=name, inline=inline, id=known.text if known is not None else ""
                )
            case "aws_cloudfront_key_group":
                items = resource.values.get("items") or self._listed(resource, "items")
                self.found.key_groups[self._id(resource)] = (name, items)

    def _id(self, resource: Resource) -> str:
        return self.references.attribute(resource, "id", resource.values).text

    def _words(self, resource: Resource, inside: words.Words) -> Node:
        return self._translated(resource.values, self.references.expressions(resource), inside, resource)

    def _translated(self, node: Node, written: Node | None, inside: words.Words, resource: Resource) -> Node:
        """Return a block in CloudFormation's words.

        Args:
            node: the block's values.
            written: how the block is written, in a plan: it tells what values are not known yet refer to.
            inside: Terraform's words and theirs.
            resource: whose block it is.
        """
        made: dict[str, Node] = {}
        for name, each in node.items():
            if name not in inside:
                self.desk.report.ignore(each, "is not known to edgerun")
        for name, shape in inside.items():
            given = node.get(name)
            expression = written.get(name) if written is not None else None
            if isinstance(shape, str):
                value = self._argument(name, shape, given, expression, node, resource)
                if shape and value is not None:
                    made[shape] = value
                continue
            key, deeper = shape[0] if isinstance(shape, list) else shape
            blocks = list(given.each()) if given is not None else []
            translated = [
                self._translated(block, _block(block, n, expression), deeper, resource)
                for n, block in enumerate(blocks)
            ]
            if given is not None and translated:
                made[key] = given.with_value(translated) if isinstance(shape, list) else translated[0]
        return node.with_value(made)

    def _argument(  # what is known and what is written of one argument
        self, name: str, key: str, value: Node | None, expression: Node | None, block: Node, resource: Resource
    ) -> Node | None:
        unset = ("", 0) if name.endswith("_timeout") else ("",) if name != "value" else ()
        if value is not None and value.value not in unset:
            return value
        if value is not None or expression is None or not key:
            return None
        if key in _LISTS:
            return self._listed(resource, name, expression)
        found = self.references.target(expression, resource.module)
        if found is not None:
            return Node(found.value, block.place, found.unknown)
        said = ", ".join(self.references.words(expression))
        return block.with_value(said, unknown=said) if said else None

    def _listed(self, resource: Resource, name: str, expression: Node | None = None) -> Node:
        """Return a list whose items are known as references only."""
        if expression is None:
            written = self.references.expressions(resource)
            expression = written.get(name) if written is not None else None
        found: list[Node] = []
        for each in self.references.words(expression) if expression is not None else ():
            one = resource.values.with_value(
                {"references": resource.values.with_value([resource.values.with_value(each)])}
            )
            target = self.references.target(one, resource.module)
            if target is not None:
                found.append(Node(target.value, resource.values.place))
        return resource.values.with_value(found)

    def _value(self, resource: Resource, name: str) -> Node | None:
        """Return an argument, or what it refers to."""
        known = resource.values.get(name)
        if known is not None and known.text:
            return known
        written = self.references.expressions(resource)
        expression = written.get(name) if written is not None else None
        return self.references.target(expression, resource.module) if expression is not None else None

    def _lambda(self, resource: Resource) -> None:
        values = resource.values
        named = values.get("function_name")
        name = named.text if named is not None and named.text else resource.name
        settings = {ours: found for theirs, ours in _SETTINGS.items() if (found := values.get(theirs)) is not None}
        for block in (values.get("environment") or values).each():
            variables = block.get("variables")
            if variables is not None and variables.value:
                settings["environment"] = variables
        file = self._value(resource, "filename")
        elsewhere = (
            "its code is a container image" if values.get("image_uri") is not None else "its code is on AWS only"
        )
        self.found.functions[name] = Code(
            node=values,
            name=name,
            runtime=values.get("runtime") or values.with_value(""),
            handler=values.get("handler"),
            path=self.desk.path(self._source(file.text)) if file is not None and file.text else None,
            elsewhere=elsewhere,
            settings=settings,
        )

    def _source(self, archive: str) -> str:
        """Return the folder or file that Terraform packs into a zip file, or the zip file itself."""
        for resource in self.references.resources:
            output = resource.values.get("output_path")
            if resource.kind.endswith("archive_file") and output is not None and output.text == archive:
                source = resource.values.get("source_dir") or resource.values.get("source_file")
                if source is not None and source.text:
                    return source.text
        return archive

    def _cloudfront(self, resource: Resource) -> None:
        values = resource.values
        named = values.get("name")
        name = named.text if named is not None and named.text else resource.name
        stores = values.get("key_value_store_associations") or self._listed(resource, "key_value_store_associations")
        arn = next((each.text for each in stores.each()), "")
        self.found.functions[name] = Code(
            node=values,
            name=name,
            runtime=values.get("runtime") or values.with_value("cloudfront-js-2.0"),
            inline=values.get("code"),
            store=self._store(arn),
        )

    def _store(self, arn: str) -> str:
        """Return the name of a key-value store; a real ARN ends in an id."""
        for resource in self.references.resources:
            if resource.kind == "aws_cloudfront_key_value_store":
                own = self.references.attribute(resource, "arn", resource.values)
                name = resource.values.get("name")
                if own.text == arn and name is not None:
                    return name.text
        return arns.cloudfront_name(arn)


def _short(resource: Resource) -> str:
    """Return a name for a resource: its address without types."""
    return tame(resource.address.replace(f"{resource.kind}.", "").replace("module.", ""))


def _block(block: Node, index: int, written: Node | None) -> Node | None:
    """Return how a block is written: the one whose constants are the block's values, since sets have no order."""
    candidates = list(written.each()) if written is not None else []
    fitting = [
        each
        for each in candidates
        if all(
            (constant := expression.get("constant_value")) is None
            or ((value := block.get(name)) is not None and value.value == constant.value)
            for name, expression in each.items()
            if not isinstance(expression.value, list)
        )
    ]
    if len(fitting) == 1:
        return fitting[0]
    return fitting[index] if index < len(fitting) else None
