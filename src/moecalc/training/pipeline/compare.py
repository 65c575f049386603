"""Schedules side by side: the same model, devices and micro-batches, at equal devices of a pipeline or at equal memory.

Durations are those of a device's share of the model, one part in `devices`; a schedule that cuts the model finer or coarser
has them in proportion. Results are in their unit of time.
"""

from typing import NamedTuple

from ...base.checks import whole
from ...base.errors import InputError
from ...base.limits import MAX_PIPELINE_RANKS
from .orders import SCHEDULES, Pipeline
from .simulate import Durations, simulate

#: Stages of a rank of interleaved 1F1B here.
VIRTUAL = 2


class Compared(NamedTuple):
    """A schedule on all devices. Activations are in those of a micro-batch in one part in `devices` of the model."""

    schedule: str
    pipelines: int  #: side by side, each with its part of the micro-batches
    pipeline: Pipeline
    parameters: float  #: of a device, in parts of the model as large as one in `devices`
    activations: float  #: of the fullest device
    makespan: float
    bubble: float  #: the longest of a device

    @property
    def busy(self) -> float:
        """Of the device that waits longest."""
        return self.makespan - self.bubble


def equal_devices(devices: int, micro_batches: int, durations: Durations) -> list:
    """Every schedule as one pipeline over all devices. DualPipe holds two parts of the model on each, the others one."""
    return [_on(schedule, 1, devices, micro_batches, 1, durations) for schedule in SCHEDULES]


def equal_memory(devices: int, micro_batches: int, durations: Durations) -> list:
    """Every schedule with two parts of the model on a device, as DualPipe has: the others as two pipelines half as long.

    Each takes half of the micro-batches. So all hold two copies of the model, and their parameters take as much.

    >>> [one.bubble for one in equal_memory(8, 24, Durations(1, 2, 1, 3))]
    [18.0, 9.0, 6.0, 6.0, 6.0]
    """
    if whole("devices", devices, most=MAX_PIPELINE_RANKS) % 2 or whole("micro_batches", micro_batches) % 2:
        raise InputError(f"devices and micro_batches must be even, to be halved; found {devices} and {micro_batches}")
    return [
        _on(schedule, 1, devices, micro_batches, 1, durations)
        if schedule == "dualpipe"
        else _on(schedule, 2, devices // 2, micro_batches // 2, 2, durations)
        for schedule in SCHEDULES
    ]


def _on(schedule, pipelines, ranks, micro_batches, parts, durations) -> Compared:
    """A schedule whose ranks hold so many parts of the model, once."""
    pipeline = Pipeline(schedule, ranks, micro_batches, VIRTUAL if schedule == "interleaved" else 1)
    stage = parts * ranks / pipeline.num_stages  # parts of the model in one stage
    found = simulate(pipeline, Durations(*(time * stage for time in durations)))
    copies = 2 if schedule == "dualpipe" else 1
    activations = max(found.peak_activations) * stage
    return Compared(schedule, pipelines, pipeline, parts * copies, activations, found.makespan, max(found.bubble))
