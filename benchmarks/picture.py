"""The picture for the README: requests a second on the paths that matter, a panel each, in light and in dark."""

from html import escape

from .report import figure

PANELS = (
    "hit 1 KiB",
    "hit 16 KiB",
    "miss, stored on the way",
    "hit + Python viewer-request",
    "hit + Node viewer-request",
    "hit + CloudFront Function",
)
SHOWN = {"uvicorn": "uvicorn alone", "serverless-offline-edge-lambda": "serverless offline"}
WIDTH, COLUMNS, SPACE, LABEL, VALUE, BAR, STEP, TITLE = 860, 2, 48, 116, 66, 14, 20, 26
STYLE = """
text{font:12px ui-sans-serif,system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:#495057}
.title{font-size:13.5px;font-weight:600;fill:#212529}
.name{text-anchor:end}
.ours{font-weight:600;fill:#212529}
.note{font-size:11px;fill:#868e96}
rect{fill:#adb5bd}
rect.ours{fill:#e8590c}
@media (prefers-color-scheme:dark){
text{fill:#adb5bd}
.title,.ours{fill:#f1f3f5}
.note{fill:#868e96}
rect{fill:#495057}
rect.ours{fill:#ff922b}
}
"""


def svg(results, machine):
    """Return the picture as SVG text; each panel has its own scale, from 0 to its longest bar."""
    found = {row["scenario"]: row for row in results}
    panels = [found[name] for name in PANELS if name in found]
    width = (WIDTH - SPACE * (COLUMNS - 1)) // COLUMNS
    parts, y = [], 0
    for start in range(0, len(panels), COLUMNS):
        line = panels[start : start + COLUMNS]
        for column, row in enumerate(line):
            parts += _panel(row, column * (width + SPACE), y, width)
        y += TITLE + max(len(row["medians"]) for row in line) * STEP + 18
    rounds = max((len(values) for row in panels for values in row["rounds"].values()), default=0)
    taken = "One round" if rounds == 1 else f"Medians of {rounds} interleaved rounds"
    cpu, python, node = machine["cpu"], machine["python"], machine["node"].removeprefix("v")
    told = (
        f"Requests a second, longer is better; each panel has its own scale. One core for the server: {cpu}.",
        f"{taken}, 64 connections; access logs on for edgerun, nginx and squid.",
        f"Python {python}, {machine['nginx']}, node {node}",
    )
    for text in told:
        parts.append(f'<text x="0" y="{y + 12}" class="note">{escape(text)}</text>')
        y += 16
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-4 -4 {WIDTH + 8} {y + 12}" width="{WIDTH}" role="img" '
        f'aria-label="{escape(_in_words(panels), quote=True)}"><style>{STYLE}</style>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _panel(row, x, y, width):
    """Return one scenario's bars, the longest first."""
    parts = [f'<text x="{x}" y="{y + 14}" class="title">{escape(row["scenario"])}</text>']
    longest = max(row["medians"].values()) or 1.0
    for number, (name, value) in enumerate(sorted(row["medians"].items(), key=lambda item: -item[1])):
        top = y + TITLE + number * STEP
        length = max(1.0, (width - LABEL - VALUE) * value / longest)
        ours = " ours" if name == "edgerun" else ""
        shown = escape(SHOWN.get(name, name))
        parts += [
            f'<text x="{x + LABEL - 8}" y="{top + 11}" class="name{ours}">{shown}</text>',
            f'<rect x="{x + LABEL}" y="{top}" width="{length:.1f}" height="{BAR}" rx="2" class="bar{ours}"/>',
            f'<text x="{x + LABEL + length + 7:.1f}" y="{top + 11}" class="value{ours}">{figure(value)}</text>',
        ]
    return parts


def _in_words(panels):
    """Return what the picture says, for who does not see it."""
    told = []
    for row in panels:
        ranked = sorted(row["medians"].items(), key=lambda item: -item[1])
        told.append(f"{row['scenario']}: " + ", ".join(f"{name} {figure(value)}" for name, value in ranked))
    return "Requests a second. " + "; ".join(told)
