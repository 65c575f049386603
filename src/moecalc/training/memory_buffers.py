"""Buffers: what a GPU holds for a moment, or between GPUs, beside model states and kept activations.

Only those that follow from the model and its layout are here; each has a name.
"""

from typing import NamedTuple

from ..model.anatomy import Block
from .activation_policy import ActivationPolicy
from .activation_rules import FEED_FORWARD, ROUTED, ROUTED_INNER
from .activations import ActivationCut, activation_bytes, kept_of_block

PLAIN = ActivationPolicy()


class Buffers(NamedTuple):
    """Buffers of one pipeline rank at its peak [bytes]."""

    logits: int = 0  #: in BF16, and their gradient, while the loss is computed
    layer_gradients: int = 0  #: gradients inside one layer, while its backward pass runs
    recomputed: int = 0  #: what is recomputed of one layer, for its backward pass
    pipeline: int = 0  #: hidden vectors that are received and sent between stages
    gathered: int = 0  #: weights, and gradients, of two layers that ZeRO keeps in shards
    empty_gradients: int = 0  #: of weights, that a named program caches

    @property
    def peak(self) -> int:
        """Bytes at the peak: the loss and a layer's backward pass are not at work at one time [bytes]."""
        return (
            max(self.logits, self.layer_gradients + self.recomputed) + self.pipeline + self.gathered + self.empty_gradients
        )


def gradient_bytes(kept, hidden: int, tokens: int, cut: ActivationCut, released: bool = False) -> int:
    """Gradients inside one layer: of its feed-forward's inside, of the residual stream and of a norm's output [bytes].

    Where what was used is `released`, they are the most of those beside what is still kept: of the inner activation's input;
    of the experts' outputs and the inner activation, or of outputs before and after an all-to-all; of attention's
    probabilities and scores, where they are not fused.

    They are in BF16 whatever is kept in FP8: `kept` is of the plain policy. A micro-batch has `tokens` [tokens] on the GPU.
    """
    inner = [one for one in kept if one.cut in (ROUTED, ROUTED_INNER) or one.component in ("dense_mlp", "shared_experts")]
    stream = 2 * 2 * hidden * tokens
    if released:
        ups = [one for one in inner if one.name.endswith("up_out")]
        downs = [one for one in inner if one.name.startswith("routed_") and one not in ups]
        sent = [one for one in inner if one.name == "permuted_tokens"]
        feeding = [one for one in kept if one.component in FEED_FORWARD]
        scores = [one for one in kept if one.name == "attention_probabilities"]
        most = [activation_bytes(some, tokens, cut) for some in (downs + sent, sent + sent, *([one] for one in ups))]
        # attention's backward pass runs when what the feed-forward kept is free
        most.append(2 * activation_bytes(scores, tokens, cut) - activation_bytes(feeding, tokens, cut) if scores else 0)
        inner_bytes = max(most)
    else:
        inner_bytes = activation_bytes(inner, tokens, cut)
    return inner_bytes + (-(-stream // cut.tp) if cut.sequence_parallel else stream)


def layer_buffers(
    config, block: Block, policy: ActivationPolicy, tokens: int, cut: ActivationCut, released: bool = False
) -> tuple:
    """(gradients inside a layer, what is recomputed of it) for a micro-batch of `tokens` [tokens], both in [bytes]."""
    everything = policy._replace(recompute=(), every_second_product=False)
    plain = everything._replace(cache="bf16", dropout=policy.dropout and not released)
    gradients = gradient_bytes(kept_of_block(config, block, plain), config.hidden_size, tokens, cut, released)
    if not policy.recompute and not policy.every_second_product:
        return gradients, 0
    whole = activation_bytes(kept_of_block(config, block, everything), tokens, cut)
    return gradients, whole - activation_bytes(kept_of_block(config, block, policy), tokens, cut)


def logits_bytes(
    block: Block,
    tokens: int,
    cut: ActivationCut,
    policy: ActivationPolicy = PLAIN,
    head_gradient: bool = False,
    whole_input: bool = False,
) -> int:
    """What the loss takes beside what it keeps, cut by tensor parallelism, of `tokens` [tokens]; 0 without a head [bytes].

    Plain, these are logits in BF16 and their gradient. With a `head_gradient` the head's own backward pass may take more:
    the gradient of the logits in place of what was kept, those of the head's weight and of its input, and with sequence
    parallelism the input gathered once more. A head that keeps its `whole_input` has it gathered beside its own part.

    >>> logits_bytes(load_model("deepseek-v3").anatomy.head, 4096, ActivationCut(tp=8)) == 4096 * 4 * 129280 // 8
    True
    """
    heads = [tensor for tensor in block.tensors if tensor.component == "lm_head" and tensor.multiplied]
    kept, moment = policy.loss_bytes
    most = 0
    for head in heads:
        outputs = -(-head.outputs // cut.tp)
        vectors, gathers = 2 * head.inputs * tokens, cut.tp > 1 and cut.sequence_parallel
        most = max(most, moment * tokens * outputs + (vectors - vectors // cut.tp if whole_input and gathers else 0))
        if head_gradient:
            most = max(most, (2 - kept) * tokens * outputs + 2 * outputs * head.inputs + vectors * (1 + gathers))
    return most


def pipeline_bytes(hidden: int, tokens: int, cut: ActivationCut, directions: int) -> int:
    """A hidden vector of each of `tokens` [tokens] in, and one out, in each direction of the pipeline [bytes]."""
    one = 2 * hidden * tokens
    return 2 * directions * (-(-one // cut.tp) if cut.sequence_parallel else one)
