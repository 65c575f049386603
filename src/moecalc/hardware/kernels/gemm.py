"""A product of m x k with k x n."""

from ...base.checks import one_of, whole
from ..accelerator import Accelerator
from ..roofline import Operator
from .estimate import KernelTime

#: type of a product -> (bytes of a number of the left and of the right factor, field of the peak that it runs at)
DTYPES = {
    "bfloat16": (2, 2, "peak_dense_bf16_flops_per_s"),
    "fp8": (1, 1, "peak_dense_fp8_flops_per_s"),
    "fp8_block": (1, 1, "peak_dense_fp8_flops_per_s"),
    "nvfp4": (0.5, 0.5, "peak_dense_fp4_flops_per_s"),
}
MAX_SIZE = 10**9


def gemm_time(accelerator: Accelerator, m: int, n: int, k: int, dtype: str = "bfloat16") -> KernelTime:
    """Time of one product on an accelerator.

    `m`, `n` and `k` are its sizes, `dtype` is one of :data:`DTYPES`.
    """
    for name, size in (("m", m), ("n", n), ("k", k)):
        whole(name, size, 1, MAX_SIZE)
    left, right, peak = DTYPES[one_of("gemm_dtype", dtype, DTYPES)]
    product = Operator("gemm", 2 * m * n * k, left * m * k + right * n * k + 2 * m * n)
    time_s = product.time_s(accelerator.needed(peak), accelerator.needed("memory_bandwidth_bytes_per_s"))
    return KernelTime(time_s)
