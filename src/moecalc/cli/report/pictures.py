"""Bars as SVG: drawn here so that a file needs no script and nothing from elsewhere; colours come from its style sheet.

A label stands above its bar, so that a picture is narrow enough to be read on a phone.
"""

from html import escape

from .page import Bars

WIDTH, SAYS = 440, 78
ROW, LABEL, THICK = 36, 15, 13
KEY_ROW, KEY_COLUMN = 20, 146


def svg_of(picture: Bars, number: int) -> str:
    """A picture of bars; `number` makes its title's name its own."""
    most = max([picture.limit or 0, *(max(sum(bar.parts), bar.high or 0) for bar in picture.bars)]) or 1
    scale = (WIDTH - SAYS) / most
    several = len(picture.names) > 1
    per_row = WIDTH // KEY_COLUMN
    above = 18 if picture.limit else 0
    bottom = above + ROW * len(picture.bars)
    height = bottom + (KEY_ROW * -(-len(picture.names) // per_row) + 6 if several else 0)
    drawn = [
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="picture-{number}">',
        f'<title id="picture-{number}">{escape(described(picture))}</title>',
    ]
    for row, bar in enumerate(picture.bars):
        top = above + ROW * row + LABEL + 2
        middle, left = top + THICK / 2, 0.0
        drawn.append(f'<text x="0" y="{top - 4}">{escape(bar.label)}</text>')
        for place, part in enumerate(bar.parts):
            width = part * scale
            drawn.append(f'<rect class="part-{place}" x="{left:.2f}" y="{top}" width="{width:.2f}" height="{THICK}"/>')
            left += width
        if bar.low is not None and bar.high is not None:
            low, high = bar.low * scale, bar.high * scale
            caps = "".join(f"M{end:.2f} {middle - 4:g}v8" for end in (low, high))
            drawn.append(f'<path class="interval" d="M{low:.2f} {middle:g}H{high:.2f}{caps}"/>')
        drawn.append(f'<text x="{WIDTH}" y="{middle + 5:g}" text-anchor="end">{escape(bar.says)}</text>')
    if picture.limit:
        across = picture.limit * scale
        drawn.append(f'<path class="limit" d="M{across:.2f} {above}V{bottom}"/>')
        drawn.append(f'<text x="{across:.2f}" y="13" text-anchor="end">{escape(picture.limit_says)}</text>')
    if several:
        for place, name in enumerate(picture.names):
            down, along = divmod(place, per_row)
            x, y = along * KEY_COLUMN, bottom + 6 + down * KEY_ROW
            drawn.append(f'<rect class="part-{place}" x="{x}" y="{y}" width="12" height="12"/>')
            drawn.append(f'<text x="{x + 18}" y="{y + 11}">{escape(name)}</text>')
    return "\n".join([*drawn, "</svg>"])


def described(picture: Bars) -> str:
    """The picture in words."""
    return f"{picture.title}: " + "; ".join(f"{bar.label} {bar.says}" for bar in picture.bars)
