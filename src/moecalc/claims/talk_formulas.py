"""The talk's own FLOPs formulas, kept as a second, independent route to the exact count.

They are written in the names of DeepSeek's demonstration code; :func:`talk_names`
translates once. The formulas share no code with :mod:`moecalc.model.flops`.
"""

from typing import NamedTuple

from ..base.checks import whole
from ..base.errors import InputError
from ..base.limits import MAX_SEQ_LEN
from ..model.config import ModelConfig
from ..model.flops import forward_flops_by_operator


class TalkNames(NamedTuple):
    """The names that the talk's formulas use."""

    dim: int
    q_lora_rank: int
    kv_lora_rank: int
    qk_rope_head_dim: int
    qk_head_dim: int
    v_head_dim: int
    n_heads: int
    inter_dim: int
    moe_inter_dim: int
    vocab_size: int
    n_layers: int
    n_dense_layers: int
    n_experts_per_token: int


def talk_names(config: ModelConfig) -> TalkNames:
    """A DeepSeek config under the talk's names.

    Parameters
    ----------
    config : ModelConfig
        A DeepSeek config with a query rank

    Returns
    -------
    TalkNames

    Raises
    ------
    InputError
        If the config is of another family, for which the talk has no formulas.
    """
    attends_otherwise = not hasattr(config, "kv_lora_rank") or hasattr(config, "index_topk")
    if attends_otherwise or config.q_lora_rank is None or config.moe_layer_freq != 1:
        raise InputError(
            "the talk's formulas are for DeepSeek-V2 and V3 with a query rank and experts in every layer after "
            f"the dense ones; found {config.name}"
        )
    return TalkNames(
        dim=config.hidden_size,
        q_lora_rank=config.q_lora_rank,
        kv_lora_rank=config.kv_lora_rank,
        qk_rope_head_dim=config.qk_rope_head_dim,
        qk_head_dim=config.qk_nope_head_dim + config.qk_rope_head_dim,
        v_head_dim=config.v_head_dim,
        n_heads=config.num_attention_heads,
        inter_dim=config.intermediate_size,
        moe_inter_dim=config.moe_intermediate_size,
        vocab_size=config.vocab_size,
        n_layers=config.num_hidden_layers,
        n_dense_layers=min(config.first_k_dense_replace, config.num_hidden_layers),
        n_experts_per_token=config.num_experts_per_tok + config.n_shared_experts,
    )


#: The slide's eleven formulas, for one layer (the embedding and the head for the model) and one token;
#: "score x V" and "score" are halved on the slide because attention is causal.
FORMULAS = {
    "Q down": "2 * dim * q_lora_rank",
    "Q up": "2 * q_lora_rank * n_heads * qk_head_dim",
    "KV down": "2 * dim * (kv_lora_rank + qk_rope_head_dim)",
    "KV up": "2 * kv_lora_rank * n_heads * (qk_nope_head_dim + v_head_dim)",
    "score": "2 * seq_len * n_heads * qk_head_dim / 2",
    "score x V": "2 * seq_len * n_heads * v_head_dim / 2",
    "Wo": "2 * n_heads * v_head_dim * dim",
    "MoE": "2 * dim * moe_inter_dim * 3 + moe_inter_dim",
    "MLP": "2 * dim * inter_dim * 3 + inter_dim",
    "embedding": "2 * dim",
    "LM head": "2 * dim * vocab_size",
}


def talk_operator_counts(config: ModelConfig) -> dict:
    """How often a token passes each of the talk's operators.

    Parameters
    ----------
    config : ModelConfig
        A DeepSeek config with a query rank

    Returns
    -------
    dict
        Operator -> layers, or layers times experts for "MoE"

    Raises
    ------
    InputError
        If the config is of another family.

    Examples
    --------
    Experts of one token: 58 layers of eight routed and one shared.

    >>> talk_operator_counts(load_model("deepseek-v3"))["MoE"]
    522
    """
    a = talk_names(config)
    moe_layers = a.n_layers - a.n_dense_layers
    other = {"MoE": moe_layers * a.n_experts_per_token, "MLP": a.n_dense_layers, "embedding": 1, "LM head": 1}
    return {operator: other.get(operator, a.n_layers) for operator in FORMULAS}


