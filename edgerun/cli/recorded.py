"""Where commands find recorded requests, and how they name them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from edgerun.home import home
from edgerun.observe import trace, traces

Record = dict[str, Any]


def say(text: str) -> None:
    """Tell what is damaged, beside the output."""
    click.echo(text, err=True)


def recorded(config_path: Path | None, tell: Callable[[str], None] = say) -> list[Record]:
    """Return the requests that were recorded for a configuration, oldest first; `tell` hears of what is damaged."""
    return traces.read(home(config_path or Path()) / traces.FOLDER, tell)


def picked(records: list[Record], which: str) -> Record:
    """Return the record that is meant by `last`, a number, or the beginning of an id.

    Raises:
        click.UsageError: there is none.
    """
    found = trace.chosen(records, which)
    if found is not None:
        return found
    if not records:
        raise click.UsageError("no request is recorded here: start edgerun dev and send one, or give --config")
    first, last = records[0]["number"], records[-1]["number"]
    raise click.UsageError(
        f"no recorded request is meant by {which!r}: expected last, a number from {first} to {last}, or the beginning "
        "of an id; edgerun trace ls shows them"
    )
