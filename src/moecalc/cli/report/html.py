"""A page as one HTML file: its style and pictures are in it, and it asks for nothing."""

from html import escape

from .page import Page, Table
from .pictures import svg_of

#: A table of so many columns is scrolled on a phone, instead of breaking its words.
BROAD = 7
STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --quiet: #5b6470; --paper: #fff; --line: #d5dae0; --raised: #f4f6f8;
  --p0: #3266ad; --p1: #b5651d; --p2: #4a8f4f; --p3: #9b4f96; --p4: #7a8290; --mark: #111; --limit: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --quiet: #a5adb8; --paper: #14171b; --line: #3a4149;
  --raised: #1e2329; --p0: #6ea0e6; --p1: #dd9450; --p2: #78bd7d; --p3: #c98ac5; --p4: #98a1ae; --mark: #fff;
  --limit: #ff8a80; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto; max-width: 62rem;
  padding: 1rem; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0.5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2rem 0 0.5rem; border-top: 1px solid var(--line); padding-top: 1rem; }
.made, caption { color: var(--quiet); }
.key { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 0.6rem; margin: 1rem 0; }
.key div { background: var(--raised); border-radius: 6px; padding: 0.5rem 0.8rem; }
.key dt { color: var(--quiet); font-size: 0.85rem; }
.key dd { margin: 0; font-weight: 600; }
p { margin: 0.4rem 0; max-width: 46rem; overflow-wrap: anywhere; }
.wide { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-size: 0.88rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: 0.3rem; }
th, td { text-align: right; padding: 0.25rem 0.6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
.words, th:first-child { text-align: left; }
th:first-child { padding-left: 0; white-space: nowrap; }
.broad { min-width: 56rem; }
thead th { color: var(--quiet); font-weight: 600; vertical-align: bottom; }
tbody th { font-weight: 500; }
figure { margin: 1rem 0; }
figcaption { color: var(--quiet); font-size: 0.88rem; margin-bottom: 0.5rem; }
svg { width: 100%; height: auto; max-width: 30rem; display: block; }
svg text { font-size: 14px; fill: var(--ink); font-variant-numeric: tabular-nums; }
.part-0 { fill: var(--p0); } .part-1 { fill: var(--p1); } .part-2 { fill: var(--p2); }
.part-3 { fill: var(--p3); } .part-4 { fill: var(--p4); }
.interval { stroke: var(--mark); stroke-width: 1.5; fill: none; }
.limit { stroke: var(--limit); stroke-width: 1.5; stroke-dasharray: 4 3; fill: none; }
@media print { body { max-width: none; font-size: 11px; padding: 0; } h2 { break-after: avoid; }
  figure, table { break-inside: avoid; } .wide { overflow: visible; } .broad { min-width: 0; } }
"""


def html_of(page: Page) -> str:
    """The page as HTML."""
    body = [f"<h1>{escape(page.title)}</h1>", f'<p class="made">{escape(page.made)}</p>']
    if page.key:
        pairs = "".join(f"<div><dt>{escape(what)}</dt><dd>{escape(value)}</dd></div>" for what, value in page.key)
        body.append(f'<dl class="key">{pairs}</dl>')
    number = 0
    for place, section in enumerate(page.sections):
        body.append(f'<section aria-labelledby="section-{place}"><h2 id="section-{place}">{escape(section.title)}</h2>')
        body += [f"<p>{escape(line)}</p>" for line in section.lines]
        for one in section.shown:
            number += 1
            body.append(table_of(one) if isinstance(one, Table) else figure_of(one, number))
        body.append("</section>")
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(page.title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>",
            *body,
            "</main>\n</body>\n</html>\n",
        ]
    )


def table_of(one: Table) -> str:
    """A table with its caption; it can be scrolled by keys where it is wider than the page."""
    kinds = [' class="words"' if not any(row[at][:1].isdigit() for row in one.rows) else "" for at in range(len(one.heads))]
    heads = "".join(f'<th scope="col"{kind}>{escape(head)}</th>' for head, kind in zip(one.heads, kinds, strict=True))
    rows = "\n".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td{kind}>{escape(cell)}</td>" for cell, kind in zip(row[1:], kinds[1:], strict=True))
        + "</tr>"
        for row in one.rows
    )
    broad = ' class="broad"' if len(one.heads) >= BROAD else ""
    inside = f"<caption>{escape(one.caption)}</caption>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}\n</tbody>"
    label = escape(one.caption)
    return f'<div class="wide" tabindex="0" role="group" aria-label="{label}"><table{broad}>{inside}</table></div>'


def figure_of(picture, number: int) -> str:
    """A picture under its title."""
    title = escape(picture.title)
    return f"<figure><figcaption>{title}</figcaption>{svg_of(picture, number)}</figure>"