def talk_forward_flops_by_operator(config: ModelConfig, seq_len: int) -> dict:
    """Forward FLOPs of each of the talk's operators, for one token, over all layers.

    Parameters
    ----------
    config : ModelConfig
        A DeepSeek config with a query rank
    seq_len : int
        Length of the sequence [tokens]

    Returns
    -------
    dict
        Operator, as the slide names it -> FLOPs [FLOPs per token]

    Raises
    ------
    InputError
        If the config is of another family.

    Notes
    -----
    The slide counts 2 x dim for the embedding look-up and one FLOP a column for the
    element-wise product in each feed-forward, and leaves the router out.

    Examples
    --------
    >>> talk_forward_flops_by_operator(load_model("deepseek-v3"), 4096)["embedding"]
    14336

    The texts of `FORMULAS` say the same:

    >>> v3 = load_model("deepseek-v3")
    >>> names = {**talk_names(v3)._asdict(), "qk_nope_head_dim": 128, "seq_len": 4096}
    >>> told = {one: talk_operator_counts(v3)[one] * eval(text, names) for one, text in FORMULAS.items()}
    >>> told == talk_forward_flops_by_operator(v3, 4096)
    True
    """
    a, s = talk_names(config), whole("seq_len", seq_len, most=MAX_SEQ_LEN)
    moe_layers = a.n_layers - a.n_dense_layers
    qk_nope_head_dim = a.qk_head_dim - a.qk_rope_head_dim
    per_layer = {
        "Q down": 2 * a.dim * a.q_lora_rank,
        "Q up": 2 * a.q_lora_rank * a.n_heads * a.qk_head_dim,
        "KV down": 2 * a.dim * (a.kv_lora_rank + a.qk_rope_head_dim),
        "KV up": 2 * a.kv_lora_rank * a.n_heads * (qk_nope_head_dim + a.v_head_dim),
        "score": 2 * s * a.n_heads * a.qk_head_dim // 2,
        "score x V": 2 * s * a.n_heads * a.v_head_dim // 2,
        "Wo": 2 * a.n_heads * a.v_head_dim * a.dim,
    }
    moe_expert = 2 * a.dim * a.moe_inter_dim * 3 + a.moe_inter_dim
    mlp = 2 * a.dim * a.inter_dim * 3 + a.inter_dim
    return {
        **{operator: a.n_layers * flops for operator, flops in per_layer.items()},
        "MoE": moe_layers * a.n_experts_per_token * moe_expert,
        "MLP": a.n_dense_layers * mlp,
        "embedding": 2 * a.dim,
        "LM head": 2 * a.dim * a.vocab_size,
    }


#: The talk's operator -> the operators of our own count, (component, tensor) or (component, None) for all of it.
COUNTERPARTS = {
    "Q down": [("attention", "q_a_proj")],
    "Q up": [("attention", "q_b_proj")],
    "KV down": [("attention", "kv_a_proj_with_mqa")],
    "KV up": [("attention", "kv_b_proj")],
    "score": [("attention_scores", None)],
    "score x V": [("attention_values", None)],
    "Wo": [("attention", "o_proj")],
    "MoE": [("routed_experts", None), ("shared_experts", None)],
    "MLP": [("dense_mlp", None)],
    "embedding": [],
    "LM head": [("lm_head", None)],
    "router (not on the slide)": [("router", None)],
}


def compare_with_talk(config: ModelConfig, seq_len: int) -> list:
    """The talk's count beside the exact one, operator by operator.

    Parameters
    ----------
    config : ModelConfig
        A DeepSeek config with a query rank
    seq_len : int
        Length of the sequence [tokens]

    Returns
    -------
    list of dict
        ``operator``, ``talk``, ``exact``, ``difference`` (talk less exact) [FLOPs per token]

    Raises
    ------
    InputError
        If the config is of another family.

    Examples
    --------
    >>> rows = compare_with_talk(load_model("deepseek-v3"), 4096)
    >>> [row["operator"] for row in rows if row["difference"]]
    ['MoE', 'MLP', 'embedding', 'router (not on the slide)']
    """
    talk = talk_forward_flops_by_operator(config, seq_len)
    exact = forward_flops_by_operator(config, seq_len)
    rows = []
    for operator, counterparts in COUNTERPARTS.items():
        ours = sum(
            row["flops"]
            for row in exact
            for component, name in counterparts
            if row["component"] == component and name in (None, row["operator"])
        )
        theirs = talk.get(operator, 0)
        rows.append({"operator": operator, "talk": theirs, "exact": ours, "difference": theirs - ours})
    return rows
