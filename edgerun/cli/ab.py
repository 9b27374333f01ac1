"""`edgerun ab`: an A/B test on trial."""

import asyncio
import gc
import json
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgerun.builder import run_all
from edgerun.cli.options import colour_wanted, configured, loader, overrides
from edgerun.config.overrides import Loaded
from edgerun.distribution.model import Config, StoreConfig
from edgerun.loops import loop_factory
from edgerun.observe.console import printable

if TYPE_CHECKING:
    from edgerun.ab.signs import By
    from edgerun.ab.trial import Trial
    from edgerun.ab.verdict import Verdict
    from edgerun.ab.viewers import Plan


class Weights(click.ParamType[dict[str, float]]):
    """Weights by name."""

    name = "weights"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, float]:
        """Return weights by name, at least one of them above zero."""
        made: dict[str, float] = {}
        for part in str(value).split(","):
            name, equals, text = part.strip().rpartition("=")
            try:
                number = float(text)
            except ValueError:
                number = -1.0
            if not equals or not name or not 0 <= number < math.inf or name in made:
                self.fail(f"expected NAME=WEIGHT,NAME=WEIGHT such as a=50,b=50, got {value!r}", param, ctx)
            made[name] = number
        if not sum(made.values()):
            self.fail(f"expected a weight above zero, got {value!r}", param, ctx)
        return made


def _told(_ctx: click.Context, _param: click.Parameter, text: str | None) -> "By | None":
    from edgerun.ab.signs import parsed  # noqa: PLC0415  # the edge is slow to import

    try:
        return None if text is None else parsed(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command()
@click.argument("url", metavar="URL_OR_PATH")
@configured
@click.option(
    "--viewers", default=100_000, show_default=True, type=click.IntRange(1, 10_000_000), help="How many come."
)
@click.option(
    "--by", callback=_told, metavar="SIGN", help="What tells the variant: cookie:NAME, header:NAME, uri, body:REGEX."
)
@click.option("--split", type=Weights(), metavar="a=50,b=50", help="The wanted split; equal shares if left out.")
@click.option("--seed", default=1, show_default=True, help="The same one brings the same viewers.")
@click.option("--countries", type=Weights(), metavar="US=40,DE=15", help="Where viewers are, by weight.")
@click.option("--devices", type=Weights(), metavar="mobile=60,desktop=40", help="desktop, mobile, tablet, by weight.")
@click.option(
    "--returning", default=0.3, show_default=True, type=click.FloatRange(0, 1), help="The share who come back."
)
@click.option(
    "--visits", default=2, show_default=True, type=click.IntRange(1, 1000), help="How many times those come back."
)
@click.option(
    "--refusing", default=0.0, show_default=True, type=click.FloatRange(0, 1), help="The share who keep no cookies."
)
@click.option(
    "--over", default=3600.0, show_default=True, type=click.FloatRange(0), help="Seconds that all visits take."
)
@click.option("-H", "--header", "headers", multiple=True, metavar="NAME: VALUE", help="A header of every viewer.")
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write a report with pictures."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def ab(  # noqa: PLR0913  # click hands every option over by name
    *,
    url: str,
    config_path: Path | None,
    origins: tuple[str, ...],
    country: str,
    strictness: str | None,
    viewers: int,
    by: "By | None",
    split: dict[str, float] | None,
    seed: int,
    countries: dict[str, float] | None,
    devices: dict[str, float] | None,
    returning: float,
    visits: int,
    refusing: float,
    over: float,
    headers: tuple[str, ...],
    html: Path | None,
    as_json: bool,
) -> int:
    """Let many viewers ask for URL_OR_PATH, in process, and judge the split. Exit 1 if biased or not sticky."""
    from edgerun.ab.verdict import judged  # noqa: PLC0415  # the edge is slow to import
    from edgerun.ab.viewers import AGENTS, COUNTRIES, DEVICES, Plan  # noqa: PLC0415

    if not url.startswith(("/", "http://", "https://")):
        raise click.UsageError(f"expected a path such as /index.html, or a URL, got {url!r}")
    if unknown := sorted(set(devices or {}) - set(AGENTS)):
        raise click.UsageError(f"--devices: there is no {unknown[0]!r}; there are {', '.join(AGENTS)}")
    loaded = loader(None, config_path, overrides(origins, country, strictness), {})()
    if loaded.config.country:
        countries = {loaded.config.country: 1.0}
    plan = Plan(
        viewers=viewers,
        seed=seed,
        countries={name.upper(): weight for name, weight in (countries or COUNTRIES).items()},
        devices=devices or DEVICES,
        returning=returning,
        visits=visits,
        refusing=refusing,
        seconds=over,
    )
    crowd = _Crowd(loaded, plan, url, by, _headers(headers))
    try:
        with _progress() as progress, asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(crowd.come(progress))
    except KeyboardInterrupt:
        if crowd.trial is None or not crowd.trial.seen.visits:
            raise
    assert crowd.trial is not None
    seen = crowd.trial.seen
    try:
        verdict = judged(seen, by, split)
    except ValueError as error:
        raise click.UsageError(f"{error}; say what does with --by") from error
    _tell(verdict, url, html, as_json=as_json)
    return 130 if seen.missing else 0 if verdict.good else 1


