"""One file of another tool, as a source in the native form."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from edgerun.config.faults import Source
from edgerun.config.importers import api, assembly, cloudformation, native, serverless, terraform
from edgerun.config.importers.desk import Desk
from edgerun.config.importers.document import YAML, document
from edgerun.config.importers.draft import Draft
from edgerun.config.importers.estate import Estate, Given
from edgerun.config.importers.node import Node, Place, plain
from edgerun.config.importers.report import Report
from edgerun.config.read import display_name, is_folder
from edgerun.errors import ConfigError

Format = Literal["distribution", "cloudformation", "cdk", "terraform", "serverless"]

TITLES: Final[Mapping[Format, str]] = {
    "distribution": "a distribution of the AWS command line",
    "cloudformation": "a CloudFormation template",
    "cdk": "a CDK cloud assembly",
    "terraform": "a Terraform plan or state",
    "serverless": "a serverless.yml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import came to.

    Attributes:
        format: what the file was.
        source: the native form; faults in it are told at the places of the file. Its paths are absolute.
        report: what was used, ignored and noted.
        watch: the files it came from.
    """

    format: Format
    source: Source
    report: Report
    watch: tuple[Path, ...]


def format_of(data: Mapping[str, object]) -> Format | None:
    """Return which format a file of this content has, or None for none of them."""
    found: tuple[tuple[Format, bool], ...] = (
        ("distribution", api.knows(data)),
        ("terraform", terraform.knows(data)),
        ("serverless", serverless.knows(data)),
        ("cloudformation", cloudformation.knows(data)),
    )
    return next((form for form, knows in found if knows), None)


def is_foreign(path: Path) -> bool:
    """Tell without reading it whether a file or folder can only be one of another tool's."""
    return path.suffix in YAML or assembly.is_assembly(path)


def imported(path: Path, given: Given) -> Imported:
    """Return a file in the native form.

    Args:
        path: the file, or the folder of a CDK app's output.
        given: what flags say about it.

    Raises:
        ConfigError: one line for each thing that is wrong, at its place.
    """
    name, report = display_name(path), Report()
    desk = Desk(base=path.absolute() if is_folder(path) else path.absolute().parent, report=report, kept=given.kept)
    form, root = _opened(path)
    found = _READERS[form](path, root, given, desk)
    report.check()
    if not found.distributions:
        raise ConfigError(f"{name}: is {TITLES[form]} without a distribution")
    draft = Draft(report=report, spelling="api" if form == "distribution" else "cloudformation")
    native.write(found, given, desk, draft)
    report.check()
    watch = (path.absolute(), *found.watch, *(each.absolute() for each in given.policies))
    return Imported(format=form, source=draft.source(name), report=report, watch=tuple(dict.fromkeys(watch)))


def _opened(path: Path) -> tuple[Format, Node]:
    """Return a file and its format; of a folder, nothing but that."""
    if assembly.is_assembly(path):
        return "cdk", Node({}, Place(display_name(path)))
    if path.suffix == ".toml":
        raise ConfigError(f"{display_name(path)}: is TOML, edgerun's own form: it needs no import")
    root = document(path)
    data = plain(root)
    form = format_of(data) if isinstance(data, dict) else None
    if form is None:
        known = ", ".join(TITLES.values())
        raise ConfigError(f"{root.place.file}: is none of the formats that can be imported: {known}")
    return form, root


def _distribution(_: Path, root: Node, given: Given, desk: Desk) -> Estate:
    return api.estate(root, [document(each) for each in given.policies], desk.report)


def _cloudformation(path: Path, _: Node, given: Given, desk: Desk) -> Estate:
    meant, every = assembly.templates(path, given.parameters, desk.report)
    found = cloudformation.estate(meant, every, desk, assembly.assets(path))
    found.watch += assembly.watched(path)
    return found


def _terraform(_: Path, root: Node, __: Given, desk: Desk) -> Estate:
    return terraform.estate(root, desk)


def _serverless(_: Path, root: Node, given: Given, desk: Desk) -> Estate:
    return serverless.estate(root, given.parameters, desk)


_READERS: Final[Mapping[Format, Callable[[Path, Node, Given, Desk], Estate]]] = {
    "distribution": _distribution,
    "cloudformation": _cloudformation,
    "cdk": _cloudformation,
    "terraform": _terraform,
    "serverless": _serverless,
}
