"""`edgerun replay`: recorded requests through today's configuration and code."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgerun.cli.options import configured, loader, overrides
from edgerun.cli.recorded import picked, recorded, say
from edgerun.observe.traces import TraceError

if TYPE_CHECKING:
    from edgerun.config.load import Loaded
    from edgerun.replay.again import Outcome
    from edgerun.replay.simulate import Simulated

LONG: int = 200
"""Requests from which on a bar shows how far a run is."""
MOST_TOLD: int = 20
"""Damaged lines of logs that are told of, each with its place."""


@click.command()
@click.argument("which", metavar="last|ID|N|FILE.har|ACCESS_LOG", nargs=-1)
@configured
@click.option("--live", is_flag=True, help="Ask the real origins instead of giving their recorded answers.")
@click.option("-n", "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Show so many at most.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def replay(
    *,
    which: tuple[str, ...],
    config_path: Path | None,
    origins: tuple[str, ...],
    country: str,
    strictness: str | None,
    live: bool,
    limit: int,
    as_json: bool,
) -> int:
    """Send recorded requests through today's configuration and code, and show what differs; exit with 1 if it does.

    Takes requests that edgerun dev recorded, HAR files, and access logs in CloudFront's standard form. Origins answer
    what they answered then, at the time it was then.
    """
    from edgerun.builder import run_all  # noqa: PLC0415  # only this command needs an edge

    loaded = loader(config_path, config_path, overrides(origins, country, strictness), {})()
    asyncio.run(run_all(loaded.builds, lambda text, _: say(text)))
    try:
        logs = [Path(each) for each in which if Path(each).is_file() and not each.lower().endswith(".har")]
        if logs:
            if len(logs) < len(which) or live:
                raise click.UsageError("an access log is replayed on its own, with other logs, and without --live")
            return _logs(loaded, logs, limit, as_json=as_json)
        return _records(loaded, which or ("last",), limit, live=live, as_json=as_json)
    except TraceError as error:
        raise click.ClickException(str(error)) from error


def _records(loaded: "Loaded", which: tuple[str, ...], limit: int, *, live: bool, as_json: bool) -> int:
    from edgerun.replay.har import read_har  # noqa: PLC0415

    foreign = all(each.lower().endswith(".har") for each in which)
    known = recorded(loaded.path, (lambda _text: None) if foreign else say)
    chosen: list[Any] = []
    for each in which:
        if each.lower().endswith(".har"):
            found = read_har(Path(each), say)
            known = [*known, *found]
            chosen += found
        elif Path(each).suffix or "/" in each:
            raise click.UsageError(f"{each}: there is no such file")
        else:
            chosen.append(picked(known, each))
    with _progress(len(chosen)) as advance:
        outcomes = asyncio.run(_sent(loaded, known, chosen, advance, live=live))
    _tell_outcomes(outcomes, limit, as_json=as_json)
    return 1 if any(each.differences or each.why_not for each in outcomes) else 0


async def _sent(
    loaded: "Loaded", known: list[Any], chosen: list[Any], advance: Callable[[], object], *, live: bool
) -> "list[Outcome]":
    from edgerun.replay.again import Replay  # noqa: PLC0415

    edge = Replay(loaded.config, known, live=live, cwd=loaded.path.parent)
    outcomes = []
    try:
        for record in chosen:
            outcomes.append(await edge.send(record))
            advance()
    finally:
        await edge.aclose()
    return outcomes


def _tell_outcomes(outcomes: "list[Outcome]", limit: int, *, as_json: bool) -> None:
    from edgerun.cli.trace_words import changes  # noqa: PLC0415
    from edgerun.observe.console import printable  # noqa: PLC0415
    from edgerun.observe.trace import target  # noqa: PLC0415
    from edgerun.replay.compare import changed_fields  # noqa: PLC0415

    if as_json:
        told = [
            {
                **{name: each.before[name] for name in ("id", "number", "method", "host")},
                "target": target(each.before),
                "same": not each.differences and not each.why_not,
                "differences": changed_fields(each.differences),
                "not_replayed": each.why_not or None,
            }
            for each in outcomes
        ]
        click.echo(json.dumps(told, indent=2))
        return
    telling = [each for each in outcomes if each.differences or each.why_not]
    for each in (telling or outcomes)[:limit]:
        count = len(each.differences)
        how = f"{count} field{'s' * (count != 1)} differ{'s' * (count == 1)}" if count else "the same"
        asked = printable(f"{each.before['method']} {each.before['host']}{target(each.before)}")
        click.echo(f"{each.before['number']}  {asked}: {each.why_not or how}")
        for line in changes(each.differences):
            click.echo(line)
    if len(outcomes) > 1:
        click.echo(f"{len(outcomes)} requests, {len(telling)} of them differ")


def _logs(loaded: "Loaded", paths: list[Path], limit: int, *, as_json: bool) -> int:
    from edgerun.replay.access_log import read_log  # noqa: PLC0415
    from edgerun.replay.simulate import Simulation  # noqa: PLC0415

    damaged: list[str] = []
    lines = [line for path in paths for line in read_log(path, damaged.append)]
    for text in damaged[:MOST_TOLD]:
        say(text)
    if len(damaged) > MOST_TOLD:
        say(f"and {len(damaged) - MOST_TOLD:,} more lines are skipped")
    lines.sort(key=lambda line: (line.location, line.at))
    if not lines:
        raise click.ClickException(f"{paths[0]}: expected lines of CloudFront's standard log, found none")
    with _progress(len(lines)) as advance:
        simulated = asyncio.run(_simulated(Simulation(loaded.config, lines), advance))
    _tell_simulated(simulated, limit, as_json=as_json)
    return 1 if simulated.differing else 0


async def _simulated(simulation: Any, advance: Callable[[], object]) -> "Simulated":
    told: Simulated = await simulation.run(advance)
    return told


def _tell_simulated(told: "Simulated", limit: int, *, as_json: bool) -> None:
    from edgerun.cli.trace_words import changes  # noqa: PLC0415
    from edgerun.replay.compare import changed_fields  # noqa: PLC0415

    if as_json:
        first = [{"place": line.place, "differences": changed_fields(found)} for line, found in told.first[:limit]]
        ratios = {"logged": round(told.ratio(told.logged), 6), "now": round(told.ratio(told.now), 6)}
        results = {"logged": dict(told.logged), "now": dict(told.now)}
        whole = {"requests": told.requests, "hit_ratio": ratios, "result_types": results, "differing": told.differing}
        click.echo(json.dumps({**whole, "first": first, "failures": dict(told.failures)}, indent=2))
        return
    for line, found in told.first[:limit]:
        click.echo(f"{line.place}: {line.method} {line.path.decode('latin-1')}")
        click.echo("\n".join(changes(found)))
    click.echo(f"{'':<24}  {'logged':>9}  {'now':>9}")
    click.echo(f"{'hit ratio':<24}  {told.ratio(told.logged):>9.2%}  {told.ratio(told.now):>9.2%}")
    for name in sorted({*told.logged, *told.now}):
        click.echo(f"{name:<24}  {told.logged[name]:>9,}  {told.now[name]:>9,}")
    for text, count in told.failures.most_common(limit):
        click.echo(f"{count:,} x {text}", err=True)
    click.echo(f"{told.requests:,} requests, {told.differing:,} of them differ in status, result type or length")


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], object]]:
    """Show how far a long run is, on a terminal."""
    if total < LONG or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("replaying", total=total)
        yield lambda: progress.advance(task)
