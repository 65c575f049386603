"""Tables of the page on FLOPs and utilisation."""

from moecalc import load_model
from moecalc.claims.mfu import measured_utilisation
from moecalc.claims.printed import given
from moecalc.claims.registry import run_fact
from moecalc.claims.talk_formulas import FORMULAS, talk_operator_counts
from moecalc.facts import tables as facts
from moecalc.training.mfu import RECOMPUTATIONS, recomputed_flops_per_token, utilisation

from ..prose import fact_table, table

V3 = "deepseek-v3"
_COUNTS = ("talk", "exact", "difference")
#: what may be computed again -> in words
_AGAIN = {
    "none": "nothing: MFU",
    "mla-up": "the up-projections, as V3 does",
    "full": "the whole forward pass, as 8ND assumes",
}


def pretraining() -> tuple:
    """Tokens, GPU-hours and the slide's peak [FLOP/s] of V3's pre-training."""
    tokens = run_fact("dsv3-pretrain", "num_tokens").to("tokens")
    return tokens, run_fact("dsv3-pretrain", "gpu_hours").to("GPU-hours"), given("peak") * 1e12


def with_sum(operators: list) -> list:
    """Operators of the talk and ours, and their sum."""
    return [*operators, {"operator": "sum"} | {key: sum(row[key] for row in operators) for key in _COUNTS}]


def operators(rows: list, seq_len: int):
    """The talk's count and ours, operator by operator."""
    passes = talk_operator_counts(load_model(V3))
    listed = [{**row, "passes": passes.get(row["operator"])} for row in with_sum(rows)]
    columns = {"operator": "Operator", "passes": "Passes", "talk": "The talk", "exact": "Exact", "difference": "Difference"}
    return table(listed, columns, f"Forward FLOPs of one token of DeepSeek-V3 at {seq_len:,} tokens")


def formulas():
    """The formulas of the talk, folded."""
    rows = [{"operator": name, "formula": formula} for name, formula in FORMULAS.items()]
    columns = {"operator": "Operator", "formula": "FLOPs of a pass, in the names of DeepSeek's code"}
    return table(rows, columns, "The formulas as the talk writes them", folded=True)


def from_6nd(terms: dict, by_operators: int):
    """Terms that lead from 6ND to the exact count, beside the count by operators."""
    by_parameters = sum(terms.values())
    ends = {
        "sum": by_parameters,
        "by operators, three forward passes": by_operators,
        "difference": by_parameters - by_operators,
    }
    rows = [{"term": term, "flops": value} for term, value in (terms | ends).items()]
    return table(rows, {"term": "Term", "flops": "Training FLOPs of a token"}, "From 6ND to the exact count")


def talk_table(rows: list):
    """The talk's utilisations, recomputed from its own inputs."""
    columns = {
        "model": "Model",
        "rule": "Rule",
        "flops": ("Needed", "FLOPs", 5),
        "available": ("Available", "FLOPs", 6),
        "utilisation": ("Recomputed", "%", 2),
        "printed": ("The talk", "%", 2),
        "own": ("Exact count", "%", 2),
    }
    listed = [{**row, "rule": f"{row['rule']} ({row['kind']})"} for row in rows]
    return table(listed, columns, "Utilisation by 6ND and 8ND, from the talk's own inputs")


def _fits(rows: list) -> list:
    return [{**row, "gives": "yes" if row["gives"] else "no"} for row in rows]


def mfu_readings(rows: list):
    """Readings of the slide's expression."""
    columns = {
        "reading": "Reading",
        "flops": ("FLOPs a token", "FLOPs", 6),
        "gpu_hours": ("Hours", "GPU-hours"),
        "utilisation": ("Gives", "%", 2),
        "gives": "Fits",
    }
    return table(_fits(rows), columns, "Readings of one expression")


def nd_readings(rows: list):
    """6ND and 8ND at both figures of hours."""
    columns = {
        "rule": "Rule",
        "flops": ("FLOPs a token", "FLOPs"),
        "pretraining": ("Hours printed", "%", 1),
        "whole": ("Whole run", "%", 1),
        "printed": ("The talk", "%", 0),
        "gives": "Fits",
    }
    return table(_fits(rows), columns, "6ND and 8ND with the talk's nominal size, at both figures of hours")


def hfu(what: str, seq_len: int) -> float:
    """Utilisation of V3's pre-training where so much is computed again."""
    return utilisation(load_model(V3), seq_len, *pretraining(), recompute=what)["hfu"]


def recomputed(seq_len: int, forward: int):
    """Utilisation by what is computed again."""
    again = {what: recomputed_flops_per_token(load_model(V3), seq_len, what) for what in RECOMPUTATIONS}
    rows = [
        {"what": _AGAIN[what], "again": flops, "of_forward": flops / forward, "hfu": hfu(what, seq_len)}
        for what, flops in again.items()
    ]
    columns = {
        "what": "Computed again",
        "again": ("FLOPs a token", "FLOPs"),
        "of_forward": ("Of the forward pass", "%", 1),
        "hfu": ("Utilisation", "%", 2),
    }
    return table(rows, columns, "Pre-training of DeepSeek-V3, exact counts, at the peak of the slide")


def measured():
    """What DeepSeek measured, recomputed."""
    rows = [{**row, "case": f"{row['network']}, {row['attention']}"} for row in measured_utilisation()]
    columns = {
        "case": "Network, attention",
        "flops": ("FLOPs a token", "FLOPs"),
        "rate": ("Rate", "FLOP/s", 3),
        "utilisation": ("Recomputed", "%", 2),
        "reported": ("Published", "%", 2),
        "with_router": ("With router", "%", 2),
    }
    return table(rows, columns, "Table 4 of the Insights paper, recomputed")


def facts_used():
    """Facts that the page uses."""
    runs = facts.by_subject("training_runs")
    wanted = ["gpu_hours", "num_tokens", "num_gpus", "seq_len", "throughput"]
    wanted += ["mfu", "mfu_causal", "flops_per_s_per_gpu", "flops_per_s_per_gpu_causal"]
    names = ("dsv3-pretrain", "dsv3-total", "dsv3-mpft", "dsv3-mrft", "llama31-405B")
    used = [runs[name][quantity] for name in names for quantity in wanted if quantity in runs[name]]
    return fact_table(used + [facts.lookup("accelerators", slug, "peak_dense_bf16") for slug in ("h800-sxm", "h100-sxm")])
