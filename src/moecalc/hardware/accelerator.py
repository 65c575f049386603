"""An accelerator as its data sheet describes it: peaks, memory and links."""

from typing import NamedTuple

from ..base.errors import InputError
from ..facts import tables


class Accelerator(NamedTuple):
    """One accelerator, dense peaks; what a source does not give is None."""

    slug: str
    name: str
    peak_dense_bf16_flops_per_s: float
    peak_dense_fp8_flops_per_s: float | None
    memory_bytes: float
    memory_bandwidth_bytes_per_s: float | None
    scale_up_bandwidth_bytes_per_s: float | None  #: per direction
    scale_up_domain_gpus: int | None
    scale_out_bandwidth_bytes_per_s: float | None
    power_w: float | None
    num_sms: int | None

    @property
    def ridge(self) -> float:
        """BF16 FLOPs in the time in which memory moves a byte: below this intensity the memory decides."""
        return self.peak_dense_bf16_flops_per_s / self.memory_bandwidth_bytes_per_s


#: field of Accelerator -> (quantity in data/accelerators.csv, unit used inside)
_ACCELERATOR_FACTS = {
    "name": ("name", "text"),
    "peak_dense_bf16_flops_per_s": ("peak_dense_bf16", "FLOP/s"),
    "peak_dense_fp8_flops_per_s": ("peak_dense_fp8", "FLOP/s"),
    "memory_bytes": ("memory", "bytes"),
    "memory_bandwidth_bytes_per_s": ("memory_bandwidth", "bytes/s"),
    "scale_up_bandwidth_bytes_per_s": ("scale_up_bandwidth", "bytes/s"),
    "scale_up_domain_gpus": ("scale_up_domain", "GPUs"),
    "scale_out_bandwidth_bytes_per_s": ("scale_out_bandwidth", "bytes/s"),
    "power_w": ("power", "W"),
    "num_sms": ("num_sms", "SMs"),
}


def load_accelerator(slug: str) -> Accelerator:
    """An accelerator of ``data/accelerators.csv``, such as ``h800-sxm``; ``moecalc accelerators`` lists them.

    >>> load_accelerator("h800-sxm").peak_dense_bf16_flops_per_s
    989000000000000.0
    """
    known = tables.by_subject("accelerators")
    if slug not in list(known):
        raise InputError(tables.unknown("accelerator", slug, known))
    values = {
        field: known[slug][quantity].to(unit) if quantity in known[slug] else None
        for field, (quantity, unit) in _ACCELERATOR_FACTS.items()
    }
    return Accelerator(slug, **values)


def load_accelerators() -> list:
    """Every accelerator of ``data/accelerators.csv``, in the order of the file."""
    return [load_accelerator(slug) for slug in tables.by_subject("accelerators")]
