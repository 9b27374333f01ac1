"""A verdict as one HTML file, with pictures, for light and dark screens; it loads nothing."""

from collections.abc import Mapping
from html import escape
from typing import Final

from edgerun.ab.verdict import Variant, Verdict
from edgerun.ab.words import headline, interval, percent, sentences

COLOURS: Final = ("#2f6fde", "#d9822b", "#2a9d6f", "#b04ac0", "#c9405a", "#6b7a90")
STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2330; --dim: #667085; --paper: #fff; --line: #d5dae3;
  --good: #1a7f4e; --bad: #b3261e }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --dim: #98a2b3; --paper: #14181f; --line: #343b48;
  --good: #5fcf97; --bad: #ff8a80 } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 60rem;
  margin: 2rem auto; padding: 0 1rem }
.figure { margin: 0 0 1rem; overflow-x: auto }
.row { display: grid; grid-template-columns: minmax(3.5rem, 8rem) 1fr 4rem; gap: .8rem; align-items: center }
.row span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap }
svg { display: block; width: 100%; overflow: visible }
svg text { fill: var(--dim); font: 12px system-ui, sans-serif }
.dim { color: var(--dim) }
svg .axis { stroke: var(--line) }
svg .mark { stroke: var(--ink); stroke-width: 2 }
dt { float: left; clear: left; width: 6rem; color: var(--dim) } dd { margin: 0 0 0 6rem }
table { border-collapse: collapse } td, th { padding: .2rem .8rem .2rem 0; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line) } td:first-child, th:first-child { text-align: left }
.good { color: var(--good) } .bad { color: var(--bad) }
"""
HIGH: Final = 32  # pixels of a bar's row; across, everything is in percent, so that it fits any screen


def page(verdict: Verdict, url: str) -> str:
    """Return the file.

    Args:
        verdict: what is told.
        url: what viewers asked for.
    """
    said = sentences(verdict)
    kind = "good" if verdict.good else "bad"
    names = [each.name for each in verdict.variants]
    lines = "".join(f"<dt>{escape(what)}</dt><dd>{escape(text.strip())}</dd>" for what, text in _parts(said[:-1]))
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>A/B test of {escape(url)}</title>
<style>{STYLE}</style>
<h1>A/B test of {escape(url)}</h1>
<p class="{kind}"><strong>{escape(said[-1].partition(" ")[2].strip())}</strong></p>
<p class="dim">{escape(headline(verdict))}</p>
<dl>{lines}</dl>
<h2>Shares</h2>
<p class="dim">Bars are shares of viewers, whiskers the 95 % confidence interval, dashes what is wanted.</p>
{_shares(verdict.variants)}
<div class="figure">{_table(verdict.variants)}</div>
<h2>By country</h2>
{_stacks(verdict.countries, names)}
<h2>By device</h2>
{_stacks(verdict.devices, names)}
</html>
"""


def _parts(lines: list[str]) -> list[tuple[str, str]]:
    return [(what, text) for what, _, text in (line.partition(" ") for line in lines)]


def _shares(variants: list[Variant]) -> str:
    rows = []
    for row, each in enumerate(variants):
        whisker = (
            f'<line x1="{each.low:.2%}" x2="{each.high:.2%}" y1="16" y2="16" class="mark"/>'
            f'<line x1="{each.low:.2%}" x2="{each.low:.2%}" y1="11" y2="21" class="mark"/>'
            f'<line x1="{each.high:.2%}" x2="{each.high:.2%}" y1="11" y2="21" class="mark"/>'
        )
        wanted = (
            f'<line x1="{each.wanted:.2%}" x2="{each.wanted:.2%}" y2="{HIGH}" class="mark" stroke-dasharray="3 3"/>'
        )
        bar = f'<rect y="5" height="22" width="{each.share:.2%}" rx="3" fill="{_colour(row)}"/>'
        rows.append(_row(each.name, bar + whisker + wanted, percent(each.share)))
    return _figure(rows, "Shares by variant")


def _stacks(table: Mapping[str, Mapping[str, int]], names: list[str]) -> str:
    rows = []
    for label, counts in table.items():
        total, left, bars = sum(counts.values()), 0.0, ""
        for number, name in enumerate(names):
            wide = counts.get(name, 0) / total
            told = f"{name}: {counts.get(name, 0):,}, {percent(wide)}"
            bars += (
                f'<rect x="{left:.2%}" y="5" height="22" width="{wide:.2%}" fill="{_colour(number)}">'
                f"<title>{escape(told)}</title></rect>"
            )
            left += wide
        rows.append(_row(label, bars, f"{total:,}"))
    return _figure(rows, "Shares by variant, in parts")


def _row(label: str, drawn: str, told: str) -> str:
    grid = "".join(
        f'<line x1="{tenth * 10}%" x2="{tenth * 10}%" y2="{HIGH}" class="axis"/>' for tenth in range(0, 11, 2)
    )
    return (
        f'<div class="row"><span title="{escape(label)}">{escape(label)}</span>'
        f'<svg height="{HIGH}">{grid}{drawn}</svg><span class="dim">{told}</span></div>'
    )


def _figure(rows: list[str], title: str) -> str:
    marks = "".join(
        f'<text x="{tenth * 10}%" y="14" text-anchor="middle">{tenth * 10} %</text>' for tenth in range(0, 11, 2)
    )
    axis = f'<div class="row"><span></span><svg height="20">{marks}</svg></div>'
    return f'<div class="figure" role="img" aria-label="{title}">{"".join(rows)}{axis}</div>'


def _table(variants: list[Variant]) -> str:
    head = ("variant", "viewers", "share", "95 % interval", "wanted", "visits", "hits", "cache entries")
    rows = [
        (
            f'<span style="color:{_colour(row)}">■</span> {escape(each.name)}',
            f"{each.viewers:,}",
            percent(each.share),
            interval(each.low, each.high),
            percent(each.wanted),
            f"{each.visits:,}",
            percent(each.hit_ratio),
            f"{each.entries:,}",
        )
        for row, each in enumerate(variants)
    ]
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return "<table><tr>" + "".join(f"<th>{each}</th>" for each in head) + f"</tr>{body}</table>"


def _colour(number: int) -> str:
    return COLOURS[number % len(COLOURS)]
