"""Model FLOPs utilisation: the share of the peak that the model's own FLOPs make up.

D = `num_tokens` [tokens] were trained on in sequences of `seq_len` [tokens], in H = `gpu_hours` [GPU-hours], summed over
all GPUs. F = `flops_per_token` [FLOPs per token] are those of training, P = `peak_flops_per_s` [FLOP/s] the dense
peak of one GPU in the dtype of comparison. N = `num_params` [parameters] of the rules of thumb are the activated
ones, embedding and head included, where None is given. `recompute` is a key of :data:`RECOMPUTATIONS`.
Examples use ``v3 = load_model("deepseek-v3")``.

.. [1] Zhao et al., Insights into DeepSeek-V3, arXiv:2505.09343, Table 4.
.. [2] Chowdhery et al., PaLM, arXiv:2204.02311, appendix B.
"""

from ..base.checks import one_of, real
from ..model.config import ModelConfig
from ..model.flops import (
    TRAINING_PASSES,
    attends_to_few,
    attention_score_flops_per_token,
    forward_flops_by_component,
    forward_flops_by_operator,
    model_flops_per_token,
    training_flops_per_token,
)
from ..model.params import num_activated_params

#: What is computed a second time in the backward pass -> the operators concerned, None for all.
RECOMPUTATIONS = {
    "none": (),
    #: DeepSeek-V3's choice; the norms that it recomputes as well are no matrix products
    "mla-up": ("q_b_proj", "kv_b_proj"),
    "full": None,
}


def flops_per_s_per_gpu(flops_per_token: float, num_tokens: float, gpu_hours: float) -> float:
    """Rate at which each GPU got through the model's FLOPs: R = F D / (3600 H) [FLOP/s].

    >>> flops_per_s_per_gpu(250e9, 3600, 1)
    250000000000.0
    """
    real("flops_per_token", flops_per_token)
    real("num_tokens", num_tokens)
    real("gpu_hours", gpu_hours, positive=True)
    return flops_per_token * num_tokens / (gpu_hours * 3600)


def model_flops_utilisation(flops_per_token: float, num_tokens: float, gpu_hours: float, peak_flops_per_s: float) -> float:
    r"""Model FLOPs utilisation [2]_, a share of the peak; with recomputed FLOPs in F it is HFU, of the hardware.

    .. math:: \text{MFU} = \frac{F \, D}{3600 \, H \, P}

    Above 1 the inputs cannot belong together. DeepSeek-V3 runs most products in FP8 and is compared with the BF16 peak, as
    published: 38.94 % for pre-training without the router [1]_.

    >>> f = training_flops_per_token(v3, 4096)
    >>> round(model_flops_utilisation(f, 14.8e12, 2.664e6, 989.5e12), 4)
    0.3906
    """
    real("peak_flops_per_s", peak_flops_per_s, positive=True)
    return flops_per_s_per_gpu(flops_per_token, num_tokens, gpu_hours) / peak_flops_per_s


def recomputed_flops_per_token(config: ModelConfig, seq_len: int, recompute: str = "none") -> int:
    """Forward FLOPs that the backward pass computes again to save memory; HFU adds them [FLOPs per token].

    "mla-up" are the up-projections of query and key-value, as DeepSeek-V3 does; "full" is the whole forward pass.

    >>> recomputed_flops_per_token(v3, 4096, "mla-up")
    6652166144
    """
    operators = RECOMPUTATIONS[one_of("recompute", recompute, RECOMPUTATIONS)]
    if operators is None:
        return model_flops_per_token(config, seq_len)
    return sum(row["flops"] for row in forward_flops_by_operator(config, seq_len) if row["operator"] in operators)


def nd_flops_per_token(num_params: float, factor: int = 6, attention_flops: float = 0) -> float:
    r"""Training FLOPs of one token by the rule of thumb [FLOPs per token].

    .. math:: F = f N + 3 F_{\text{scores}}

    f is 6 for forward and backward, 8 with a full recomputation, which makes the result an HFU.
    F_scores = `attention_flops` [FLOPs per token] are the forward score products', 0 to leave them out.

    >>> nd_flops_per_token(37e9)
    222000000000.0
    """
    real("num_params", num_params)
    real("attention_flops", attention_flops)
    return real("factor", factor) * num_params + TRAINING_PASSES * attention_flops


def palm_flops_per_token(config: ModelConfig, seq_len: int, num_params: float | None = None) -> float:
    r"""Training FLOPs of one token as PaLM counts them [2]_: attention to every token, not halved [FLOPs per token].

    .. math:: F = 6 N + 12 L H Q T

    L H Q are the layers' heads times their width, T = `seq_len` [tokens]. Where queries and values differ in width, as in
    MLA, Q is the mean of both. A window or an indexer is not used.

    >>> palm_flops_per_token(load_model("llama-3.1-8b"), 8192)
    61066469376
    """
    n = num_activated_params(config) if num_params is None else num_params
    return nd_flops_per_token(n, attention_flops=attention_score_flops_per_token(config, seq_len, causal=False))


