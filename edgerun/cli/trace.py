"""`edgerun trace`: the requests that were recorded."""

import json
from pathlib import Path
from typing import Any

import click

from edgerun.cli.recorded import picked, recorded
from edgerun.observe import trace as form

_config = click.option("-c", "--config", "config_path", type=click.Path(path_type=Path), help="Its configuration file.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_mask = click.option("--mask", is_flag=True, help="Leave out credentials, cookies, tokens, keys and passwords.")


@click.group()
def trace() -> None:
    """Look at the requests that `edgerun dev` has recorded."""


@trace.command("ls")
@click.argument("pattern", default="")
@click.option("-n", "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Show so many at most.")
@_config
@_mask
@_json
def ls(*, pattern: str, limit: int, config_path: Path | None, mask: bool, as_json: bool) -> int:
    """List recorded requests, the newest last, whose METHOD, host and target, status or result have PATTERN in them."""
    from edgerun.cli.trace_words import table  # noqa: PLC0415  # the start of others stays quick

    found = [record for record in recorded(config_path) if form.fits(record, pattern)][-limit:]
    rows = [form.summary(record) for record in _masked(found, mask=mask)]
    if as_json:
        for row in rows:
            click.echo(json.dumps(row))
    elif rows:
        click.echo(table(rows))
    else:
        of = f" that {pattern!r} fits" if pattern else ""
        click.echo(f"no request{of} is recorded: edgerun dev records what it serves", err=True)
    return 0


@trace.command()
@click.argument("which", metavar="ID|N|last", default="last")
@_config
@_mask
@_json
def show(*, which: str, config_path: Path | None, mask: bool, as_json: bool) -> int:
    """Show one request in full: by the beginning of its id, by its number, or the last."""
    from edgerun.cli.trace_words import whole  # noqa: PLC0415

    (record,) = _masked([picked(recorded(config_path), which)], mask=mask)
    click.echo(json.dumps(record, indent=2) if as_json else whole(record))
    return 0


@trace.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@_config
@_mask
@_json
def diff(*, first: str, second: str, config_path: Path | None, mask: bool, as_json: bool) -> int:
    """Show what differs between two requests, stage by stage; exit with 1 if anything does."""
    from edgerun.cli.trace_words import changes  # noqa: PLC0415
    from edgerun.replay.compare import changed_fields, differences  # noqa: PLC0415

    records = recorded(config_path)
    before, after = _masked([picked(records, first), picked(records, second)], mask=mask)
    found = differences(before, after)
    if as_json:
        click.echo(json.dumps(changed_fields(found), indent=2))
    else:
        click.echo("\n".join(changes(found)) or f"{before['number']} and {after['number']} are the same")
    return 1 if found else 0


@trace.command()
@click.argument("which", metavar="[ID|N|last]...", nargs=-1)
@click.option("--har", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write.")
@_config
@_mask
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def export(*, which: tuple[str, ...], har: Path, config_path: Path | None, mask: bool, as_json: bool) -> int:
    """Write requests, or all of them, into a HAR file for browsers and other tools, and for `edgerun replay`."""
    from edgerun.replay.har import har as as_har  # noqa: PLC0415

    records = recorded(config_path)
    chosen = [picked(records, each) for each in which] or records
    try:
        har.write_text(json.dumps(as_har(_masked(chosen, mask=mask)), indent=1), encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{har}: {error.strerror or error}") from error
    if as_json:
        click.echo(json.dumps({"file": str(har), "requests": len(chosen)}))
    else:
        click.echo(f"{len(chosen)} request{'s' * (len(chosen) != 1)} written to {har}")
    return 0


def _masked(records: list[Any], *, mask: bool) -> list[Any]:
    if not mask:
        return records
    from edgerun.observe.mask import masked  # noqa: PLC0415

    return [masked(record) for record in records]
