"""What is asked of a search: a model, accelerators, how many GPUs, requests, promises, and which deployments are meant.

A :class:`Question` holds plain values alone, so that it travels to another process, and says the same there.
"""

from functools import lru_cache
from typing import NamedTuple

from ...base import search
from ...base.checks import one_of, real, whole
from ...base.errors import InputError
from ...base.limits import MAX_GPUS, MAX_SEQ_LEN
from ...facts import tables
from ...hardware.accelerator import Accelerator, read_accelerator, read_accelerators
from ...model.checkpoint import storage_bytes
from ...model.config import ModelConfig, load_model
from ..capacity import check_context
from ..disaggregation import Requests
from ..request_steps import decode_context
from .axes import limits_of

#: What is sought -> what a reader calls it.
OBJECTIVES = {"tokens-per-gpu": "most output tokens a second and GPU", "dollars": "fewest USD a million output tokens"}
#: Most deployments that are told as the best.
MAX_TOP = 1000
DEFAULT_TOP = 10


class Question(NamedTuple):
    """A question to a search; :func:`ask` checks one and fills in what was not said."""

    model: str | dict  #: a model of this project, or a config.json
    accelerators: tuple  #: names, or numbers, as :func:`moecalc.hardware.accelerator.read_accelerator` reads them
    num_gpus: int  #: of prefill and decode together, all of one accelerator
    input_tokens: int  #: of a request, cached ones included
    output_tokens: int
    cache_hit: float  #: share of the input that an earlier request left in the cache
    tpot_s: float  #: most from a token to the next
    ttft_s: float  #: most until the first token, on average
    objective: str  #: one of :data:`OBJECTIVES`
    limits: tuple  #: (axis, values that it may take), of axes that are limited
    requests_per_s: float | None  #: that must be served; None: as many as the GPUs can
    usd_per_gpu_hour: tuple | None  #: of each accelerator
    acceptance: float  #: of a drafted token, where MTP drafts
    top: int  #: so many of the best deployments are told
    name: str  #: of a model that is given as a config


def ask(
    model: str | dict,
    accelerators,
    num_gpus: int,
    input_tokens: int,
    output_tokens: int,
    cache_hit: float = 0.0,
    tpot_s: float = 0.05,
    ttft_s: float = 2.0,
    objective: str = "tokens-per-gpu",
    limits: dict | None = None,
    requests_per_s: float | None = None,
    usd_per_gpu_hour=None,
    acceptance: float | None = None,
    top: int = DEFAULT_TOP,
    name: str = "",
) -> Question:
    """A checked :class:`Question`.

    Parameters
    ----------
    model, accelerators : str or dict, and str or tuple of str
        A model of this project or a config; names of accelerators, or their numbers
    num_gpus : int
        For prefill and decode together [GPUs]
    input_tokens, output_tokens : int
        Of a request [tokens]
    cache_hit : float
        Share of the input that is cached
    tpot_s, ttft_s : float
        Most between tokens and until the first [s]
    objective, limits : str and dict
        One of :data:`OBJECTIVES`; axis -> values that it may take
    requests_per_s : float
        That must be served [requests/s]
    usd_per_gpu_hour : float or tuple
        Of each accelerator [USD/GPU-hour]
    acceptance : float
        Share of drafted tokens that are accepted; without it the least that DeepSeek reports
    top, name : int and str
        So many of the best are told; what a model is called that is given as a config

    Examples
    --------
    >>> ask("deepseek-v3", "h800-sxm", 64, 4096, 1024, limits={"batch": (64, 16)}).limits
    (('batch', (16, 64)),)
    """
    one_of("objective", objective, OBJECTIVES)
    whole("num_gpus", num_gpus, most=MAX_GPUS)
    if num_gpus < 2:
        raise InputError(f"num_gpus must be at least 2, for prefill and decode have GPUs of their own; found {num_gpus}")
    whole("input_tokens", input_tokens, most=MAX_SEQ_LEN)
    whole("output_tokens", output_tokens, most=MAX_SEQ_LEN)
    real("cache_hit", cache_hit, most=1)
    real("tpot_s", tpot_s, positive=True, most=1e9)
    real("ttft_s", ttft_s, positive=True, most=1e9)
    whole("top", top, most=MAX_TOP)
    if requests_per_s is not None:
        real("requests_per_s", requests_per_s, positive=True, most=1e9)
    chips = read_accelerators(accelerators)
    for chip in chips.values():
        chip.needed("memory_bytes")
    if usd_per_gpu_hour is not None:
        usd_per_gpu_hour = search.one_or_each("usd_per_gpu_hour", usd_per_gpu_hour, len(chips), "accelerator")
    elif objective == "dollars":
        raise InputError("objective dollars needs usd_per_gpu_hour; found none")
    if acceptance is None:
        acceptance = least_acceptance()
    real("acceptance", acceptance, most=1)
    config = _model(model, name)
    check_context(config, input_tokens + output_tokens)
    if storage_bytes(config)["total"] is None:
        raise InputError(f"how the weights of {config.name} are stored is not known, and so not what fits")
    return Question(
        model,
        tuple(chips),
        num_gpus,
        input_tokens,
        output_tokens,
        cache_hit,
        tpot_s,
        ttft_s,
        objective,
        limits_of(limits or {}, config, num_gpus),
        requests_per_s,
        usd_per_gpu_hour,
        acceptance,
        top,
        name,
    )


def least_acceptance() -> float:
    """Share of drafted tokens that DeepSeek-V3's report says are accepted, at its lower end [a share].

    >>> least_acceptance()
    0.85
    """
    rows = tables.facts("serving")
    found = [one for one in rows if (one.quantity, one.source) == ("second_token_acceptance", "deepseek-v3-report")]
    return found[0].range_to("ratio")[0]


def question_of(text: str) -> Question:
    """The question that a line of :func:`moecalc.base.search.question_text` holds, checked anew.

    >>> mine = ask("llama-3.1-8b", ("h100-sxm", "h20"), 8, 2048, 512, limits={"batch": (16, 64)}, usd_per_gpu_hour=(2, 1))
    >>> question_of(search.question_text(mine)) == mine
    True
    """
    return search.question_read(text, Question, ask)


class Setting(NamedTuple):
    """What a question's words stand for."""

    config: ModelConfig
    chips: tuple[Accelerator, ...]
    requests: Requests
    context: int  #: that is cached on average while an answer is written [tokens]


def setting_of(question: Question) -> Setting:
    """The model, the accelerators and the requests."""
    config = _model(question.model, question.name)
    asked = Requests(1, question.input_tokens, question.output_tokens, question.cache_hit)
    return Setting(config, tuple(map(read_accelerator, question.accelerators)), asked, decode_context(asked))


def _model(model, name) -> ModelConfig:
    return _listed(model) if isinstance(model, str) else ModelConfig(model, name)


_listed = lru_cache(maxsize=16)(load_model)
