"""Parts that families share: attention of two kinds, feed-forwards of two kinds, the ends of a model."""

from ...base.errors import InputError
from ..anatomy import Anatomy, Block, Cache, Score, matrix, vector
from ..keys import flag, layer_count, layers, names, size

FULL, SLIDING, LINEAR = "full_attention", "sliding_attention", "linear_attention"

#: Keys that every decoder has.
COMMON_KEYS = {
    "vocab_size": size(),
    "hidden_size": size(),
    "intermediate_size": size(),
    "num_hidden_layers": layers(),
    "num_attention_heads": size(),
    "tie_word_embeddings": flag(False),
}

#: Keys of grouped-query attention; without key-value heads of its own, a head keeps its own.
GQA_KEYS = {
    "num_key_value_heads": size("num_attention_heads"),
    "head_dim": size(None),
}

#: Keys of a window that only upper layers slide, or those that ``layer_types`` names.
UPPER_WINDOW_KEYS = {
    "use_sliding_window": flag(False),
    "sliding_window": size(None),
    "max_window_layers": layer_count(None),
    "layer_types": names(FULL, SLIDING),
}

#: Keys of a window in the layers that ``layer_types`` names, or in those between every few.
PERIOD_WINDOW_KEYS = {"sliding_window": size(None), "layer_types": names(FULL, SLIDING)}

#: Keys of experts that stand in groups, of which a token may choose among a few only.
GROUP_KEYS = {"n_group": size(None), "topk_group": size(None)}


def head_size(config):
    """Numbers of a head: as the config gives it, else the heads share the hidden vector."""
    hidden, heads, given = config.hidden_size, config.num_attention_heads, getattr(config, "head_dim", None)
    if given is not None:
        return given
    if hidden % heads:
        raise InputError(f"num_attention_heads must divide hidden_size {hidden} where head_dim is not given; found {heads}")
    return hidden // heads


def gqa_attention(
    config,
    qkv_bias=False,
    output_bias=False,
    window=None,
    qk_norm=None,
    gate=False,
    kv_heads=None,
    qk_norm_kind=None,
    v_dim=None,
    inputs=None,
    head_dim=None,
):
    """Grouped-query attention (multi-head and multi-query are its ends): tensors, scores, cache.

    `qk_norm` is "head" (one norm for all heads of the queries, one for the keys) or "projection"
    (each number of the projection has its own), RMS unless `qk_norm_kind` is another; with a `gate`,
    queries come with as many numbers that open and close the output. `kv_heads` and `head_dim` are for
    configs that do not give them as keys. A head's value has `v_dim` numbers, as many as its key where
    nothing is said. Queries, keys and values may be made of another number of `inputs` than the hidden vector has.
    """
    hidden, heads = config.hidden_size, config.num_attention_heads
    inputs, kv_heads = inputs or hidden, kv_heads or config.num_key_value_heads
    if heads % kv_heads:
        raise InputError(f"num_key_value_heads must divide the {heads} attention heads; found {kv_heads}")
    head_dim = head_dim or head_size(config)
    v_dim = v_dim or head_dim
    q_dim = heads * head_dim * (2 if gate else 1)
    tensors = [
        matrix("attention", "q_proj", inputs, q_dim, shards=heads),
        matrix("attention", "k_proj", inputs, kv_heads * head_dim, shards=kv_heads),
        matrix("attention", "v_proj", inputs, kv_heads * v_dim, shards=kv_heads),
        matrix("attention", "o_proj", heads * v_dim, hidden, shards=heads),
    ]
    if qkv_bias:
        tensors += [
            vector("attention", "q_proj.bias", q_dim, shards=heads),
            vector("attention", "k_proj.bias", kv_heads * head_dim, shards=kv_heads),
            vector("attention", "v_proj.bias", kv_heads * v_dim, shards=kv_heads),
        ]
    if output_bias:
        tensors.append(vector("attention", "o_proj.bias", hidden))
    if qk_norm == "head":
        for name in ("q_norm", "k_norm"):
            tensors += norm(name, head_dim, qk_norm_kind or RMS, "attention_internal_norms")
    if qk_norm == "projection":
        tensors += [
            vector("attention_internal_norms", "q_norm", heads * head_dim, shards=heads),
            vector("attention_internal_norms", "k_norm", kv_heads * head_dim, shards=kv_heads),
        ]
    scores = [Score("attention_scores", heads, head_dim, window), Score("attention_values", heads, v_dim, window)]
    return tensors, scores, [Cache("key and value", kv_heads * (head_dim + v_dim), window, shards=kv_heads)]


