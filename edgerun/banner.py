"""The first screen: where the edge is, and what it does with which path."""

import json

import click

from edgerun import __version__
from edgerun.config.load import Loaded
from edgerun.distribution.model import Behavior, DirectoryOrigin, Distribution, Point

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def banner(
    loaded: Loaded,
    *,
    host: str,
    port: int,
    milliseconds: float,
    asked: int | None,
    hints: str,
    as_json: bool,
    colour: bool,
) -> str:
    """Return the first screen, or one JSON line that says the server is ready.

    Args:
        loaded: what is served.
        host: address it listens on.
        port: the port it got.
        milliseconds: since the program began.
        asked: the port that was asked for and is in use, None when it was free.
        hints: text for below; `{url}` in it becomes the address.
        as_json: for programs.
        colour: use ANSI colours.
    """
    url = f"http://{'localhost' if host in LOOPBACK else host}:{port}/"
    if as_json:
        return json.dumps({"event": "ready", "url": url, "port": port, "notes": list(loaded.notes)}) + "\n"

    def bold(text: str) -> str:
        return click.style(text, bold=True) if colour else text

    lines = ["", f"  {bold('edgerun')} {__version__}   ready in {milliseconds:.0f} ms", ""]
    lines.append(f"  ➜  Edge       {bold(url)}")
    if host in LOOPBACK:
        lines.append("  ➜  Network    use --host 0.0.0.0 to expose")
    else:
        lines.append("  !  Network    everybody who reaches this machine can use it")
    if asked is not None:
        lines.append(f"  !  Port       {asked} is in use, so it is {port}")
    lines.append("")
    for distribution in loaded.config.distributions:
        lines += _behaviors(distribution, several=len(loaded.config.distributions) > 1)
    lines += [f"  !  {note}" for note in loaded.notes]
    if hints:
        lines += ["", hints.rstrip().replace("{url}", url)]
    lines += ["", "  Ctrl-C stops it", ""]
    return "\n".join(lines) + "\n"


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
    place = (
        origin.directory if isinstance(origin, DirectoryOrigin) else f"{origin.scheme}://{origin.host}:{origin.port}"
    )
    functions = [
        f"{point} {association.function.name}" for point in Point if (association := behavior.function_at(point))
    ]
    return (
        behavior.path_pattern,
        f"→ {origin.name} ({place})",
        behavior.cache_policy.name,
        ", ".join(functions),
    )
