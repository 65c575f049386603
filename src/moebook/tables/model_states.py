"""Tables of the page on model states."""

from moecalc.claims.registry import config_fact
from moecalc.explorers.training.model_states import SCHEDULES
from moecalc.facts import tables as facts
from moecalc.training.recipes import RECIPES
from moecalc.training.state_views import shown
from moecalc.training.states import STATES

from ..prose import fact_table, source_link, table


def by_rank(groups: list):
    """What one GPU of each pipeline rank holds."""
    columns = {
        "ranks": "Rank",
        "holds": "Holds",
        "num_params": ("On a GPU", "parameters"),
        "weights": ("Weights", "bytes"),
        "gradients": ("Gradients", "bytes"),
        "optimizer_states": ("Optimizer", "bytes"),
        "bytes": ("Sum", "bytes"),
    }
    groups = [group | shown(group) for group in groups]
    return table(groups, columns, "Model states on one GPU of each pipeline rank, each stage held once")


def recipes():
    """Bytes of a parameter by recipe."""
    rows = [
        {
            "recipe": one.title,
            "weight": one.weight,
            "kept": one.kept_weight,
            "gradient": one.gradient,
            "master": one.master_weight,
            "moments": one.moments,
            "all": one.total,
        }
        for one in RECIPES.values()
    ]
    columns = {
        "recipe": "Recipe",
        "weight": "Weight",
        "kept": "kept wider",
        "gradient": "Gradient",
        "master": "Master",
        "moments": "Moments",
        "all": "All",
    }
    sources = "; ".join(dict.fromkeys(source_link(one.source) for one in RECIPES.values()))
    return table(rows, columns, "Bytes that training keeps of one parameter, by dtype recipe", source=sources)


def by_zero(stages: list):
    """Model states by ZeRO stage."""
    rows = [
        {
            "zero": f"ZeRO-{one.zero}" if one.zero else "none",
            **one.states,
            "bytes": one.middle,
            "fullest": one.fullest,
        }
        for one in stages
    ]
    columns = {
        "zero": "Stage",
        "weights": ("Weights", "bytes"),
        "gradients": ("Gradients", "bytes"),
        "optimizer_states": ("Optimizer", "bytes"),
        "bytes": ("Middle rank", "bytes"),
        "fullest": ("Fullest rank", "bytes"),
    }
    caption = "Model states on one GPU by ZeRO stage, for a middle rank, and the sum of the fullest"
    return table(rows, columns, caption)


def by_schedule(schedules: list):
    """Model states by pipeline schedule."""
    rows = [{**one._asdict(), "schedule": SCHEDULES[one.schedule]} for one in schedules]
    columns = {
        "schedule": "Schedule",
        "lightest": ("Lightest rank", "bytes"),
        "mean": ("Mean", "bytes"),
        "fullest": ("Fullest rank", "bytes"),
    }
    return table(rows, columns, "Model states on one GPU by pipeline schedule")


def experts(readings: list):
    """What the talk's experts of one GPU come to, step by step."""
    columns = {
        "what": "Routed experts of one GPU",
        "num_params": ("Parameters", "parameters"),
        "bytes": ("In FP8", "bytes"),
        "num_experts": ("As experts", "", 3),
        "printed": "The talk",
    }
    return table(readings, columns, "From the experts of one layer to one GPU")


def two_routes(by_ranks: dict, by_tensors: dict, num_gpus: int):
    """Model states of all GPUs, summed by rank and by tensor."""
    rows = [
        {
            "state": state.replace("_", " "),
            "ranks": by_ranks[state],
            "tensors": by_tensors[state],
            "difference": by_ranks[state] - by_tensors[state],
        }
        for state in STATES
    ]
    columns = {"state": "State", "ranks": "Bytes, by rank", "tensors": "Bytes, by tensor", "difference": "Difference"}
    return table(rows, columns, f"Model states of all {num_gpus:,} GPUs")


def facts_used():
    """Facts that the page uses."""
    report = facts.by_subject("v3_report")
    named = {
        "training system": (
            "num_gpus", "pipeline_parallel", "expert_parallel", "data_parallel", "tensor_parallel", "recompute", "ema",
        ),
        "FP8 training": ("gemms", "kept_high_precision", "weight_block"),
        "optimizer": ("name", "moments", "master_weights_and_grads"),
        "pipeline DualPipe": ("parameters",),
        "pipeline DualPipeV": ("parameters",),
    }  # fmt: skip
    keys = ("num_hidden_layers", "first_k_dense_replace", "hidden_size", "n_routed_experts", "moe_intermediate_size")
    used = [report[subject][name] for subject, names in named.items() for name in names]
    return fact_table(used + [config_fact("deepseek-v3", key) for key in keys])
