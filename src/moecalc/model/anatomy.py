"""What a model is made of: tensors in blocks. Parameters, FLOPs and cache are all read off this.

A family (:mod:`moecalc.model.families`) builds an :class:`Anatomy` from a config; nothing
else looks at ``model_type``. The tensor that is counted as parameters is the tensor
that is multiplied, so the two counts cannot drift apart.
"""

from typing import NamedTuple

#: Components in the order in which a token passes them; also the names of the command line. The two
#: attention products and the indexer's hold no parameters. A family may have components beyond these: they come last.
COMPONENTS = (
    "embedding",
    "position_embedding",
    "embedding_projection",
    "per_layer_embedding",
    "attention",
    "attention_scores",
    "attention_values",
    "attention_compressor",
    "attention_indexer",
    "indexer_scores",
    "attention_internal_norms",
    "linear_attention",
    "state_space",
    "short_convolution",
    "router",
    "latent_projections",
    "routed_experts",
    "shared_experts",
    "dense_mlp",
    "laurel",
    "altup",
    "hyper_connections",
    "mtp_projection",
    "norms",
    "lm_head",
)

#: Component -> what a reader calls it, where the name itself does not say so.
TITLES = {
    "attention_scores": "query x key",
    "attention_values": "scores x value",
    "indexer_scores": "indexer query x key",
    "attention_internal_norms": "norms inside attention",
    "state_space": "state-space layers",
    "dense_mlp": "dense feed-forward",
    "attention_compressor": "compressor of keys",
    "laurel": "Laurel, a narrow way beside attention",
    "altup": "AltUp, mixing of streams",
    "hyper_connections": "hyper-connections",
    "mtp_projection": "MTP projection",
    "lm_head": "output head",
}


def title(component: str) -> str:
    """A component's name for a reader.

    >>> title("lm_head"), title("routed_experts")
    ('output head', 'routed experts')
    """
    return TITLES.get(component, component.replace("_", " "))


#: Components whose matrices bring tokens together, each with a way out of its own.
MIXERS = ("attention", "linear_attention", "state_space", "short_convolution")


def mixes_tokens(component: str) -> bool:
    """Whether a component belongs to what brings tokens together: a mixer, its norms, scores and indexer."""
    return component in MIXERS or "attention" in component


class Tensor(NamedTuple):
    """A learned matrix (or, with one row and no product, a bias, a norm or a look-up table)."""

    component: str
    name: str
    inputs: int
    outputs: int
    copies: int = 1  #: how many of it the layer holds: the routed experts
    used: int = 1  #: by how many of them one token is multiplied: top-k; a fraction, where some of the chosen do nothing
    multiplied: bool = True  #: False for look-ups, norms and biases
    owned: bool = True  #: False for an output head that is the (tied) embedding table
    shards: int = 1  #: into how many equal parts tensor parallelism can cut it: its heads, its columns

    @property
    def num_params(self) -> int:
        return self.inputs * self.outputs * self.copies if self.owned else 0

    @property
    def num_activated_params(self) -> int:
        return int(self.inputs * self.outputs * self.used) if self.owned else 0

    @property
    def flops(self) -> int:
        """2 per multiply-add, for one token."""
        return 2 * int(self.inputs * self.outputs * self.used) if self.multiplied else 0


