"""`edgerun clock`: the time that a running server goes by."""

import json
from pathlib import Path

import click

from edgerun.cli.orders import ask


class Backwards(click.Command):
    """Takes `-1h` for what it is, rather than for options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        steps = [argument for argument in args if argument[:1] == "-" and argument[1:2].isdecimal()]
        rest = [argument for argument in args if argument not in steps]
        return super().parse_args(ctx, [*rest, "--", *steps] if steps else rest)


@click.command(cls=Backwards)
@click.argument("to", required=False)
@click.option("-c", "--config", "config_path", type=click.Path(path_type=Path), help="Its configuration file.")
@click.option("--json", "as_json", is_flag=True, help="Print the clock as JSON.")
def clock(to: str | None, *, config_path: Path | None, as_json: bool) -> int:
    """Show the clock of the server that runs here, or move it TO another time.

    TO is `+1h`, `+90s` or `-1d` from where it is, a moment such as `2026-12-01T00:00Z`, or `reset`. Lifetimes,
    Age, Date and Expires follow; timeouts do not. Back in time, the cache is emptied. Only `edgerun dev` has a
    clock that can be moved.
    """
    told = ask(config_path, "GET", "/clock") if to is None else ask(config_path, "POST", "/clock", {"to": to})
    if as_json:
        click.echo(json.dumps(told))
        return 0
    offset = told["offset"]
    click.echo(f"{told['now']}, {f'moved by {offset}' if offset else 'the time of the machine'}")
    if count := told.get("invalidated"):
        click.echo(f"{count} object{'s' * (count != 1)} invalidated: stored later than it is now")
    return 0
