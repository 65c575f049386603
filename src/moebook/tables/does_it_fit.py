"""Tables of the page on what fits."""

from moecalc.facts import models
from moecalc.facts import tables as facts
from moecalc.hardware.accelerator import load_accelerator
from moecalc.model.config import load_model
from moecalc.serving.capacity import Instance, instance, longest_of_model
from moecalc.serving.fewest import fewest_gpus
from moecalc.serving.layout import ServingLayout
from moecalc.serving.workspace import workspace
from moecalc.validation.hold_out import FITTED, HELD_OUT
from moecalc.validation.serving_memory import CACHE, TABLE, TOKENS, TOKENS_OF_CACHE, WEIGHTS, log_errors

from ..prose import fact_table, table

CONTEXT, USERS = 32_768, 64
ACCELERATORS = ("h800-sxm", "h20", "h200-sxm", "b200-sxm", "b300-sxm", "mi300x", "mi355x", "ascend-910c", "a100-sxm")
MODELS = (
    "llama-3.1-8b", "gpt-oss-120b", "qwen3-235b-a22b", "llama-3.1-405b", "deepseek-v2", "deepseek-v3", "kimi-k2",
)  # fmt: skip
#: One machine of eight, laid out in three ways.
MACHINE = {
    "tensor parallel": ServingLayout(8, 1, 1),
    "both": ServingLayout(4, 2, 8),
    "data and expert parallel": ServingLayout(1, 8, 8),
}
#: Units that serve V3, by the section of the report or the overview that describes them.
UNITS = {
    "prefill, V3 report": ServingLayout(4, 8, 32, redundant_experts=32),
    "decode, V3 report": ServingLayout(4, 80, 320, redundant_experts=64),
    "decode, overview of 2025": ServingLayout(1, 144, 144, redundant_experts=32),
}


def laid_out(layout: ServingLayout, gpu: str, model: str = "deepseek-v3") -> Instance:
    """A model on GPUs of one kind, its cache in BF16."""
    config, memory = load_model(model), load_accelerator(gpu).needed("memory_bytes")
    return instance(config, layout, memory, workspace(config, memory, layout.num_gpus))


def of_layout(name: str, found: Instance) -> dict:
    """A row of what an instance of one stage holds."""
    layout, (stage,) = found.layout, found.stages
    sizes = {"TP": layout.tp, "DP": layout.dp, "EP": layout.ep}
    return {
        "name": name,
        "gpus": layout.num_gpus,
        "layout": " ".join(f"{kind}{size}" for kind, size in sizes.items() if size > 1),
        "weights": sum(stage.weights.values()),
        "room": stage.room,
        "user": layout.tp * stage.sequence_bytes(CONTEXT),
        "tokens": found.tokens(CONTEXT) / layout.num_gpus,
        "users": found.sequences(CONTEXT),
    }


COLUMNS = {
    "gpus": "GPUs",
    "layout": "Layout",
    "weights": ("Weights on a GPU", "bytes", 3),
    "room": ("Room for cache", "bytes", 3),
    "user": (f"A user of {CONTEXT // 1024}K, all copies", "bytes", 3),
    "tokens": ("Tokens a GPU", "", 3),
    "users": f"Users of {CONTEXT // 1024}K",
}


def one_machine(gpu: str):
    """Three layouts of one machine."""
    rows = [of_layout(name, laid_out(layout, gpu)) for name, layout in MACHINE.items()]
    name = load_accelerator(gpu).name
    return table(rows, {"name": "How", **COLUMNS}, f"DeepSeek-V3 on one machine of {name}, cache in BF16")


def units():
    """The units of DeepSeek's own service."""
    rows = [of_layout(name, laid_out(layout, "h800-sxm")) for name, layout in UNITS.items()]
    return table(rows, {"name": "Unit", **COLUMNS}, "Memory of the units that serve DeepSeek-V3 on H800, cache in BF16")


def searched(model: str, gpu: str, users: int = USERS) -> dict:
    """A row of the search, with pipeline stages and without."""
    config, accelerator = load_model(model), load_accelerator(gpu)
    one, any_stages = (fewest_gpus(config, accelerator, CONTEXT, users, 2, sizes) for sizes in ({"pp": 1}, {}))
    parts = one.components
    return {
        "model": models.model(model)["name"],
        "gpu": accelerator.name,
        "memory": accelerator.memory_bytes,
        "fewest": one.num_gpus,
        "piped": any_stages.num_gpus,
        "weights": parts["weights"],
        "cache": parts["cache"] + parts["paging_slack"],
        "bound": one.bound_by,
        "longest": one.found.longest(one.users_of_group, longest_of_model(config) or one.tokens_that_fit),
    }


SEARCHED = {
    "memory": ("Memory", "bytes", 4),
    "fewest": "Fewest GPUs",
    "piped": "with pipeline stages",
    "weights": ("Weights on the fullest", "bytes", 3),
    "cache": ("Cache on it", "bytes", 3),
    "bound": "Decided by",
    "longest": "Longest context there [tokens]",
}


def by_accelerator():
    """V3 on each accelerator."""
    rows = [searched("deepseek-v3", gpu) for gpu in ACCELERATORS]
    return table(rows, {"gpu": "Accelerator", **SEARCHED}, f"DeepSeek-V3 for {USERS} users of {CONTEXT // 1024}K each")


def by_model(gpu: str):
    """Each model on one accelerator."""
    columns = {"model": "Model"} | {key: head for key, head in SEARCHED.items() if key != "memory"}
    name = load_accelerator(gpu).name
    return table([searched(one, gpu) for one in MODELS], columns, f"{USERS} users of {CONTEXT // 1024}K each on {name}")


def errors():
    """Mean and worst error of each logged quantity, fitted and held out."""
    rows = []
    for quantity in (WEIGHTS, CACHE, TOKENS, TOKENS_OF_CACHE):
        for use in (FITTED, HELD_OUT):
            number, mean, worst, _ = log_errors(quantity, use)
            rows.append({"what": quantity, "use": use, "cases": number, "mean": mean, "worst": worst})
    columns = {
        "what": "Logged",
        "use": "Used as",
        "cases": "Figures",
        "mean": ("Mean error", "%", 2),
        "worst": ("Worst", "%", 2),
    }
    return table(rows, columns, "Errors of predicted memory; of the cache's memory as a share of the GPU's")


def facts_used():
    """The logs and the units."""
    logs = [fact for fact in facts.facts(TABLE) if fact.unit not in ("text",)]
    units = [fact for fact in facts.facts("serving") if fact.subject.startswith("V3 report")]
    return fact_table([*units, *logs])
