"""Programs that train: what each holds in memory beside states, activations and buffers of its layout.

Each rule is read off a program's source, so that none has a fitted number. Without a named program nothing of this is
counted, and a band stands for it. Examples use ``v3 = load_model("deepseek-v3")``.
"""

from functools import lru_cache
from typing import NamedTuple

from ..base.checks import one_of
from ..model.anatomy import Anatomy, Block
from .activation_policy import ActivationPolicy
from .held_params import CUT_ALONG_INPUTS, held_of_block, params_per_gpu
from .memory_buffers import Buffers

#: Matrices that a program holds as one: rows of the second come after those of the first.
JOINED = ({"q_proj", "k_proj", "v_proj"}, {"gate_proj", "up_proj"})
#: Parts whose products Transformer Engine computes; the router and the head are Megatron-LM's own.
LINEAR = ("attention", "dense_mlp", "shared_experts", "routed_experts", "mtp_projection")
BF16, FP32 = 2, 4


class Program(NamedTuple):
    """What a program does with memory beyond the model and its layout."""

    name: str
    title: str
    loss: str = "plain"  #: one of :data:`moecalc.training.activation_policy.LOSSES`, where the policy names none
    empty_gradients: bool = False  #: a cached, empty weight gradient of each shape, as gradients go to the main ones
    head_gradient: bool = False  #: the head's weight gradient in BF16 stands beside the logits' gradient
    released: bool = False  #: what a layer's backward pass has used is free before it ends
    streams: bool = False  #: pools of the streams of FSDP2: what is gathered or reduced shares no block with the rest
    whole_inputs: bool = False  #: keeps the inputs of products as gathered over tensor parallelism
    cut_loss: str = ""  #: the same where tensor parallelism cuts the vocabulary; empty where it makes no difference


#: Name of a program -> what it holds.
PROGRAMS = {
    one.name: one
    for one in (
        Program("any", "no program is named"),
        Program("megatron-lm", "Megatron-LM with Transformer Engine", "vocab-parallel", True, True, True),
        Program("megatron-lm-unfused", "Megatron-LM without fused accumulation", "vocab-parallel", False, True, True),
        Program("torchtitan", "torchtitan with FSDP2", "eager", False, False, True, True, True, "loss-parallel"),
    )
}
ANY = PROGRAMS["any"]


def program_of(name: str) -> Program:
    """The :class:`Program` of a name, a key of :data:`PROGRAMS`."""
    return PROGRAMS[one_of("program", name, PROGRAMS)]


def policy_of(program: Program, policy: ActivationPolicy, tp: int = 1) -> ActivationPolicy:
    """The policy with the program's own loss, where it names none; `tp` may cut the vocabulary.

    >>> policy_of(program_of("megatron-lm"), ActivationPolicy()).loss
    'vocab-parallel'
    """
    return policy if policy.loss else policy._replace(loss=program.cut_loss if program.cut_loss and tp > 1 else program.loss)


def buffers_of(program: Program, anatomy: Anatomy, layout, stages, buffers: Buffers) -> Buffers:
    """The `buffers` of a rank that holds some `stages` of a `layout`, with those that its program holds besides."""
    blocks = [block for stage in stages for block in anatomy.layers[stage.layers.start : stage.layers.stop]]
    cut = (layout.tp, layout.ep, layout.expert_tp)
    if program.empty_gradients:
        blocks += [block for stage in stages for block in anatomy.mtp[stage.mtp.start : stage.mtp.stop]]
        buffers = buffers._replace(empty_gradients=empty_gradients(tuple(blocks), *cut))
    if program.streams and layout.zero == 3:
        of_block = {block: held_of_block(block, *cut) for block in set(blocks)}
        sizes = [of_block[block].dense + of_block[block].experts for block in blocks]
        ends = any(stage.embedding for stage in stages), any(stage.head for stage in stages)
        whole = sum(sizes) if layout.pp > 1 else 0
        buffers = buffers._replace(gathered=gathered_by_streams(anatomy, layout.tp, *ends, max(sizes, default=0), whole))
    return buffers


def empty_gradients(blocks, tp: int, ep: int, etp: int) -> int:
    """Empty weight gradients that Transformer Engine returns where gradients are added to the main ones [bytes].

    It caches one in BF16 for each shape of a weight that a GPU holds, and shares it among all layers; from version 2.3 on,
    for experts from 2.10 on. `blocks` are those of a GPU, cut by `tp`, `ep` and `etp`.

    >>> llama = load_model("llama-3.1-8b").anatomy
    >>> empty_gradients(llama.layers, 1, 1, 1) == 2 * sum(t.num_params for t in llama.layers[0].tensors if t.multiplied)
    True
    """
    shapes = {shape for block in set(blocks) for shape in _shapes(block, tp, ep, etp)}
    return BF16 * sum(rows * columns for rows, columns in shapes)


@lru_cache(maxsize=1024)
def _shapes(block: Block, tp: int, ep: int, etp: int) -> frozenset:
    """(rows, columns) of the weights of a block on one GPU."""
    rows = {}
    for at, tensor in enumerate(block.tensors):
        if not tensor.multiplied or tensor.component not in LINEAR:
            continue
        parts = etp if tensor.component == "routed_experts" else tp
        held = params_per_gpu(tensor._replace(copies=1, component="one"), _Cut(parts))
        plain = tensor.name.rsplit(".", 1)[-1]
        columns = tensor.inputs if plain not in CUT_ALONG_INPUTS else held // tensor.outputs
        joined = next((number for number, names in enumerate(JOINED) if plain in names), None)
        key = (tensor.component, at if joined is None else -1 - joined, columns)
        rows[key] = rows.get(key, 0) + held // columns
    return frozenset((number, columns) for (_, _, columns), number in rows.items())


class _Cut(NamedTuple):
    tp: int


@lru_cache(maxsize=256)
def gathered_by_streams(anatomy: Anatomy, tp: int, embedding: bool, head: bool, largest: int, whole: int = 0) -> int:
    """Weights in BF16 that FSDP2 holds whole while the loss is computed, and the pool that gathers them [bytes].

    Of the layers these are `largest` parameters, of the last one, or in a pipeline `whole`, all of the rank.

    The root group, embedding, last norm and head, is gathered once for forward and backward pass: into a buffer of the
    stream that gathers, whose pool keeps it, and out of it into whole weights. The last layer is not put back into shards
    before its backward pass. In a pipeline no layer is, and the whole gradients of all add up in FP32 from one micro-batch
    to the next.
    """
    root = sum(
        params_per_gpu(tensor, _Cut(tp))
        for block, held in ((anatomy.embedding, embedding), (anatomy.head, head))
        for tensor in (block.tensors if held else ())
    )
    if whole:
        return BF16 * (root + whole + max(root, largest)) + FP32 * (root + whole)
    return BF16 * (2 * root + largest)
