"""How a published run is set up, from the words of its row: accelerator, recipe, recompute, what overlaps, micro-batches."""

import functools
import re
from typing import NamedTuple

from ..base.errors import InputError, quoted
from ..hardware.accelerator import read_accelerator
from ..model.config import ModelConfig
from ..training.activation_policy import ActivationPolicy
from ..training.activations import recomputable_parts
from ..training.layout import Layout
from ..training.stages import Stage
from ..training.timing.settings import PAIRED, USUAL, Running
from .run_words import RunLayout

#: Words of what is recomputed -> names that the calculators have. The dense MLP of a few layers is left out.
RECOMPUTE_WORDS = {
    "norm": "norm",
    "layernorm": "norm",
    "act": "swiglu",
    "moe_act": "swiglu",
    "swiglu": "swiglu",
    "mla-up": "mla-up",
    "mla_up_proj": "mla-up",
    "router": "router",
}
#: Selective checkpointing of PyTorch's programs keeps products and attention: the rest is computed again.
SELECTIVE = ("norm", "swiglu")
BF16, FP8 = "bf16", "weights=fp8+bf16,gradients=4,master=4,moments=8"
V3_RECIPE = "deepseek-v3"


class Settings(NamedTuple):
    """A run in the calculators' words."""

    layout: Layout
    recipe: str
    policy: ActivationPolicy
    running: Running
    micro_batch: int
    seq_len: int
    global_batch: int
    mtp: bool | None
    assumed: tuple  #: sentences


@functools.cache  # a file names an accelerator in many rows
def run_accelerator(text: str) -> tuple:
    """(accelerator, what is assumed of it) that a row means; a chip that is sold in several forms is read as its module.

    >>> run_accelerator("H100-80GB (700 W)")[0].slug, run_accelerator("GB200")[1]
    ('h100-sxm', '')
    """
    plain = re.sub(r"\([^)]*\)", " ", text).strip()
    first = plain.split(" ")[0]
    error = None
    for name in dict.fromkeys(
        (text.strip(), plain, f"{plain} SXM", first, f"{first} SXM", f"{first.partition('-')[0]} SXM")
    ):
        try:
            found = read_accelerator(name)
        except InputError as one:
            error = error or one
            continue
        exact = name in (text.strip(), plain, f"{plain} SXM") or first != name and first in (text, plain)
        return found, "" if exact else f"{quoted(text)} is read as {found.name}"
    raise InputError(str(error))


def run_recipe(precision: str) -> str:
    """The recipe for the word of a precision.

    Products in FP8 of any kind keep a copy of the weights in BF16, as Megatron-LM does; "FP8 blocks" is DeepSeek's recipe.
    """
    words = precision.casefold()
    if not words or "not " in words or " or " in words or " and " in words:
        raise InputError(f"the row does not say in which precision products run: {quoted(precision)}")
    if "fp4" in words:
        raise InputError("there is no recipe for training with products in FP4")
    if "fp8" in words:
        return V3_RECIPE if "gemm" in words or "block" in words and "wise" not in words else FP8
    if "bf16" in words or "fp16" in words:
        return BF16
    raise InputError(f"no recipe is known for products in {quoted(precision)}")


def run_policy(config: ModelConfig, words: str) -> ActivationPolicy:
    """What is recomputed, and the format that activations are kept in."""
    lowered = words.casefold()
    cache = "fp8" if "fp8 activations" in lowered else "bf16"
    found = ()
    if re.search(r"full (recompute|activation checkpointing)|activation checkpointing true|recompute:? full", lowered):
        found = ("full",)
    elif re.search(r"selective (recompute|activation|ac\b)", lowered):
        found = SELECTIVE
    elif said := re.search(r"(?<!no )(?<!without )recompute:? ([^.;]*)", lowered):
        listed = re.split(r"[ ,]+", said[1])
        found = tuple(dict.fromkeys(RECOMPUTE_WORDS[word] for word in listed if word in RECOMPUTE_WORDS))
    parts = recomputable_parts(config)
    return ActivationPolicy(tuple(name for name in found if name in parts), cache)


def run_running(words: str, schedule: str) -> Running:
    """What overlaps, whether graphs launch the kernels, and whether a program runs them one by one.

    Words of PyTorch's own FSDP (FULL_SHARD and the like) without a compiler mean eager kernels.
    """
    lowered = words.casefold()
    eager = bool(re.search(r"\beager\b|full_shard|shard_grad_op|hybrid_shard", lowered)) and "compile" not in lowered
    more = {"graphs": "cuda graph" in lowered, "eager": eager}
    if re.search(r"no comm(unication)?s? overlap", lowered):
        return Running((), **more)
    also = [name for name, word in (("ep", r"(?<!no )ep overlap"), ("tp", "async ?tp")) if re.search(word, lowered)]
    return Running((*USUAL, *also) if also and schedule not in PAIRED else None, **more)


