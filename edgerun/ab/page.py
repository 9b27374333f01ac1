"""A verdict as one HTML file, with pictures, for light and dark screens; it loads nothing."""

from collections.abc import Mapping
from html import escape
from typing import Final

from edgerun.ab.trial import Variant, Verdict
from edgerun.ab.words import headline, interval, percent, sentences

COLOURS: Final = ("#2f6fde", "#d9822b", "#2a9d6f", "#b04ac0", "#c9405a", "#6b7a90")
STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2330; --dim: #667085; --paper: #fff; --line: #d5dae3;
  --good: #1a7f4e; --bad: #b3261e }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --dim: #98a2b3; --paper: #14181f; --line: #343b48;
  --good: #5fcf97; --bad: #ff8a80 } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 60rem;
  margin: 2rem auto; padding: 0 1rem }
.figure { overflow-x: auto }
svg { width: 100%; min-width: 32rem; height: auto }
svg text { fill: var(--ink); font: 13px system-ui, sans-serif }
svg .dim, .dim { fill: var(--dim); color: var(--dim) }
svg .axis { stroke: var(--line) }
svg .mark { stroke: var(--ink); stroke-width: 2 }
table { border-collapse: collapse } td, th { padding: .2rem .8rem .2rem 0; text-align: right;
  border-bottom: 1px solid var(--line) } td:first-child, th:first-child { text-align: left }
.good { color: var(--good) } .bad { color: var(--bad) }
"""
LEFT: Final = 130
WIDE: Final = 560
HIGH: Final = 34


def page(verdict: Verdict, url: str) -> str:
    """Return the file.

    Args:
        verdict: what is told.
        url: what viewers asked for.
    """
    said = sentences(verdict)
    kind = "good" if verdict.good else "bad"
    names = [each.name for each in verdict.variants]
    lines = "".join(f"<li>{escape(line.replace('  ', ' '))}</li>" for line in said[:-1])
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>A/B test of {escape(url)}</title>
<style>{STYLE}</style>
<h1>A/B test of {escape(url)}</h1>
<p class="{kind}"><strong>{escape(said[-1].partition(" ")[2].strip())}</strong></p>
<p class="dim">{escape(headline(verdict))}</p>
<ul>{lines}</ul>
<h2>Shares</h2>
<p class="dim">Bars are shares of viewers, whiskers the 95 % confidence interval, dashes what is wanted.</p>
<div class="figure">{_shares(verdict.variants)}</div>
<div class="figure">{_table(verdict.variants)}</div>
<h2>By country</h2>
<div class="figure">{_stacks(verdict.countries, names)}</div>
<h2>By device</h2>
<div class="figure">{_stacks(verdict.devices, names)}</div>
</html>
"""


def _shares(variants: list[Variant]) -> str:
    parts = []
    for row, each in enumerate(variants):
        top, middle = row * HIGH + 6, row * HIGH + 17
        low, high, wanted = (LEFT + WIDE * share for share in (each.low, each.high, each.wanted))
        parts.append(
            f'<text x="0" y="{middle + 4}">{escape(each.name[:18])}</text>'
            f'<rect x="{LEFT}" y="{top}" width="{WIDE * each.share:.1f}" height="22" rx="3" fill="{_colour(row)}"/>'
            f'<path class="mark" fill="none" d="M{low:.1f} {middle}H{high:.1f}M{low:.1f} {middle - 5}v10'
            f'M{high:.1f} {middle - 5}v10"/>'
            f'<path class="mark" stroke-dasharray="3 3" d="M{wanted:.1f} {top - 5}v32"/>'
            f'<text class="dim" x="{LEFT + WIDE + 10}" y="{middle + 4}">{percent(each.share)}</text>'
        )
    return _picture(parts, len(variants), "Shares by variant")


def _stacks(table: Mapping[str, Mapping[str, int]], names: list[str]) -> str:
    parts = []
    for row, (label, counts) in enumerate(table.items()):
        total, left = sum(counts.values()), float(LEFT)
        parts.append(f'<text x="0" y="{row * HIGH + 21}">{escape(label)}</text>')
        for number, name in enumerate(names):
            wide = WIDE * counts.get(name, 0) / total
            told = f"{name}: {counts.get(name, 0):,}"
            parts.append(
                f'<rect x="{left:.1f}" y="{row * HIGH + 6}" width="{wide:.1f}" height="22" fill="{_colour(number)}">'
                f"<title>{escape(told)}</title></rect>"
            )
            left += wide
        parts.append(f'<text class="dim" x="{LEFT + WIDE + 10}" y="{row * HIGH + 21}">{total:,}</text>')
    return _picture(parts, len(table), "Shares by variant, in parts")


def _picture(parts: list[str], rows: int, title: str) -> str:
    tall = rows * HIGH + 26
    axis = "".join(
        f'<path class="axis" d="M{LEFT + WIDE * tenth / 10} 0V{tall - 20}"/>'
        f'<text class="dim" x="{LEFT + WIDE * tenth / 10}" y="{tall - 4}" text-anchor="middle">{tenth * 10} %</text>'
        for tenth in range(0, 11, 2)
    )
    size = f"0 0 {LEFT + WIDE + 90} {tall}"
    return f'<svg viewBox="{size}" role="img" aria-label="{title}">{axis}{"".join(parts)}</svg>'


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
