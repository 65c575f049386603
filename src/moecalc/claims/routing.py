"""Checks about routing: how many nodes a token may go to."""

from ..mechanisms.routing import groups_touched
from ..model.config import load_model
from .registry import check, report_fact, stated

V3 = "deepseek-v3"


@check("C60")
def node_limit(claim):
    raw = load_model(V3).raw
    free = groups_touched(raw["n_routed_experts"], raw["n_group"], raw["num_experts_per_tok"])["expected"]
    return stated(
        claim,
        report_fact("model", "node_limit"),
        "nodes",
        note=f"Without a limit, uniform choice would touch {free:.2f} of {raw['n_group']} nodes on average.",
    )
