"""`edgerun invoke`: one call of one function, and what CloudFront would make of its result."""

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

import click
import orjson

from edgerun.app import id_maker
from edgerun.cli.options import configured, loader, overrides
from edgerun.config.faults import suggestion
from edgerun.distribution import forward, match
from edgerun.distribution.model import Association, Behavior, Config, Distribution, OriginSpec, Point
from edgerun.errors import FunctionError, FunctionExecutionError, FunctionResultError
from edgerun.functions import lambda_edge
from edgerun.functions.function import Function
from edgerun.functions.invoker import exposing
from edgerun.functions.lambda_edge import EdgeContext, Judge, Warned
from edgerun.functions.process import ProcessRuntime
from edgerun.functions.readings import Strictness
from edgerun.functions.rules import RULES
from edgerun.functions.runtime import OutputLine
from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody, Request, Response
from edgerun.http.status import reason
from edgerun.observe.console import frames, is_report, output_lines, plain, printable, said

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
    as_json: bool,
) -> int:
    """Run FUNCTION once; print its result, or exactly what AWS would refuse. Exit 1 when it would."""
    config = loader(None, config_path, overrides(origins, country, strictness), {})().config
    chosen = config.functions.get(function)
    if chosen is None:
        known = f"there are {', '.join(sorted(config.functions))}" if config.functions else "it has none"
        meant = suggestion(function, config.functions) or f"; {known}"
        raise click.UsageError(f"there is no function {function!r} in the configuration{meant}")
    request = _request(uri, method, headers, data)
    where = _where(config, chosen, point, request)
    request = _rooted(request, where.distribution)
    response = Response(status=status, reason=reason(status), headers=_lines(headers))
    given = _event_in(event_file) if event_file is not None else None
    outcome, error = asyncio.run(_call(where, request, response, given, config.strictness))
    if as_json:
        click.echo(json.dumps(outcome if error is None else outcome | {"error": plain(error)}))
    else:
        _print(outcome, error)
    return 0 if error is None else 1


class Where:
    """The function, the point it is called at, and what it is associated with."""

    def __init__(self, function: Function, point: Point, distribution: Distribution, behavior: Behavior) -> None:
        self.function = function
        self.point = point
        self.distribution = distribution
        self.behavior = behavior
        self.association = behavior.function_at(point) or Association(function=function)

    def takes(self, request: Request) -> bool:
        """Tell whether the behavior is the one for a request."""
        return match.behavior_for(_rooted(request, self.distribution).path, self.distribution) is self.behavior


def _where(config: Config, function: Function, asked: str | None, request: Request) -> Where:
    """Find the point a function is associated with; one that has several, or none, needs `--event`.

    Of several behaviors, the one that takes the request counts, in the distribution that answers its host.
    """
    found = [
        Where(function, point, distribution, behavior)
        for distribution in config.distributions
        for behavior in distribution.all_behaviors
        for point in Point
        if (association := behavior.function_at(point)) and association.function.name == function.name
    ]
    found = [where for where in found if where.takes(request)] or found
    hosting = match.distribution_for(request.headers.get(b"host"), config.distributions)
    found.sort(key=lambda where: where.distribution is not hosting)
    points = sorted({where.point.value for where in found})
    if asked is None and len(points) != 1:
        what = " and ".join(points) if points else "no event"
        raise click.UsageError(f"{function.name!r} is associated with {what}: say which with --event")
    point = Point(asked or points[0])
    for where in found:
        if where.point is point:
            return where
    distribution = config.distributions[0]
    return Where(function, point, distribution, distribution.default_behavior)


