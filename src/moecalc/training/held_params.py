"""Parameters on one GPU: what tensor and expert parallelism leave of each tensor, and their sums by layer.

Examples use ``v3 = load_model("deepseek-v3")``.
"""

from functools import lru_cache
from typing import NamedTuple

from ..model.anatomy import Anatomy, Block, Tensor
from .recipes import BLOCK, is_low_precision

#: Tables of the vocabulary, which training pads so that each of TP parts is a multiple of so many rows.
VOCABULARY_PARTS = 128

#: Matrices that tensor parallelism cuts along their inputs, the others along their outputs: a pair of matrices needs one sum
#: over the group only where the second takes what the first one's part made.
CUT_ALONG_INPUTS = ("o_proj", "out_proj", "down_proj", "o_b_proj", "x_proj", "attention.o_proj")


class HeldParams(NamedTuple):
    """Parameters on one GPU in the two groups over which ZeRO shards; of each those that may be in FP8, and their blocks."""

    dense: int = 0  #: all but routed experts, with the padding
    dense_fp8: int = 0
    dense_blocks: int = 0  #: blocks of 128 x 128, those at the edges included
    experts: int = 0
    experts_fp8: int = 0
    experts_blocks: int = 0
    padding: int = 0  #: of the vocabulary

    def plus(self, other: "HeldParams", times: int = 1) -> "HeldParams":
        """Both together, `other` so many times; -1 takes it away."""
        return HeldParams(*[mine + times * yours for mine, yours in zip(self, other, strict=True)])


def _cut(size: int, shards: int, parts: int) -> int:
    """The largest of `parts` of a size that can be cut in `shards` equal pieces."""
    # what cannot be cut evenly (few key-value heads) leaves the first GPUs one piece more
    return size // shards * -(-shards // parts)


def is_vocabulary(tensor: Tensor) -> bool:
    """Whether a tensor has a row for each token of the vocabulary, and is padded."""
    return tensor.component in ("embedding", "lm_head") and tensor.shards > 1


def vocabulary_rows(tensor: Tensor, tp: int) -> int:
    """Rows of a table of the vocabulary on each of `tp` GPUs, with the padding [tokens].

    >>> vocabulary_rows(v3.anatomy.embedding.tensors[0], 4)
    32384
    """
    return -(-tensor.shards // (VOCABULARY_PARTS * tp)) * VOCABULARY_PARTS


def params_per_gpu(tensor: Tensor, layout) -> int:
    """Parameters of one tensor on the GPU of its pipeline rank that holds most of it, without padding [parameters].

    Expert parallelism deals out whole experts, expert tensor parallelism cuts each; tensor parallelism cuts the rest. What
    a tensor's ``shards`` do not allow to cut stands whole on each GPU: the router, norms, the way down to MLA's latents.
    """
    if tensor.component == "routed_experts":
        one = tensor._replace(copies=-(-tensor.copies // layout.ep))
        return _cut(one.num_params, tensor.shards, layout.expert_tp)
    return _cut(tensor.num_params, tensor.shards, layout.tp)


def scale_blocks(tensor: Tensor, parts: int) -> int:
    """Blocks in what one of `parts` GPUs holds of a matrix, edges rounded up [blocks].

    >>> scale_blocks(Tensor("attention", "kv_a_proj_with_mqa", 7168, 576), 1)  # 56 x 4.5
    280
    """
    inputs, outputs = tensor.inputs, tensor.outputs
    if tensor.name in CUT_ALONG_INPUTS:
        inputs = _cut(inputs, tensor.shards, parts)
    else:
        outputs = _cut(outputs, tensor.shards, parts)
    return -(-inputs // BLOCK) * -(-outputs // BLOCK)


def held_of_tensor(tensor: Tensor, tp: int, ep: int, etp: int) -> HeldParams:
    """What one GPU holds of a tensor; of a table of the vocabulary padded to a multiple of 128 x TP rows.

    >>> held_of_tensor(v3.anatomy.embedding.tensors[0], tp=4, ep=1, etp=1).padding  # 129,280 rows become 129,536
    458752
    """
    if not tensor.owned:
        return HeldParams()
    low = is_low_precision(tensor)
    if tensor.component == "routed_experts":
        copies = -(-tensor.copies // ep)
        held = copies * _cut(tensor.inputs * tensor.outputs, tensor.shards, etp)
        blocks = copies * scale_blocks(tensor, etp) if low else 0
        return HeldParams(experts=held, experts_fp8=held if low else 0, experts_blocks=blocks)
    if is_vocabulary(tensor):
        rows, width = vocabulary_rows(tensor, tp), tensor.num_params // tensor.shards
        return HeldParams(dense=rows * width, padding=(rows * tp - tensor.shards) * width // tp)
    held = _cut(tensor.num_params, tensor.shards, tp)
    return HeldParams(held, held if low else 0, tensor.copies * scale_blocks(tensor, tp) if low else 0)


def held_of_block(block: Block, tp: int, ep: int, etp: int) -> HeldParams:
    """What one GPU holds of a block.

    >>> held_of_block(v3.anatomy.layers[-1], tp=1, ep=64, etp=1).experts == 4 * 3 * 7168 * 2048
    True
    """
    held = HeldParams()
    for tensor in block.tensors:
        held = held.plus(held_of_tensor(tensor, tp, ep, etp))
    return held


class HeldParts(NamedTuple):
    """What one GPU would hold of each part of a model; running sums, so that what any stage holds is one difference."""

    layers: tuple  #: of the first 0, 1, 2, ... layers
    mtp: tuple  #: of the first 0, 1, ... MTP modules
    embedding: HeldParams
    head: HeldParams
    embedding_table: HeldParams  #: alone, as another stage holds it that needs a copy
    head_table: HeldParams


@lru_cache(maxsize=512)
def held_parts(anatomy: Anatomy, tp: int, ep: int, etp: int) -> HeldParts:
    """:class:`HeldParts` of a model, kept for the next call: a search asks for few (TP, EP, ETP) and many layouts.

    >>> parts = held_parts(v3.anatomy, 1, 64, 1)
    >>> parts.layers[4].plus(parts.layers[3], -1).experts == 4 * 3 * 7168 * 2048  # the fourth layer has experts
    True
    """

    def running(blocks):
        of_block = {block: held_of_block(block, tp, ep, etp) for block in dict.fromkeys(blocks)}
        sums = [HeldParams()]
        for block in blocks:
            sums.append(sums[-1].plus(of_block[block]))
        return tuple(sums)

    def table(block):
        tables = [tensor._replace(owned=True) for tensor in block.tensors if is_vocabulary(tensor)]
        return held_of_block(Block("table", tables), tp, ep, etp)

    embedding, head = anatomy.embedding, anatomy.head
    return HeldParts(
        running(anatomy.layers),
        running(anatomy.mtp),
        held_of_block(embedding, tp, ep, etp),
        held_of_block(head, tp, ep, etp),
        table(embedding),
        table(head),
    )
