"""Tables of the page on parameters."""

from moecalc.claims.model import CONVENTIONS, LETTERS, letters, params_by_hand, published_sizes
from moecalc.claims.registry import config_fact
from moecalc.model.anatomy import title
from moecalc.model.params import num_activated_params_without, params_by_block, params_by_tensor, params_report

from ..prose import fact_table, source_link, table, together

V2, V3 = "deepseek-v2", "deepseek-v3"


def by_component(v2, v3):
    """Parameters of each component of V2 and V3, and what one token uses of V3's."""
    old, new = params_report(v2), params_report(v3)
    rows = [
        {
            "component": title(name),
            "v2": old["components"][name],
            "v3": count,
            "share": count / new["total"],
            "activated": new["activated_components"][name],
        }
        for name, count in new["components"].items()
    ]
    total = {"component": "total"} | {key: sum(row[key] for row in rows) for key in ("v2", "v3", "share", "activated")}
    mtp = sum(row["activated"] for row in params_by_tensor(v3) if row["block"] == "MTP module")
    apart = {"component": "MTP module, not in the total", "v3": new["mtp"], "activated": mtp}
    columns = {
        "component": "Component",
        "v2": "V2",
        "v3": "V3",
        "share": ("Of V3", "%", 3),
        "activated": "V3, one token",
    }
    return table([*rows, total, apart], columns, "Parameters of DeepSeek-V2 and DeepSeek-V3")


def by_layer(v2, v3):
    """Parameters of each kind of layer, one and all of them."""
    old, new = ({row["block"]: row for row in params_by_block(config)} for config in (v2, v3))
    rows = [
        {
            "block": f"{block}s" if "layer" in block else block,
            "v2_blocks": old[block]["blocks"],
            "v2_each": old[block]["each"],
            "v3_blocks": row["blocks"],
            "v3_each": row["each"],
            "v3_total": row["total"],
        }
        for block, row in new.items()
    ]
    total = {"block": "total", "v3_total": sum(row["v3_total"] for row in rows)}
    modules, mtp = len(v3.anatomy.mtp), params_report(v3)["mtp"]
    apart = {"block": "MTP module, apart", "v3_blocks": modules, "v3_each": mtp // modules, "v3_total": mtp}
    columns = {
        "block": "Part",
        "v2_blocks": "in V2",
        "v2_each": "one of V2's",
        "v3_blocks": "in V3",
        "v3_each": "one of V3's",
        "v3_total": "all of V3's",
    }
    return table([*rows, total, apart], columns, "Parameters of each kind of layer; the head brings the last norm")


def activated_and_published(v2, v3):
    """Activated parameters in each convention, and every size that DeepSeek published beside ours."""
    return together(_activated(v2, v3), _published())


def _activated(v2, v3):
    total = params_report(v3)["total"]
    rows = []
    for way, left_out in CONVENTIONS.items():
        old, new = (num_activated_params_without(config, *left_out) for config in (v2, v3))
        rows.append({"way": way, "v2": old, "v3": new, "share": new / total})
    columns = {"way": "Counted", "v2": "V2", "v3": "V3", "share": ("Of V3's total", "%", 2)}
    return table(rows, columns, "Activated parameters")


def _published():
    rows = [{**row, "where": source_link(row["fact"].source, row["fact"].locator)} for row in published_sizes(V2, V3)]
    columns = {"what": "Size", "published": "Published", "ours": "Ours", "convention": "What rounds to it", "where": "Where"}
    return table(rows, columns, "Every size that DeepSeek published, beside ours", raw=("where",))


def tensors(configs: dict):
    """Every tensor of each model by its name, folded."""
    return together(*(_tensors(name, config) for name, config in configs.items()))


def _tensors(name: str, config):
    rows = [{**row, "shape": " x ".join(f"{size:,}" for size in row["shape"])} for row in params_by_tensor(config)]
    columns = {
        "tensor": "Tensor",
        "block": "in each",
        "shape": "Inputs x outputs",
        "copies": "Copies",
        "blocks": "Blocks",
        "total": "Parameters",
        "activated": "Activated",
    }
    return table(rows, columns, f"Tensors of {name}", folded=True)


def formula():
    """The formula, worked out for V2 and V3; its letters are folded."""
    columns = {"letter": "Letter", "key": "Key of the config", V2: "V2", V3: "V3"}
    return together(
        table(letters(V2, V3), columns, "Letters of the formula", folded=True),
        table(params_by_hand(V2, V3), {"step": "Step", V2: "V2", V3: "V3"}, "The formula, worked out"),
    )


def facts_used():
    """Facts that the page uses."""
    configs = [config_fact(slug, key) for slug in (V2, V3) for key in LETTERS.values()]
    return fact_table([row["fact"] for row in published_sizes(V2, V3)] + configs)
