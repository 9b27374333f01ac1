"""What a file describes, whatever its format: CloudFront's resources in CloudFormation's words, and where code is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edgerun.config.importers.node import Node

POLICY_KINDS: Final = ("cache", "origin_request", "response_headers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What flags say about a file that is imported.

    Attributes:
        parameters: values of a template's parameters.
        policies: files with policies, beside a distribution's.
        code: where a function's code or a store's data is, by name: `auth.py:handler`, a folder, a zip.
        origins: a URL or a folder for origins, by name; "" means the only one.
        kept: where code that the file holds itself is written to; a state folder if left out.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    policies: tuple[Path, ...] = ()
    code: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    kept: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A function, before anybody looked for its files.

    Attributes:
        node: where it is described.
        name: its name on AWS.
        runtime: such as `python3.12` or `cloudfront-js-2.0`.
        handler: in Lambda's form; "" for CloudFront Functions.
        inline: the code itself.
        path: a file, folder or zip.
        elsewhere: why neither is there, as a sentence's end.
        settings: `timeout`, `memory`, `environment` where given.
        store: the name of a key-value store.
    """

    node: Node
    name: str
    runtime: Node
    handler: Node | None = None
    inline: Node | None = None
    path: Path | None = None
    elsewhere: str = "its code is on AWS only"
    settings: Mapping[str, Node] = field(default_factory=dict)
    store: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """A file's content, or where it is: a public key, a key-value store.

    Attributes:
        node: where it is described.
        name: its name.
        inline: the content itself.
        path: a file.
        id: what AWS calls it, if the file knows.
    """

    node: Node
    name: str
    inline: Node | None = None
    path: Path | None = None
    id: str = ""


@dataclass(slots=True, kw_only=True)
class Estate:
    """All that one import has to work with.

    Attributes:
        distributions: each DistributionConfig by a name, lists plain (`canon`).
        ids: the ids of distributions that have one.
        policies: by kind, then by every id they are referred to: a name of ours, and the config.
        functions: by name, those at the edge and others.
        stores: key-value stores by name.
        keys: public keys by reference.
        key_groups: by reference: a name of ours, and the node of its items.
        folders: local folders of buckets, by the bucket's name.
        urls: functions that answer at a host of their own, by it.
        error_ttl: seconds an error is kept where an entry does not say (`spec/cloudfront.md` Unknowns 1).
        watch: files that all this came from.
    """

    distributions: dict[str, Node] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    policies: dict[str, dict[str, tuple[str, Node]]] = field(
        default_factory=lambda: {kind: {} for kind in POLICY_KINDS}
    )
    functions: dict[str, Code] = field(default_factory=dict)
    stores: dict[str, Data] = field(default_factory=dict)
    keys: dict[str, Data] = field(default_factory=dict)
    key_groups: dict[str, tuple[str, Node]] = field(default_factory=dict)
    folders: dict[str, Path] = field(default_factory=dict)
    urls: dict[str, str] = field(default_factory=dict)
    error_ttl: int = 10
    watch: list[Path] = field(default_factory=list)
