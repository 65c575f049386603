"""Everything that a version of moecalc says at its defaults, as one JSON object: ``python src/moebook/changes/record.py``.

It runs by itself beside the code of any commit, as far back as there are explorers and a ledger.
"""

import datetime
import json
import sys

#: What marks a file as such a record, and the form that it has.
FORMAT = "moecalc numbers 1"


def record() -> dict:
    """The numbers of every explorer at its defaults, and what was found about every claim.

    Returns
    -------
    dict
        ``format``, ``version``, ``date``; ``figures``: name -> title and metrics, each with label, unit and value;
        ``claims``: id -> claim, verdict, recomputed, own_value and, where one is written down, the reason of the verdict
    """
    import moecalc
    from moecalc.claims import ledger
    from moecalc.explorers import explore, explorer, explorer_names

    return {
        "format": FORMAT,
        "version": moecalc.__version__,
        "date": datetime.date.today().isoformat(),
        "figures": {name: _figure(explorer(name), explore(name)["metrics"]) for name in explorer_names()},
        "claims": {row["id"]: _claim(row, _reasons()) for row in ledger()},
    }


def _figure(explorer, values: dict) -> dict:
    metrics = {
        key: {"label": explorer.metrics[key].label, "unit": explorer.metrics[key].unit, "value": value}
        for key, value in values.items()
        if key in explorer.metrics
    }
    return {"title": explorer.title, "metrics": metrics}


def _claim(row: dict, reasons: dict) -> dict:
    told = {key: row[key] for key in ("verdict", "recomputed", "own_value")}
    return {"claim": f"{row['subject']}: {row['claim']}", **told, "reason": reasons.get(row["id"], "")}


def _reasons() -> dict:
    """Why verdicts are as they are, by a version that keeps this."""
    try:
        from moecalc.claims.expected import expected
    except ImportError:
        return {}
    return {claim: known.reason for claim, known in expected().items()}


if __name__ == "__main__":
    json.dump(record(), sys.stdout, indent=1, ensure_ascii=False)
    print()