def terms_beyond_6nd(config: ModelConfig, seq_len: int) -> dict:
    r"""What 6ND counts too much and leaves out: the exact training FLOPs by way of the parameters [FLOPs per token].

    .. math:: F = 6 N_a - 6 N_{\text{looked up}} - 6 N_{\text{vectors}} + 3 F_{\text{scores}}

    Of the activated parameters N_a, N_looked up, an embedding that is no output head as well, and N_vectors, norms, biases
    and learned positions, are no matrix products. Weights that several layers share are counted once. The terms have signs:

    >>> sum(terms_beyond_6nd(v3, 4096).values()) == training_flops_per_token(v3, 4096)
    True
    """
    anatomy = config.anatomy
    tensors = [(t, count) for block, count in anatomy.counted for t in block.tensors]
    # a tied table is multiplied as the head, but for rows that the head does not have
    looked_up = anatomy.embedding.params["embedding"] - sum(t.flops // 2 for t in anatomy.head.tensors if not t.owned)
    idle = sum(t.num_activated_params * count for t, count in tensors if not t.multiplied)
    vectors = idle - anatomy.embedding.params["embedding"]
    again = sum(t.flops * count for t, count in tensors if not t.owned and t.component != "lm_head")
    return {
        "6 x all activated parameters": 6 * num_activated_params(config),
        "less 6 x the embedding, which is looked up": -6 * looked_up,
        "less 6 x norms and biases, which are no products": -6 * vectors,
        **({"plus 3 x the products with shared weights, used again": TRAINING_PASSES * again} if again else {}),
        "plus 3 x the attention products, causal": TRAINING_PASSES * attention_score_flops_per_token(config, seq_len),
    }


def training_flops_by_convention(
    config: ModelConfig, seq_len: int, num_params: float | None = None, recompute: str = "mla-up"
) -> dict:
    """Training FLOPs of one token, by each convention in use [FLOPs per token].

    ``mfu`` is exact and causal; names with ``hfu`` count recomputation; ``mfu_with_mtp`` is None where the form of the
    MTP modules is not known. In a model with sliding windows or an indexer a token counts with those that it attends to, and
    ``mfu_dense`` has the exact figure of dense attention beside it. ``mfu_palm`` is PaLM's :func:`palm_flops_per_token`.

    >>> training_flops_by_convention(v3, 4096, 37e9)["hfu_8nd"]
    296000000000.0
    """
    n = num_activated_params(config) if num_params is None else num_params
    forward = model_flops_per_token(config, seq_len)
    exact, few = TRAINING_PASSES * forward, attends_to_few(config)
    components = forward_flops_by_component(config, seq_len)
    scores = forward - sum(block.num_flops * count for block, count in config.anatomy.counted)
    with_mtp = None if config.anatomy.mtp_note else TRAINING_PASSES * model_flops_per_token(config, seq_len, mtp=True)
    return {
        "mfu": exact,
        **({"mfu_dense": training_flops_per_token(config, seq_len)} if few else {}),
        "mfu_non_causal": TRAINING_PASSES * model_flops_per_token(config, seq_len, causal=False),
        "mfu_with_mtp": with_mtp,
        "mfu_without_router": exact - TRAINING_PASSES * components.get("router", 0),
        "mfu_6nd": nd_flops_per_token(n),
        "mfu_6nd_with_attention": nd_flops_per_token(n, attention_flops=scores),
        "mfu_palm": palm_flops_per_token(config, seq_len, n),
        "hfu": exact + recomputed_flops_per_token(config, seq_len, recompute),
        "hfu_full_recomputation": exact + forward,
        "hfu_8nd": nd_flops_per_token(n, 8),
        "hfu_8nd_with_attention": nd_flops_per_token(n, 8, scores),
    }


def utilisation(
    config: ModelConfig,
    seq_len: int,
    num_tokens: float,
    gpu_hours: float,
    peak_flops_per_s: float,
    num_params: float | None = None,
    recompute: str = "mla-up",
) -> dict:
    """MFU and HFU by every convention: what ``moecalc mfu`` prints.

    The conventions of :func:`training_flops_by_convention` -> share of the peak, None where that is, and
    ``flops_per_s_per_gpu`` of the exact causal count [FLOP/s].

    >>> round(utilisation(v3, 4096, 14.8e12, 2.788e6, 989.5e12)["mfu"], 4)
    0.3732
    """
    by_convention = training_flops_by_convention(config, seq_len, num_params, recompute)
    shares = {
        name: None if flops is None else model_flops_utilisation(flops, num_tokens, gpu_hours, peak_flops_per_s)
        for name, flops in by_convention.items()
    }
    return {**shares, "flops_per_s_per_gpu": flops_per_s_per_gpu(by_convention["mfu"], num_tokens, gpu_hours)}


def utilisation_6nd(num_params: float, num_tokens: float, gpu_hours: float, peak_flops_per_s: float) -> dict:
    """MFU and HFU where nothing but the parameters is known: ``mfu_6nd``, ``hfu_8nd``, ``flops_per_s_per_gpu`` of 6ND.

    >>> round(utilisation_6nd(37e9, 14.8e12, 2.664e6, 989e12)["mfu_6nd"], 3)
    0.346
    """
    run = num_tokens, gpu_hours
    shares = {
        name: model_flops_utilisation(nd_flops_per_token(num_params, factor), *run, peak_flops_per_s)
        for name, factor in (("mfu_6nd", 6), ("hfu_8nd", 8))
    }
    return shares | {"flops_per_s_per_gpu": flops_per_s_per_gpu(nd_flops_per_token(num_params), *run)}