def _rooted(request: Request, distribution: Distribution) -> Request:
    """Return the request with the default root object, which is put in before anything else (§13.9)."""
    root = distribution.default_root_object
    return request.changed(path=b"/" + root.encode()) if request.path == b"/" and root else request


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
    where: Where, request: Request, response: Response, given: dict[str, object] | None, strictness: Strictness
) -> tuple[dict[str, object], FunctionError | None]:
    logs: list[str] = []
    warnings: list[Warned] = []
    judge = Judge.at(strictness, warnings.append)
    runtime = ProcessRuntime(_collector(logs))
    context = EdgeContext(
        point=where.point,
        distribution_domain_name=where.distribution.domain_name,
        distribution_id=where.distribution.id,
        request_id=id_maker()(),
    )
    outcome: dict[str, object] = {
        "function": where.function.name,
        "event": where.point.value,
        "request_id": context.request_id,
        "level": strictness,
    }
    failure: FunctionError | None = None
    try:
        event, origin, request = await _event(where, context, request, response, given, judge)
        invocation = await runtime.invoke(where.function, orjson.dumps(event), label=context.request_id)
        result = lambda_edge.parse_payload(invocation.payload, orjson.loads)
        outcome |= {
            "result": result,
            "duration_ms": round(invocation.duration * 1000, 2),
            "init_ms": round((invocation.init_duration or 0.0) * 1000, 2),
            "max_memory_mb": invocation.max_memory,
        }
        if where.point in {Point.VIEWER_REQUEST, Point.ORIGIN_REQUEST}:
            lambda_edge.read_request_result(context, event, result, request=request, origin=origin, judge=judge)
        else:
            lambda_edge.read_response_result(context, event, result, response=response, judge=judge)
    except FunctionError as error:
        failure = error
    finally:
        await runtime.aclose()
    return outcome | {"logs": logs, "warnings": [f"{w.rule} {w.path}: {w.message}" for w in warnings]}, failure


async def _event(
    where: Where,
    context: EdgeContext,
    request: Request,
    response: Response,
    given: dict[str, object] | None,
    judge: Judge,
) -> tuple[dict[str, object], OriginSpec | None, Request]:
    """Return the event, the origin in it, and the request as the dialect has to compare it."""
    if given is not None:
        return given, None, request
    origin = None
    if where.point in {Point.ORIGIN_REQUEST, Point.ORIGIN_RESPONSE}:
        origin = forward.origin_spec(where.behavior.origin)
        via = request.http_version.encode() + b" edgerun.cloudfront.net (CloudFront)"
        request = forward.origin_request(request, where.behavior, where.behavior.origin, via)
    exposed = None
    if where.association.include_body:
        exposed, request = await exposing(request, where.point, judge)
    shown = response if where.point in {Point.ORIGIN_RESPONSE, Point.VIEWER_RESPONSE} else None
    return lambda_edge.build_event(context, request, origin=origin, response=shown, exposed=exposed), origin, request


def _collector(logs: list[str]) -> Callable[[OutputLine], None]:
    return lambda line: logs.append(line.text)


def _print(outcome: dict[str, object], error: FunctionError | None) -> None:
    for text in outcome["logs"]:  # type: ignore[attr-defined]
        if not is_report(text):
            for line in output_lines(text):
                click.echo(f"{outcome['function']} │ {printable(line)}", err=True)
    if "result" in outcome:
        click.echo(json.dumps(outcome["result"], indent=2, ensure_ascii=False))
    for warning in outcome["warnings"]:  # type: ignore[attr-defined]
        click.echo(f"warning {printable(warning)}", err=True)
    if error is not None:
        _print_error(error, outcome)
    else:
        click.echo(
            f"fine: {outcome['duration_ms']} ms, {outcome['init_ms']} ms to start, {outcome['max_memory_mb']} MB",
            err=True,
        )


def _print_error(error: FunctionError, outcome: dict[str, object]) -> None:
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
                ("limit", RULES[error.rule].limit),
                ("fix", error.fix),
            )
            if text
        ]
    elif isinstance(error, FunctionExecutionError):
        lines += frames(error)
    for line in lines:
        click.echo(printable(line), err=True)
