"""Tables of the page that lists all claims."""

from ..prose import table


def by_verdict(counts: dict):
    """How many claims have each verdict."""
    rows = [{"verdict": verdict, "claims": count} for verdict, count in counts.items()]
    return table(rows, {"verdict": "Verdict", "claims": "Claims"}, "Claims by verdict")
