"""`edgerun invoke`: one call of one function, and what CloudFront would make of its result."""

import asyncio
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final

import click
import orjson

from edgerun.builder import run_all
from edgerun.cli.calling import Prepared, find, prepare, rooted, runtime_for
from edgerun.cli.measure import Rate, Sample, measured, report, table
from edgerun.cli.options import configured, loader, overrides
from edgerun.config.faults import suggestion
from edgerun.distribution.model import Point
from edgerun.errors import FunctionError, FunctionExecutionError, FunctionResultError
from edgerun.functions.advice import advice
from edgerun.functions.lambda_edge import Judge, Warned
from edgerun.functions.prices import billed_milliseconds, price_of
from edgerun.functions.readings import Strictness
from edgerun.functions.rulebook import RULEBOOK
from edgerun.functions.runtime import Invocation, OutputLine
from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody, Request, Response
from edgerun.http.status import reason
from edgerun.observe.console import frames, is_report, output_lines, plain, printable, said

Outcome = dict[str, Any]

LONGEST_SHOWN: Final = 500  # characters of one text of a result, on a terminal
_TARGET: Final = re.compile(r"/[!-~]*")
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


@click.command()
@click.argument("function")
@configured
@click.option("--event", "point", type=click.Choice([p.value for p in Point]), help="Which of the four points.")
@click.option("--uri", default="/", show_default=True, help="Path and query of the viewer's request.")
@click.option("-X", "--method", default="GET", show_default=True)
@click.option("-H", "--header", "headers", multiple=True, metavar="NAME: VALUE", help="A header; may be repeated.")
@click.option("-d", "--data", default="", help="The request's body.")
@click.option("--status", default=200, show_default=True, type=click.IntRange(200, 599), help="For response events.")
@click.option("--event-file", type=click.File("rb"), help="An event as JSON instead, handed over as it is.")
@click.option("--repeat", type=click.IntRange(1, 1_000_000), metavar="N", help="Call N times and print a summary.")
@click.option("--concurrency", type=click.IntRange(1, 1000), default=1, help="With --repeat: so many at a time.")
@click.option("--rate", type=Rate(), metavar="N/UNIT", help="With --repeat: a price for 25/s, 3M/month or the like.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def invoke(  # noqa: PLR0913  # click hands every option over by name
    *,
    function: str,
    config_path: Path | None,
    origins: tuple[str, ...],
    country: str,
    strictness: str | None,
    point: str | None,
    uri: str,
    method: str,
    headers: tuple[str, ...],
    data: str,
    status: int,
    event_file: IO[bytes] | None,
    repeat: int | None,
    concurrency: int,
    rate: float | None,
    as_json: bool,
) -> int:
    """Run FUNCTION once; print its result, or exactly what AWS would refuse. Exit 1 when it would."""
    if repeat is None and (rate is not None or concurrency != 1):
        raise click.UsageError("--rate and --concurrency need --repeat")
    loaded = loader(None, config_path, overrides(origins, country, strictness), {})()
    config = loaded.config
    chosen = config.functions.get(function)
    if chosen is None:
        known = f"there are {', '.join(sorted(config.functions))}" if config.functions else "it has none"
        meant = suggestion(function, config.functions) or f"; {known}"
        raise click.UsageError(f"there is no function {function!r} in the configuration{meant}")
    request = _request(uri, method, headers, data)
    where = find(config, chosen, point, request)
    request = rooted(request, where.distribution)
    response = Response(status=status, reason=reason(status), headers=_lines(headers))
    given = _event_in(event_file) if event_file is not None else None
    warnings: list[Warned] = []
    judge = Judge.at(config.strictness, warnings.append)
    asyncio.run(run_all([build for build in loaded.builds if function in build.functions], _build_says))
    ready = asyncio.run(prepare(where, request, response, given, judge))
    if repeat is not None:
        samples = asyncio.run(_repeat(ready, judge, repeat, concurrency))
        return _print_report(ready, report(chosen, samples, rate), concurrency, as_json=as_json)
    outcome, error = asyncio.run(_call(ready, judge, warnings, config.strictness))
    if as_json:
        click.echo(json.dumps(outcome if error is None else outcome | {"error": plain(error)}))
    else:
        _print(outcome, error)
    return 0 if error is None else 1


def _lines(headers: tuple[str, ...]) -> Headers:
    lines = []
    for text in headers:
        name, colon, content = text.partition(":")
        if not colon or not _TOKEN.fullmatch(name.strip()) or not content.strip().isprintable():
            raise click.UsageError(f"-H {text!r}: expected 'name: value'")
        lines.append((name.strip().encode(), content.strip().encode()))
    return Headers(lines)


def _event_in(file: IO[bytes]) -> dict[str, object]:
    try:
        event = orjson.loads(file.read())
    except orjson.JSONDecodeError as error:
        raise click.UsageError(f"{file.name}:{error.lineno}:{error.colno}: is not JSON: {error.msg}") from None
    if not isinstance(event, dict):
        raise click.UsageError(f"{file.name}: expected an object, as functions get it: {{'Records': [...]}}")
    return event


