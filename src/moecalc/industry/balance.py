r"""Balance points of chips: FLOPs of computing in the time in which a byte comes from memory, or from another chip.

.. math:: b = \frac{P}{W}

P is a dense peak, W the bandwidth of memory, of the scale-up network or of the scale-out network, in one direction. Work
with fewer FLOPs for each byte waits for the bytes.

.. [1] S. Williams et al., Roofline: an insightful visual performance model, Communications of the ACM 52 (4), 2009.
.. [2] DeepSeek-AI, DeepSeek-V4 report, section 3.1, read in a translation and notes; one note could not trace the rule.
"""

from functools import lru_cache
from typing import NamedTuple

from ..base.checks import one_of
from ..facts import tables
from ..hardware.accelerator import Accelerator, from_facts, load_accelerators
from ..model.config import ModelConfig

ANNOUNCED = "announced_chips"
#: Roof -> (field of its bandwidth, what a reader calls it).
ROOFS = {
    "memory": ("memory_bandwidth_bytes_per_s", "memory"),
    "scale_up": ("scale_up_bandwidth_bytes_per_s", "scale-up"),
    "scale_out": ("scale_out_bandwidth_bytes_per_s", "scale-out"),
}
#: Format -> field of its dense peak.
PEAKS = {
    "bf16": "peak_dense_bf16_flops_per_s",
    "fp8": "peak_dense_fp8_flops_per_s",
    "fp4": "peak_dense_fp4_flops_per_s",
}


class Balance(NamedTuple):
    """FLOPs for each byte at which both take as long; None where the peak or the bandwidth is not known."""

    memory: float | None
    scale_up: float | None
    scale_out: float | None


def balance(chip: Accelerator, peak: str = "fp8") -> Balance:
    """Balance points of a chip at the dense `peak` of a format, one of :data:`PEAKS` [FLOP/byte].

    >>> from ..hardware.accelerator import load_accelerator
    >>> [round(one) for one in balance(load_accelerator("h800-sxm"))]
    [591, 9895, 39580]
    """
    flops_per_s = getattr(chip, PEAKS[one_of("peak", peak, PEAKS)])
    widths = (getattr(chip, field) for field, _ in ROOFS.values())
    return Balance(*(flops_per_s / width if flops_per_s and width else None for width in widths))


@lru_cache(maxsize=1)
def announced_chips() -> tuple:
    """Chips of ``data/announced_chips.csv``, which secondary sources describe: :class:`Accelerator` each."""
    return tuple(from_facts(slug, ANNOUNCED) for slug in tables.by_subject(ANNOUNCED))


def is_other_reading(slug: str) -> bool:
    """Whether an announced chip is one that is listed too, with peaks and links as another source reads them."""
    fact = tables.by_subject(ANNOUNCED).get(slug, {}).get("name")
    return bool(fact) and fact.note.startswith("another reading")


@lru_cache(maxsize=4)
def chips(peak: str = "fp8") -> tuple:
    """Every chip whose dense `peak` is known and one bandwidth at least, listed ones first."""
    return tuple(one for one in (*load_accelerators(), *announced_chips()) if any(balance(one, peak)))


def most_flops_per_byte(config: ModelConfig) -> float:
    r"""V4's rule for chips [2]_: a scale-up network hides behind the experts while C / B is at most this [FLOP/byte].

    .. math:: \frac{C}{B} \le \frac{6 h d}{3 h} = 2 d

    A copy of a token at an expert of inner size d takes 6 h d FLOPs; dispatch in FP8 and combine in BF16 send 3 h bytes.
    Copies that share a way to a node, scale factors and shared experts are left out.

    >>> from ..model.config import load_model
    >>> most_flops_per_byte(load_model("deepseek-v3"))
    4096
    """
    return 2 * config.moe_intermediate_size


def reached_flops_per_s(intensity: float, peak_flops_per_s: float, bandwidth_bytes_per_s: float) -> float:
    """The roofline [1]_: what work of an `intensity` [FLOP/byte] reaches at most [FLOP/s].

    `peak_flops_per_s` [FLOP/s] and `bandwidth_bytes_per_s` [bytes/s] are the chip's.
    """
    return min(peak_flops_per_s, intensity * bandwidth_bytes_per_s)
