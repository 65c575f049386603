"""Tables of the page that lists all claims."""

from moecalc.claims import VERDICTS

from ..ledger_picture import by_chapter
from ..prose import table


def by_verdict(rows):
    """How many claims have each verdict, chapter by chapter."""
    chapters = by_chapter(rows)
    groups = {**chapters, "All": rows}
    found = [
        {"verdict": verdict} | {name: _count(claims, verdict) for name, claims in groups.items()} for verdict in VERDICTS
    ]
    columns = {"verdict": "Verdict"} | {name: name for name in groups}
    return table([row for row in found if row["All"]], columns, "Claims by verdict and chapter")


def _count(claims, verdict: str) -> int:
    return sum(row["verdict"] == verdict for row in claims)
