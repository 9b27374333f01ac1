"""`edgerun cache`: questions and orders to the cache of a running server."""

import json
from heapq import nsmallest
from itertools import count, islice
from pathlib import Path

import click

from edgerun.cli.orders import ask, ask_for_lines

FUNCTION_PATIENCE = 40.0

_config = click.option("-c", "--config", "config_path", type=click.Path(path_type=Path), help="Its configuration file.")


@click.group()
def cache() -> None:
    """Ask and order the cache of the server that runs here."""


@cache.command()
@click.argument("paths", nargs=-1)
@click.option("--tag", "tags", multiple=True, help="Invalidate what the origin gave this cache tag.")
@_config
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def purge(paths: tuple[str, ...], *, tags: tuple[str, ...], config_path: Path | None, as_json: bool) -> int:
    """Invalidate PATHS, as CloudFront takes them: `/a.html`, `/img/*`, `/*`, and cache tags: `#sale`."""
    if not paths and not tags:
        raise click.UsageError("name a path such as /img/*, or a cache tag with --tag")
    outcome = ask(config_path, "POST", "/invalidations", {"paths": paths, "tags": tags})
    lost = outcome["invalidated"]
    click.echo(json.dumps(outcome) if as_json else f"{lost} object{'s' * (lost != 1)} invalidated")
    return 0


@cache.command("ls")
@click.argument("pattern", default="/*")
@click.option("--limit", type=click.IntRange(min=1), help="Show no more than this many objects.")
@_config
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each object, as they come.")
def ls(pattern: str, *, limit: int | None, config_path: Path | None, as_json: bool) -> int:
    """List what is stored, sorted by URI, with its state, size, age and the seconds of freshness left.

    PATTERN is what `purge` takes: `/a.html`, `/img/*`, or a cache tag such as `#sale`.
    """
    from edgerun.cli.cache_words import table  # noqa: PLC0415  # what only this needs

    found = ask_for_lines(config_path, "/cache/objects", {"match": pattern})
    if as_json:
        for each in islice(found, limit):
            click.echo(json.dumps(each))
        return 0
    counter = count()
    counted = (each for _, each in zip(counter, found, strict=False))
    rows = sorted(counted, key=_place) if limit is None else nsmallest(limit, counted, key=_place)
    click.echo(table(rows, next(counter) - 1))
    return 0


def _place(row: dict[str, object]) -> tuple[str, str]:
    return str(row["uri"]), str(row["key"])


@cache.command("explain")
@click.argument("url")
@click.option("-X", "--method", default="GET", help="The request's method; GET if left out.")
@click.option("-H", "--header", "headers", multiple=True, help="A header of the request, as 'Name: value'.")
@click.option("--run", is_flag=True, help="Run the viewer-request function, which may change the key.")
@_config
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as JSON.")
def explain(
    url: str, *, method: str, headers: tuple[str, ...], run: bool, config_path: Path | None, as_json: bool
) -> int:
    """Tell what the cache would do about a request for URL, and why; nothing is fetched or changed.

    URL is a whole one or a path. The request has the headers that are given and Host, no others.
    """
    from edgerun.cli.cache_words import explanation  # noqa: PLC0415  # what only this needs

    question = {"url": url, "method": method, "headers": [_header(each) for each in headers], "run": run}
    told = ask(config_path, "POST", "/cache/explain", question, FUNCTION_PATIENCE)
    click.echo(json.dumps(told) if as_json else explanation(told))
    return 0


def _header(text: str) -> list[str]:
    name, colon, content = text.partition(":")
    if not colon:
        raise click.UsageError(f"-H {text!r}: expected 'Name: value'")
    return [name.strip(), content.strip()]
