"""A training step in seconds: its parts, one after the other, beside those that DeepSeek published."""

from functools import lru_cache
from itertools import accumulate

from ...base.units import show
from ...training.published_step import measured_step
from ...training.step import Components, Step
from .._choices import notes
from .._define import Explorer, Metric
from ._step import controls, setting
from .gpu_memory import said

#: Part of a step -> its name. DeepSeek's optimizer time can only hold what is sent between two steps as well.
PARTS = {
    "forward": "forward alone",
    "overlapped": "overlapped pairs",
    "backward": "backward alone",
    "weight": "weights alone",
    "bubble": "bubble",
    "optimizer": "optimizer, gradients",
}
WHOLE = "step"
#: A change of less is not told [s].
LEAST_TOLD = 0.0005
#: So many parts are told of a change.
TOLD = 3


@lru_cache(maxsize=1)
def v3_step() -> Step:
    """The step at the defaults: V3's own run."""
    return setting().step()


def seconds(parts: Components) -> dict:
    """Time of each of :data:`PARTS` [s]; they sum to the step."""
    between = {"optimizer": parts.optimizer + parts.exposed_communication}
    return {name: getattr(parts, name) for name in PARTS if name not in between} | between


def changed(found: Step, before: Step) -> str:
    """Which parts of a step differ from those of the one before, the largest change first, in words."""
    old = seconds(before.components)
    grown = {PARTS[name]: new - old[name] for name, new in seconds(found.components).items()}
    told = sorted(((part, by) for part, by in grown.items() if abs(by) >= LEAST_TOLD), key=lambda one: -abs(one[1]))
    if not told:
        return "nothing"
    words = ", ".join(_grew(*one) for one in told[:TOLD])
    return f"{words}; {_grew(WHOLE, found.step_s - before.step_s)} in all"


def _grew(part: str, by: float) -> str:
    """
    >>> _grew("bubble", -0.25)
    'bubble shrank by 0.25 s'
    """
    return f"{part} {'grew' if by > 0 else 'shrank'} by {show(abs(by), 's', 3)}"


def compute(**values):
    chosen = setting(**values)
    found, own = chosen.step(), v3_step()
    measured = measured_step() if chosen == setting() else None
    told = [f"{found.num_gpus:,} GPUs", f"EP {chosen.layout.ep}", f"recipe {chosen.recipe}", notes(chosen.config)]
    metrics = {
        "step_s": found.step_s,
        "mfu": found.mfu,
        "tokens_per_s_per_gpu": found.tokens_per_s_per_gpu,
        "interval": f"{show(found.low_s, 's', 3)} to {show(found.high_s, 's', 3)}",
        "changed": changed(found, own),
        "error": None if measured is None else found.step_s / measured.step_s - 1,
        "bubble": found.components.bubble / found.step_s,
        "fits": None if found.fits is None else said(found.memory.fullest.band, chosen.accelerator.memory_bytes),
        "run": ", ".join(filter(None, told)),
    }
    return metrics, rows_of(found, measured)


def rows_of(found: Step, measured=None) -> list:
    """A part a row, each from where the one before it ended, and the whole step last."""
    by_name = seconds(found.components)
    names = [name for name in PARTS if by_name[name] or name in ("forward", "bubble")]
    times = [by_name[name] for name in names]
    taken = [getattr(measured, name, 0.0) if measured else None for name in names]
    ends, taken_ends = list(accumulate(times)), list(accumulate(taken)) if measured else [None] * len(names)
    rows = []
    for at, name in enumerate(names):
        row = {"part": PARTS[name], "kind": name, "seconds": times[at], "share": times[at] / found.step_s}
        row |= {"start": ends[at] - times[at], "end": ends[at], "measured": taken[at] or None}
        since = taken_ends[at] - taken[at] if measured else None
        rows.append(row | {"measured_start": since, "measured_end": taken_ends[at], "low": None, "high": None})
    whole = {"part": WHOLE, "kind": WHOLE, "seconds": found.step_s, "share": 1.0, "start": 0.0, "end": found.step_s}
    end = measured.step_s if measured else None
    whole |= {"measured": end, "measured_start": 0.0 if measured else None, "measured_end": end}
    rows.append(whole | {"low": found.low_s, "high": found.high_s})
    return [{key: _short(value) for key, value in row.items()} for row in rows]


def _short(value):
    """A number without digits that nobody sees."""
    return float(f"{value:.6g}") if isinstance(value, float) else value


EXPLORER = Explorer(
    name="training-step",
    title="A training step, second by second",
    description="A bar for each part of a step, beginning where the one before it ends: forward, forward beside backward, "
    "backward, weight gradients, waiting, and the optimizer. Under each lies a thin bar of what was measured, where it was. "
    "The last bar is the whole step, with the interval in which the measured time is expected.",
    lead=("model", "accelerator", "schedule", "micro_batches", "recipe", "recompute"),
    headline=("step_s", "mfu", "tokens_per_s_per_gpu"),
    controls=controls(
        "model", "accelerator", "schedule", "micro_batches", "recipe", "recompute", "split", "pp", "ep", "dp", "tp", "zero",
        "micro_batch", "seq_len", "sms", "vpp", "accelerator_numbers",
    ),
    metrics={
        "step_s": Metric("A step", "s", 4),
        "mfu": Metric("MFU", "%", 1),
        "tokens_per_s_per_gpu": Metric("Tokens/s of a GPU", "", 4),
        "interval": Metric("Expected between"),
        "changed": Metric("Changed of V3's own step"),
        "error": Metric("Off from what was measured", "%", 1),
        "bubble": Metric("Bubble, of the step", "%", 1),
        "fits": Metric("Does it fit in memory"),
        "run": Metric("Run"),
    },
    columns={
        "part": Metric("Part"),
        "seconds": Metric("Predicted", "s", 3),
        "share": Metric("of the step", "%", 1),
        "measured": Metric("Measured", "s", 3),
        "low": Metric("Expected at least", "s", 3),
        "high": Metric("at most", "s", 3),
    },
    says=("part", "seconds", "share", "measured", "low", "high"),
    compute=compute,
)  # fmt: skip
