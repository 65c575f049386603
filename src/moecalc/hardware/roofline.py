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
