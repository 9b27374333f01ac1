"""What a CDK app synthesised: the templates of a folder, and the assets that they name by their hashes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from edgerun.config.importers.document import document
from edgerun.config.importers.node import Node
from edgerun.config.importers.report import Report
from edgerun.config.importers.template import Template
from edgerun.config.read import is_file, is_folder

MANIFEST: Final = "manifest.json"
TEMPLATE: Final = ".template.json"
ASSETS: Final = ".assets.json"


def is_assembly(folder: Path) -> bool:
    """Tell whether a folder is what `cdk synth` writes."""
    return is_folder(folder) and is_file(folder / MANIFEST) and any(folder.glob(f"**/*{TEMPLATE}"))


def templates(path: Path, parameters: Mapping[str, str], report: Report) -> tuple[list[Template], list[Template]]:
    """Return the templates that are meant, and all that stand beside them.

    Args:
        path: a template of the app: this one is meant; or the folder: all are.
        parameters: values by flags.
        report: where faults go.
    """
    files = sorted(path.glob(f"**/*{TEMPLATE}")) if is_folder(path) else _beside(path)
    found = {
        file: Template(
            root=document(file), folder=file.absolute().parent, stack=stack(file), parameters=parameters, report=report
        )
        for file in files
    }
    every = list(found.values())
    for template in every:
        template.beside = every
    return (every if is_folder(path) else [found[path]]), every


def _beside(path: Path) -> list[Path]:
    if not path.name.endswith(TEMPLATE) or not is_file(path.parent / MANIFEST):
        return [path]
    return [path, *(each for each in sorted(path.parent.glob(f"*{TEMPLATE}")) if each.name != path.name)]


def stack(file: Path) -> str:
    """Return what a stack of this file is called."""
    return file.name.partition(".")[0] or "stack"


def assets(path: Path) -> dict[str, Path]:
    """Return the files and folders of assets by the key under which the app would upload them."""
    found: dict[str, Path] = {}
    for file in _manifests(path):
        for asset in _inside(document(file), "files"):
            source = asset.get("source", "path")
            for destination in _inside(asset, "destinations"):
                key = destination.get("objectKey")
                if source is not None and key is not None:
                    found[key.text] = file.absolute().parent / source.text
    return found


def watched(path: Path) -> list[Path]:
    """Return the files whose change makes it another app."""
    return [each.absolute() for each in (*_manifests(path), *path.glob(f"**/*{TEMPLATE}"))] if is_folder(path) else []


def _manifests(path: Path) -> list[Path]:
    return sorted(path.glob(f"**/*{ASSETS}")) if is_folder(path) else sorted(path.parent.glob(f"*{ASSETS}"))


def _inside(node: Node, name: str) -> list[Node]:
    found = node.get(name)
    return [each for _, each in found.items()] if found is not None else []
