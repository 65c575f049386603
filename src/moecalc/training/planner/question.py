"""What is asked of a search: a model, an accelerator, how many, a workload, and which of the layouts are meant.

A :class:`Question` holds plain values alone, so that it travels to another process, and says the same there.
"""

import json
from functools import lru_cache
from typing import NamedTuple

from ...base.checks import one_of, real, whole
from ...base.errors import InputError, quoted
from ...base.limits import MAX_GPUS, MAX_SEQ_LEN
from ...hardware.accelerator import Accelerator, read_accelerator
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
    accelerator: str  #: a name, or numbers, as :func:`moecalc.hardware.accelerator.read_accelerator` reads them
    num_gpus: int
    global_batch: int  #: [sequences]
    seq_len: int  #: [tokens]
    recipe: str
    objective: str  #: one of :data:`OBJECTIVES`
    limits: tuple  #: (axis, values that it may take), of axes that are limited
    memory_bytes: float  #: of a GPU, that may be used
    top: int  #: so many of the best layouts are told
    num_tokens: float | None  #: of the whole run
    usd_per_gpu_hour: float | None
    activations: str  #: the format in which they are kept
    weight_before_down: bool  #: as :class:`~moecalc.training.activation_policy.ActivationPolicy` has it
    mtp: bool | None  #: train MTP modules; None where the model has them
    running: dict  #: what :class:`~moecalc.training.timing.settings.Running` holds, where it is not the usual
    name: str  #: of a model that is given as a config


def ask(
    model: str | dict,
    accelerator: str,
    num_gpus: int,
    global_batch: int,
    seq_len: int,
    recipe_name: str | None = None,
    objective: str = "step-time",
    limits: dict | None = None,
    memory_bytes: float | None = None,
    top: int = DEFAULT_TOP,
    num_tokens: float | None = None,
    usd_per_gpu_hour: float | None = None,
    activations: str = "bf16",
    weight_before_down: bool = False,
    mtp: bool | None = None,
    running: dict | None = None,
    name: str = "",
) -> Question:
    """A checked :class:`Question`; what is left out takes what ``moecalc step`` would take.

    Parameters
    ----------
    model, accelerator : str or dict, and str
        A model of this project or a config; an accelerator's name, or its numbers
    num_gpus, global_batch, seq_len : int
        GPUs; sequences of a step [sequences] and their tokens [tokens]
    recipe_name : str
        As :func:`moecalc.training.step.training_step` takes it
    objective : str
        One of :data:`OBJECTIVES`
    limits : dict
        Axis of :data:`moecalc.training.planner.axes.AXES` -> values that it may take
    memory_bytes : float
        Of a GPU, that may be used; all that it has where nothing is said [bytes]
    top : int
        So many of the best layouts are told
    num_tokens, usd_per_gpu_hour : float
        Of the whole run [tokens] and its price [USD/GPU-hour], where the objective needs them
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
    given = {"num_tokens": num_tokens, "usd_per_gpu_hour": usd_per_gpu_hour}
    for key, value in given.items():
        if value is not None:
            real(key, value, positive=True)
    missing = [key for key in OBJECTIVES[objective][1] if given[key] is None]
    if missing:
        raise InputError(f"objective {objective} needs {' and '.join(missing)}; found none")
    config, chip = _model(model, name), read_accelerator(accelerator)
    named = recipe_name or recipe_of(config)
    recipe(named)
    if memory_bytes is None:
        memory_bytes = chip.needed("memory_bytes")
    else:
        real("memory_bytes", memory_bytes, positive=True)
    running = {key: tuple(value) if isinstance(value, list) else value for key, value in (running or {}).items()}
    for key in running:
        one_of("running", key, Running._fields)
    check_running(Running(**running))
    return Question(
        model,
        accelerator,
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


def question_text(question: Question) -> str:
    """The question as one line of JSON, the same for the same question."""
    return json.dumps(question._asdict(), sort_keys=True, separators=(",", ":"), allow_nan=False)


def question_of(text: str) -> Question:
    """The question that such a line holds, checked anew.

    >>> mine = ask("llama-3.1-8b", "h100-sxm", 8, 64, 8192, limits={"tp": (1, 2)})
    >>> question_of(question_text(mine)) == mine
    True
    """
    try:
        values = json.loads(text)
        known = Question(**values)
    except (ValueError, TypeError):
        raise InputError(f"a question is a JSON object with {', '.join(Question._fields)}; found {quoted(text)}") from None
    limits = {axis: tuple(values) for axis, values in known.limits}
    return ask(*known[:5], known.recipe, known.objective, limits, *known[8:])


class Setting(NamedTuple):
    """What a question's words stand for."""

    config: ModelConfig
    accelerator: Accelerator
    running: Running


def setting_of(question: Question) -> Setting:
    """The model, the accelerator and how a step runs; kept for the next part of the same search."""
    return _setting(question_text(question))


@lru_cache(maxsize=16)
def _setting(text: str) -> Setting:
    known = Question(**json.loads(text))
    running = {key: tuple(value) if isinstance(value, list) else value for key, value in known.running.items()}
    chip = read_accelerator(known.accelerator)
    return Setting(_model(known.model, known.name), chip, Running(**running))


def _model(model, name) -> ModelConfig:
    return load_model(model) if isinstance(model, str) else ModelConfig(model, name)
