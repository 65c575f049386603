"""How activations are kept for the backward pass: what is recomputed, in which format, by which kernels."""

from typing import NamedTuple

from ..base.checks import one_of, whole
from ..base.errors import InputError
from ..base.limits import MAX_SEQ_LEN

#: What may be recomputed -> what a reader calls it. "full" is the whole layer from its input.
RECOMPUTABLE = {
    "norm": "outputs of norms",
    "mla-up": "MLA's up-projections: queries, keys and values",
    "swiglu": "products of SwiGLU",
    "router": "scores of the router",
    "permuted-tokens": "inputs of the routed experts, which are dispatched again",
    "full": "whole layers",
}
#: V3's own list (DeepSeek-V3 Technical Report, section 3.2.3, and 3.3.3 for SwiGLU).
V3_RECOMPUTE = ("norm", "mla-up", "swiglu")
#: "fp8" keeps inputs of Linear layers and of SwiGLU in FP8, those of attention's output projection in E5M6 (section 3.3.3).
CACHES = ("bf16", "fp8")
#: How the loss is computed -> bytes for each logit that are kept, and those that its moment takes besides.
LOSSES = {
    "plain": (4, 4),  #: log-probabilities in FP32; logits and their gradient in BF16
    "vocab-parallel": (4, 2),  #: Megatron-LM's own: softmax in FP32, which becomes the gradient in place; logits in BF16
    "fused": (2, 0),  #: Transformer Engine's: logits in BF16, over which their gradient is written
    "eager": (4, 10),  #: PyTorch's kernels: logits in BF16, and FP32 logits, then gradients of loss and log-probabilities
    "loss-parallel": (4, 14),  #: PyTorch's over a cut vocabulary: zeros, exponentials, their sum and product in FP32
    "compiled": (2, 2),  #: one kernel each way: logits in BF16 and their gradient
}
TILE = 128  #: numbers that share one scale


class ActivationPolicy(NamedTuple):
    """What a training program keeps. The defaults are plain BF16 with flash attention and nothing recomputed."""

    recompute: tuple = ()  #: names of :data:`RECOMPUTABLE`
    cache: str = "bf16"  #: one of :data:`CACHES`
    weight_before_down: bool = False  #: routing weights multiply before the down projection: its output is not kept
    index_tensors: int = 2  #: of 64-bit numbers, one for each expert that a token chose; 2 or 3, by the implementation
    flash_attention: bool = True  #: keeps log-sum-exps in place of probabilities
    seq_len: int = 0  #: needed for the probabilities only [tokens]
    fused_swiglu: bool = True  #: else SiLU's output is kept too
    loss: str = ""  #: one of :data:`LOSSES`; without a word the program's own, or ``plain``
    attention_outputs: int = 1  #: 2 where context parallelism keeps it before and after its all-to-all
    every_second_product: bool = False  #: kept are attention's and every second product's output, as torchtitan selects
    compiled: bool = False  #: a compiler sees that the last product's output is not needed
    dropout: bool = False  #: masks of a byte, after both halves of a layer and on probabilities that are kept

    def recomputes(self, name: str) -> bool:
        return name in self.recompute

    @property
    def loss_bytes(self) -> tuple:
        """Bytes for each logit: kept, and of the moment of the loss."""
        return LOSSES[self.loss or "plain"]


def recompute_of(text: str) -> tuple:
    """Names of :data:`RECOMPUTABLE` from words between commas; ``none`` and the empty text stand for nothing.

    >>> recompute_of("norm,mla-up"), recompute_of("none")
    (('norm', 'mla-up'), ())
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    for word in words:
        one_of("recompute", word, [*RECOMPUTABLE, "none"])
    for alone in ("none", "full"):
        if alone in words and len(set(words)) > 1:
            raise InputError(f"recompute {alone} stands alone; found {','.join(words)[:60]!r}")
    return () if words == ["none"] else tuple(dict.fromkeys(words))


def check_policy(policy: ActivationPolicy, parts=None) -> ActivationPolicy:
    """The policy, if each choice is one that there is, and the model has the `parts` that are to be recomputed.

    `parts` are the names of :data:`RECOMPUTABLE` that a model has; without them the model is not asked.
    """
    for name in policy.recompute:
        one_of("recompute", name, RECOMPUTABLE)
        if parts is not None and name not in parts:
            accepted = ", ".join(one for one in RECOMPUTABLE if one in parts)
            raise InputError(f"recompute {name}: the model has no {_LACKING[name]}; accepted are {accepted} or none")
    one_of("cache", policy.cache, CACHES)
    one_of("loss", policy.loss or "plain", LOSSES)
    whole("attention_outputs", policy.attention_outputs, 1, 2)
    whole("index_tensors", policy.index_tensors, 0, 8)
    whole("seq_len", policy.seq_len, 0 if policy.flash_attention else 1, MAX_SEQ_LEN)
    return policy


_LACKING = {
    "norm": "norms",
    "mla-up": "multi-head latent attention",
    "swiglu": "gated feed-forward",
    "router": "router",
    "permuted-tokens": "routed experts",
    "full": "layers",
}


def linear_input(width: int, policy: ActivationPolicy) -> int:
    """Bytes of the input of a Linear layer, `width` numbers of one token: BF16, or FP8 with an FP32 scale a tile [bytes].

    >>> linear_input(7168, ActivationPolicy()), linear_input(7168, ActivationPolicy(cache="fp8"))
    (14336, 7392)
    """
    return width + 4 * -(-width // TILE) if policy.cache == "fp8" else 2 * width


def projection_input(width: int, policy: ActivationPolicy) -> int:
    """Bytes of the input of attention's output projection: BF16, or E5M6 of 12 bits with a scale of one byte a tile [bytes].

    >>> projection_input(16384, ActivationPolicy(cache="fp8"))
    24704
    """
    return -(-3 * width // 2) + -(-width // TILE) if policy.cache == "fp8" else 2 * width