class _Crowd:
    """A trial to be: what was seen of it can be told whenever it is stopped."""

    def __init__(self, loaded: Loaded, plan: "Plan", url: str, by: "By | None", headers: dict[str, str]) -> None:
        self.trial: Trial | None = None
        self._loaded = loaded
        self._plan = plan
        self._url = url
        self._by = by
        self._headers = headers

    async def come(self, progress: Callable[[int, int], None]) -> None:
        from edgerun.ab.trial import AT_ONCE, Places, Trial  # noqa: PLC0415
        from edgerun.testing.edge import AsyncEdge  # noqa: PLC0415

        await run_all(self._loaded.builds, _build_says)
        places, config = Places(), self._loaded.config
        # Nobody waits for an environment: a test is no load test.
        at_once = min(AT_ONCE, *(each.concurrency for each in config.functions.values()), AT_ONCE)
        # Simulated viewers leave no traces: neither in a store that outlives them nor in access logs.
        config = replace(
            config,
            store=StoreConfig(size=config.store.size, max_object_size=config.store.max_object_size),
            distributions=tuple(replace(each, access_log=None) for each in config.distributions),
            geo=places,
        )
        watched = (self._by is None or self._by.kind == "uri") and _rewrites(config)
        async with AsyncEdge(replace(self._loaded, config=config), watched=watched) as edge:
            self.trial = Trial(
                edge, self._plan, self._url, by=self._by, headers=self._headers, places=places, at_once=at_once
            )
            with _seldom_collecting():
                await self.trial.run(progress)


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Look for garbage less often: all visits are kept to the end, and looking through them again and again is slow."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(50_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _tell(verdict: "Verdict", url: str, html: Path | None, *, as_json: bool) -> None:
    if html is not None:
        from edgerun.ab.page import page  # noqa: PLC0415

        html.write_text(page(verdict, url), "utf-8")
    if as_json:
        click.echo(json.dumps({"url": url, **verdict.values()}))
    else:
        _print(verdict)
        if html is not None:
            click.echo(f"report     {html}")


def _rewrites(config: Config) -> bool:
    """Tell whether any function may change the URI on its way to the origin, which only a watched edge tells."""
    behaviors = (behavior for each in config.distributions for behavior in each.all_behaviors)
    return any(behavior.origin_request is not None for behavior in behaviors)


def _headers(lines: tuple[str, ...]) -> dict[str, str]:
    made = {}
    for line in lines:
        name, colon, text = line.partition(":")
        if not colon or not name.strip() or not text.strip().isprintable():
            raise click.UsageError(f"-H {line!r}: expected 'name: value'")
        made[name.strip()] = text.strip()
    return made


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Show on a terminal how far it is; stderr, so that results can be piped."""
    if not sys.stderr.isatty():
        yield lambda _done, _of: None
        return
    from rich.console import Console  # noqa: PLC0415  # only for terminals
    from rich.progress import Progress  # noqa: PLC0415

    console = Console(stderr=True, no_color=not colour_wanted(sys.stderr))
    with Progress(console=console, transient=True, refresh_per_second=4) as shown:  # each time costs visits
        task = shown.add_task("visits")

        def tell(done: int, total: int) -> None:
            if done >= shown.tasks[0].completed + total / 200:
                shown.update(task, completed=done, total=total)

        yield tell


def _print(verdict: "Verdict") -> None:
    from edgerun.ab.words import plain, show  # noqa: PLC0415

    if not sys.stdout.isatty():
        click.echo(plain(verdict))
        return
    from rich.console import Console  # noqa: PLC0415  # only for terminals

    show(verdict, Console(no_color=not colour_wanted()))


def _build_says(text: str, _level: str) -> None:
    for line in text.splitlines():
        click.echo(printable(line), err=True)
