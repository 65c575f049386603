"""What an engine adds to its kernels, as few named parameters."""

from typing import NamedTuple

from ..base.checks import one_of

#: Engines whose parameters are known; "none" adds nothing, so that a step is its kernels alone.
ENGINES = ("none",)
DEFAULT = "none"


class Engine(NamedTuple):
    """An engine: what it adds [s], and in which ratios of measured to predicted time eight of ten fitted rows lie."""

    name: str
    step_s: float = 0.0  #: once a step: scheduling, the start of a graph, sampling
    layer_s: float = 0.0  #: once a layer: small kernels between products, gaps
    sequence_s: float = 0.0  #: for each sequence of a step: scheduling, detokenising
    all_reduce_s: float = 5e-6  #: the shortest sum over GPUs
    stretch: float = 1.0  #: factor on the time of kernels
    wait: float = 0.5  #: share of the others' prefills that a request meets while it decodes
    low: float = 0.7
    high: float = 1.5
    prefill_low: float = 0.7
    prefill_high: float = 1.5


def engine(name: str = DEFAULT) -> Engine:
    """An engine by its name, one of :data:`ENGINES`.

    >>> engine("none").step_s
    0.0
    """
    one_of("engine", name, ENGINES)
    return Engine(name)
