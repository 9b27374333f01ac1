"""One file of another tool, as a source in the native form."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from edgerun.config.faults import Source
from edgerun.config.importers import api, native
from edgerun.config.importers.desk import Desk
from edgerun.config.importers.document import YAML, document
from edgerun.config.importers.draft import Draft
from edgerun.config.importers.estate import Estate, Given
from edgerun.config.importers.node import Node, plain
from edgerun.config.importers.report import Report
from edgerun.config.read import display_name
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
    if api.knows(data):
        return "distribution"
    return None


def is_foreign(path: Path) -> bool:
    """Tell by its name whether a file can only be one of another tool's."""
    return path.suffix in YAML


def imported(path: Path, given: Given) -> Imported:
    """Return a file in the native form.

    Args:
        path: the file, or the folder of a CDK app's output.
        given: what flags say about it.

    Raises:
        ConfigError: one line for each thing that is wrong, at its place.
    """
    name, report = display_name(path), Report()
    root = document(path)
    data = plain(root)
    form = format_of(data) if isinstance(data, dict) else None
    if form is None:
        known = ", ".join(TITLES.values())
        raise ConfigError(f"{name}: is none of the formats that can be imported: {known}")
    desk = Desk(base=path.absolute().parent, report=report)
    found = _READERS[form](root, given, desk)
    report.check()
    if not found.distributions:
        raise ConfigError(f"{name}: is {TITLES[form]} without a distribution")
    draft = Draft(report=report, spelling="api" if form == "distribution" else "cloudformation")
    native.write(found, given, desk, draft)
    report.check()
    watch = (path.absolute(), *found.watch, *(each.absolute() for each in given.policies))
    return Imported(format=form, source=draft.source(name), report=report, watch=tuple(dict.fromkeys(watch)))


def _distribution(root: Node, given: Given, desk: Desk) -> Estate:
    return api.estate(root, [document(each) for each in given.policies], desk.report)


_READERS: Final[Mapping[Format, Callable[[Node, Given, Desk], Estate]]] = {
    "distribution": _distribution,
}
