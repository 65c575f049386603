"""Layers dealt out so that the slowest stage computes least: for runs that do not say how their stages are filled.

Examples use ``v3 = load_model("deepseek-v3")``.
"""

from functools import lru_cache

from ...model.config import ModelConfig
from ..layout import Layout


def balanced(config: ModelConfig, layout: Layout, seq_len: int, mtp: bool = True) -> Layout:
    """The layout with ``layers_per_stage`` that make the stage with most FLOPs as small as can be.

    `seq_len` are the tokens of a sequence [tokens]; with `mtp` the last stage has the model's MTP modules beside the head.
    Each stage keeps a layer. Where the sizes are given or each layer has a stage, nothing changes.

    >>> balanced(v3, Layout(pp=16, ep=64, dp=128, schedule="dualpipe"), 4096).layers_per_stage
    (4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 1)
    """
    if layout.num_stages == 1 or layout.layers_per_stage is not None or layout.stages is not None:
        return layout
    sizes = _sizes(config.anatomy, layout.num_stages, seq_len, mtp)
    return layout if sizes is None else layout._replace(layers_per_stage=sizes)


@lru_cache(maxsize=256)
def _sizes(anatomy, num_stages, seq_len, mtp):
    work = [_flops(block, seq_len) for block in anatomy.layers]
    if num_stages > len(work):
        return None
    last = _flops(anatomy.head, seq_len) + (sum(_flops(block, seq_len) for block in anatomy.mtp) if mtp else 0)
    low, high = max([*work, last]), sum(work) + last
    for _ in range(60):  # the least limit that a greedy filling of the stages keeps
        middle = (low + high) / 2
        if _fill(work, last, num_stages, middle) is None:
            low = middle
        else:
            high = middle
    return _fill(work, last, num_stages, high)


def _fill(work, last, num_stages, limit):
    """Sizes of the stages, each filled up to a limit from the front; None if the last has more than that."""
    sizes, place = [], 0
    for stage in range(num_stages - 1):
        most, size, used = len(work) - place - (num_stages - 1 - stage), 0, 0.0
        while size < most and (used + work[place + size] <= limit or not size):
            used += work[place + size]
            size += 1
        sizes.append(size)
        place += size
    sizes.append(len(work) - place)
    rest = sum(work[place:]) + last
    floor = max(limit, work[-1] + last) if sizes[-1] == 1 else limit
    return tuple(sizes) if rest <= floor else None


def _flops(block, seq_len) -> float:
    return block.num_flops + block.num_score_flops * seq_len / 2