def mla_attention(config, selected=None):
    """Multi-head latent attention: keys and values come from one small cached vector."""
    hidden, heads = config.hidden_size, config.num_attention_heads
    nope, rope = config.qk_nope_head_dim, config.qk_rope_head_dim
    v_dim = config.v_head_dim or hidden // heads  # null: the heads share the hidden vector
    q_rank, kv_rank = config.q_lora_rank, config.kv_lora_rank
    q_dim = heads * (nope + rope)
    if q_rank is None:
        tensors = [matrix("attention", "q_proj", hidden, q_dim, shards=heads)]
    else:
        tensors = [
            matrix("attention", "q_a_proj", hidden, q_rank),
            vector("attention_internal_norms", "q_a_layernorm", q_rank),
            matrix("attention", "q_b_proj", q_rank, q_dim, shards=heads),
        ]
    tensors += [
        matrix("attention", "kv_a_proj_with_mqa", hidden, kv_rank + rope),
        vector("attention_internal_norms", "kv_a_layernorm", kv_rank),
        matrix("attention", "kv_b_proj", kv_rank, heads * (nope + v_dim), shards=heads),
        matrix("attention", "o_proj", heads * v_dim, hidden, shards=heads),
    ]
    if config.attention_bias:
        if q_rank is not None:
            tensors.append(vector("attention", "q_a_proj.bias", q_rank))
        tensors.append(vector("attention", "kv_a_proj_with_mqa.bias", kv_rank + rope))
        tensors.append(vector("attention", "o_proj.bias", hidden))
    scores = [
        Score("attention_scores", heads, nope + rope, selected=selected),
        Score("attention_values", heads, v_dim, selected=selected),
    ]
    return tensors, scores, [Cache("latent and shared rotary key", kv_rank + rope)]


def swiglu(component, hidden, intermediate, bias=False, **how):
    """A gated feed-forward: two matrices up, one down. `how` says how many there are."""
    tensors = [
        matrix(component, "gate_proj", hidden, intermediate, shards=intermediate, **how),
        matrix(component, "up_proj", hidden, intermediate, shards=intermediate, **how),
        matrix(component, "down_proj", intermediate, hidden, shards=intermediate, **how),
    ]
    if bias:
        tensors += [
            vector(component, "gate_proj.bias", intermediate, shards=intermediate, **how),
            vector(component, "up_proj.bias", intermediate, shards=intermediate, **how),
            vector(component, "down_proj.bias", hidden, **how),
        ]
    return tensors


def plain_mlp(component, hidden, intermediate, bias=False, **how):
    """A feed-forward of two matrices, one up and one down, with a function between that needs no weights."""
    tensors = [
        matrix(component, "up_proj", hidden, intermediate, shards=intermediate, **how),
        matrix(component, "down_proj", intermediate, hidden, shards=intermediate, **how),
    ]
    if bias:
        tensors += [
            vector(component, "up_proj.bias", intermediate, shards=intermediate, **how),
            vector(component, "down_proj.bias", hidden, **how),
        ]
    return tensors


def experts_mlp(config, num_experts, width, shared_width=0, bias=False, shared_bias=False):
    """A router, routed experts of which each token uses ``num_experts_per_tok``, and perhaps a shared one.

    A `bias` is of the router and the routed experts, a `shared_bias` of the shared one.
    """
    hidden, top_k = config.hidden_size, config.num_experts_per_tok
    if top_k > num_experts:
        raise InputError(f"num_experts_per_tok must be at most the {num_experts} routed experts; found {top_k}")
    tensors = [matrix("router", "gate", hidden, num_experts)]
    if bias:
        tensors.append(vector("router", "gate.bias", num_experts))
    tensors += swiglu("routed_experts", hidden, width, bias=bias, copies=num_experts, used=top_k)
    if shared_width:
        # several shared experts are one feed-forward of their joint width
        tensors += swiglu("shared_experts", hidden, shared_width, bias=shared_bias)
    return tensors


def check_groups(config, num_experts):
    """Groups of experts must divide them, and the chosen groups must hold enough for a token."""
    groups, chosen, top_k = config.n_group, config.topk_group, config.num_experts_per_tok
    if groups is not None and num_experts % groups:
        raise InputError(f"n_group must divide the {num_experts} routed experts; found {groups}")
    if chosen is None:
        return
    groups = groups or 1
    if chosen > groups:
        raise InputError(f"topk_group must be at most n_group {groups}; found {chosen}")
    held = chosen * num_experts // groups
    if top_k > held:
        raise InputError(f"num_experts_per_tok must be at most the {held} experts of topk_group {chosen}; found {top_k}")


def grouped_experts_mlp(config, shared_bias=False):
    """:func:`experts_mlp` under DeepSeek's names: shared experts of the routed ones' width, groups that hold enough."""
    experts, width = config.n_routed_experts, config.moe_intermediate_size
    shared_width = width * (config.n_shared_experts or 0)
    tensors = experts_mlp(config, experts, width, shared_width, shared_bias=shared_bias)
    check_groups(config, experts)
    return tensors


def kinds_of_layers(config, default=None, key="layer_types"):
    """The kind of every layer: as the key gives it, of which a model with fewer layers takes the first; else the default."""
    num_layers, given = config.num_hidden_layers, getattr(config, key)
    if not isinstance(given, tuple):
        return [default(index) for index in range(num_layers)]
    if len(given) < num_layers:
        raise InputError(f"{key} must name each of the {num_layers} layers; found {len(given)} names")
    return list(given[:num_layers])


