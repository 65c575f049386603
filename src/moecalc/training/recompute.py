r"""What recomputing costs: FLOPs and time of the operators that the backward pass runs again, for the bytes that they free.

.. math:: t = \sum_i t_{\text{product}}(T, n_i, k_i) + t_0 + \frac{T \, a}{s \, \beta}

T tokens of a micro-batch on a GPU; a are the bytes that norms, SwiGLU and the assembly of queries and keys read and write
for each token, s the share of the memory bandwidth beta that products reach, t_0 a launch. Products take the times of
:mod:`moecalc.hardware.kernels`; for the rest no kernel was measured, so its interval is that of another generation.
Examples use ``v3 = load_model("deepseek-v3")``.
"""

from functools import lru_cache
from typing import NamedTuple

from ..base.checks import one_of, real, whole
from ..base.limits import MAX_PARALLEL_SIZE
from ..hardware.accelerator import Accelerator
from ..hardware.kernels.estimate import KernelTime
from ..hardware.kernels.gemm import GemmParameters, gemm_time
from ..hardware.kernels.parameters import OTHER, interval_of, kernel_time
from ..model.anatomy import Block
from ..model.config import ModelConfig
from .activation_policy import ActivationPolicy
from .activations import ActivationCut, bytes_on_gpu, kept_of_block, recomputable_parts, tokens_on_gpu
from .layout import Layout
from .memory import ONE_SEQUENCE, PLAIN, Batch, memory
from .rank_states import filled_stages

#: What is timed here, of what may be recomputed; the rest repeats communication, or a whole layer.
TIMED = ("norm", "mla-up", "swiglu")
DTYPES = ("bfloat16", "fp8_block")
WHOLE_GPU = ActivationCut()


class Product(NamedTuple):
    """A product that runs again, for each token: k numbers become n."""

    n: int
    k: int


class Again(NamedTuple):
    """What one block computes again for a token."""

    products: tuple
    moved: int  #: read and written by what is no product [bytes]
    kernels: int  #: that move it

    @property
    def flops(self) -> int:
        """FLOPs of a token; what is no product is not counted."""
        return sum(2 * one.n * one.k for one in self.products)


class Trade(NamedTuple):
    """What recomputing one thing frees and costs on a GPU."""

    name: str
    freed_bytes: int  #: of activations, at the peak of the rank that is looked at
    flops_per_token: int  #: of all layers
    time_s: float  #: in one step
    low_s: float
    high_s: float


