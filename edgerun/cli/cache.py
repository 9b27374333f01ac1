"""`edgerun cache`: orders to the cache of a running server."""

import json
from pathlib import Path

import click

from edgerun.home import home


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
    import httpx2  # noqa: PLC0415  # only this command asks a server

    from edgerun.admin.app import TOKEN_HEADER  # noqa: PLC0415
    from edgerun.admin.port import running  # noqa: PLC0415

    if not paths and not tags:
        raise click.UsageError("name a path such as /img/*, or a cache tag with --tag")
    folder = home(config_path or Path())
    server = running(folder)
    if server is None:
        raise click.UsageError(
            f"no edgerun runs for {folder.parent.resolve()}: start one with edgerun dev, or give --config"
        )
    try:
        answer = httpx2.post(
            f"{server.url}/invalidations",
            json={"paths": paths, "tags": tags},
            headers={TOKEN_HEADER: server.token},
            timeout=10.0,
        )
    except httpx2.HTTPError as error:
        raise click.ClickException(f"the server of {folder.parent.resolve()} does not answer: {error}") from error
    outcome = answer.json()
    if answer.status_code != 201:
        raise click.UsageError(outcome.get("error", answer.text))
    count = outcome["invalidated"]
    click.echo(json.dumps(outcome) if as_json else f"{count} object{'s' * (count != 1)} invalidated")
    return 0
