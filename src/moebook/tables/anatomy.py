"""Tables of the page on the anatomy of a layer."""

from moecalc import load_model
from moecalc.claims.registry import config_fact

from ..prose import fact_table, table

V3 = "deepseek-v3"


def kinds(inside: list, whole: dict, apart: list):
    """Kinds of blocks of V3, their sum, and what stands beside the model."""
    columns = {
        "name": "Blocks",
        "shape": "Where",
        "params": "Parameters",
        "activated": "One token uses",
        "flops": ("FLOPs a token", "FLOPs", 4),
    }
    caption = "DeepSeek-V3, kind by kind; the MTP module is no part of the model's total"
    return table([*inside, {"name": "the model", **whole}, *apart], columns, caption)


def attention(worked: list):
    """The matrices of attention, worked out, and their sum."""
    total = {"name": "attention's matrices"} | {key: sum(row[key] for row in worked) for key in ("params", "flops")}
    columns = {
        "name": "Box",
        "formula": "Worked out",
        "params": "Parameters",
        "flops_formula": "Worked out",
        "flops": "FLOPs",
    }
    return table([*worked, total], columns, "The matrices of attention in one layer of DeepSeek-V3")


def models(layers: list):
    """The last layer of every counted model."""
    columns = {
        "model": "Model",
        "layers": "Layers",
        "alike": "Alike",
        "params": ("Parameters", "parameters", 3),
        "used": ("Used", "%", 1),
        "attention": ("Attention", "%", 1),
        "flops": ("FLOPs a token", "FLOPs", 3),
    }
    caption = (
        "The last layer of every model that is counted here: how many are like it, what it holds, what of that a token uses"
    )
    return table([layer._asdict() for layer in layers], columns, caption)


def facts_used():
    """Facts that the page uses: the keys of V3's config."""
    config = load_model(V3)
    return fact_table([config_fact(V3, key) for key in config.keys if key in config.raw])
