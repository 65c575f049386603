"""Chunks whose activations a rank keeps, by the order of its schedule alone: durations do not change it.

A chunk is live from the start of its forward to the end of its backward, or of its weight part where that runs apart.
"""

from functools import lru_cache
from operator import mul

from ...base.errors import InputError
from .orders import Pipeline, check_pipeline, order_of_rank


def live_chunks(pipeline: Pipeline, order) -> list:
    """Live chunks of each direction during each operation of a rank's list."""
    live, during = [0] * pipeline.directions, []
    for kind, direction, _, with_direction, _ in order:
        if kind in "FX":
            live[direction] += 1
        during.append(tuple(live))
        if kind in "BW":
            live[direction] -= 1
        elif kind == "X":
            live[with_direction] -= 1
    return during


def live_combinations(pipeline: Pipeline) -> tuple:
    """Of each rank: the largest numbers of chunks live at one time, by held stage, in the order of ``stages_of_rank``.

    A combination that another one covers is left out.

    >>> live_combinations(Pipeline("dualpipe", 4, 8))[1]
    ((3, 2),)
    """
    return _combinations(_few_micro_batches(check_pipeline(pipeline, sized=False)))


def peak_chunks(pipeline: Pipeline) -> tuple:
    """Most chunks live at a time on each rank.

    >>> peak_chunks(Pipeline("1f1b", 4, 8)), peak_chunks(Pipeline("dualpipe", 4, 8))
    ((4, 3, 2, 1), (5, 5, 5, 5))
    """
    return tuple(max(map(sum, combinations)) for combinations in live_combinations(pipeline))


def peak_activation_bytes(pipeline: Pipeline, stage_bytes) -> tuple:
    """Most bytes of activations that each rank keeps at a time [bytes].

    `stage_bytes` are those of one micro-batch on each stage, in the order of the model [bytes].

    >>> peak_activation_bytes(Pipeline("1f1b", 2, 8), [10, 7])
    (20, 7)
    """
    if len(stage_bytes) != pipeline.num_stages:
        raise InputError(f"stage_bytes must have one number for each of the {pipeline.num_stages} stages")
    peaks = []
    for rank, combinations in enumerate(live_combinations(pipeline)):
        own = [stage_bytes[stage] for stage in pipeline.stages_of_rank(rank)]
        peaks.append(max([sum(map(mul, live, own)) for live in combinations]))
    return tuple(peaks)


def _few_micro_batches(pipeline: Pipeline) -> Pipeline:
    """The same schedule with no more micro-batches than its live chunks need: beyond, its steady part repeats."""
    enough = {"dualpipe": 2 * pipeline.ranks + 2, "dualpipev": 2 * pipeline.ranks + 1, "interleaved": 2 * pipeline.ranks}
    most = enough.get(pipeline.schedule, pipeline.ranks)
    return pipeline._replace(micro_batches=most) if pipeline.micro_batches > most else pipeline


@lru_cache(maxsize=1024)
def _combinations(pipeline: Pipeline) -> tuple:
    return tuple(_largest(live_chunks(pipeline, order_of_rank(pipeline, rank))) for rank in range(pipeline.ranks))


def _largest(combinations) -> tuple:
    """Those that no other one covers."""
    kept = []
    for one in sorted(set(combinations), key=sum, reverse=True):
        if not any(all(a <= b for a, b in zip(one, other, strict=True)) for other in kept):
            kept.append(one)
    return tuple(sorted(kept))
