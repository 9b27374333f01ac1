"""`edgerun cache`: orders to the cache of a running server."""

import json
from pathlib import Path

import click

from edgerun.cli.orders import ask


@click.group()
def cache() -> None:
    """Give orders to the cache of the server that runs here."""


@cache.command()
@click.argument("paths", nargs=-1)
@click.option("--tag", "tags", multiple=True, help="Invalidate what the origin gave this cache tag.")
@click.option("-c", "--config", "config_path", type=click.Path(path_type=Path), help="Its configuration file.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def purge(paths: tuple[str, ...], *, tags: tuple[str, ...], config_path: Path | None, as_json: bool) -> int:
    """Invalidate PATHS, as CloudFront takes them: `/a.html`, `/img/*`, `/*`, and cache tags: `#sale`."""
    if not paths and not tags:
        raise click.UsageError("name a path such as /img/*, or a cache tag with --tag")
    outcome = ask(config_path, "POST", "/invalidations", {"paths": paths, "tags": tags})
    count = outcome["invalidated"]
    click.echo(json.dumps(outcome) if as_json else f"{count} object{'s' * (count != 1)} invalidated")
    return 0
