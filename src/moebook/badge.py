"""How many claims have which verdict, as a badge: an image for a README, made with the site and served at its root."""

from . import html
from .ledger import VERDICTS

#: Where it stands in the site.
FILE = "badge.svg"
#: What the badge says before it counts.
LABEL = "claims"
#: An image knows nothing of a page's styles: the colours of ``front.css``, which a test compares.
COLOURS = {
    "reproduced": "#1a6e2e",
    "reported": "#1f6a75",
    "in part": "#7a5200",
    "differs": "#a8470a",
    "contradicted": "#a3231c",
    "unverified": "#59616c",
    "question": "#67498f",
    "open": "#3d4650",
}
GREY = "#3d4650"
#: Height of the badge, size of its letters, mean width of a letter, room on both sides of a word [px]
HEIGHT, SIZE, LETTER, ROOM = 20, 11, 6.1, 7


def badge(counts: dict) -> str:
    """A badge such as "claims | 34 reproduced | 45 reported | 7 differ".

    Parameters
    ----------
    counts : dict
        Verdict -> number of claims; those without any are left out

    Returns
    -------
    str
        SVG that names everything it needs, with the same words for those who cannot see it
    """
    found = [verdict for verdict in VERDICTS if counts.get(verdict)]
    told = [(LABEL, GREY), *((_words(verdict, counts[verdict]), COLOURS[verdict]) for verdict in found)]
    parts, left = [], 0
    for words, colour in told:
        letters = round(len(words) * LETTER)
        width = letters + 2 * ROOM
        # what font a reader has is not known, so the length is
        parts.append(
            f'<rect x="{left}" width="{width}" height="{HEIGHT}" fill="{colour}"/>'
            f'<text x="{left + ROOM}" y="14" textLength="{letters}">{html.text(words)}</text>'
        )
        left += width
    says = f"{LABEL}: " + ", ".join(words for words, _ in told[1:])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left}" height="{HEIGHT}" role="img" aria-label="{says}">'
        f'<title>{says}</title><clipPath id="round"><rect width="{left}" height="{HEIGHT}" rx="3"/></clipPath>'
        f'<g clip-path="url(#round)" fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="{SIZE}">\n'
        + "\n".join(parts)
        + "\n</g></svg>\n"
    )


def _words(verdict: str, count: int) -> str:
    """A verdict as it is said of so many."""
    if count == 1:
        return f"1 {verdict}"
    return f"{count} {({'differs': 'differ', 'question': 'questions'}).get(verdict, verdict)}"
