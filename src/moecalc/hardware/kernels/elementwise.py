r"""Norms, activations and other work that computes a number from few others: what memory moves.

.. math:: t = t_0 + \frac{V}{s \beta}

V bytes are read and written at the share s of the memory bandwidth, after a launch of t_0. No such kernel was measured: both
are those of a product in BF16 on the generation, which at few rows does little else than read its weights.
"""

from ...base.checks import real, whole
from ..accelerator import Accelerator
from .estimate import KernelTime
from .gemm import GemmParameters
from .parameters import LAUNCH, OTHER, fitted_of, generation_of, hardware_of, interval_of, with_launch

#: Numbers of a norm that are read and written for each one of its result.
NORM = 2


def elementwise_time(accelerator: Accelerator, num_bytes: float) -> KernelTime:
    """Time of one kernel that moves so many bytes, reads and writes together; `num_bytes` [bytes].

    >>> 600e-6 < elementwise_time(load_accelerator("h100-sxm"), 2e9).time_s < 1e-3
    True
    """
    real("num_bytes [bytes]", num_bytes)
    generation = generation_of(accelerator)
    fitted = fitted_of(*LAUNCH, generation, GemmParameters)
    hardware, note = hardware_of(accelerator, "bf16", generation)
    parameters = with_launch(accelerator, fitted.parameters, generation)
    found = parameters.launch + num_bytes / (hardware.bytes_per_s * parameters.memory)
    low, high = interval_of(OTHER)
    told = "element-wise work was not measured: launch and memory of a product, in a wider interval"
    return KernelTime(found, low * found, high * found, "; ".join(filter(None, (note, told))))


def norm_time(accelerator: Accelerator, num_tokens: int, hidden_size: int, element_bytes: float = 2) -> KernelTime:
    """Time of a norm over the `hidden_size` numbers of `num_tokens` tokens [tokens], `element_bytes` [bytes] each.

    >>> one = load_accelerator("h100-sxm")
    >>> norm_time(one, 4096, 7168).time_s < 3 * elementwise_time(one, 4096 * 7168 * 2).time_s
    True
    """
    whole("num_tokens", num_tokens)
    whole("hidden_size", hidden_size)
    return elementwise_time(accelerator, NORM * num_tokens * hidden_size * element_bytes)
