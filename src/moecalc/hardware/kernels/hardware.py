"""The few numbers of an accelerator that a kernel's time is made of."""

from typing import NamedTuple


class Hardware(NamedTuple):
    """Peak of the type that is computed in, memory bandwidth, and how many SMs share the work."""

    flops_per_s: float
    bytes_per_s: float
    num_sms: int

    @property
    def sm_flops_per_s(self) -> float:
        return self.flops_per_s / self.num_sms


def pieces(size: int, piece: int) -> int:
    """How many pieces cover a size, their ratio rounded up."""
    return -(-size // piece)
