"""What a model is made of: tensors in blocks. Parameters, FLOPs and cache are all read off this.

A family (:mod:`moecalc.families`) builds an :class:`Anatomy` from a config; nothing
else looks at ``model_type``. The tensor that is counted as parameters is the tensor
that is multiplied, so the two counts cannot drift apart.
"""

from typing import NamedTuple

#: Components in the order in which a token meets them; also the names of the command line.
COMPONENTS = (
    "embedding",
    "attention",
    "attention_internal_norms",
    "router",
    "routed_experts",
    "shared_experts",
    "dense_mlp",
    "mtp_projection",
    "norms",
    "lm_head",
)


class Tensor(NamedTuple):
    """A learned matrix (or, with one row and no product, a bias, a norm or a look-up table)."""

    component: str
    name: str
    inputs: int
    outputs: int
    copies: int = 1  #: how many of it the layer holds: the routed experts
    used: int = 1  #: by how many of them one token is multiplied: top-k
    multiplied: bool = True  #: False for look-ups, norms and biases
    owned: bool = True  #: False for an output head that is the (tied) embedding table
    shards: int = 1  #: into how many equal parts tensor parallelism can cut it: its heads, its columns

    @property
    def num_params(self) -> int:
        return self.inputs * self.outputs * self.copies if self.owned else 0

    @property
    def num_activated_params(self) -> int:
        return self.inputs * self.outputs * self.used if self.owned else 0

    @property
    def flops(self) -> int:
        """2 per multiply-add, for one token."""
        return 2 * self.inputs * self.outputs * self.used if self.multiplied else 0


class Score(NamedTuple):
    """A product of every token with every token before it: no parameters, cost grows with the sequence."""

    name: str
    heads: int
    width: int  #: of one head: what a score sums over, or what a weighted value holds

    def flops(self, seq_len: int) -> int:
        """2 per multiply-add, for one token that attends to all `seq_len` (non-causal)."""
        return 2 * seq_len * self.heads * self.width


class Cache(NamedTuple):
    """Numbers that one layer keeps for every token, for the tokens to come."""

    name: str
    elements: int
    window: int | None = None  #: a sliding window keeps no more tokens than this


class Block:
    """Tensors that stand and run together: a layer, the embedding, the head, the MTP module."""

    __slots__ = ("name", "tensors", "scores", "cache", "num_correction_biases", "num_params", "num_activated_params")

    def __init__(self, name, tensors, scores=(), cache=(), num_correction_biases=0):
        self.name = name
        self.tensors = tuple(tensors)
        self.scores = tuple(scores)
        self.cache = tuple(cache)
        #: moved by the load balancer, not by gradients, hence in no total
        self.num_correction_biases = num_correction_biases
        self.num_params = sum(tensor.num_params for tensor in self.tensors)
        self.num_activated_params = sum(tensor.num_activated_params for tensor in self.tensors)

    @property
    def num_routed_experts(self) -> int:
        return max((tensor.copies for tensor in self.tensors), default=1)


class Anatomy:
    """A whole model: embedding, layers in order, head, and beside them the MTP modules."""

    __slots__ = ("embedding", "layers", "head", "mtp", "counted")

    def __init__(self, embedding: Block, layers, head: Block, mtp=()):
        self.embedding = embedding
        self.layers = tuple(layers)
        self.head = head
        #: multi-token prediction modules, not part of the model's total
        self.mtp = tuple(mtp)
        self.counted = count_blocks((embedding, *self.layers, head))

    @property
    def num_routed_experts(self) -> int:
        return max(block.num_routed_experts for block in self.layers)


def count_blocks(blocks) -> tuple:
    """(block, how often) for each different block: a model has two or three, not sixty."""
    counts = {}
    for block in blocks:
        counts[block] = counts.get(block, 0) + 1
    return tuple(counts.items())


def matrix(component, name, inputs, outputs, **how) -> Tensor:
    """A matrix that each token is multiplied with."""
    return Tensor(component, name, inputs, outputs, **how)


def vector(component, name, size, **how) -> Tensor:
    """A norm's weight or a bias: learned, but no matrix product."""
    return Tensor(component, name, 1, size, multiplied=False, **how)
