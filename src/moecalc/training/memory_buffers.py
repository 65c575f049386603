"""Buffers: what a GPU holds for a moment, or between GPUs, beside model states and kept activations.

Only those that follow from the model and its layout are here; each has a name.
"""

from typing import NamedTuple

from ..model.anatomy import Block
from .activation_policy import ActivationPolicy
from .activation_rules import ROUTED, ROUTED_INNER
from .activations import ActivationCut, activation_bytes, kept_of_block


class Buffers(NamedTuple):
    """Buffers of one pipeline rank at its peak [bytes]."""

    logits: int = 0  #: in BF16, and their gradient, while the loss is computed
    layer_gradients: int = 0  #: gradients inside one layer, while its backward pass runs
    recomputed: int = 0  #: what is recomputed of one layer, for its backward pass
    pipeline: int = 0  #: hidden vectors that are received and sent between stages
    gathered: int = 0  #: weights, and gradients, of two layers that ZeRO keeps in shards

    @property
    def peak(self) -> int:
        """Bytes at the peak: the loss and a layer's backward pass are not at work at one time [bytes]."""
        return max(self.logits, self.layer_gradients + self.recomputed) + self.pipeline + self.gathered


def gradient_bytes(kept, hidden: int, tokens: int, cut: ActivationCut) -> int:
    """Gradients inside one layer: of its feed-forward's inside, of the residual stream and of a norm's output [bytes].

    They are in BF16 whatever is kept in FP8: `kept` is of the plain policy. A micro-batch has `tokens` [tokens] on the GPU.
    """
    inner = [one for one in kept if one.cut in (ROUTED, ROUTED_INNER) or one.component in ("dense_mlp", "shared_experts")]
    stream = 2 * 2 * hidden * tokens
    return activation_bytes(inner, tokens, cut) + (-(-stream // cut.tp) if cut.sequence_parallel else stream)


def layer_buffers(config, block: Block, policy: ActivationPolicy, tokens: int, cut: ActivationCut) -> tuple:
    """(gradients inside a layer, what is recomputed of it) for a micro-batch of `tokens` [tokens], both in [bytes]."""
    plain = policy._replace(recompute=(), cache="bf16")
    gradients = gradient_bytes(kept_of_block(config, block, plain), config.hidden_size, tokens, cut)
    if not policy.recompute:
        return gradients, 0
    whole = activation_bytes(kept_of_block(config, block, policy._replace(recompute=())), tokens, cut)
    return gradients, whole - activation_bytes(kept_of_block(config, block, policy), tokens, cut)


def logits_bytes(block: Block, tokens: int, cut: ActivationCut) -> int:
    """Logits in BF16 and their gradient, cut by tensor parallelism, of `tokens` [tokens]; 0 without a head [bytes].

    >>> logits_bytes(load_model("deepseek-v3").anatomy.head, 4096, ActivationCut(tp=8)) == 4096 * 4 * 129280 // 8
    True
    """
    heads = [tensor for tensor in block.tensors if tensor.component == "lm_head" and tensor.multiplied]
    return max((4 * tokens * -(-head.outputs // cut.tp) for head in heads), default=0)


def pipeline_bytes(hidden: int, tokens: int, cut: ActivationCut, directions: int) -> int:
    """A hidden vector of each of `tokens` [tokens] in, and one out, in each direction of the pipeline [bytes]."""
    one = 2 * hidden * tokens
    return 2 * directions * (-(-one // cut.tp) if cut.sequence_parallel else one)
