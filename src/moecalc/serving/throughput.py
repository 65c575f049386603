"""Tokens of a GPU against tokens of a user: many points of batch and layout, and those that no other beats.

Examples use ``v3 = load_model("deepseek-v3")``.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from ..base.checks import real
from ..base.limits import MAX_BYTES_PER_ELEMENT
from ..hardware.accelerator import Accelerator
from ..model.config import ModelConfig
from .capacity import instance
from .layout import ServingLayout, num_experts
from .served_types import served_types
from .step_time import USUAL, Running, decode_time
from .workspace import workspace

#: Numbers of a cache of each type [bytes].
CACHE_BYTES = {"bfloat16": 2, "fp8": 1}


class Point(NamedTuple):
    """One batch of one layout."""

    layout: ServingLayout
    batch: int  #: sequences of each data parallel group
    tokens_per_s_per_gpu: float
    tokens_per_s_per_user: float
    step_s: float
    fits: bool  #: whether the caches of so many sequences fit


def sweep(
    config: ModelConfig,
    accelerator: Accelerator,
    layouts: Iterable[ServingLayout],
    batches: Iterable[int],
    context: int,
    running: Running = USUAL,
) -> list:
    """A :class:`Point` of decoding for each of some `layouts` and `batches`, `context` [tokens] of each sequence.

    >>> found = sweep(v3, load_accelerator("h800-sxm"), expert_parallel(v3, (32, 64)), (16, 64), 4096)
    >>> [(point.layout.ep, point.batch, point.fits) for point in found]
    [(32, 16, True), (32, 64, True), (64, 16, True), (64, 64, True)]
    """
    types = running.types or served_types(config, accelerator)
    batches, points, running = tuple(batches), [], running._replace(types=types)
    for layout in layouts:
        room = sequences_of_group(config, accelerator, layout, context, CACHE_BYTES[types.cache])
        for batch in batches:
            halves = running.two_micro_batches and batch > 1
            found = decode_time(
                config, accelerator, layout, batch, context, running._replace(two_micro_batches=bool(halves))
            )
            rates = found.tokens_per_s_per_gpu, found.tokens_per_s_per_user
            points.append(Point(layout, batch, *rates, found.step_s, batch <= room))
    return points


def pareto(points: Iterable[Point]) -> list:
    """The points that fit and that no other beats in both rates, by tokens of a user, slowest first.

    >>> a, b, c = (Point(ServingLayout(), 1, gpu, user, 1.0, True) for gpu, user in ((9, 1), (5, 5), (4, 4)))
    >>> pareto([a, b, c]) == [a, b]
    True
    """
    front = []
    for point in sorted(points, key=lambda one: (-one.tokens_per_s_per_user, -one.tokens_per_s_per_gpu)):
        if point.fits and (not front or point.tokens_per_s_per_gpu > front[-1].tokens_per_s_per_gpu):
            front.append(point)
    return front[::-1]


def expert_parallel(config: ModelConfig, sizes: Iterable[int], tp: int = 1, least_redundant: int = 0) -> list:
    """Layouts of each EP of `sizes`, with attention data parallel over groups of `tp` GPUs.

    The redundant experts are the fewest, of at least `least_redundant`, with which every GPU holds as many.

    >>> [(one.ep, one.redundant_experts) for one in expert_parallel(v3, (32, 144, 320), least_redundant=32)]
    [(32, 32), (144, 32), (320, 64)]
    """
    found = []
    for ep in sizes:
        slots = num_experts(config) + least_redundant
        redundant = least_redundant + -slots % ep
        found.append(ServingLayout(tp, ep // tp, ep, redundant_experts=redundant))
    return found


@lru_cache(maxsize=4096)
def sequences_of_group(
    config: ModelConfig,
    accelerator: Accelerator,
    layout: ServingLayout,
    context: int,
    bytes_per_element: float,
    weights: str | None = None,
) -> int:
    """Sequences of `context` [tokens] whose caches fit on a group, in numbers of `bytes_per_element` [bytes].

    `weights` says how they are stored; without it, as the config does.
    """
    real("bytes_per_element", bytes_per_element, positive=True, most=MAX_BYTES_PER_ELEMENT)
    memory = accelerator.needed("memory_bytes")
    taken = workspace(config, memory, layout.num_gpus)
    return instance(config, layout, memory, taken, bytes_per_element, weights).sequences_of_group(context)
