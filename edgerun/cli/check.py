"""`edgerun check`."""

import dataclasses
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from edgerun.banner import near
from edgerun.cli.options import configured, loader, overrides
from edgerun.config.finding import Finding
from edgerun.config.static import findings
from edgerun.config.static_cloudfront import cloudfront_findings
from edgerun.distribution.model import Distribution, Point, is_cloudfront
from edgerun.distribution.origins import DirectoryOrigin, place_of
from edgerun.errors import ConfigError
from edgerun.functions.function import code_file
from edgerun.observe.console import printable


@click.command()
@click.argument("path", required=False, type=click.Path(path_type=Path))
@configured
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the configuration and end.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def check(
    *,
    path: Path | None,
    config_path: Path | None,
    origins: tuple[str, ...],
    country: str,
    strictness: str | None,
    schema: bool,
    as_json: bool,
) -> int:
    """Check a configuration and its functions without running anything.

    Exit 0 when all is fine, 1 when AWS would refuse a function, 2 when the configuration cannot be loaded.
    """
    if schema:
        from edgerun.config.schema import json_schema  # noqa: PLC0415  # only this option needs it

        click.echo(json.dumps(json_schema(), indent=2))
        return 0
    try:
        loaded = loader(path, config_path, overrides(origins, country, strictness), {})()
    except ConfigError as error:
        if not as_json:
            raise
        click.echo(json.dumps({"ok": False, "errors": str(error).splitlines(), "findings": []}))
        return 2
    config = loaded.config
    built = {name for build in loaded.builds if build.command for name in build.functions}
    refused, doubtful = cloudfront_findings(config)
    found = [
        each
        for each in (*findings(config, _progress if sys.stderr.isatty() else None), *refused)
        if each.code != "handler-file-missing" or each.function not in built
    ]
    if as_json:
        told = {"ok": not found, "file": str(loaded.path), "notes": list(loaded.notes)}
        told |= {"findings": [dataclasses.asdict(each) for each in found]}
        click.echo(json.dumps(told | {"warnings": [dataclasses.asdict(each) for each in doubtful]}))
        return 1 if found else 0
    for distribution in config.distributions:
        click.echo("\n".join(_drawn(distribution)))
    for note in loaded.notes:
        click.echo(f"note: {note}")
    told_once = dict.fromkeys(_told(each) for each in found)  # functions may share a file, and its faults
    for text in (*dict.fromkeys(_told(each, "warning: ") for each in doubtful), *told_once):
        click.echo(text)
    click.echo(f"{near(str(loaded.path))}: " + ("fine" if not found else f"{len(told_once)} found"))
    return 1 if found else 0


def _drawn(distribution: Distribution) -> Iterator[str]:
    """Yield what a distribution does with which path, a line each."""
    yield f"{distribution.name}  {distribution.id}  {distribution.domain_name}"
    for behavior in distribution.all_behaviors:
        origin = behavior.origin
        place = near(origin.directory) if isinstance(origin, DirectoryOrigin) else place_of(origin)
        group = behavior.origin_group
        target = f"{origin.name} ({place})" + (f", else {group.secondary.name}" if group else "")
        yield f"  {behavior.path_pattern}  → {target}  {behavior.cache_policy.name}"
        for point in Point:
            association = behavior.function_at(point)
            if association is not None:
                function = association.function
                code = f"{near(function.root)}/{function.handler}"
                code = near(code_file(function)) if is_cloudfront(function) else code
                yield f"      {point}: {function.name} ({function.runtime} {code})"
        for keys in behavior.trusted_key_groups:
            named = ", ".join(f"{key.id} ({key.name})" for key in keys.keys)
            yield f"      signed only, key group {keys.name}: Key-Pair-Id {named}"


def _told(finding: Finding, kind: str = "") -> str:
    place = near(finding.file) + (f":{finding.line}" if finding.line else "")
    lines = (
        f"{place}: {kind}{finding.message} ({finding.code})",
        f"  aws    {finding.aws}" if finding.aws else "",
        f"  fix    {finding.fix}" if finding.fix else "",
    )
    return "\n".join(printable(line) for line in lines if line)


def _progress(name: str, done: int, total: int) -> None:
    """Say how far the measuring of a large package is, on one line of the terminal."""
    end = "\n" if done == total else "\r"
    click.echo(f"measuring {name}: {done * 100 // total} % of {total / 1024**2:,.0f} MB{end}", err=True, nl=False)
