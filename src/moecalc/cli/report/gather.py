"""Numbers of a report, each from the calculator that a single command asks; a part that cannot be has a sentence instead."""

from typing import NamedTuple

from ... import __version__
from ...base.errors import InputError
from ...base.progress import run_to_end
from ...economics.cost import run_cost
from ...economics.prices import rental_price_usd_per_gpu_hour
from ...facts import tables
from ...hardware.accelerator import read_accelerator
from ...model.checkpoint import storage_bytes
from ...model.config import ModelConfig
from ...model.flops import flops_report
from ...model.kv_cache import kv_cache_report
from ...model.params import params_report
from ...serving.capacity import longest_of_model
from ...serving.fewest import fewest_gpus, told
from ...serving.planner import answer as serving_answer
from ...serving.planner import question as serving_question
from ...training.activation_policy import recompute_of
from ...training.activations import activation_notes
from ...training.layout import num_routed_experts
from ...training.memory import Batch, memory
from ...training.planner import question as training_question
from ...training.planner.answer import conclude
from ...training.planner.reasons import Judge
from ...training.planner.search import search
from ...training.planner.space import space_of

#: Axes of training that a report holds, so that it takes seconds: ``moecalc plan`` searches them all.
TRAINING_LIMITS = {
    "cp": (1,),
    "etp": (1,),
    "split": ("even",),
    "vpp": (1, 2),
    "micro_batch": (1, 2),
    "schedule": ("1f1b", "interleaved", "dualpipe"),
    "zero": (1,),
}
#: Most GPUs of an instance of decode, and what is tried of its batch, likewise.
SERVING_INSTANCE, SERVING_BATCHES = 64, (1, 4, 16, 32, 64, 128, 256)
TOP = 5
SECONDS_OF_HOUR = 3600
#: Tables whose newest row dates a report.
DATED = ("accelerators", "rental_prices", "step_parameters", "serving_parameters", "kernel_parameters")


class Asked(NamedTuple):
    """What a report is about, beside the model."""

    model: str | dict  #: as a search takes it
    gpu: str
    num_gpus: int
    num_tokens: float
    usd_per_gpu_hour: tuple | None  #: (low, high); None: what the accelerator is rented for
    seq_len: int
    recipe: str | None  #: of training; None: as ``moecalc step`` has it
    global_batch: int | None  #: [sequences]; None: :func:`usual_batch`
    input_tokens: int
    output_tokens: int
    tpot_s: float
    ttft_s: float


def usual_batch(num_gpus: int) -> int:
    """Sequences of a step where nobody says: eight for each of so many GPUs, at least 1,024 [sequences]."""
    return max(1024, 8 * num_gpus)


def gather(config: ModelConfig, asked: Asked) -> dict:
    """All parts of a report; one that cannot be is None, and ``missing`` says why."""
    chip, missing = read_accelerator(asked.gpu), []
    asked = asked._replace(global_batch=asked.global_batch or usual_batch(asked.num_gpus))

    def part(name, calculate, *values):
        try:
            return calculate(*values)
        except InputError as error:
            missing.append(f"{name}: {error}")
            return None

    price = part("Price", price_of, asked)
    training = part("Training", training_part, config, asked)
    found = {
        "model": config.name,
        "accelerator": chip._asdict(),
        "num_gpus": asked.num_gpus,
        "made_with": {"version": __version__, "data": newest()},
        "asked": {key: value for key, value in asked._asdict().items() if key != "model"},
        "parameters": part("Parameters", params_report, config),
        "storage": part("Weights", storage_bytes, config),
        "flops": part("FLOPs", flops_report, config, asked.seq_len),
        "cache": part("Cache", kv_cache_report, config, asked.input_tokens + asked.output_tokens),
        "usd_per_gpu_hour": price,
        "training": training,
        "run": training and part("A whole run", run_part, asked, training["best"], price),
        "fit": part("What fits to be served", fit_part, config, chip, asked),
        "serving": part("Serving", serving_part, config, asked, price),
    }
    missing += limits_of(config, chip)
    return {**found, "missing": missing}


def newest() -> str:
    """Date of the newest row that a report stands on."""
    return max(fact.date for table in DATED for fact in tables.facts(table))


def price_of(asked: Asked) -> tuple:
    """(low, high) of the price [USD/GPU-hour]."""
    return asked.usd_per_gpu_hour or rental_price_usd_per_gpu_hour(asked.gpu)


