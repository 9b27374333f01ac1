"""JSON and YAML files as trees; CloudFormation's short tags become their long forms."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edgerun.config.faults import Key
from edgerun.config.importers.node import DEEPEST, Node, Place, Scalar, depth, grown
from edgerun.config.read import display_name, read, text_of
from edgerun.errors import ConfigError

if TYPE_CHECKING:
    import yaml

YAML: Final = (".yaml", ".yml", ".template")
# A template is at most 1 MB on AWS, and has 500 resources; an alias may not make more of it.
LARGEST: Final = 16 * 1024 * 1024
MOST_NODES: Final = 300_000

_TAG: Final = "tag:yaml.org,2002:"


def document(path: Path) -> Node:
    """Return a JSON or YAML file as a tree.

    Raises:
        ConfigError: it cannot be read, is neither, or is no object.
    """
    name = display_name(path)
    if path.suffix == ".json":
        return of_json(path, name)
    text = text_of(path)
    if text.lstrip().startswith("{") and path.suffix == ".template":
        return of_json(path, name)
    if len(text) > LARGEST:
        raise ConfigError(f"{name}: is larger than {LARGEST >> 20} MiB")
    return of_yaml(text, name)


def of_json(path: Path, name: str) -> Node:
    """Return a JSON file as a tree.

    Raises:
        ConfigError: it cannot be read, is not JSON, or no object.
    """
    source = read(path, kind=".json")
    if not depth(source.data):
        raise ConfigError(f"{name}: is nested too deeply")
    return grown(source.data, name, source.lines)


def of_yaml(text: str, name: str) -> Node:
    """Return a YAML text as a tree.

    Raises:
        ConfigError: it is not YAML, or no object.
    """
    import yaml  # noqa: PLC0415  # only files in YAML need it

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is not None and _parts(root, {}) > MOST_NODES:
            raise ConfigError(f"{name}: its aliases make it larger than {MOST_NODES} parts")
        tree = _Grower(name).node(root, ()) if root is not None else None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark is not None else name
        said = getattr(error, "problem", None) or "it cannot be parsed"
        raise ConfigError(f"{place}: is not YAML: {_one_line(said)}") from None
    except RecursionError:
        raise ConfigError(f"{name}: is nested too deeply") from None
    except ValueError as error:
        raise ConfigError(f"{name}: is not YAML: {_one_line(str(error))}") from None
    if tree is None or not isinstance(tree.value, dict):
        raise ConfigError(f"{name}:1: expected an object")
    return tree


def _one_line(text: str) -> str:
    return text if text.isprintable() else repr(text)


def _parts(found: "yaml.Node", counted: dict[int, int]) -> int:
    """Return how many parts a node becomes, without making them; what holds itself is left to the depth's limit."""
    if id(found) not in counted:
        counted[id(found)] = 1
        inner = found.value if isinstance(found.value, list) else ()
        values = (each[1] if isinstance(each, tuple) else each for each in inner)
        counted[id(found)] = 1 + sum(_parts(each, counted) for each in values)
    return counted[id(found)]


class _Grower:
    """Makes nodes of YAML's, of which an alias may mean the same many times."""

    def __init__(self, file: str) -> None:
        self._file = file

    def node(self, found: "yaml.Node", key: Key) -> Node:
        import yaml  # noqa: PLC0415

        if len(key) > DEEPEST:
            raise ConfigError(f"{self._file}: is nested too deeply")
        place = Place(self._file, key, found.start_mark.line + 1)
        short = found.tag[1:] if found.tag.startswith("!") and len(found.tag) > 1 else ""
        if short:
            name = short if short in {"Ref", "Condition"} else f"Fn::{short}"
            inner = self._plain(found, (*key, name), place)
            return Node({name: _dotted(inner) if short == "GetAtt" else inner}, place)
        if isinstance(found, yaml.ScalarNode) and found.tag not in _CONSTRUCTED:
            return Node(found.value, place)
        return self._plain(found, key, place)

    def _plain(self, found: "yaml.Node", key: Key, place: Place) -> Node:
        import yaml  # noqa: PLC0415

        if isinstance(found, yaml.MappingNode):
            return Node(self._members(found, key), place)
        if isinstance(found, yaml.SequenceNode):
            return Node([self.node(each, (*key, n)) for n, each in enumerate(found.value)], place)
        return Node(_scalar(found), place)

    def _members(self, found: "yaml.MappingNode", key: Key) -> dict[str, Node]:
        members: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        for name, each in found.value:
            if name.tag == f"{_TAG}merge":
                for inner in each.value if each.id == "sequence" else [each]:
                    merged = {**dict(self.node(inner, key).items()), **merged}
                continue
            word = str(name.value) if name.id == "scalar" else ""
            if not word:
                raise ConfigError(f"{self._file}:{name.start_mark.line + 1}: expected a key")
            if word in members:
                raise ConfigError(f"{self._file}:{name.start_mark.line + 1}: the key {word!r} is there twice")
            member = self.node(each, (*key, word))
            line = name.start_mark.line + 1
            members[word] = Node(member.value, Place(self._file, (*key, word), line))
        return {**merged, **members}


def _dotted(node: Node) -> Node:
    """Return `Resource.Attribute` as the list of both."""
    if not isinstance(node.value, str):
        return node
    resource, _, attribute = node.value.partition(".")
    return node.with_value([node.with_value(resource), node.with_value(attribute)])


def _scalar(found: Any) -> Scalar:
    construct = _CONSTRUCTED.get(found.tag)
    return construct(found.value) if construct is not None else str(found.value)


def _whole(text: str) -> Scalar:
    """Return a whole number; YAML 1.1's clock times and numbers with a leading 0 stay text."""
    plain = text.lstrip("+-").isdecimal() and (text.lstrip("+-") == "0" or not text.lstrip("+-").startswith("0"))
    return int(text) if plain and len(text) < 20 else text


def _decimal(text: str) -> Scalar:
    try:
        value = float(text.replace("_", ""))
    except ValueError:
        return text
    return value if abs(value) < 1e18 else text


_CONSTRUCTED: Final[dict[str, Callable[[str], Scalar]]] = {
    f"{_TAG}int": _whole,
    f"{_TAG}float": _decimal,
    f"{_TAG}bool": lambda text: text.lower() in {"true", "yes", "on"},
    f"{_TAG}null": lambda _: None,
}
