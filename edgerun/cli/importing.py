"""`edgerun import`."""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from edgerun.cli.options import configured, overrides
from edgerun.config.faults import Source
from edgerun.config.importers.importing import TITLES, Imported, imported
from edgerun.config.load import load
from edgerun.config.toml import dumps
from edgerun.errors import ConfigError

KEPT: Final = "imported"

# Where the native form has paths, by table.
_PATHS: Final = {
    "origins": ("directory",),
    "functions": ("root", "handler"),
    "public_keys": ("file",),
    "key_value_stores": ("file",),
}


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@configured
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write here, as TOML or, if so named, as JSON.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--json", "as_json", is_flag=True, help="Print the report and the configuration as JSON.")
def import_(
    *,
    file: Path,
    config_path: Path | None,
    origins: tuple[str, ...],
    country: str,
    strictness: str | None,
    output: Path | None,
    force: bool,
    as_json: bool,
) -> int:
    """Turn FILE of another tool into edgerun's own form, and tell what was used and what was not.

    FILE is what `aws cloudfront get-distribution-config` prints, a CloudFormation or SAM template, a CDK app's
    cdk.out, what `terraform show -json` prints, or a serverless.yml. Exit 2 when something cannot be imported.
    """
    if config_path is not None:
        raise click.UsageError("--config: the file to import is the argument")
    if output is not None and output.exists() and not force:
        raise ConfigError(f"{output}: is there already; --force writes over it")
    flags = overrides(origins, country, strictness)
    if output is not None:
        flags = replace(flags, given=replace(flags.given, kept=output.absolute().parent / KEPT))
    try:
        done = imported(file, replace(flags.given, origins=flags.origins))
        load(file, flags)
    except ConfigError as error:
        if not as_json:
            raise
        click.echo(json.dumps({"ok": False, "errors": str(error).splitlines()}))
        return 2
    folder = (output or file).absolute().parent
    data = relative(done.source, folder)
    if output is not None:
        _write(output, data)
    if as_json:
        told = [each.told() for each in done.report.remarks]
        click.echo(json.dumps({"ok": True, "format": done.format, "remarks": told, "config": data}))
        return 0
    _tell(done)
    if output is None:
        click.echo(dumps(data), nl=False)
    else:
        click.echo(f"wrote {output}: edgerun dev {output}", err=True)
    return 0


def _tell(done: Imported) -> None:
    """Print the report where it does not mix with the configuration."""
    click.echo(f"{done.source.name}: {TITLES[done.format]}", err=True)
    for kind in ("used", "note", "ignored"):
        for remark in done.report.of(kind):
            click.echo(f"  {kind:8}{remark}", err=True)


def _write(output: Path, data: Mapping[str, object]) -> None:
    text = json.dumps(data, indent=2) + "\n" if output.suffix == ".json" else dumps(data)
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{output}: cannot be written: {error.strerror}") from None


def relative(source: Source, folder: Path) -> dict[str, object]:
    """Return the native form with its paths as seen from a folder."""
    data = dict(source.data)
    for table, words in _PATHS.items():
        found = data.get(table)
        if isinstance(found, dict):
            data[table] = {name: _relative(each, words, folder) for name, each in found.items()}
    return data


def _relative(table: Mapping[str, object], words: tuple[str, ...], folder: Path) -> dict[str, object]:
    return {
        word: os.path.relpath(value, folder)
        if word in words and isinstance(value, str) and Path(value).is_absolute()
        else value
        for word, value in table.items()
    }
