"""How many layers each pipeline stage takes: as even as can be, or fewer in the first stage, or in the last.

Examples use ``v3 = load_model("deepseek-v3")``.
"""

from functools import lru_cache

from ...model.config import ModelConfig
from ..layout import Layout
from ..timing.balance import balanced

SPLITS = EVEN, FIRST_LIGHTER, LAST_LIGHTER = "even", "first-lighter", "last-lighter"


@lru_cache(maxsize=1024)
def split_sizes(config: ModelConfig, num_stages: int, split: str, seq_len: int, mtp: bool) -> tuple | None:
    """Layers of each stage [layers]; None where another split, or fewer stages, say the same.

    ``even`` is as even as can be, the first stages take what is left over. ``first-lighter`` gives the first stage a layer
    fewer than the largest has, and deals the others out as evenly as can be. ``last-lighter`` deals layers out by their
    FLOPs, fewer beside head and MTP modules, as ``moecalc step --balanced yes`` does; there `seq_len` [tokens] and `mtp`
    count.

    >>> split_sizes(v3, 16, "even", 4096, True)
    (4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 3, 3, 3)
    >>> split_sizes(v3, 16, "first-lighter", 4096, True)
    (3, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 3, 3)
    >>> split_sizes(v3, 16, "last-lighter", 4096, True)
    (4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 1)
    """
    num_layers = len(config.anatomy.layers)
    even = _even(num_layers, num_stages)
    if split == EVEN:
        return even
    if num_stages == 1:
        return None
    first = (max(1, even[0] - 1), *_even(num_layers - max(1, even[0] - 1), num_stages - 1))
    if split == FIRST_LIGHTER:
        return None if first == even or min(first) < 1 else first
    by_flops = balanced(config, Layout(pp=num_stages), seq_len, mtp).layers_per_stage
    return None if by_flops in (None, even, first) else by_flops


def _even(num_layers, num_stages) -> tuple:
    size, extra = divmod(num_layers, num_stages)
    return (size + 1,) * extra + (size,) * (num_stages - extra)