def upper_windows(config):
    """Sliding window of every layer, None where it attends to all: see `UPPER_WINDOW_KEYS`."""
    if not config.use_sliding_window or config.sliding_window is None:
        return [None] * config.num_hidden_layers
    if config.layer_types is None and config.max_window_layers is None:
        raise InputError("max_window_layers must be a number of layers where use_sliding_window is true; found null")
    return windows_of_layers(config, lambda index: FULL if index < config.max_window_layers else SLIDING)


def periodic_windows(config, period):
    """Sliding window of every layer, None where it attends to all: see `PERIOD_WINDOW_KEYS`. Without ``layer_types`` every
    `period`-th layer attends to all; a period of 0 or None leaves no window.
    """
    return windows_of_layers(config, lambda index: SLIDING if period and (index + 1) % period else FULL)


def windows_of_layers(config, default):
    """The window of each layer that slides one, else None; `default` gives the kind of a layer that no key names."""
    return window_of_kinds(config, kinds_of_layers(config, default))


def window_of_kinds(config, kinds):
    """Sliding window of every layer of these `kinds`, None where it attends to all."""
    return [config.sliding_window if kind == SLIDING else None for kind in kinds]


def stack(kinds, make):
    """The layers in order, ``make(*kind)`` called once for each different kind."""
    made = {kind: make(*kind) for kind in dict.fromkeys(kinds)}
    return [made[kind] for kind in kinds]


def layer_name(moe, window=None, linear=False):
    """What a layer is called."""
    attention = ", linear attention" if linear else "" if window is None else ", sliding window"
    return ("MoE layer" if moe else "dense layer") + attention


#: Kinds of norm: RMS and a LayerNorm without bias have a weight, a LayerNorm a bias too; one without weights is not here.
RMS, LAYER_NORM, NO_WEIGHT = "rms", "layer_norm", "no_weight"

#: Where the norms of a layer stand: (before attention, after it, before the feed-forward, after it), by name.
PRE = ("input_layernorm", None, "post_attention_layernorm", None)
POST = (None, "post_attention_layernorm", None, "post_feedforward_layernorm")
SANDWICH = ("input_layernorm", "post_attention_layernorm", "pre_feedforward_layernorm", "post_feedforward_layernorm")
PARALLEL = ("input_layernorm", None, None, None)


def norm(name, size, kind=RMS, component="norms"):
    """The tensors of a norm of `size` numbers; none without a `name`, or of a kind without weights."""
    if name is None or kind == NO_WEIGHT:
        return []
    tensors = [vector(component, name, size)]
    return [*tensors, vector(component, f"{name}.bias", size)] if kind == LAYER_NORM else tensors


def decoder(config, layer_blocks, norm_kind=RMS, head_bias=False, before=(), after=(), table_width=None, **known):
    """Embedding, the given layers, final norm and head; a tied head is multiplied but not counted again.

    A family whose models are never tied has no key ``tie_word_embeddings``.

    `before` are further tensors behind the embedding table, such as learned positions, `after` those before the head.
    A `table_width` other than the hidden size is that of the embedding and of the head.
    """
    hidden, vocab = config.hidden_size, config.vocab_size
    width = table_width or hidden
    tied = getattr(config, "tie_word_embeddings", False)
    table = matrix("embedding", "embed_tokens", vocab, width, multiplied=False, shards=vocab)
    head = [matrix("lm_head", "lm_head", width, vocab, owned=not tied, shards=vocab)]
    if head_bias:
        head.append(vector("lm_head", "lm_head.bias", vocab, shards=vocab))
    return Anatomy(
        embedding=Block("embedding", [table, *before]),
        layers=layer_blocks,
        head=Block("head", [*norm("norm", hidden, norm_kind), *after, *head]),
        **known,
    )


def layer(config, name, attention, feed_forward, num_correction_biases=0, norms=PRE, norm_kind=RMS, after=()):
    """One decoder layer: `norms` says where its norms stand, pre-norm where nothing is said; `after` stands at its end."""
    tensors, scores, cache = attention
    before, behind, between, last = [norm(one, config.hidden_size, norm_kind) for one in norms]
    order = [*before, *tensors, *behind, *between, *feed_forward, *last, *after]
    return Block(name, order, scores, cache, num_correction_biases)


def dense_layers(
    config, windows=None, feed_forward=swiglu, width=None, mlp_bias=False, norms=PRE, norm_kind=RMS, **attention
):
    """The layers of a model whose layers differ in their sliding windows at most, if in anything.

    `feed_forward` is :func:`swiglu`, :func:`plain_mlp` or one called as they are, of ``intermediate_size`` unless `width` is
    given; `attention` is what :func:`gqa_attention` takes.
    """
    mlp = feed_forward("dense_mlp", config.hidden_size, width or config.intermediate_size, bias=mlp_bias)

    def block(window):
        tensors = gqa_attention(config, window=window, **attention)
        return layer(config, layer_name(False, window), tensors, mlp, norms=norms, norm_kind=norm_kind)

    return stack([(window,) for window in windows or [None] * config.num_hidden_layers], block)


def learned_positions(config, rows):
    """A table of `rows` learned positions: looked up, never multiplied."""
    return matrix("position_embedding", "embed_positions", rows, config.hidden_size, multiplied=False)
