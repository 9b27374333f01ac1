"""`edgerun serve` and `edgerun dev`."""

from pathlib import Path
from typing import IO, Any

import click

from edgerun.cli.options import colour_wanted, configured, loader, overrides
from edgerun.cli.root import STARTED
from edgerun.distribution.model import Point

LOGS = "The form of the functions' logs, as on CloudWatch: `edgerun logs` shows them."
UI = "The admin port, on loopback: `edgerun cache purge` uses it. The next free one if taken."


def _serving(command: Any) -> Any:
    options = [
        click.argument("path", required=False, type=click.Path(path_type=Path)),
        configured,
        click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on."),
        click.option("-p", "--port", default=8787, show_default=True, type=click.IntRange(0, 65535)),
        click.option("--strict-port", is_flag=True, help="Fail if the port is taken instead of taking the next."),
        click.option("--ui-port", default=8788, show_default=True, type=click.IntRange(0, 65535), help=UI),
        click.option("--no-ui", "ui", flag_value=False, default=True, help="Open no admin port."),
        click.option("--store", default="", metavar="lmdb|memory|redis://…", help="Where cached objects are kept."),
        click.option("--persist", is_flag=True, help="Keep them over restarts: the same as --store lmdb."),
        click.option("--log-format", type=click.Choice(["text", "json"]), default="text", help=LOGS),
        click.option("-v", "--verbose", is_flag=True, help="Write every step of every request."),
        click.option("-q", "--quiet", is_flag=True, help="Write failures and warnings only."),
        click.option("--json", "as_json", is_flag=True, help="Write one JSON object per event."),
        click.option("--hints", type=click.File(), help="Print this file below the banner; {url} is the address."),
        *(
            click.option(f"--{point}", metavar="FILE[:NAME]", help=f"Serve PATH itself with this {point} function.")
            for point in Point
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@_serving
def serve(**given: Any) -> int:
    """Serve PATH: a configuration file, or a folder with one, or a folder as it is."""
    return _run(watch=False, **given)


@click.command()
@_serving
def dev(**given: Any) -> int:
    """Serve PATH and take over every save: functions, configuration, sites."""
    return _run(watch=True, **given)


def _run(
    *,
    watch: bool,
    path: Path | None,
    config_path: Path | None,
    origins: tuple[str, ...],
    country: str,
    strictness: str | None,
    hints: IO[str] | None,
    **given: Any,
) -> int:
    from edgerun.server import Options, run  # noqa: PLC0415  # the server's imports only where one is started

    if not given["host"]:
        raise click.UsageError("--host: expected an address such as '127.0.0.1'")
    store, persist = given.pop("store"), given.pop("persist")
    if persist and store not in {"", "lmdb"}:
        raise click.UsageError(f"--persist keeps the cache in lmdb: leave it out, or --store {store.partition(':')[0]}")
    functions = {point: text for point in Point if (text := given.pop(point.replace("-", "_")))}
    load = loader(path, config_path, overrides(origins, country, strictness, "lmdb" if persist else store), functions)
    text = hints.read() if hints is not None else ""
    return run(Options(load=load, watch=watch, started=STARTED, hints=text, colour=colour_wanted(), **given))
