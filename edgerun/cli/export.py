"""`edgerun export`: what is served here, as a template that deploys it on CloudFront."""

import json
import sys
from pathlib import Path
from typing import Any

import click


@click.group()
def export() -> None:
    """Write the configuration in another format."""


@export.command()
@click.option("-c", "--config", "config_path", type=click.Path(path_type=Path), help="The configuration.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file; standard output if left out.",
)
@click.option("--distribution", "name", default="", help="Which, if there are several.")
@click.option("--json", "as_json", is_flag=True, help="Print template, archives and notes as one JSON object.")
def cloudformation(*, config_path: Path | None, output: Path | None, name: str, as_json: bool) -> int:
    """Write a CloudFormation template: the distribution, its functions, policies and keys.

    It is deployed in us-east-1, as CloudFront wants it. Functions that need more files than their own become archives
    in a folder beside the output.
    """
    from edgerun.config.exporters import cloudformation as made  # noqa: PLC0415  # only this command needs it
    from edgerun.config.load import load  # noqa: PLC0415

    config = load(config_path or Path()).config
    exported = made.export(config, _chosen(config, name))
    if as_json:
        said = {
            "template": exported.template,
            "archives": {each: len(data) for each, data in exported.archives.items()},
            "notes": list(exported.notes),
        }
        click.echo(json.dumps(said, indent=2))
        return 0
    if exported.archives and output is None:
        raise click.UsageError(f"give -o FILE: {', '.join(exported.archives)} go into a folder beside it")
    text = json.dumps(exported.template, indent=2) + "\n"
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text)
        _write_archives(output, exported.archives)
    for note in exported.notes:
        click.echo(f"note: {note}", err=True)
    return 0


def _write_archives(output: Path, archives: dict[str, bytes]) -> None:
    folder = output.with_name(f"{output.stem}-functions")
    for name, data in archives.items():
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
        click.echo(f"wrote {folder / name}; it belongs into the bucket CodeBucket", err=True)


def _chosen(config: Any, name: str) -> Any:
    names = [each.name for each in config.distributions]
    if name and name not in names:
        raise click.UsageError(f"there is no distribution {name!r}; there are {', '.join(names)}")
    if not name and len(names) > 1:
        raise click.UsageError(f"there are several distributions: name one of {', '.join(names)} with --distribution")
    return next(each for each in config.distributions if not name or each.name == name)
