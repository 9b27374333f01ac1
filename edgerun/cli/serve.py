"""`edgerun serve` and `edgerun dev`."""

from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from edgerun.cli.options import colour_wanted, configured, loader, overrides
from edgerun.cli.root import STARTED
from edgerun.distribution.model import Point

if TYPE_CHECKING:
    from edgerun.debugging import Address

LOGS = "The form of the functions' logs, as on CloudWatch: `edgerun logs` shows them."
INSPECT = "Open a debugger for each function: node's inspector, debugpy; 9229 and the ports after it; no deadlines."
INSPECT_BRK = "The same, and wait for a debugger to attach before a function's code is loaded."
HTTPS_PORT = "The port of HTTPS. The next free one if taken."
CERT = "A certificate of your own for HTTPS, PEM; without it a local authority issues them: edgerun ca."
ACCESS = "Keep an access log here, in CloudFront's form: a file, or a folder for CloudFront's files."
UI = "The admin port, on loopback: `edgerun cache purge` uses it. The next free one if taken."

MOST_WORKERS = 128
WORKERS = "How many processes serve, with one cache for all of them (lmdb); auto: one for each core."
ONE_PROCESS = "--workers: dev is one process, which watches, records and debugs: edgerun serve --workers N has several"

RECORD = "Keep a record of each request for `edgerun trace` and `edgerun replay`; on in dev, off in serve."


def _serving(command: Any) -> Any:
    options = [
        click.argument("path", required=False, type=click.Path(path_type=Path)),
        configured,
        click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on."),
        click.option("-p", "--port", default=8787, show_default=True, type=click.IntRange(0, 65535)),
        click.option("--strict-port", is_flag=True, help="Fail if the port is taken instead of taking the next."),
        click.option("--https", is_flag=True, help="Serve HTTPS as well, on a port of its own."),
        click.option("--https-port", default=8443, show_default=True, type=click.IntRange(0, 65535), help=HTTPS_PORT),
        click.option("--cert", type=click.Path(path_type=Path), help=CERT),
        click.option(
            "--key", type=click.Path(path_type=Path), help="The key of --cert, if it is not in the same file."
        ),
        click.option(
            "--http2", is_flag=True, help="HTTP/2 for viewers that speak it; experimental, needs edgerun[h2]."
        ),
        click.option("--ui-port", default=8788, show_default=True, type=click.IntRange(0, 65535), help=UI),
        click.option("--no-ui", "ui", flag_value=False, default=True, help="Open no admin port."),
        click.option("--store", default="", metavar="lmdb|memory|redis://…", help="Where cached objects are kept."),
        click.option("--persist", is_flag=True, help="Keep them over restarts: the same as --store lmdb."),
        click.option("--access-log", default="", metavar="FILE", help=ACCESS),
        click.option("--log-format", type=click.Choice(["text", "json"]), default="text", help=LOGS),
        click.option("-v", "--verbose", is_flag=True, help="Write every step of every request."),
        click.option("--record/--no-record", default=None, help=RECORD),
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


class _Workers(click.ParamType["int"]):
    name = "workers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return how many processes are to serve."""
        from edgerun.workers.cores import available  # noqa: PLC0415  # seldom asked for

        if value == "auto":
            return available()
        if not str(value).isdecimal() or not 1 <= int(value) <= MOST_WORKERS:
            self.fail(f"expected a number from 1 to {MOST_WORKERS}, or auto, got {str(value)!r}", param, ctx)
        return int(value)


@click.command()
@_serving
@click.option("--workers", type=_Workers(), default=1, show_default=True, metavar="N|auto", help=WORKERS)
def serve(**given: Any) -> int:
    """Serve PATH: a configuration file, or a folder with one, or a folder as it is."""
    return _run(watch=False, **given)


class _Dev(click.Command):
    """Takes `--inspect` without a value, as node does: what follows it is not its value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give `--inspect` its empty value."""
        return super().parse_args(ctx, [f"{arg}=" if arg in {"--inspect", "--inspect-brk"} else arg for arg in args])


class _Listen(click.ParamType["Address"]):
    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "Address":
        """Return where a debugger listens."""
        from edgerun.debugging import parsed  # noqa: PLC0415  # with the imports of the server

        try:
            return parsed(str(value))
        except ValueError:
            return self.fail(f"expected [HOST:]PORT such as '9229' or '0.0.0.0:9229', got {value!r}", param, ctx)


@click.command(cls=_Dev)
@_serving
@click.option("--inspect", type=_Listen(), metavar="[=[HOST:]PORT]", help=INSPECT)
@click.option("--inspect-brk", type=_Listen(), metavar="[=[HOST:]PORT]", help=INSPECT_BRK)
@click.option("--workers", "workers_wanted", hidden=True)
def dev(*, workers_wanted: str | None, **given: Any) -> int:
    """Serve PATH and take over every save: functions, configuration, sites."""
    said = click.get_current_context().get_parameter_source("workers_wanted")
    if workers_wanted is not None and said is ParameterSource.COMMANDLINE:
        raise click.UsageError(ONE_PROCESS)
    return _run(watch=True, **given)


def _run(  # noqa: PLR0913  # options by name
    *,
    watch: bool,
    path: Path | None,
    config_path: Path | None,
    origins: tuple[str, ...],
    country: str,
    strictness: str | None,
    hints: IO[str] | None,
    workers: int = 1,
    inspect: "Address | None" = None,
    inspect_brk: "Address | None" = None,
    **given: Any,
) -> int:
    from edgerun.debugging import Debugging  # noqa: PLC0415
    from edgerun.server import Options, run  # noqa: PLC0415  # the server's imports only where one is started

    if not given["host"]:
        raise click.UsageError("--host: expected an address such as '127.0.0.1'")
    store, persist = given.pop("store"), given.pop("persist")
    if persist and store not in {"", "lmdb"}:
        raise click.UsageError(f"--persist keeps the cache in lmdb: leave it out, or --store {store.partition(':')[0]}")
    functions = {point: text for point in Point if (text := given.pop(point.replace("-", "_")))}
    store = "lmdb" if persist else store
    chosen = overrides(origins, country, strictness, store, given.pop("access_log"), shared_store=workers > 1)
    load = loader(path, config_path, chosen, functions)
    if (address := inspect_brk or inspect) is not None:
        load = Debugging(load, address, wait=inspect_brk is not None)
    text = hints.read() if hints is not None else ""
    given |= {"started": STARTED, "hints": text, "colour": colour_wanted(), "https": _secured(given)}
    options = Options(load=load, watch=watch, **given)
    if workers > 1:
        from edgerun.workers.supervisor import run as run_several  # noqa: PLC0415  # most serve with one

        return run_several(options, workers)
    return run(options)


def _secured(given: dict[str, Any]) -> Any:
    """Take what was said of HTTPS out of the options; a certificate alone asks for it too."""
    from edgerun.secure import Secured  # noqa: PLC0415

    https, port, certificate, key = (given.pop(word) for word in ("https", "https_port", "cert", "key"))
    if key is not None and certificate is None:
        raise click.UsageError("--key: expected --cert FILE with it, the certificate that the key belongs to")
    return Secured(port=port, certificate=certificate, key=key) if https or certificate is not None else None
