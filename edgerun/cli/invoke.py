"""`edgerun invoke`: one call of one function, and what CloudFront would make of its result."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import click
import orjson

from edgerun.app import id_maker
from edgerun.cli.options import configured, loader, overrides
from edgerun.distribution import forward
from edgerun.distribution.model import Association, Behavior, Config, Distribution, OriginSpec, Point
from edgerun.errors import FunctionError
from edgerun.functions import lambda_edge
from edgerun.functions.function import Function
from edgerun.functions.invoker import expose
from edgerun.functions.lambda_edge import EdgeContext, Warned
from edgerun.functions.limits import EXPOSED_BODY
from edgerun.functions.process import ProcessRuntime
from edgerun.functions.runtime import OutputLine
from edgerun.http.headers import Headers
from edgerun.http.message import BytesBody, Request, Response
from edgerun.http.status import reason
from edgerun.observe.console import plain


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
        known = ", ".join(sorted(config.functions)) or "none"
        raise click.UsageError(f"there is no function {function!r} in the configuration; it has: {known}")
    where = _where(config, chosen, point)
    request = _request(uri, method, headers, data)
    response = Response(status=status, reason=reason(status), headers=_lines(headers))
    given = event_file.read() if event_file is not None else None
    outcome = asyncio.run(_call(where, request, response, given))
    _print(outcome, as_json=as_json)
    return 1 if "error" in outcome else 0


class Where:
    """The function, the point it is called at, and what it is associated with."""

    def __init__(self, function: Function, point: Point, distribution: Distribution, behavior: Behavior) -> None:
        self.function = function
        self.point = point
        self.distribution = distribution
        self.behavior = behavior
        self.association = behavior.function_at(point) or Association(function=function)


def _where(config: Config, function: Function, asked: str | None) -> Where:
    """Find the point a function is associated with; one that has several, or none, needs `--event`."""
    found = [
        Where(function, point, distribution, behavior)
        for distribution in config.distributions
        for behavior in distribution.all_behaviors
        for point in Point
        if (association := behavior.function_at(point)) and association.function.name == function.name
    ]
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


def _lines(headers: tuple[str, ...]) -> Headers:
    lines = []
    for text in headers:
        name, colon, content = text.partition(":")
        if not colon:
            raise click.UsageError(f"-H {text!r}: expected 'name: value'")
        lines.append((name.strip().encode("latin-1"), content.strip().encode()))
    return Headers(lines)


def _request(uri: str, method: str, headers: tuple[str, ...], data: str) -> Request:
    lines = _lines(headers)
    if b"host" not in lines:
        lines = Headers([(b"Host", b"localhost"), *lines])
    if data:
        lines = lines.plus((b"Content-Length", b"%d" % len(data.encode())))
    path, mark, query = uri.encode().partition(b"?")
    return Request(
        method=method.upper(), path=path, query=query if mark else None, headers=lines, body=BytesBody(data.encode())
    )


async def _call(where: Where, request: Request, response: Response, given: bytes | None) -> dict[str, object]:
    logs: list[str] = []
    warnings: list[Warned] = []
    runtime = ProcessRuntime(_collector(logs))
    context = EdgeContext(
        point=where.point,
        distribution_domain_name=where.distribution.domain_name,
        distribution_id=where.distribution.id,
        request_id=id_maker()(),
    )
    outcome: dict[str, object] = {"function": where.function.name, "event": where.point.value}
    try:
        event, origin, request = await _event(where, context, request, response, given)
        invocation = await runtime.invoke(where.function, orjson.dumps(event), label=context.request_id)
        result = lambda_edge.parse_payload(invocation.payload, orjson.loads)
        outcome |= {
            "result": result,
            "duration_ms": round(invocation.duration * 1000, 2),
            "init_ms": round((invocation.init_duration or 0.0) * 1000, 2),
            "max_memory_mb": invocation.max_memory,
        }
        if where.point in {Point.VIEWER_REQUEST, Point.ORIGIN_REQUEST}:
            lambda_edge.read_request_result(
                context, event, result, request=request, origin=origin, warn=warnings.append
            )
        else:
            lambda_edge.read_response_result(context, event, result, response=response, warn=warnings.append)
    except FunctionError as error:
        outcome["error"] = plain(error)
    finally:
        await runtime.aclose()
    return outcome | {"logs": logs, "warnings": [f"{w.rule} {w.path}: {w.message}" for w in warnings]}


async def _event(
    where: Where, context: EdgeContext, request: Request, response: Response, given: bytes | None
) -> tuple[dict[str, object], OriginSpec | None, Request]:
    """Return the event, the origin in it, and the request as the dialect has to compare it."""
    if given is not None:
        event: dict[str, object] = orjson.loads(given)
        return event, None, request
    origin = None
    if where.point in {Point.ORIGIN_REQUEST, Point.ORIGIN_RESPONSE}:
        origin = forward.origin_spec(where.behavior.origin)
        via = request.http_version.encode() + b" edgerun.cloudfront.net (CloudFront)"
        request = forward.origin_request(request, where.behavior, where.behavior.origin, via)
    exposed = None
    if where.association.include_body:
        exposed, body = await expose(request.body, EXPOSED_BODY[where.point])
        request = request.changed(body=body)
    shown = response if where.point in {Point.ORIGIN_RESPONSE, Point.VIEWER_RESPONSE} else None
    return lambda_edge.build_event(context, request, origin=origin, response=shown, exposed=exposed), origin, request


def _collector(logs: list[str]) -> Callable[[OutputLine], None]:
    return lambda line: logs.append(line.text)


def _print(outcome: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(outcome))
        return
    for line in outcome["logs"]:  # type: ignore[attr-defined]
        click.echo(f"{outcome['function']} │ {line}", err=True)
    if "result" in outcome:
        click.echo(json.dumps(outcome["result"], indent=2, ensure_ascii=False))
    for warning in outcome["warnings"]:  # type: ignore[attr-defined]
        click.echo(f"warning {warning}", err=True)
    error = outcome.get("error")
    if isinstance(error, dict):
        _print_error(error)
    else:
        click.echo(
            f"fine: {outcome['duration_ms']} ms, {outcome['init_ms']} ms to start, {outcome['max_memory_mb']} MB",
            err=True,
        )


def _print_error(error: dict[str, object]) -> None:
    stream = sys.stderr
    click.echo(f"AWS would refuse this: {error['message']}", file=stream)
    for name in ("rule", "path", "value", "fix", "errorType"):
        if error.get(name):
            click.echo(f"  {name:<9} {error[name]}", file=stream)
    stack = error.get("stack")
    for frame in stack if isinstance(stack, list) else ():
        click.echo("  " + str(frame).rstrip(), file=stream)