def limits_of(config: ModelConfig, chip) -> list:
    """What the model or the accelerator does not have, each with what follows."""
    said = []
    if chip.peak_dense_fp8_flops_per_s is None:
        said.append(f"{chip.name} has no FP8 peak: products of FP8 weights and recipes run in BF16")
    if not num_routed_experts(config):
        said.append(f"{config.name} has no routed experts: EP is 1 and nothing is dealt out")
    return said


def training_part(config: ModelConfig, asked: Asked) -> dict:
    """The best layouts, the memory of the best by rank, and how many were tried."""
    question = training_question.ask(
        asked.model,
        asked.gpu,
        asked.num_gpus,
        asked.global_batch,
        asked.seq_len,
        asked.recipe,
        limits=TRAINING_LIMITS,
        top=TOP,
        name=config.name,
    )
    found = conclude(question, run_to_end(search(question)))
    if not found.layouts:
        raise InputError("; ".join(found.notes))
    judge = Judge(question)
    layouts = found.layouts[:TOP]
    best = layouts[0]
    one = judge.space[best["index"]]
    batch = Batch(one.micro_batch, asked.seq_len, best["num_micro_batches"])
    policy = judge.rules.policy(one.recompute)
    held = memory(config, judge.rules.layout(one), question.recipe, batch, policy)
    return {
        "recipe": question.recipe,
        "global_batch": asked.global_batch,
        "seq_len": asked.seq_len,
        "num_considered": len(space_of(question)),
        "num_fitting": found.num_fitting,
        "rejected": {reason: one["count"] for reason, one in found.rejected.items()},
        "layouts": layouts,
        "best": best,
        "recompute": list(recompute_of(one.recompute)),
        "memory_bytes": question.memory_bytes[0],
        "ranks": [rank_told(rank) for rank in held.ranks],
        "notes": [*activation_notes(config, policy), *found.notes],
    }


def rank_told(rank) -> dict:
    """What the fullest GPU of a pipeline rank holds [bytes]."""
    states = rank.states
    return {
        "rank": rank.rank,
        "weights": states.weights + states.fp8_scales,
        "gradients": states.gradients,
        "optimizer_states": states.optimizer_states,
        "activations": rank.activations,
        "buffers": rank.buffers.peak,
        "total": rank.counted,
        "most": rank.band[1],
    }


def run_part(asked: Asked, best: dict, price) -> dict:
    """GPU-hours, days and USD of all tokens, at the step and at the ends of its interval."""
    found = {"num_tokens": asked.num_tokens}
    for end, step in (("", "step_s"), ("_low", "low_s"), ("_high", "high_s")):
        rate = best["tokens_per_s_per_gpu"] * best["step_s"] / best[step]
        hours = asked.num_tokens / rate / SECONDS_OF_HOUR
        cost = run_cost(hours, price, asked.num_gpus)
        found |= {f"gpu_hours{end}": hours, f"wall_days{end}": cost["wall_days"]}
        if price:
            found[f"usd{end}"] = {"": (cost["usd_low"] + cost["usd_high"]) / 2}.get(end, cost[f"usd{end or '_low'}"])
    return found


def fit_part(config: ModelConfig, chip, asked: Asked) -> dict:
    """The fewest GPUs that hold one user's context, and what fits then."""
    context = asked.input_tokens + asked.output_tokens
    longest = longest_of_model(config)
    fit = fewest_gpus(config, chip, min(context, longest or context), 1)
    if not fit.copies:
        raise InputError(f"not one user of {context:,} tokens fits on any layout that is tried")
    return {"context": context} | told(fit, config, chip)


def serving_part(config: ModelConfig, asked: Asked, price) -> dict:
    """The best deployments of all GPUs."""
    sizes = tuple(2**power for power in range(SERVING_INSTANCE.bit_length()))
    routed = bool(num_routed_experts(config))
    question = serving_question.ask(
        asked.model,
        asked.gpu,
        asked.num_gpus,
        asked.input_tokens,
        asked.output_tokens,
        tpot_s=asked.tpot_s,
        ttft_s=asked.ttft_s,
        limits={"batch": SERVING_BATCHES} | ({"dp": sizes, "ep": sizes, "redundant": (0,)} if routed else {}),
        usd_per_gpu_hour=None if price is None else sum(price) / 2,
        top=TOP,
        name=config.name,
    )
    found = serving_answer.plan(question)
    if not found.layouts:
        raise InputError(found.notes[0])
    return {
        "num_considered": found.num_considered,
        "num_fitting": found.num_fitting,
        "layouts": found.layouts[:TOP],
        "front": [found.layouts[place] for place in found.front],
        "notes": found.notes,
    }