@lru_cache(maxsize=1024)
def again(config: ModelConfig, block: Block, name: str, cut: ActivationCut = WHOLE_GPU) -> Again:
    """What a block computes again for a token if `name`, one of :data:`TIMED`, is not kept; its part on one GPU of a `cut`.

    >>> again(v3, v3.anatomy.layers[-1], "mla-up").products
    (Product(n=24576, k=1536), Product(n=32768, k=512))
    """
    one_of("recompute", name, TIMED)
    kept = {policy: _by_name(config, block, policy, cut) for policy in ((), (name,))}
    freed = {key: size for key, size in kept[()].items() if key not in kept[name,]}
    if name == "swiglu":
        return Again((), 3 * sum(freed.values()), len(freed))  # gate and up are read, their product is written
    if name == "norm":
        # the input is as wide as a BF16 output; a router's input in FP32 is twice that
        return Again((), sum(size + (size // 2 if "fp32" in key else size) for key, size in freed.items()), len(freed))
    by_name = {tensor.name: tensor for tensor in block.tensors if tensor.component == "attention" and tensor.multiplied}
    if "kv_b_proj" not in by_name:
        return Again((), 0, 0)
    up, out = by_name["kv_b_proj"], by_name["o_proj"]
    query = by_name["q_b_proj"] if "q_b_proj" in by_name else by_name["q_proj"]
    products = tuple(Product(-(-one.outputs // cut.tp), one.inputs) for one in (query, up))
    latents = [up, query] if "q_b_proj" in by_name else [up]  # a norm's output comes into them, computed again too
    inner = sum(2 * 2 * one.inputs for one in latents)
    turned, keys = query.outputs - (up.outputs - out.inputs), query.outputs
    # positions turn a part of each query; a key is put together from what is and what is not turned
    assembled = (2 * 2 * turned + 2 * (keys - turned) + 2 * keys) // cut.tp
    return Again(products, inner + assembled, 4)


def _by_name(config, block, policy, cut) -> dict:
    """Bytes of a token on a GPU, by tensor, kept in BF16."""
    sums = {}
    for one in kept_of_block(config, block, ActivationPolicy(policy)):
        if one.name != "rstd":
            sums[one.name] = sums.get(one.name, 0) + bytes_on_gpu(one, 1, cut)
    return sums


def again_time(accelerator: Accelerator, work: Again, tokens: int, dtype: str = "bfloat16") -> KernelTime:
    """Time of what a block computes again for `tokens` [tokens]; products are in `dtype`, one of :data:`DTYPES`.

    >>> found = again_time(load_accelerator("h800-sxm"), again(v3, v3.anatomy.layers[-1], "mla-up"), 4096, "fp8_block")
    >>> found.low_s < found.time_s < found.high_s < 2e-3
    True
    """
    whole("tokens", tokens)
    one_of("dtype", dtype, DTYPES)
    times = [KernelTime(0.0, 0.0, 0.0)]
    times += [gemm_time(accelerator, tokens, one.n, one.k, dtype) for one in work.products]
    if work.kernels:
        times.append(moving_time(accelerator, work.moved * tokens, work.kernels))
    notes = dict.fromkeys(one.note for one in times if one.note)
    sums = [sum(column) for column in zip(*(one[:3] for one in times), strict=True)]
    return KernelTime(*sums, "; ".join(notes))


def moving_time(accelerator: Accelerator, num_bytes: float, kernels: int = 1) -> KernelTime:
    """Time of so many kernels that read and write `num_bytes` [bytes] in all, and compute little.

    They are taken to reach the share of the memory bandwidth that products reach. None was measured: the interval is that of
    kernels of another generation.
    """
    real("num_bytes", num_bytes)

    def time_s(hardware, fitted):
        return kernels * fitted.launch + num_bytes / (hardware.bytes_per_s * fitted.memory)

    found = kernel_time("gemm", "bfloat16", GemmParameters, accelerator, "bf16", time_s)
    low, high = interval_of(OTHER)
    return KernelTime(found.time_s, low * found.time_s, high * found.time_s, found.note)


def recompute_trades(
    config: ModelConfig,
    accelerator: Accelerator,
    layout: Layout,
    recipe_name: str,
    num_micro_batches: int,
    batch: Batch = ONE_SEQUENCE,
    policy: ActivationPolicy = PLAIN,
    dtype: str = "bfloat16",
) -> tuple:
    r""":class:`Trade` of each of :data:`TIMED` that a model has, alone, on a GPU of a middle pipeline rank.

    .. math:: t = \frac{m}{P} \sum_l t_l

    All layers l are run again for each of m micro-batches, by the P pipeline ranks together; the mean of a rank is told.

    Parameters
    ----------
    config, accelerator : ModelConfig and Accelerator
        What is trained, and whose kernels are timed
    layout, recipe_name : Layout and str
        As :func:`moecalc.training.memory.memory` takes them
    num_micro_batches : int
        m, of one pipeline in a step
    batch : Batch
        Tokens of a micro-batch
    policy : ActivationPolicy
        How the rest is kept; what it recomputes is not read
    dtype : str
        Of the products, one of :data:`DTYPES`

    Notes
    -----
    Nothing is taken to run beside it. A norm that is fused with its product, or SwiGLU with the quantisation behind it,
    takes less; leaves out head, embedding and their norms, which are not recomputed.
    """
    whole("num_micro_batches", num_micro_batches, most=MAX_PARALLEL_SIZE)
    plain = policy._replace(recompute=())
    tokens = tokens_on_gpu(batch.micro_batch, batch.seq_len, layout.cp)
    cut = ActivationCut(layout.tp, layout.cp, layout.expert_tp)
    stages = filled_stages(config, layout)
    blocks = [*config.anatomy.layers, *config.anatomy.mtp[: sum(len(stage.mtp) for stage in stages)]]
    counts = {block: blocks.count(block) for block in blocks}
    middle, parts, found = layout.pp // 2, recomputable_parts(config), []
    most = memory(config, layout, recipe_name, batch, plain).ranks[middle].activations
    for name in TIMED:
        if name not in parts:
            continue
        least = memory(config, layout, recipe_name, batch, plain._replace(recompute=(name,))).ranks[middle].activations
        times, flops = [0.0, 0.0, 0.0], 0
        for block, count in counts.items():
            work = again(config, block, name, cut)
            one = again_time(accelerator, work, tokens, dtype)
            share = count * num_micro_batches / layout.pp
            times = [had + share * more for had, more in zip(times, one[:3], strict=True)]
            flops += count * again(config, block, name).flops
        found.append(Trade(name, most - least, flops, *times))
    return tuple(found)
