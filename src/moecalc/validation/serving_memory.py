"""What serving engines logged of their memory, beside what is predicted: weights, cache, tokens of the cache.

Each log of ``data/serving_memory.csv`` gives some of these. Tokens are predicted twice: from the memory for the cache that
the log gives, which tries the bytes of a token alone, and from the memory of the GPU, which needs weights and workspace.

The parameters were fitted on the fitted logs alone. What is counted at all (the padding of MXFP4 experts, the peak of
sampling, the stage of a log) was chosen with every log in sight, so the held-out errors try the parameters, not the form.
"""

import functools
import json
from typing import NamedTuple

from ..base.errors import InputError, quoted
from ..facts.tables import facts
from ..hardware.accelerator import load_accelerator
from ..model.config import ModelConfig
from ..serving.capacity import Instance, instance
from ..serving.layout import ServingLayout
from ..serving.weights import weights_of_stages
from ..serving.workspace import Workspace, workspace
from .hold_out import FITTED
from .run_models import run_config

TABLE = "serving_memory"
WEIGHTS = "weights on a GPU"
CACHE = "memory for the cache"
TOKENS = "tokens that fit"
TOKENS_OF_CACHE = "tokens in the memory that was logged"


class LogCase(NamedTuple):
    """One logged figure and what is predicted for it, in bytes or tokens."""

    subject: str
    model: str
    quantity: str  #: one of :data:`WEIGHTS`, :data:`CACHE`, :data:`TOKENS`, :data:`TOKENS_OF_CACHE`
    use: str  #: fitted or held out
    complete: bool  #: whether the log says all settings that the figure depends on
    measured: float
    predicted: float
    share_of_gpu: float | None  #: the difference as a share of the GPU's memory, of memory
    source: str

    @property
    def error(self) -> float:
        """Predicted over measured, less 1: a ratio."""
        return self.predicted / self.measured - 1


class Log(NamedTuple):
    """A row of the table as the calculators take it."""

    config: ModelConfig
    layout: ServingLayout
    memory_bytes: float
    weights: str | None
    utilisation: float | None
    max_seqs: int | None
    stage: int  #: the one that the log is of; -1 for the fullest
    cache_width: int  #: of a cached number [bytes]
    copies: int  #: GPUs among which decode context parallelism shares the cache
    complete: bool


def read_log(quantities: dict) -> Log:
    """A log from its facts: quantity -> fact."""
    changes = json.loads(quantities["config"].value)
    config = run_config(changes.pop("from"))
    if changes:
        config = ModelConfig({**config.raw, **changes}, config.name)
    words = dict(word.split("=", 1) for word in quantities["layout"].value.split())
    sizes = {name: int(words.pop(name)) for name in ServingLayout._fields if name in words}
    weights, complete = words.pop("weights", None), "settings" not in words
    share, seqs = words.pop("utilisation", None), words.pop("max_seqs", None)
    stage, width, dcp = int(words.pop("stage", 0)) - 1, int(words.pop("cache_bytes", 2)), int(words.pop("dcp", 1))
    words.pop("settings", None)
    if words:
        raise InputError(f"layout has {quoted(next(iter(words)))}, which no log of a server is known by")
    memory = load_accelerator(quantities["accelerator"].value).needed("memory_bytes")
    shares = share and float(share), seqs and int(seqs)
    return Log(config, ServingLayout(**sizes), memory, weights, *shares, stage, width, dcp, complete)


