"""The first screen: where the edge is, and what it does with which path."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from edgerun import __version__
from edgerun.distribution.model import Behavior, Distribution, Point
from edgerun.distribution.origins import DirectoryOrigin, place_of
from edgerun.functions.function import Debugger

if TYPE_CHECKING:
    from edgerun.config.overrides import Loaded

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
EVERYWHERE = frozenset({"0.0.0.0", "::"})
MARKS = {
    Point.VIEWER_REQUEST: "vr",
    Point.ORIGIN_REQUEST: "or",
    Point.ORIGIN_RESPONSE: "os",
    Point.VIEWER_RESPONSE: "vs",
}


class SecureAddress(Protocol):
    """Where HTTPS is served.

    `asked` is the port that was asked for and is in use, None when it was free. `authority` is the certificate that has
    to be trusted, None with one of the user's own.
    """

    port: int
    asked: int | None
    authority: Path | None


def banner(  # noqa: PLR0913  # the server's options, by name
    loaded: "Loaded",
    *,
    host: str,
    port: int,
    admin: int | None,
    inspector: str = "",
    milliseconds: float,
    asked: int | None,
    secure: "SecureAddress | None" = None,
    workers: str = "",
    hints: str,
    as_json: bool,
    quiet: bool,
    colour: bool,
) -> str:
    """Return the first screen, or one JSON line that says the server is ready.

    Args:
        loaded: what is served.
        host: address it listens on.
        port: the port it got.
        admin: the admin port, None without one.
        inspector: its address with the token, "" when no requests are recorded.
        milliseconds: since the program began.
        asked: the port that was asked for and is in use, None when it was free.
        secure: where HTTPS is served, None without it.
        workers: how many there are, in words; "" for a single process.
        hints: text for below; `{url}` in it becomes the address.
        as_json: for programs.
        quiet: only what is out of the ordinary.
        colour: use ANSI colours.
    """
    url = f"http://{_shown_host(host)}:{port}/"
    if as_json:
        ready = {
            "event": "ready",
            "url": url,
            "port": port,
            "admin_port": admin,
            "notes": list(loaded.notes),
            "debuggers": {name: f"{each.host}:{each.port}" for name, _, each in _debuggers(loaded)},
        }
        return json.dumps(ready | _secure_facts(host, secure)) + "\n"

    warnings = [] if asked is None else [f"  !  Port       {asked} is in use, so it is {port}"]
    if secure is not None and secure.asked is not None:
        warnings.append(f"  !  HTTPS      {secure.asked} is in use, so it is {secure.port}")
    if host not in LOOPBACK:
        warnings.append("  !  Network    everybody who reaches this machine can use it")
    if quiet:
        return "".join(f"{line}\n" for line in warnings)

    def bold(text: str) -> str:
        return click.style(text, bold=True) if colour else text

    lines = ["", f"  {bold('edgerun')} {__version__}   ready in {milliseconds:.0f} ms", ""]
    lines += [f"  ➜  Edge       {bold(url)}", *_secure_lines(host, secure, bold), *warnings]
    if host in LOOPBACK:
        lines.append("  ➜  Network    use --host 0.0.0.0 to expose")
    lines += _admin_lines(admin, bold(inspector) if inspector else "", workers)
    for name, kind, each in _debuggers(loaded):
        lines.append(f"  ➜  Debug      {name}: {each.host}:{each.port} ({kind}{', waits' if each.wait else ''})")
        if each.host not in LOOPBACK:
            lines.append("  !  Debug      everybody who reaches this port can run code on this machine")
    lines += ["", *_table(loaded.config.distributions)]
    lines += [f"  !  {note}" for note in loaded.notes]
    if hints:
        lines += ["", hints.rstrip().replace("{url}", url)]
    lines += ["", "  Ctrl-C stops it", ""]
    return "\n".join(lines) + "\n"


def _debuggers(loaded: "Loaded") -> list[tuple[str, str, Debugger]]:
    """Return name, kind and place of each debugger."""
    kinds = {"python": "debugpy", "nodejs": "node inspector"}
    functions = loaded.config.functions.items()
    return [(name, kinds[each.runtime], each.debugger) for name, each in functions if each.debugger is not None]


def _admin_lines(admin: int | None, inspector: str, workers: str) -> list[str]:
    lines = [f"  ➜  Workers    {workers}"] if workers else []
    if inspector:
        return [f"  ➜  Inspector  {inspector} (o + Enter opens it)", *lines]
    if admin is not None:
        return [f"  ➜  Admin      http://localhost:{admin}/ (edgerun cache purge '/*')", *lines]
    return lines


def _secure_lines(host: str, secure: SecureAddress | None, bold: Callable[[str], str]) -> list[str]:
    if secure is None:
        return []
    lines = [f"  ➜  HTTPS      {bold(f'https://{_shown_host(host)}:{secure.port}/')}"]
    if secure.authority is not None:
        lines.append(f"  ➜  Trust      {near(str(secure.authority))} (edgerun ca says how)")
    return lines


def _secure_facts(host: str, secure: SecureAddress | None) -> dict[str, object]:
    if secure is None:
        return {}
    url = f"https://{_shown_host(host)}:{secure.port}/"
    authority = None if secure.authority is None else str(secure.authority)
    return {"https_url": url, "https_port": secure.port, "authority": authority}


def _shown_host(host: str) -> str:
    if host in LOOPBACK or host in EVERYWHERE:
        return "localhost"
    return f"[{host}]" if ":" in host else host


def near(path: str) -> str:
    """Return a path as seen from the current directory, where that is shorter."""
    relative = os.path.relpath(path)
    return relative if len(relative) < len(path) else path


def _table(distributions: Sequence[Distribution]) -> list[str]:
    lines = [line for each in distributions for line in _behaviors(each, several=len(distributions) > 1)]
    used = {point for each in distributions for behavior in each.all_behaviors for point in _functions(behavior)}
    legend = ", ".join(f"{MARKS[point]} {point}" for point in Point if point in used)
    return [*lines, "", f"  ({legend})"] if used else lines


def _functions(behavior: Behavior) -> dict[Point, str]:
    return {
        point: association.function.name for point in Point if (association := behavior.function_at(point)) is not None
    }


def _behaviors(distribution: Distribution, *, several: bool) -> list[str]:
    rows = [
        (str(number) if behavior is not distribution.default_behavior else "default", *_row(behavior))
        for number, behavior in enumerate(distribution.all_behaviors, 1)
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    heading = (
        [f"  {distribution.name}: {', '.join(distribution.aliases) or distribution.domain_name}"] if several else []
    )
    return heading + [
        "  " + "  ".join(text.ljust(width) for text, width in zip(row, (*widths, 0), strict=True)).rstrip()
        for row in rows
    ]


def _row(behavior: Behavior) -> tuple[str, str, str, str]:
    origin = behavior.origin
    place = near(origin.directory) if isinstance(origin, DirectoryOrigin) else place_of(origin)
    group = behavior.origin_group
    target = f"{origin.name} ({place})" + (f", else {group.secondary.name}" if group else "")
    functions = [f"{MARKS[point]} {name}" for point, name in _functions(behavior).items()]
    return (
        behavior.path_pattern,
        f"→ {target}",
        behavior.cache_policy.name,
        " · ".join(functions),
    )
