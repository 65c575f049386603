"""The talk's own FLOPs formulas, kept as a second, independent route to the exact count.

They are written in the names of DeepSeek's demonstration code; :func:`talk_names`
translates once. Nothing here shares code with :mod:`moecalc.flops`.
"""

from typing import NamedTuple

from .checks import whole
from .config import ModelConfig
from .errors import InputError


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
    """A DeepSeek config under the talk's names; other families have no such formulas."""
    if not hasattr(config, "kv_lora_rank") or config.q_lora_rank is None:
        raise InputError(f"the talk's formulas are for DeepSeek-V2 and V3 with a query rank; found {config.name}")
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
        n_dense_layers=config.first_k_dense_replace,
        n_experts_per_token=config.num_experts_per_tok + config.n_shared_experts,
    )


def talk_forward_flops_by_operator(config: ModelConfig, seq_len: int) -> dict:
    """Forward FLOPs of each of the talk's operators, for one token, over all layers.

    Parameters
    ----------
    config : ModelConfig
        A DeepSeek config with a query rank [-]
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
    >>> from moecalc import load_model
    >>> talk_forward_flops_by_operator(load_model("deepseek-v3"), 4096)["embedding"]
    14336
    """
    a, s = talk_names(config), whole("seq_len", seq_len)
    moe_layers = a.n_layers - a.n_dense_layers
    qk_nope_head_dim = a.qk_head_dim - a.qk_rope_head_dim
    per_layer = {
        "Q down": 2 * a.dim * a.q_lora_rank,
        "Q up": 2 * a.q_lora_rank * a.n_heads * a.qk_head_dim,
        "KV down": 2 * a.dim * (a.kv_lora_rank + a.qk_rope_head_dim),
        "KV up": 2 * a.kv_lora_rank * a.n_heads * (qk_nope_head_dim + a.v_head_dim),
        "score": 2 * s * a.n_heads * a.qk_head_dim / 2,
        "score x V": 2 * s * a.n_heads * a.v_head_dim / 2,
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
        A DeepSeek config with a query rank [-]
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
    >>> from moecalc import load_model
    >>> rows = compare_with_talk(load_model("deepseek-v3"), 4096)
    >>> [row["operator"] for row in rows if row["difference"]]
    ['MoE', 'MLP', 'embedding', 'router (not on the slide)']
    """
    from .flops import forward_flops_by_operator

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
