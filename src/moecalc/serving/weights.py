"""Bytes of weights on one GPU of each pipeline stage, in the widths of the checkpoint.

Examples use ``v3 = load_model("deepseek-v3")``.
"""

from collections.abc import Callable
from functools import lru_cache

from ..model.anatomy import Block, Tensor, add, in_order
from ..model.checkpoint import tensor_storage
from ..model.config import ModelConfig
from .layout import ServingLayout, layers_of_stages

#: Component of what engines make while they load: the way up from MLA's latents, once more, for absorbed attention.
ABSORBED = "absorbed_projections"
ABSORBED_BYTES = 2  #: of a number: vLLM and SGLang keep W_UK and W_UV in BF16, whatever the checkpoint has
#: Component of zeros that kernels for MXFP4 need: they take experts whose hidden size is a multiple of so many, and whose
#: columns on each GPU are a multiple of so many. These multiples give the weights that vLLM logged for gpt-oss-120b; they
#: were chosen with that log in sight, and other kernels pad otherwise.
PADDING = "expert_padding"
HIDDEN_MULTIPLE, COLUMNS_MULTIPLE = 256, 128


def weights_of_stages(config: ModelConfig, layout: ServingLayout, weights: str | None = None) -> tuple:
    r"""Component -> bytes on one GPU, for each pipeline stage; of the GPU that holds most, where parts are uneven [bytes].

    .. math:: W = \sum_{\text{rest}} \frac{w}{\text{TP}}
              + \sum_{\text{experts}} \frac{n_x + r}{n_x \, \text{EP} \cdot \text{ETP}} w

    w is stored as the config says, or as `weights` asks (:func:`moecalc.model.checkpoint.storage_bytes`); n_x experts of a
    layer have r redundant copies.

    Notes
    -----
    What has no heads or columns to be cut along stands whole on each GPU: the router, norms, the way down to MLA's latents.
    Data parallel attention repeats all but the routed experts. Leaves out MTP modules and vision encoders.

    Examples
    --------
    >>> (one,) = weights_of_stages(v3, ServingLayout(tp=8))
    >>> round(sum(one.values()) / 2**30, 1)  # 78.4 would be an eighth of the checkpoint
    79.5
    """
    parts = _parts(config, layout._replace(pp=1, dp=1), layout.expert_tp, layout.ep, weights)
    blocks, stages, first = config.anatomy, [], 0
    sizes = layers_of_stages(len(blocks.layers), layout.pp)
    for place, size in enumerate(sizes):
        held = list(blocks.layers[first : first + size])
        first += size
        if place == 0 or (place == layout.pp - 1 and blocks.is_tied):
            held.append(blocks.embedding)  # a tied head on another stage needs the table once more
        if place == layout.pp - 1:
            held.append(blocks.head)
        sums = {}
        if layout.pp == 1:
            held = list(dict.fromkeys(held))
            counts = dict(blocks.counted)
        else:
            counts = {}
            for block in held:
                add(counts, block, 1)
        for block, count in counts.items():
            for component, num_bytes in parts[block].items():
                add(sums, component, num_bytes * count)
        stages.append(in_order(sums))
    return tuple(stages)


@lru_cache(maxsize=64)
def _parts(config: ModelConfig, layout: ServingLayout, expert_tp: int, ep: int, weights: str | None) -> dict:
    """Block -> component -> bytes on one GPU; kept, because a search asks for few of these and many layouts."""
    stored = tensor_storage(config, weights)
    method = (config.raw.get("quantization_config") or {}).get("quant_method") if weights is None else weights
    packed = method == "mxfp4" or (weights is None and config.raw.get("expert_dtype") == "fp4")
    hidden = config.hidden_size if packed else 0
    blocks = (block for block, _ in config.anatomy.counted)
    return {block: _block(block, stored, layout.tp, ep, expert_tp, layout.redundant_experts, hidden) for block in blocks}


def _block(block: Block, stored: Callable, tp: int, ep: int, expert_tp: int, redundant: int, hidden: int) -> dict:
    sums = {}
    latent = any(cache.name.startswith("latent") for cache in block.cache)
    for tensor in block.tensors:
        held = stored(tensor) * share_held(tensor, tp, ep, expert_tp, redundant)
        add(sums, tensor.component, held)
        if hidden and tensor.component == "routed_experts" and tensor.multiplied:
            add(sums, PADDING, held * (_padded(hidden, HIDDEN_MULTIPLE) * _padded(-(-tensor.shards // expert_tp)) - 1))
        if latent and tensor.name.endswith("kv_b_proj"):
            add(sums, ABSORBED, ABSORBED_BYTES * tensor.num_params * share_held(tensor, tp, ep, expert_tp))
    return sums


def share_held(tensor: Tensor, tp: int, ep: int = 1, expert_tp: int = 1, redundant: int = 0) -> float:
    """Share of a tensor on the GPU of a stage that holds most of it, above 1 with many redundant copies: a ratio.

    >>> share_held(Tensor("attention", "k_proj", 4096, 512, shards=4), tp=8)  # each GPU has one of four heads
    0.25
    """
    if tensor.component == "routed_experts":
        return -(-(tensor.copies + redundant) // ep) / tensor.copies * _cut(tensor.shards, expert_tp)
    return _cut(tensor.shards, tp)


def _cut(shards: int, parts: int) -> float:
    """The largest of `parts` shares of what can be cut in `shards` equal pieces."""
    return -(-shards // parts) / shards


def _padded(size: int, multiple: int = COLUMNS_MULTIPLE) -> float:
    return -(-size // multiple) * multiple / size