class Score(NamedTuple):
    """A product of every token with every token before it: no parameters, cost grows with the sequence."""

    name: str
    heads: int
    width: int  #: of one head: what a score sums over, or what a weighted value holds
    window: int | None = None  #: a sliding window: a token attends to no more than these last ones
    selected: int | None = None  #: sparse attention: a token attends to no more than so many that an indexer chose
    chunk: int | None = None  #: chunked attention: a token attends to those before it in its chunk of so many

    @property
    def limit(self) -> int | None:
        """Most tokens that one token attends to, None where it attends to all before it."""
        return min([limit for limit in (self.window, self.selected, self.chunk) if limit is not None], default=None)

    def flops(self, seq_len: int) -> int:
        """2 per multiply-add, for one token that attends to all `seq_len` (non-causal)."""
        return 2 * seq_len * self.heads * self.width

    def flops_of_sequence(self, seq_len: int) -> int:
        """2 per multiply-add, for all tokens: the token at i attends to itself and i before it, up to the limit."""
        if self.chunk is not None:
            chunks, rest = divmod(seq_len, self.chunk)
            met = chunks * (self.chunk * (self.chunk + 1) // 2) + rest * (rest + 1) // 2
            return 2 * met * self.heads * self.width
        full = seq_len if self.limit is None else min(seq_len, self.limit)
        met = full * (full + 1) // 2 + (seq_len - full) * full
        return 2 * met * self.heads * self.width


class Cache(NamedTuple):
    """Numbers that one layer keeps for every token, for the tokens to come."""

    name: str
    elements: int
    window: int | None = None  #: a sliding window keeps no more tokens than this
    once: bool = False  #: kept once a sequence, whatever its length: the state of linear attention
    bytes: int | None = None  #: of a token, where its width is fixed: kept apart from keys and values
    shards: int = 1  #: into how many equal parts tensor parallelism can cut it: its key-value heads


class Block:
    """Tensors that stand and run together: a layer, the embedding, the head, the MTP module.

    Tensors stand in the order in which a token passes them; beside them stand scores, products of tokens with tokens,
    and caches, what is kept of every token. The sums are made once, when the block is built: a sweep over sequence
    lengths adds up a few components of two or three blocks and looks at no tensor again.
    """

    __slots__ = (
        "name",
        "tensors",
        "scores",
        "cache",
        "num_correction_biases",
        "params",
        "activated_params",
        "flops",
        "num_params",
        "num_activated_params",
        "num_flops",
        "num_score_flops",
    )

    def __init__(self, name, tensors, scores=(), cache=(), num_correction_biases=0):
        self.name = name
        self.tensors = tuple(tensors)
        self.scores = tuple(scores)
        self.cache = tuple(cache)
        #: moved by the load balancer, not by gradients, hence in no total
        self.num_correction_biases = num_correction_biases
        #: component -> parameters, activated parameters, FLOPs of the products with weights for one token
        self.params, self.activated_params, self.flops = {}, {}, {}
        for tensor in self.tensors:
            add(self.params, tensor.component, tensor.num_params)
            add(self.activated_params, tensor.component, tensor.num_activated_params)
            if tensor.multiplied:
                add(self.flops, tensor.component, tensor.flops)
        self.num_params = sum(self.params.values())
        self.num_activated_params = sum(self.activated_params.values())
        self.num_flops = sum(self.flops.values())
        #: of the score products, non-causal, for each token of the sequence
        self.num_score_flops = sum([score.flops(1) for score in self.scores])

    @property
    def num_routed_experts(self) -> int:
        return max((tensor.copies for tensor in self.tensors), default=1)


class Anatomy:
    """A whole model: embedding, layers in order, head, and beside them the MTP modules, which are in no total.

    Equal layers are one and the same block. `mtp_note` says why the form of the MTP modules is not known, `flops_note` what
    no FLOP count of the model has, `cache_note` what no count of its cache has; they are None where there is nothing to say.
    """

    __slots__ = ("embedding", "layers", "head", "mtp", "counted", "mtp_note", "flops_note", "cache_note")

    def __init__(self, embedding: Block, layers, head: Block, mtp=(), mtp_note=None, flops_note=None, cache_note=None):
        self.embedding = embedding
        self.layers = tuple(layers)
        self.head = head
        self.mtp = tuple(mtp)
        self.mtp_note = mtp_note
        self.flops_note = flops_note
        self.cache_note = cache_note
        self.counted = count_blocks((embedding, *self.layers, head))

    def replace(self, **parts) -> "Anatomy":
        """The same model with some parts changed."""
        given = {name: getattr(self, name) for name in self.__slots__ if name != "counted"}
        return Anatomy(**{**given, **parts})

    @property
    def is_tied(self) -> bool:
        """Whether the output head is the embedding table."""
        return any(tensor.component == "lm_head" and not tensor.owned for tensor in self.head.tensors)

    @property
    def num_routed_experts(self) -> int:
        return max(block.num_routed_experts for block, _ in self.counted)

    @property
    def scores(self) -> tuple:
        """The different score products of its layers."""
        return tuple(dict.fromkeys(score for block in dict.fromkeys(self.layers) for score in block.scores))

    @property
    def caches(self) -> tuple:
        """(cache, number of layers that keep it), over its layers."""
        return tuple((cache, count) for block, count in self.counted for cache in block.cache)


def add(sums: dict, key, value) -> None:
    """Add `value` to one of several `sums`, in place."""
    sums[key] = sums.get(key, 0) + value


def in_order(sums: dict) -> dict:
    """Sums by component in the order of :data:`COMPONENTS`, those of no known place last."""
    return {name: sums[name] for name in (*COMPONENTS, *sums) if name in sums}


def count_blocks(blocks) -> tuple:
    """Each block with the number of times that it stands among `blocks`: a model has two or three different ones, not sixty.
    """
    counts = {}
    for block in blocks:
        counts[block] = counts.get(block, 0) + 1
    return tuple(counts.items())


def matrix(component, name, inputs, outputs, **how) -> Tensor:
    """A matrix that each token is multiplied with, under its name in published checkpoints."""
    return Tensor(component, name, inputs, outputs, **how)


def vector(component, name, size, **how) -> Tensor:
    """A norm's weight or a bias of `size` numbers: learned, but no matrix product."""
    return Tensor(component, name, 1, size, multiplied=False, **how)