def run_mtp(config: ModelConfig, words: str) -> bool | None:
    """Whether MTP modules are trained; None where nothing is said, or the model has none."""
    if not config.anatomy.mtp:
        return None
    if re.search(r"(w/o|without|no) mtp", words, re.IGNORECASE):
        return False
    return True if re.search(r"\bmtp\b", words, re.IGNORECASE) else None


def run_stages(config: ModelConfig, words: RunLayout, mtp: bool | None) -> tuple:
    """(stages or None, layers of each stage or None) of a pipeline whose layers its stages do not divide.

    With MTP modules the stages are filled from the front, as Megatron-Bridge does for V3, and the last holds what is left
    beside the modules and the head. Without them the stages at both ends hold a layer less.
    """
    num_stages, num_layers = words.pp * words.vpp, len(config.anatomy.layers)
    if num_stages == 1 or words.schedule or num_stages > num_layers + 2:
        return None, None
    if config.anatomy.mtp and mtp is not False:
        size = -(-num_layers // num_stages)
        ends = [min(size * (n + 1), num_layers) for n in range(num_stages)]
        if ends[-2] == num_layers:  # the last stage has head and modules alone: the first is the one that is short
            ends = [max(num_layers - size * (num_stages - 2 - n), 0) for n in range(num_stages - 1)] + [num_layers]
        bounds = [0, *ends]
    elif num_layers % num_stages == 0:
        return None, None
    else:
        size, extra = divmod(num_layers, num_stages)
        first = (num_stages - extra) // 2  # as many short stages in front as behind, one more behind
        sizes = [size + (first <= n < first + extra) for n in range(num_stages)]
        bounds = [sum(sizes[:n]) for n in range(num_stages + 1)]
    last = num_stages - 1
    modules = range(len(config.anatomy.mtp) if mtp is not False else 0)
    return tuple(
        Stage(range(low, high), n == 0, modules if n == last else range(0), n == last)
        for n, (low, high) in enumerate(zip(bounds[:-1], bounds[1:], strict=True))
    ), None


def run_settings(config: ModelConfig, words: RunLayout, numbers: dict, precision: str, said: str) -> Settings:
    """The :class:`Settings` of a run.

    `numbers` has num_gpus, seq_len, global_batch and micro_batch, the last two None where the row does not say; `said` is
    everything else that it says, in words.
    """
    assumed = []
    group = words.tp * words.pp * words.cp
    num_gpus = numbers["num_gpus"]
    if num_gpus % group:
        raise InputError(f"TP x PP x CP = {group} does not divide the {num_gpus} GPUs of the row")
    dp = num_gpus // group
    micro, global_batch = numbers["micro_batch"], numbers["global_batch"]
    if global_batch is None:
        accumulated = words.accumulate or (1 if words.pp == 1 else None)
        if accumulated is None or micro is None:
            raise InputError("the row does not say how many sequences a step has")
        global_batch = micro * dp * accumulated
        assumed.append(f"{accumulated} micro-batch of {micro} sequences a replica and step")
    elif micro is None:
        each = global_batch // dp
        if words.pp == 1 and not words.accumulate and each > 2:
            raise InputError(f"the row does not say how many of a replica's {each} sequences a micro-batch has")
        micro = max(1, each // words.accumulate) if words.accumulate else max(1, each) if words.pp == 1 else 1
        assumed.append(f"a micro-batch has {micro} sequences")
    mtp = run_mtp(config, said)
    schedule = words.schedule or ("interleaved" if words.vpp > 1 and words.pp > 1 else "1f1b")
    stages, sizes = run_stages(config, words, mtp)
    vpp = words.vpp if schedule == "interleaved" else 1
    layout = Layout(words.tp, words.pp, words.ep, dp, words.zero, schedule, words.etp, sizes, words.cp, vpp, stages)
    recipe = run_recipe(precision)
    policy, running = run_policy(config, said), run_running(said, schedule)
    return Settings(layout, recipe, policy, running, micro, numbers["seq_len"], global_batch, mtp, tuple(assumed))


def row_size(name: str, text, otherwise: int | None = 1) -> int | None:
    """The size of a group [GPUs] that a cell of a row gives; `otherwise` where it is blank.

    >>> row_size("tp", "8"), row_size("pp", ""), row_size("dp", None, None)
    (8, 1, None)
    """
    plain = str(text or "").strip()
    if not plain:
        return otherwise
    if not plain.isdigit() or int(plain) < 1:
        raise InputError(f"{name} of the row must be a whole number from 1; found {quoted(plain)}")
    return int(plain)