def _request(uri: str, method: str, headers: tuple[str, ...], data: str) -> Request:
    if not _TARGET.fullmatch(uri):
        raise click.UsageError(f"--uri {uri!r}: expected a path such as '/a%20b?c=d', percent-encoded")
    if not _TOKEN.fullmatch(method):
        raise click.UsageError(f"--method {method!r}: expected a method such as 'GET'")
    lines = _lines(headers)
    if b"host" not in lines:
        lines = Headers([(b"Host", b"localhost"), *lines])
    if data:
        lines = lines.plus((b"Content-Length", b"%d" % len(data.encode())))
    path, mark, query = uri.encode().partition(b"?")
    return Request(
        method=method.upper(), path=path, query=query if mark else None, headers=lines, body=BytesBody(data.encode())
    )


async def _call(
    ready: Prepared, judge: Judge, warnings: list[Warned], level: Strictness
) -> tuple[Outcome, FunctionError | None]:
    logs: list[str] = []
    runtime = runtime_for(ready.where.function, _collector(logs))
    outcome: Outcome = {
        "function": ready.where.function.name,
        "event": ready.where.point.value,
        "request_id": ready.context.request_id,
        "level": level,
    }
    failure: FunctionError | None = None
    try:
        invocation = await runtime.invoke(ready.where.function, ready.payload, label=ready.context.request_id)
        result, more = ready.result_of(invocation.payload)
        outcome |= more | {
            "result": result,
            "cold": invocation.init_duration is not None,
            "duration_ms": round(invocation.duration * 1000, 2),
            "billed_ms": billed_milliseconds(price_of(ready.where.function.runtime), invocation.duration),
            "init_ms": round((invocation.init_duration or 0.0) * 1000, 2),
            "max_memory_mb": invocation.max_memory,
        }
        if invocation.compute_utilization is not None:
            outcome["utilization"] = invocation.compute_utilization
        ready.read(invocation.payload, judge)
    except FunctionError as error:
        failure = error
    finally:
        await runtime.aclose()
    return outcome | {"logs": logs, "warnings": [f"{w.rule} {w.path}: {w.message}" for w in warnings]}, failure


async def _repeat(ready: Prepared, judge: Judge, times: int, concurrency: int) -> list[Sample]:
    function = ready.where.function
    runtime = runtime_for(function, _collector([]))

    async def once() -> tuple[Invocation | None, FunctionError | None]:
        invocation = None
        try:
            invocation = await runtime.invoke(function, ready.payload, label=ready.context.request_id)
            ready.read(invocation.payload, judge)
        except FunctionError as error:
            return invocation, error
        return invocation, None

    try:
        return await measured(once, price_of(function.runtime), times, concurrency)
    finally:
        await runtime.aclose()


def _build_says(text: str, _level: str) -> None:
    for line in text.splitlines():
        click.echo(printable(line), err=True)


def _collector(logs: list[str]) -> Callable[[OutputLine], None]:
    return lambda line: logs.append(line.text)


def _print_report(ready: Prepared, measures: Outcome, concurrency: int, *, as_json: bool) -> int:
    """Print a summary of many calls; return the exit code."""
    name, event = ready.where.function.name, ready.where.point.value
    if as_json:
        click.echo(json.dumps({"function": name, "event": event, "concurrency": concurrency} | measures))
    else:
        click.echo("\n".join(map(printable, table(name, event, concurrency, measures).splitlines())))
    return 1 if measures["failed"] else 0


def _print(outcome: Outcome, error: FunctionError | None) -> None:
    for text in outcome["logs"]:
        if not is_report(text):
            for line in output_lines(text):
                click.echo(f"{outcome['function']} │ {printable(line)}", err=True)
    if "result" in outcome:
        shown = shortened(outcome["result"]) if sys.stdout.isatty() else outcome["result"]
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
    for call in outcome.get("origin", ()):
        click.echo(f"cf.{call['method']}: {printable(json.dumps(call['params'], ensure_ascii=False))}", err=True)
    for warning in outcome["warnings"]:
        click.echo(f"warning {printable(warning)}", err=True)
    if error is not None:
        _print_error(error, outcome)
    else:
        took = f"{outcome['duration_ms']} ms, {outcome['init_ms']} ms to start, {outcome['max_memory_mb']} MB"
        if "utilization" in outcome:
            took = f"{outcome['utilization']} % of the time that CloudFront allows"
        click.echo(f"fine: {took}", err=True)


def shortened(result: Any) -> Any:
    """Return a result without the bulk of long texts: on a terminal they would push everything else away."""
    if isinstance(result, dict):
        return {name: shortened(each) for name, each in result.items()}
    if isinstance(result, list):
        return [shortened(each) for each in result]
    if isinstance(result, str) and len(result) > LONGEST_SHOWN:
        return f"{result[:LONGEST_SHOWN]}… ({len(result):,} characters)"
    return result


def _print_error(error: FunctionError, outcome: Outcome) -> None:
    first, *more = said(error)
    what = "AWS would refuse this" if isinstance(error, FunctionResultError) else "the function failed"
    where = f"{outcome['function']} at {outcome['event']}, request {outcome['request_id']}"
    lines = [where, f"{what}: {first}", *more]
    if isinstance(error, FunctionResultError):
        lines += [
            f"  {name:<6} {text}"
            for name, text in (
                ("rule", error.rule),
                ("path", error.path),
                ("value", error.value),
                ("limit", RULEBOOK[error.rule].limit),
                ("fix", error.fix),
            )
            if text
        ]
    elif isinstance(error, FunctionExecutionError):
        lines += frames(error)
        lines += [f"  fix    {todo}"] if (todo := advice(error.error_type)) else []
    for line in lines:
        click.echo(printable(line), err=True)
