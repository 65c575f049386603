"""Parts that families share: attention of two kinds, gated feed-forwards, the ends of a model."""

from ..anatomy import Anatomy, Block, Cache, Score, matrix, vector
from ..errors import InputError
from ..keys import flag, layers, size

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


def gqa_attention(config, qkv_bias=False, output_bias=False, window=None):
    """Grouped-query attention (multi-head and multi-query are its ends): tensors, scores, cache."""
    hidden, heads, kv_heads = config.hidden_size, config.num_attention_heads, config.num_key_value_heads
    if heads % kv_heads:
        raise InputError(f"num_key_value_heads must divide the {heads} attention heads; found {kv_heads}")
    head_dim = config.head_dim
    if head_dim is None:
        if hidden % heads:
            raise InputError(
                f"num_attention_heads must divide hidden_size {hidden} where head_dim is not given; found {heads}"
            )
        head_dim = hidden // heads
    tensors = [
        matrix("attention", "q_proj", hidden, heads * head_dim, shards=heads),
        matrix("attention", "k_proj", hidden, kv_heads * head_dim, shards=kv_heads),
        matrix("attention", "v_proj", hidden, kv_heads * head_dim, shards=kv_heads),
        matrix("attention", "o_proj", heads * head_dim, hidden, shards=heads),
    ]
    if qkv_bias:
        tensors += [
            vector("attention", "q_proj.bias", heads * head_dim, shards=heads),
            vector("attention", "k_proj.bias", kv_heads * head_dim, shards=kv_heads),
            vector("attention", "v_proj.bias", kv_heads * head_dim, shards=kv_heads),
        ]
    if output_bias:
        tensors.append(vector("attention", "o_proj.bias", hidden))
    scores = [Score("attention_scores", heads, head_dim), Score("attention_values", heads, head_dim)]
    return tensors, scores, [Cache("key and value", 2 * kv_heads * head_dim, window)]


def mla_attention(config):
    """Multi-head latent attention: keys and values come from one small cached vector."""
    hidden, heads = config.hidden_size, config.num_attention_heads
    nope, rope, v_dim = config.qk_nope_head_dim, config.qk_rope_head_dim, config.v_head_dim
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
    scores = [Score("attention_scores", heads, nope + rope), Score("attention_values", heads, v_dim)]
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


def decoder(config, layer_blocks, mtp=()):
    """Embedding, the given layers, final norm and head; a tied head is multiplied but not counted again."""
    hidden, vocab = config.hidden_size, config.vocab_size
    table = matrix("embedding", "embed_tokens", vocab, hidden, multiplied=False, shards=vocab)
    head = matrix("lm_head", "lm_head", hidden, vocab, owned=not config.tie_word_embeddings, shards=vocab)
    return Anatomy(
        embedding=Block("embedding", [table]),
        layers=layer_blocks,
        head=Block("head", [vector("norms", "norm", hidden), head]),
        mtp=mtp,
    )


def layer(config, name, attention, feed_forward, num_correction_biases=0):
    """One pre-norm decoder layer."""
    tensors, scores, cache = attention
    norms = [
        vector("norms", "input_layernorm", config.hidden_size),
        vector("norms", "post_attention_layernorm", config.hidden_size),
    ]
    return Block(name, norms + tensors + feed_forward, scores, cache, num_correction_biases)