@functools.cache
def log_cases() -> tuple:
    """:class:`LogCase` of every figure that is logged, in the order of the table."""
    cases = []
    for subject, quantities in _logs().items():
        log, use = read_log(quantities), quantities["use"].value
        said = subject, quantities["model"].value
        source = quantities["model"].source
        held = _weights(log)

        def case(quantity, measured, predicted, memory=None, complete=True, said=said, use=use, source=source):
            share = None if memory is None else (predicted - measured) / memory
            return LogCase(*said, quantity, use, complete, measured, predicted, share, source)

        if fact := quantities.get("weights"):
            cases.append(case(WEIGHTS, fact.to("bytes"), held, log.memory_bytes, log.complete))
        cache, tokens = quantities.get("kv_memory"), quantities.get("kv_tokens")
        if cache and tokens:
            found = _tokens(log, cache.to("bytes"))
            cases.append(case(TOKENS_OF_CACHE, tokens.value, found))
        if log.utilisation and cache:
            taken = workspace(log.config, log.memory_bytes, log.layout.num_gpus, log.utilisation, log.max_seqs)
            room = log.memory_bytes - taken.total - held
            if log.copies == 1:
                cases.append(case(CACHE, cache.to("bytes"), room, log.memory_bytes))
            if tokens:
                cases.append(case(TOKENS, tokens.value, _tokens(log, room)))
    return tuple(cases)


def log_errors(quantity: str, use: str | None = None) -> tuple:
    """(cases, mean size of the error, worst with its sign, its log) of a quantity, where the log says all settings: ratios.

    A memory for the cache near or below 0 has no meaningful ratio: its error is a share of the GPU's memory.
    """
    some = [one for one in log_cases() if one.quantity == quantity and one.complete and use in (None, one.use)]
    if not some:
        raise InputError(f"no log gives {quoted(quantity)}" + (f" that is {use}" if use else ""))
    sizes = [(one.share_of_gpu if quantity == CACHE else one.error, one.subject) for one in some]
    worst = max(sizes, key=lambda pair: abs(pair[0]))
    return len(sizes), sum(abs(size) for size, _ in sizes) / len(sizes), *worst


def fitted_workspace() -> dict:
    """The parameters of :mod:`moecalc.serving.workspace` as the fitted logs give them, each the mean of its logs.

    ``sampler_bytes``: activations over sequences and words. ``driver_reserve``: what the driver reports less what the engine
    sees. ``single_overhead``: non-torch memory of one GPU. ``shared_overhead``: that of several, or where the log does not
    print it what is left beside weights, cache and activations [bytes].
    """
    found = {"sampler_bytes": [], "driver_reserve": [], "single_overhead": [], "shared_overhead": []}
    logs = [(quantities, read_log(quantities)) for quantities in _logs().values() if quantities["use"].value == FITTED]
    for quantities, log in logs:
        if fact := quantities.get("activations"):
            found["sampler_bytes"].append(fact.to("bytes") / (log.max_seqs * log.config.vocab_size))
        if fact := quantities.get("device_memory"):
            found["driver_reserve"].append(log.memory_bytes - fact.to("bytes"))
    sampler, reserve = (_mean(found[key]) for key in ("sampler_bytes", "driver_reserve"))
    for quantities, log in logs:
        if not log.utilisation:
            continue
        if fact := quantities.get("non_torch"):
            rest = fact.to("bytes")
        else:
            usable = log.utilisation * (log.memory_bytes - reserve)
            rest = usable - quantities["kv_memory"].to("bytes") - _weights(log)
            rest -= sampler * log.max_seqs * log.config.vocab_size
        found["shared_overhead" if log.layout.num_gpus > 1 else "single_overhead"].append(rest)
    return {key: _mean(values) for key, values in found.items()}


def _weights(log: Log) -> float:
    stages = [sum(one.values()) for one in weights_of_stages(log.config, log.layout, log.weights)]
    return max(stages) if log.stage < 0 else stages[log.stage]


def _tokens(log: Log, room: float) -> int:
    """Tokens in a memory for the cache: of one data parallel group, as engines print it; with DCP of its group."""
    layout = log.layout._replace(redundant_experts=0)
    nothing = Workspace(0, 0, 0)
    found: Instance = instance(log.config, layout, 0, nothing, log.cache_width, log.weights)
    stages = tuple(stage._replace(room=room) for stage in found.stages)
    return found._replace(stages=stages).tokens(found.page) // layout.dp * log.copies


def _mean(values: list) -> float:
    return sum(values) / len(values)


def _logs() -> dict:
    """Log -> quantity -> fact."""
    logs = {}
    for fact in facts(TABLE):
        logs.setdefault(fact.subject, {})[fact.quantity] = fact
    return logs
