"""The talk's two configuration tables, row by row, as it prints them, each cell with what was found for it."""

from . import model  # noqa: F401  it registers the checks
from .evidence import outcome
from .printed import claims
from .registry import CHECKS

#: What a row is called -> its cell for V2 and for V3: a claim, and which of the claim's parts stand in the cell.
FIRST = {
    "total parameters": (("C29", 0), ("C30", 0)),
    "activated parameters": (("C29", 1), ("C30", 1)),
    "quantization": (("C92", 0), ("C44", 0, 1)),
    "attention": (("C93", 0), ("C93", 2)),
    "hidden_size": (("C31", 0), ("C32", 0)),
    "num_layer": (("C34", 0), ("C35", 0)),
    "first_k_dense_replace": (("C38", 0), ("C39", 0)),
    "moe_layer_freq": (("C93", 1), ("C93", 3)),
    "num_routed_expert": (("C40", 0), ("C41", 0)),
    "num_shared_expert": (("C40", 1), ("C41", 1)),
    "num_experts_per_tok": (("C40", 2), ("C41", 2)),
    "moe_intermediate_size": (("C91", 0), ("C91", 1)),
    "norm_topk_prob": (("C42", 3), ("C43", 3)),
    "routed_scaling_factor": (("C42", 4), ("C43", 4)),
    "scoring_func": (("C42", 0), ("C43", 0)),
    "topk_group": (("C42", 2), ("C43", 2)),
    "topk_method": (("C42", 1), ("C43", 1)),
    "vocab_size": (("C90", 0), ("C90", 1)),
}
SECOND = {
    "dense layers": (("C38", 0), ("C39", 0)),
    "MoE layers": (("C38", 1), ("C39", 1)),
    "top-k of the MoE layers": (("C40", 2), ("C41", 2)),
    "routed experts": (("C40", 0), ("C41", 0)),
    "shared experts": (("C40", 1), ("C41", 1)),
    "hidden_size": (("C31", 0), ("C33", 0)),
    "intermediate_size": (("C36", 0), ("C37", 0)),
    "MoE layer's intermediate_size": (("C91", 0), ("C91", 1)),
    "gate's activation": (("C42", 0), ("C43", 0)),
    "gate's top-k mode": (("C42", 1), ("C43", 1)),
    "gate's top-k groups": (("C42", 2), ("C43", 2)),
    "vocab_size": (("C90", 0), ("C90", 1)),
}
TABLES = {"first": FIRST, "second": SECOND}


def parts_of(cell: tuple) -> list:
    """The parts of a claim's evidence that stand in a cell."""
    claim, *places = cell
    parts = CHECKS[claim](claims()[claim]).parts
    return [parts[place] for place in places]


def talk_table(table: str) -> list:
    """One of the talk's configuration tables, each row held against what is published.

    Parameters
    ----------
    table : str
        "first" or "second"

    Returns
    -------
    list of dict
        ``row``, ``v2`` and ``v3`` as printed, ``found`` (in words), ``outcome``: those of its parts,
        each once, and ``claims``, their ids, as texts; ``right``, whether no part is contradicted
    """
    rows = []
    for label, cells in TABLES[table].items():
        by_model = dict(zip(("v2", "v3"), map(parts_of, cells), strict=True))
        parts = [part for some in by_model.values() for part in some]
        wrong = [
            f"{name.upper()}: {part.found}"
            for name, some in by_model.items()
            for part in some
            if outcome(part) == "contradicted"
        ]
        rows.append(
            {
                "row": label,
                **{name: ", ".join(part.printed for part in some) for name, some in by_model.items()},
                "found": ", ".join(wrong) or "the same",
                "outcome": ", ".join(dict.fromkeys(map(outcome, parts))),
                "claims": ", ".join(dict.fromkeys(cell[0] for cell in cells)),
                "right": not wrong,
            }
        )
    return rows


def all_rows() -> list:
    """The rows of both tables, see :func:`talk_table`.

    >>> [(row["row"], row["v3"], row["found"]) for row in all_rows() if not row["right"]]
    [('hidden_size', '7160', 'V3: 7168')]
    """
    return [row for table in TABLES for row in talk_table(table)]
