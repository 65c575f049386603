"""Measured kernels as points of a roofline: FLOPs for each byte that they must move, and FLOPs a second they reached."""

from typing import NamedTuple

from ..facts import tables
from ..hardware.kernels.attention import Heads
from ..hardware.kernels.decode import LATENT, VALUE
from ..hardware.kernels.gemm import TYPES
from ..training.timing.device import attended_flops

TABLE = "kernels_measured"
WIDTHS = {"bfloat16": 2, "fp8": 1}


class Measured(NamedTuple):
    """One measured kernel."""

    name: str
    dtype: str
    flops: float
    num_bytes: float
    time_s: float

    @property
    def intensity(self) -> float:
        """FLOPs for each byte [FLOP/byte]."""
        return self.flops / self.num_bytes

    @property
    def flops_per_s(self) -> float:
        return self.flops / self.time_s


def measured_kernels(slug: str) -> list:
    """Products and attention of ``data/kernels_measured.csv`` that were timed on an accelerator; none where none was.

    >>> [one.name for one in measured_kernels("h100-sxm")][:2]
    ['fp8 product 4353 x 65536 x 5120', 'fp8 product 33 x 256 x 5120']
    """
    found = []
    for kind, read in _READ.items():
        for fact in (one for one in tables.facts(TABLE) if one.subject == f"{kind} {slug}"):
            row = dict(part.split("=") for part in fact.quantity.split(","))
            found.append(Measured(*read(row), fact.to("s")))
    return found


def _gemm(row) -> tuple:
    dtype, (m, n, k) = row["gemm_dtype"], (int(row[name]) for name in "mnk")
    how = TYPES[dtype]
    moved = (2 if how.quantises else how.left_bytes) * m * k + how.right_bytes * n * k + 2 * m * n
    return f"{dtype} product {m} x {n} x {k}", dtype, 2 * m * n * k, moved


def _prefill(row) -> tuple:
    batch, seq, heads, kept, size = (
        int(row[name]) for name in ("batch_size", "isl", "num_heads", "num_key_value_heads", "head_dim")
    )
    flops = batch * attended_flops(seq, Heads(heads, kept, size, size, int(row["window_size"])))
    return f"attention of {batch} x {seq}, {heads} heads", row["attn_dtype"], flops, batch * seq * 4 * size * (heads + kept)


def _decode(row) -> tuple:
    batch, met, heads = int(row["batch_size"]), int(row["step"]) + 1, int(row["num_heads"])
    flops = 2 * batch * met * heads * (LATENT + VALUE)
    moved = batch * (met * LATENT * WIDTHS[row["kv_cache_dtype"]] + 2 * heads * (LATENT + VALUE))
    return f"attention on latents, {batch} x {met}, {heads} heads", "bfloat16", flops, moved


_READ = {"gemm": _gemm, "attention_prefill": _prefill, "mla_decode": _decode}
