"""One roofline for the whole project: the longer of computing and moving."""

from typing import NamedTuple


class Operator(NamedTuple):
    """One product of a layer, with what it reads and writes."""

    name: str
    flops: int
    num_bytes: float

    @property
    def intensity(self) -> float:
        """FLOPs for each byte that it moves."""
        return self.flops / self.num_bytes

    def time_s(self, peak_flops_per_s: float, bandwidth_bytes_per_s: float) -> float:
        """What a roofline allows: the longer of computing and moving."""
        return max(self.flops / peak_flops_per_s, self.num_bytes / bandwidth_bytes_per_s)


def rounded_time_s(compute_s: float, memory_s: float, sharpness: float) -> float:
    r"""The roofline with its corner rounded: computing and moving hide each other less than fully [s].

    .. math:: t = (c^p + b^p)^{1/p}

    c = `compute_s` [s], b = `memory_s` [s]; p = `sharpness`: 1 adds them, and a large one takes the longer.

    >>> rounded_time_s(3.0, 4.0, 2), rounded_time_s(3.0, 4.0, 1)
    (5.0, 7.0)
    """
    longer, shorter = (compute_s, memory_s) if compute_s > memory_s else (memory_s, compute_s)
    return longer * (1 + (shorter / longer) ** sharpness) ** (1 / sharpness) if longer else 0.0
