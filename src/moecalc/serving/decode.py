"""Time of one decoding step by the roofline, and what checking drafts costs.

Of each of `batch` sequences `context` [tokens] are cached, in BF16. Examples use ``v3 = load_model("deepseek-v3")``.
"""

import math

from ..base.checks import whole
from ..base.limits import MAX_DEPTH, MAX_SEQ_LEN
from ..hardware.accelerator import Accelerator
from ..hardware.roofline import Operator
from ..model.config import ModelConfig
from .speculative import speed_up


def decode_step(config: ModelConfig, accelerator: Accelerator, batch: int, context: int, tokens: int = 1) -> dict:
    r"""Time of one decoding step by a roofline: each part takes as long as its arithmetic or its reading, the slower.

    .. math:: t = \sum_{\text{parts}} \max\left(\frac{F}{P}, \frac{M}{W}\right)

    P is the accelerator's dense peak for its weights, which are FP8 where it multiplies FP8, else BF16 (attention is BF16);
    W its memory bandwidth, which must be known. `tokens` [tokens] of a sequence are one more than were drafted.

    Returns
    -------
    dict
        ``other_matrices``, ``routed_experts``, ``attention`` and their sum ``step`` [seconds of one accelerator]

    Notes
    -----
    Peaks are reached, parts follow each other, and sharing among accelerators is perfect and free, so that a ratio of
    two steps holds for any number of them. Experts are hit evenly and independently. Latent attention is absorbed: a
    query multiplies the cached latents. No communication, norms, sampling or launch times.

    Examples
    --------
    At one sequence two tokens pick nearly twice as many experts to read as one:

    >>> one, two = (decode_step(v3, load_accelerator("h800-sxm"), 1, 4096, n) for n in (1, 2))
    >>> round(two["routed_experts"] / one["routed_experts"], 2)
    1.97
    """
    whole("batch", batch, most=10**9)
    whole("context", context, most=MAX_SEQ_LEN)
    whole("tokens", tokens, most=MAX_DEPTH + 1)
    bandwidth, bf16 = map(accelerator.needed, ("memory_bandwidth_bytes_per_s", "peak_dense_bf16_flops_per_s"))
    width, peak = (1, accelerator.peak_dense_fp8_flops_per_s) if accelerator.peak_dense_fp8_flops_per_s else (2, bf16)
    rank = getattr(config, "kv_lora_rank", None)
    n = batch * tokens
    sums = {"other_matrices": [0, 0], "routed_experts": [0, 0], "attention": [0, 0]}
    for block, count in config.anatomy.counted:
        for tensor in block.tensors:
            if not tensor.multiplied:
                continue
            touched = tensor.copies
            if tensor.used < tensor.copies:  # the share of experts that no token picks
                touched *= 1 - (1 - tensor.used / tensor.copies) ** n
            part = sums["routed_experts" if tensor.component == "routed_experts" else "other_matrices"]
            part[0] += count * n * tensor.flops
            part[1] += count * width * touched * tensor.inputs * tensor.outputs
        kept = sum(min(context, cache.window or context) * cache.elements for cache in block.cache)
        if rank and block.scores:
            products = 2 * context * block.scores[0].heads * (sum(cache.elements for cache in block.cache) + rank)
        else:
            products = sum(2 * min(context, one.window or context) * one.heads * one.width for one in block.scores)
        sums["attention"][0] += count * n * products
        sums["attention"][1] += count * batch * 2 * kept
    times = {
        name: Operator(name, *amounts).time_s(bf16 if name == "attention" else peak, bandwidth)
        for name, amounts in sums.items()
    }
    return {**times, "step": math.fsum(times.values())}


def verify_cost(config: ModelConfig, accelerator: Accelerator, batch: int, context: int, depth: int = 1) -> float:
    """Ratio of the time of a step that checks `depth` drafts to that of a plain step: from 1 to depth + 1.

    >>> 1 < verify_cost(v3, load_accelerator("h800-sxm"), 256, 4096) < 1.2
    True
    """
    plain = decode_step(config, accelerator, batch, context)["step"]
    tokens = whole("depth", depth, least=0, most=MAX_DEPTH) + 1
    return decode_step(config, accelerator, batch, context, tokens)["step"] / plain


def gains_by_batch(config, accelerator, batches, acceptance: float, draft_cost: float, seq_len: int) -> dict:
    """Sequences that decode together -> speed-up with one draft [a ratio], by the roofline at `seq_len` [tokens] cached.

    It is greatest where all experts are read anyway and arithmetic is idle:

    >>> gains = gains_by_batch(v3, load_accelerator("h800-sxm"), (1, 256, 16384), 0.875, 0.04, 4096)
    >>> max(gains, key=gains.get)
    256
    """
    return {
        batch: speed_up(acceptance, 1, draft_cost, verify_cost(config, accelerator, batch, seq_len)) for batch in batches
    }
