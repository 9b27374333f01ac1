"""The picture for the README: requests a second on the paths that matter, as bars."""

from html import escape

from .report import figure

ROWS = (
    "hit 1 KiB",
    "hit 16 KiB",
    "hit + Python viewer-request",
    "hit + Node viewer-request",
    "miss, stored on the way",
)
COLOURS = {
    "edgerun": "#e8590c",
    "nginx": "#868e96",
    "varnish": "#adb5bd",
    "squid": "#adb5bd",
    "haproxy": "#adb5bd",
    "uvicorn": "#4c6ef5",
}
WIDTH, LABEL, BAR, GAP, HEIGHT = 760, 190, 16, 4, 26


def svg(results, machine):
    """Return the picture as SVG text."""
    rows = [row for row in results if row["scenario"] in ROWS]
    most = max((value for row in rows for value in row["medians"].values()), default=1.0)
    parts, y = [], 34
    for row in rows:
        parts.append(f'<text x="0" y="{y}" class="t">{escape(row["scenario"])}</text>')
        y += 8
        for name, value in sorted(row["medians"].items(), key=lambda item: -item[1]):
            width = max(1.0, (WIDTH - LABEL - 120) * value / most)
            parts.append(f'<text x="{LABEL - 10}" y="{y + 12}" class="n">{escape(name)}</text>')
            parts.append(f'<rect x="{LABEL}" y="{y}" width="{width:.0f}" height="{BAR}" fill="{COLOURS[name]}"/>')
            parts.append(f'<text x="{LABEL + width + 8:.0f}" y="{y + 12}">{figure(value)}/s</text>')
            y += BAR + GAP
        y += HEIGHT
    told = f"{machine['cpu']}, one core for the server; {machine['nginx']}, Python {machine['python']}"
    parts.append(f'<text x="0" y="{y}" class="m">{escape(told)}</text>')
    style = (
        "text{font:12px system-ui,sans-serif;fill:#868e96}.t{font-weight:600;font-size:13px}"
        ".n{text-anchor:end}.m{font-size:11px}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 12}" role="img" '
        f'aria-label="Requests a second, edgerun beside other caches"><style>{style}</style>{"".join(parts)}</svg>\n'
    )
