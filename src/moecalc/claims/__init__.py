"""The claims ledger: every claim of the talk, what was found about it, and a verdict computed from that.

A claim's row is in ``data/claims.csv``, its check in the module of its chapter, and
:func:`moecalc.claims.evidence.verdict` alone decides. No verdict is typed anywhere.

May import: base, facts, numerics, model, mechanisms, hardware, training, serving, economics, validation, industry.
"""

from .evidence import VERDICTS, filled, outcome, shown_like, truncated, verdict

__all__ = ["PAGES", "VERDICTS", "counts_by_verdict", "ledger", "page"]

#: Page that settles claims -> the claims.
PAGES = {
    "notebooks/1-overview/cost": "C05-C07 C09-C16 C45-C47 C51",
    "notebooks/1-overview/comparison": "C01 C17-C28 C94",
    "notebooks/2-model/mtp": "C52 C96-C97",
    "notebooks/2-model/training": "C50 C95 C99-C100",
    "notebooks/2-model/parameters": "C29-C30 C48",
    "notebooks/2-model/v2-to-v3": "C31-C44 C90-C93",
    "notebooks/2-model/routing": "C60",
    "notebooks/3-system/cluster": "C53-C56 C101",
    "notebooks/3-system/all-to-all": "C102 C106",
    "notebooks/3-system/placement": "C57-C59",
    "notebooks/3-system/model-states": "C64-C65",
    "notebooks/3-system/memory": "C104",
    "notebooks/3-system/schedules": "C61-C63 C103",
    "notebooks/3-system/fp8": "C49 C66-C68 C105",
    "notebooks/3-system/hai-llm": "C98",
    "notebooks/3-system/flops-and-mfu": "C69-C82",
    "notebooks/3-system/does-it-fit": "C02 C83",
    "notebooks/3-system/prefill": "C03",
    "notebooks/3-system/decode": "C04 C08 C84-C85",
    "notebooks/4-industry/mixture-of-experts": "C86",
    "notebooks/4-industry/training-changed": "C107",
    "notebooks/4-industry/reasoning": "C87",
    "notebooks/4-industry/inference-demand": "C88",
    "notebooks/4-industry/chips": "C89",
}

#: Units that are no part of a number.
_NO_UNIT = {"ratio", "ranking", "statement", "formula", "question", "equation"}


def ledger() -> list:
    """Every claim of the talk with its verdict.

    Returns
    -------
    list of dict
        One a claim, in the talk's order. As printed: ``id``, ``chapter``, ``slide``, ``subject``, ``claim``,
        ``printed``, ``unit``, ``where``. As found: ``recomputed`` (or else as a source states it; a text, or
        None), ``own_value`` (ours, from exact inputs; a text, or None), ``convention``, ``verdict``,
        ``source`` (a key of data/sources.json), ``locator``, ``note``, ``page`` (that settles it)

    Examples
    --------
    >>> row = next(row for row in ledger() if row["id"] == "C70")
    >>> row["printed"], row["recomputed"], row["verdict"]
    ('37.2', '38.96 %', 'differs')
    """
    # they register
    from . import (  # noqa: F401
        all_to_all,
        cluster,
        comparison,
        deployment,
        fp8,
        memory,
        mfu,
        mfu_table,
        model,
        mtp,
        overview,
        parallel_layout,
        pipeline,
        placement,
        routing,
        serving_layout,
        training,
    )
    from .printed import claims
    from .registry import CHECKS

    return [_row(claim, CHECKS.get(claim["id"])) for claim in claims().values()]


def counts_by_verdict() -> dict:
    """How many claims have each verdict.

    Returns
    -------
    dict
        Verdict, in the order of :data:`VERDICTS` -> number of claims [claims]

    Examples
    --------
    >>> sum(counts_by_verdict().values())
    107
    """
    found = [row["verdict"] for row in ledger()]
    return {name: found.count(name) for name in VERDICTS}


def page(claim_id: str) -> str:
    """The page that a claim belongs to, or an empty text."""
    for name, ranges in PAGES.items():
        for first, _, last in (part.partition("-") for part in ranges.split()):
            if int(first[1:]) <= int(claim_id[1:]) <= int((last or first)[1:]):
                return name
    return ""


def _row(claim: dict, check) -> dict:
    asks = "question" in (claim["subject"], claim["unit"])
    evidence = None if check is None else check(claim)
    decided = verdict(evidence, asks)
    row = {
        **{key: claim[key] for key in ("id", "chapter", "slide", "subject", "claim", "printed", "unit", "where")},
        "recomputed": None,
        "own_value": None,
        "convention": "",
        "verdict": decided,
        "source": "",
        "locator": "",
        "note": "",
        "page": "" if decided == "open" else page(claim["id"]),
    }
    if evidence is not None:
        fact = evidence.cite or next((part.fact for part in evidence.parts if part.fact), None)
        row |= {
            "recomputed": _recomputed(claim, evidence),
            "own_value": evidence.own,
            "convention": evidence.convention,
            "source": fact.source if fact else "",
            "locator": fact.locator if fact else "",
            "note": " ".join([*_cut_off(evidence), *([evidence.note.strip()] if evidence.note else [])]),
        }
    return row


def _recomputed(claim: dict, evidence) -> str | None:
    """What was found, in the form of what is printed."""
    if evidence.shown is not None:
        return evidence.shown
    if all(part.found is None for part in evidence.parts):
        return None
    unit = "" if claim["unit"] in _NO_UNIT else claim["unit"]
    return f"{filled(claim['printed'], evidence.parts)} {unit}".strip()


def _cut_off(evidence) -> list:
    """A sentence for each number that was truncated."""
    return [
        f"Truncated instead of rounded: {shown_like(part.printed, part.found)} is printed as {part.printed}."
        for part in evidence.parts
        if part.found is not None and outcome(part) in ("differs", "reported") and truncated(part.printed, part.found)
    ]
