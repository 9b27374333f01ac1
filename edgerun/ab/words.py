"""A verdict for people: as text, or for a terminal."""

import math
from typing import TYPE_CHECKING

from edgerun.ab.verdict import BIASED, Verdict
from edgerun.observe.console import printable

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 30


def plain(verdict: Verdict) -> str:
    """Return a verdict as text."""
    return "\n".join([headline(verdict), "", *_rows(verdict), "", *sentences(verdict)])


def show(verdict: Verdict, console: "Console") -> None:
    """Print a verdict with coloured bars."""
    from rich.bar import Bar  # noqa: PLC0415  # only for terminals
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, pad_edge=False)
    for name in ("variant", "share", ""):
        table.add_column(name)
    for name in ("viewers", "95 % interval", "wanted", "hits", "entries"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in verdict.variants:
        inside = each.low <= each.wanted <= each.high
        bar = Bar(1.0, 0.0, each.share, width=WIDTH, color="green" if inside else "yellow")
        table.add_row(
            Text(printable(each.name)),
            percent(each.share),
            bar,
            f"{each.viewers:,}",
            interval(each.low, each.high),
            percent(each.wanted),
            percent(each.hit_ratio),
            str(each.entries),
        )
    console.print(Text(headline(verdict)))
    console.print()
    console.print(table)
    console.print()
    for line in sentences(verdict)[:-1]:
        console.print(Text(line))
    console.print(Text(sentences(verdict)[-1], style="bold green" if verdict.good else "bold red"))


def percent(share: float) -> str:
    """Return a share for people: `49.9 %`."""
    return f"{share * 100:.1f} %"


def interval(low: float, high: float) -> str:
    """Return an interval of shares for people."""
    return f"{low * 100:.2f} to {high * 100:.2f} %"


def sentences(verdict: Verdict) -> list[str]:
    """Return what is to be said of the split, stickiness and failures; the last one sums up."""
    distance = "∞" if math.isinf(verdict.chi_square) else f"{verdict.chi_square:.2f}"
    said = [
        f"split      χ² = {distance}, p = {verdict.p:.3g}: {_split(verdict)}",
        f"returning  {verdict.changed:,} of {verdict.returned:,} viewers who came back got another variant",
    ]
    if verdict.failed:
        said.append(f"failed     {verdict.failed:,} visits, the first: {printable(verdict.failure.splitlines()[0])}")
    said += [f"note       {note}" for note in verdict.notes]
    wrong = [word for word, is_so in (("biased", verdict.biased), ("not sticky", verdict.changed)) if is_so]
    if not verdict.variants:
        wrong = ["no visit was answered"]
    return [*said, f"verdict    {' and '.join(wrong) if wrong else 'fair and sticky'}"]


def _split(verdict: Verdict) -> str:
    if not verdict.biased:
        return "as wanted, as far as chance goes"
    return "not the wanted split" if verdict.p < BIASED else "one variant alone is no split"


def headline(verdict: Verdict) -> str:
    """Return who came."""
    told = f", told by {printable(verdict.by)}" if verdict.by else ""
    return f"{verdict.viewers:,} viewers, {verdict.visits:,} visits{told}, seed {verdict.seed}"


def _rows(verdict: Verdict) -> list[str]:
    widest = max([len("variant"), *(len(printable(each.name)) for each in verdict.variants)])
    head = f"{'variant':<{widest}}    share  {'':<{WIDTH}}   viewers   95 % interval       wanted     hits  entries"
    return [
        head.rstrip(),
        *(
            f"{printable(each.name):<{widest}}  {percent(each.share):>7}  {'#' * round(each.share * WIDTH):<{WIDTH}}"
            f"  {each.viewers:>8,}  {interval(each.low, each.high):>17}  {percent(each.wanted):>7}"
            f"  {percent(each.hit_ratio):>7}  {each.entries:>7,}"
            for each in verdict.variants
        ),
    ]
