"""`edgerun check`."""

import json
from pathlib import Path

import click

from edgerun.banner import near
from edgerun.cli.options import configured, loader, overrides
from edgerun.distribution.model import DirectoryOrigin, Point
from edgerun.errors import ConfigError


@click.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@configured
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the configuration and end.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def check(
    *,
    path: Path | None,
    config_path: Path | None,
    origins: tuple[str, ...],
    country: str,
    strictness: str | None,
    schema: bool,
    as_json: bool,
) -> int:
    """Check a configuration without serving it: exit 0 when it can be served, 2 when not."""
    if schema:
        from edgerun.config.schema import json_schema  # noqa: PLC0415  # only this option needs it

        click.echo(json.dumps(json_schema(), indent=2))
        return 0
    try:
        loaded = loader(path, config_path, overrides(origins, country, strictness), {})()
    except ConfigError as error:
        if not as_json:
            raise
        click.echo(json.dumps({"ok": False, "errors": str(error).splitlines()}))
        return 2
    config = loaded.config
    if as_json:
        click.echo(json.dumps({"ok": True, "file": str(loaded.path), "notes": list(loaded.notes)}))
        return 0
    for distribution in config.distributions:
        click.echo(f"{distribution.name}  {distribution.id}  {distribution.domain_name}")
        for behavior in distribution.all_behaviors:
            origin = behavior.origin
            place = near(origin.directory) if isinstance(origin, DirectoryOrigin) else f"{origin.host}:{origin.port}"
            click.echo(f"  {behavior.path_pattern}  → {origin.name} ({place})  {behavior.cache_policy.name}")
            for point in Point:
                association = behavior.function_at(point)
                if association is not None:
                    function = association.function
                    click.echo(
                        f"      {point}: {function.name} ({function.runtime} {near(function.root)}/{function.handler})"
                    )
    for note in loaded.notes:
        click.echo(f"note: {note}")
    click.echo(f"{near(str(loaded.path))}: fine")
    return 0
