"""What a published training run measured, and what a step of it is predicted to take."""

from collections.abc import Mapping
from typing import NamedTuple

from ..base.errors import InputError, quoted
from ..model.flops import TRAINING_PASSES, model_flops_per_token
from ..training.memory import Batch
from ..training.step import training_step
from ..training.timing.balance import balanced
from .run_models import run_config
from .run_settings import Settings, run_accelerator, run_settings
from .run_software import run_software
from .run_words import run_layout

TOKENS, SECONDS = "tokens/s a GPU", "seconds a step"
#: Words of what cannot be a full training step.
_NO_STEP = {"lora": "LoRA trains adapters beside frozen weights, which the calculators do not have"}


class Predicted(NamedTuple):
    """A prediction with its interval, or a sentence that says why there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None
    why_not: str | None = None
    note: str = ""


def predicted_step(run: Mapping):
    """(step, settings, config, accelerator, what is assumed) of a run.

    The run has model, accelerator, num_gpus, seq_len, global_batch, micro_batch, precision, parallelism and words as texts;
    global_batch and micro_batch may be blank. Where it was `published` and its `date` say what its software does, if given.
    """
    words = run["words"]
    lowered = f"{run['model']} {words}".casefold()
    for word, why in _NO_STEP.items():
        if word in lowered:
            raise InputError(why)
    config = run_config(run["model"], words)
    accelerator, which = run_accelerator(run["accelerator"])
    numbers = {name: _whole(name, run[name], name in ("global_batch", "micro_batch")) for name in NUMBERS}
    said = f"{run['model']} {run['parallelism']}; {words}"
    settings = run_settings(config, run_layout(run["parallelism"]), numbers, run["precision"], said)
    where = f"{run.get('published', '')} {run['parallelism']}"
    running = run_software(settings.running, where, run.get("date", ""), settings.layout.schedule)
    settings = settings._replace(running=running)
    if settings.mtp is None and config.anatomy.mtp:
        settings = settings._replace(mtp=_mtp_of_flops(config, settings.seq_len, run.get("flops_per_token")))
    if settings.layout.schedule == "dualpipe":  # whose report does not say how many layers each stage has
        settings = settings._replace(layout=balanced(config, settings.layout, settings.seq_len, settings.mtp is not False))
    step = training_step(
        config,
        accelerator,
        settings.layout,
        settings.recipe,
        Batch(settings.micro_batch, settings.seq_len),
        settings.policy,
        settings.global_batch,
        settings.running,
        mtp=settings.mtp,
    )
    return step, settings, config, accelerator, [one for one in (which, *settings.assumed) if one]


NUMBERS = {
    "num_gpus": "how many GPUs ran it",
    "seq_len": "the length of its sequences",
    "global_batch": "sequences of a step",
    "micro_batch": "sequences of a micro-batch",
}


def predicted_run(run: Mapping, metric: str) -> Predicted:
    """The prediction of :data:`TOKENS` or :data:`SECONDS` for a run."""
    try:
        step, *_, assumed = predicted_step(run)
    except InputError as error:
        return Predicted(None, why_not=str(error))
    return step_as(step, metric, assumed)


def step_as(step, metric: str, assumed=()) -> Predicted:
    """The prediction of :data:`TOKENS` or :data:`SECONDS` that a step gives; `assumed` are sentences."""
    note = "; ".join(assumed)
    if metric == SECONDS:
        return Predicted(step.step_s, step.low_s, step.high_s, note=note)
    scale = step.num_tokens / step.num_gpus
    return Predicted(step.tokens_per_s_per_gpu, scale / step.high_s, scale / step.low_s, note=note)


def settings_of(run: Mapping) -> Settings:
    """The :class:`~moecalc.validation.run_settings.Settings` that a run is predicted with."""
    return predicted_step(run)[1]


def _whole(name: str, text, may_be_blank: bool) -> int | None:
    plain = str(text or "").strip().replace(",", "")
    if not plain and may_be_blank:
        return None
    try:
        value = float(plain)
    except ValueError:
        value = 0
    if not 1 <= value <= 1e9 or value != int(value):
        raise InputError(f"the row does not say {NUMBERS[name]}: {quoted(plain)}")
    return int(value)


def _mtp_of_flops(config, seq_len: int, flops_per_token: float | None) -> bool | None:
    """Whether MTP modules ran, by the FLOPs of a token that the row's own figures give; None where they do not tell."""
    if not flops_per_token:
        return None
    plain = TRAINING_PASSES * model_flops_per_token(config, seq_len)
    # a module is a layer and a head: half of its share of the layers is enough to tell
    more = 0.5 * len(config.anatomy.mtp) / len(config.anatomy.layers)
    return flops_per_token > plain * (1 + more)
