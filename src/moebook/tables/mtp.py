"""Tables of the page on multi-token prediction."""

from moecalc import load_model
from moecalc.claims.model import published_sizes, sizes_by_convention
from moecalc.explorers.serving.speculative import MEASURED, published_points
from moecalc.facts import models
from moecalc.facts import tables as facts
from moecalc.facts.benchmarks import ablation
from moecalc.model.anatomy import title
from moecalc.model.params import params_by_tensor
from moecalc.serving.speculative import speed_up, tokens_per_step

from ..prose import fact_table, source_link, table

V3 = "deepseek-v3"


def module():
    """Parameters of the module by part."""
    parts = {}
    for row in params_by_tensor(load_model(V3)):
        if row["block"] == "MTP module" and row["total"]:
            part = parts.setdefault(row["component"], {"part": title(row["component"]), "total": 0, "activated": 0})
            part["total"] += row["total"]
            part["activated"] += row["activated"]
    columns = {"part": "Part", "total": "Parameters", "activated": "One token"}
    return table(parts.values(), columns, "Parameters of V3's MTP module")


def published() -> tuple:
    """Rows of what is published of the module's size: in the README, of its own, activated."""
    return tuple(row for row in published_sizes(V3) if row["quantity"].startswith("mtp"))


def sizes():
    """The module's published sizes beside ours, with and without the projection."""
    counts, (_, weights, activated) = sizes_by_convention(V3), published()
    own, own_rest, _ = counts["mtp_params"].values()
    used, used_rest = counts["mtp_activated_params"].values()
    rows = [
        {"size": "Of its own", "published": weights["published"], "ours": own, "rest": own_rest},
        {"size": "Activated, with embedding and head", "published": activated["published"], "ours": used, "rest": used_rest},
    ]
    columns = {"size": "Size", "published": "Published", "ours": "Counted", "rest": "Without the projection"}
    caption = "The module's sizes in the description of the weights, beside ours"
    return table(rows, columns, caption, source_link(weights["fact"].source, weights["fact"].locator))


def ablations(tests: list):
    """Table 4 of the report."""
    columns = {
        "test": "Test",
        "small": ("Small", "", 4),
        "small_mtp": ("with MTP", "", 4),
        "large": ("Large", "", 4),
        "large_mtp": ("with MTP", "", 4),
    }
    return table(tests, columns, "Table 4 of the report: two models trained with and without the module")


def drafting(draft_cost: float):
    """Published acceptances, and the tokens a step and the speed-up that follow."""
    rows = [
        {
            "source": name,
            "acceptance": f"{low:.0%} to {high:.0%}",
            "tokens": f"{tokens_per_step(low):.2f} to {tokens_per_step(high):.2f}",
            "ours": f"{speed_up(low, draft_cost=draft_cost):.2f} to {speed_up(high, draft_cost=draft_cost):.2f}",
            "published": f"{faster}",
        }
        for name, low, high, faster in published_points()
    ]
    columns = {
        "source": "Source",
        "acceptance": "Acceptance",
        "tokens": "Tokens a step",
        "ours": "Speed-up, checking free",
        "published": "Published",
    }
    return table(rows, columns, "Published acceptance of the second token, and what follows from it")


def facts_used():
    """Facts that the page uses."""
    readme, weights, activated = published()
    report = [facts.lookup("v3_report", "load balancing", key) for key in ("mtp_loss_weight", "mtp_loss_weight_at_end")]
    report += [facts.lookup("v3_report", "model", "mtp_depth"), models.model_facts(V3)["mtp_module"]]
    served = [one for one in facts.facts("serving") if one.subject == "MTP speculative decoding"]
    served += [facts.lookup("serving", MEASURED, name) for name in ("output_speed", "output_speed_mtp_3")]
    return fact_table(
        [*report, weights["fact"], activated["fact"], readme["fact"], *served, *(row["fact"] for row in ablation())]
    )
