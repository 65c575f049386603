"""What is asked of a search: a model, accelerators, how many, a workload, and which of the layouts are meant.

A :class:`Question` holds plain values alone, so that it travels to another process, and says the same there.
"""

import json
from functools import lru_cache
from typing import NamedTuple

from ...base.checks import one_of, real, whole
from ...base.errors import InputError
from ...base.limits import MAX_GPUS, MAX_SEQ_LEN
from ...base.search import one_or_each, question_read, question_text
from ...hardware.accelerator import Accelerator, read_accelerator, read_accelerators
from ...model.config import ModelConfig, load_model
from ..activation_policy import CACHES
from ..recipes import recipe, recipe_of
from ..timing.settings import Running, check_running
from .axes import limits_of

#: What is sought -> what a reader calls it, and what must be known for it beside the layout.
OBJECTIVES = {
    "step-time": ("the shortest step", ()),
    "tokens-per-gpu": ("most tokens a second and GPU", ()),
    "dollars": ("fewest USD for all tokens", ("num_tokens", "usd_per_gpu_hour")),
    "days": ("fewest days for all tokens", ("num_tokens",)),
    "fewest-gpus": ("fewest GPUs, and of these the shortest step", ()),
}
#: Most layouts that are told as the best.
MAX_TOP = 1000
DEFAULT_TOP = 10
#: Longest batch [sequences]
MAX_BATCH = 10**9


class Question(NamedTuple):
    """A question to a search; :func:`ask` checks one and fills in what was not said."""

    model: str | dict  #: a model of this project, or a config.json
    accelerators: tuple  #: names, or numbers, as :func:`moecalc.hardware.accelerator.read_accelerator` reads them
    num_gpus: int  #: all of one accelerator
    global_batch: int  #: [sequences]
    seq_len: int  #: [tokens]
    recipe: str
    objective: str  #: one of :data:`OBJECTIVES`
    limits: tuple  #: (axis, values that it may take), of axes that are limited
    memory_bytes: tuple  #: of a GPU of each accelerator, that may be used
    top: int  #: so many of the best layouts are told
    num_tokens: float | None  #: of the whole run
    usd_per_gpu_hour: tuple | None  #: of each accelerator
    activations: str  #: the format in which they are kept
    weight_before_down: bool  #: as :class:`~moecalc.training.activation_policy.ActivationPolicy` has it
    mtp: bool | None  #: train MTP modules; None where the model has them
    running: dict  #: what :class:`~moecalc.training.timing.settings.Running` holds, where it is not the usual
    name: str  #: of a model that is given as a config


def ask(
    model: str | dict,
    accelerators,
    num_gpus: int,
    global_batch: int,
    seq_len: int,
    recipe_name: str | None = None,
    objective: str = "step-time",
    limits: dict | None = None,
    memory_bytes=None,
    top: int = DEFAULT_TOP,
    num_tokens: float | None = None,
    usd_per_gpu_hour=None,
    activations: str = "bf16",
    weight_before_down: bool = False,
    mtp: bool | None = None,
    running: dict | None = None,
    name: str = "",
) -> Question:
    """A checked :class:`Question`; what is left out takes what ``moecalc step`` would take.

    Parameters
    ----------
    model, accelerators : str or dict, and str or tuple of str
        A model of this project or a config; names of accelerators, or their numbers
    num_gpus, global_batch, seq_len : int
        GPUs; sequences of a step [sequences] and their tokens [tokens]
    recipe_name : str
        As :func:`moecalc.training.step.training_step` takes it
    objective : str
        One of :data:`OBJECTIVES`
    limits : dict
        Axis of :data:`moecalc.training.planner.axes.AXES` -> values that it may take
    memory_bytes : float or tuple
        Of a GPU, or one of each accelerator, that may be used; all that it has where nothing is said [bytes]
    top : int
        So many of the best layouts are told
    num_tokens, usd_per_gpu_hour : float, and float or tuple
        Of the whole run [tokens], and the price of each accelerator [USD/GPU-hour], where the objective needs them
    activations, weight_before_down, mtp, running : str, bool, bool and dict
        As the policy and the settings of :func:`moecalc.training.step.training_step` have them
    name : str
        Of a model that is given as a config

    Examples
    --------
    >>> ask("deepseek-v3", "h800-sxm", 2048, 15360, 4096, limits={"pp": (16, 8)}).limits
    (('pp', (8, 16)),)
    """
    one_of("objective", objective, OBJECTIVES)
    whole("num_gpus", num_gpus, most=MAX_GPUS)
    whole("global_batch", global_batch, most=MAX_BATCH)
    whole("seq_len", seq_len, most=MAX_SEQ_LEN)
    whole("top", top, most=MAX_TOP)
    one_of("activations", activations, CACHES)
    chips = read_accelerators(accelerators)
    if num_tokens is not None:
        real("num_tokens", num_tokens, positive=True)
    if usd_per_gpu_hour is not None:
        usd_per_gpu_hour = one_or_each("usd_per_gpu_hour", usd_per_gpu_hour, len(chips), "accelerator")
    given = {"num_tokens": num_tokens, "usd_per_gpu_hour": usd_per_gpu_hour}
    missing = [key for key in OBJECTIVES[objective][1] if given[key] is None]
    if missing:
        raise InputError(f"objective {objective} needs {' and '.join(missing)}; found none")
    config = _model(model, name)
    named = recipe_name or recipe_of(config)
    recipe(named)
    if memory_bytes is None:
        memory_bytes = tuple(chip.needed("memory_bytes") for chip in chips.values())
    else:
        memory_bytes = one_or_each("memory_bytes", memory_bytes, len(chips), "accelerator")
    running = {key: tuple(value) if isinstance(value, list) else value for key, value in (running or {}).items()}
    for key in running:
        one_of("running", key, Running._fields)
    check_running(Running(**running))
    return Question(
        model,
        tuple(chips),
        num_gpus,
        global_batch,
        seq_len,
        named,
        objective,
        limits_of(limits or {}, config),
        memory_bytes,
        top,
        num_tokens,
        usd_per_gpu_hour,
        activations,
        bool(weight_before_down),
        mtp,
        running,
        name,
    )


def question_of(text: str) -> Question:
    """The question that a line of :func:`moecalc.base.search.question_text` holds, checked anew.

    >>> mine = ask("llama-3.1-8b", "h100-sxm", 8, 64, 8192, limits={"tp": (1, 2)})
    >>> question_of(question_text(mine)) == mine
    True
    """
    return question_read(text, Question, ask)


class Setting(NamedTuple):
    """What a question's words stand for."""

    config: ModelConfig
    accelerators: tuple[Accelerator, ...]
    running: Running


def setting_of(question: Question) -> Setting:
    """The model, the accelerators and how a step runs; kept for the next part of the same search."""
    return _setting(question_text(question))


@lru_cache(maxsize=16)
def _setting(text: str) -> Setting:
    known = Question(**json.loads(text))
    running = {key: tuple(value) if isinstance(value, list) else value for key, value in known.running.items()}
    chips = tuple(map(read_accelerator, known.accelerators))
    return Setting(_model(known.model, known.name), chips, Running(**running))


def _model(model, name) -> ModelConfig:
    return load_model(model) if isinstance(model, str) else ModelConfig(model, name)
