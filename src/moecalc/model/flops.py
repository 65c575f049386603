"""FLOPs of one token: 2 per multiply-add of every matrix product, and nothing else.

All are means over the tokens of a sequence of s = `seq_len` [tokens]. With `causal` a token attends to those before it,
on average to half, and the score products are halved. Examples use ``v3 = load_model("deepseek-v3")``.
"""

from ..base.checks import whole
from ..base.limits import MAX_SEQ_LEN
from .anatomy import add, count_blocks, in_order
from .config import ModelConfig

#: Forward once; backward for the input and for the weights.
TRAINING_PASSES = 3


def forward_flops_per_token(config: ModelConfig, seq_len: int, causal: bool = True) -> int:
    r"""FLOPs of the forward pass, without the MTP modules [FLOPs per token].

    .. math:: F = \sum_{\text{products}} 2 m n u
              + \sum_{\text{layers}} \frac{2 s \, a \, (d_{qk} + d_v)}{c}

    Products have shape [m, n], and a token uses u of them; a heads are d_qk and d_v wide; c is 2 if `causal`, else 1.

    Notes
    -----
    Leaves out the embedding look-up (no product), norms, activations, softmax, rotary
    embedding and the routing itself. Attention is counted dense: a sliding window or the choice of an
    indexer is not used, see :func:`forward_flops_per_token_attended`. Where ``anatomy.flops_note`` is not
    None, it says what else is left out.

    Examples
    --------
    >>> forward_flops_per_token(v3, 4096)
    83483295744
    """
    products, scores = _flops(config.anatomy.counted, whole("seq_len", seq_len, most=MAX_SEQ_LEN))
    return products + (scores // 2 if causal else scores)


def forward_flops_per_token_attended(config: ModelConfig, seq_len: int, causal: bool = True, mtp: bool = False) -> float:
    r"""FLOPs of the forward pass where a token is multiplied only with those that it attends to [FLOPs per token].

    .. math:: F = \sum_{\text{products}} 2 m n u
              + \frac{1}{s} \sum_{\text{layers}} \sum_{i=1}^{s} 2 \min(i, w) \, a \, (d_{qk} + d_v)

    w is the sliding window of a layer, or the number of tokens that its indexer chooses. The token at i attends to itself
    and those before it, (s + 1) / 2 on average without a window, where :func:`forward_flops_per_token` counts s / 2. Not
    `causal`, every token attends to min(s, w). With `mtp` the MTP modules count too. F is exact, an int where it is whole.

    >>> forward_flops_per_token_attended(load_model("deepseek-v3.2"), 4096)
    84692352832
    """
    counted = _counted(config, mtp)
    products, _ = _flops(counted, whole("seq_len", seq_len, most=MAX_SEQ_LEN))
    return products + _attended_scores(counted, seq_len, causal)


def attends_to_few(config: ModelConfig) -> bool:
    """Whether a layer has a sliding window, or an indexer that chooses tokens.

    >>> attends_to_few(v3), attends_to_few(load_model("deepseek-v3.2"))
    (False, True)
    """
    return any(score.limit is not None for score in config.anatomy.scores)


def model_flops_per_token(config: ModelConfig, seq_len: int, causal: bool = True, mtp: bool = False) -> float:
    """FLOPs of the forward pass that utilisation starts from: no token counts that none attends to [FLOPs per token].

    :func:`forward_flops_per_token_attended` of a model with windows or an indexer, :func:`forward_flops_per_token` of
    others. With `mtp` the MTP modules count too.

    >>> model_flops_per_token(v3, 4096)
    83483295744
    """
    if attends_to_few(config):
        return forward_flops_per_token_attended(config, seq_len, causal, mtp)
    products, scores = _flops(_counted(config, mtp), whole("seq_len", seq_len, most=MAX_SEQ_LEN))
    return products + (scores // 2 if causal else scores)


def training_flops_per_token(config: ModelConfig, seq_len: int, causal: bool = True, mtp: bool = False) -> int | None:
    """FLOPs of forward and backward pass, three times the forward pass, without recomputation [FLOPs per token].

    These are model FLOPs [1]_. With `mtp` the MTP modules count too, each with its own pass through the shared head; None
    where their form is not known. Published as 250 GFLOPs a token at 4,096 [2]_:

    >>> training_flops_per_token(v3, 4096)
    250449887232

    .. [1] Chowdhery et al., PaLM, arXiv:2204.02311, appendix B.
    .. [2] Zhao et al., Insights into DeepSeek-V3, arXiv:2505.09343, Table 2.
    """
    if mtp and config.anatomy.mtp_note:
        return None
    products, scores = _flops(_counted(config, mtp), whole("seq_len", seq_len, most=MAX_SEQ_LEN))
    return TRAINING_PASSES * (products + (scores // 2 if causal else scores))


def attention_score_flops_per_token(config: ModelConfig, seq_len: int, causal: bool = True) -> int:
    """Forward FLOPs of query times key and score times value alone: what "6ND + attention" adds [FLOPs per token].

    >>> attention_score_flops_per_token(v3, 4096)
    10234101760
    """
    _, scores = _flops(config.anatomy.counted, whole("seq_len", seq_len, most=MAX_SEQ_LEN))
    return scores // 2 if causal else scores


def forward_flops_by_operator(config: ModelConfig, seq_len: int, causal: bool = True) -> list:
    """Forward FLOPs of every operator, summed over the layers [FLOPs per token]; they sum to the forward pass.

    >>> forward_flops_by_operator(load_model("llama-3.1-8b"), 4096)[0]
    {'component': 'attention', 'operator': 'q_proj', 'flops': 1073741824}
    """
    whole("seq_len", seq_len, most=MAX_SEQ_LEN)
    sums = {}
    for block, count in config.anatomy.counted:
        for tensor in block.tensors:
            if tensor.multiplied:
                add(sums, (tensor.component, tensor.name), tensor.flops * count)
        for score in block.scores:
            add(sums, (score.name, score.name), _score_flops(score, seq_len, causal) * count)
    return [{"component": c, "operator": o, "flops": f} for (c, o), f in sums.items()]


def forward_flops_by_component(config: ModelConfig, seq_len: int, causal: bool = True) -> dict:
    """Forward FLOPs of every component and of the score products [FLOPs per token]; they sum to the forward pass.

    >>> forward_flops_by_component(v3, 4096)["router"]
    212860928
    """
    whole("seq_len", seq_len, most=MAX_SEQ_LEN)
    sums = {}
    for block, count in config.anatomy.counted:
        for component, flops in block.flops.items():
            add(sums, component, flops * count)
        for score in block.scores:
            add(sums, score.name, _score_flops(score, seq_len, causal) * count)
    return in_order(sums)


def flops_report(config: ModelConfig, seq_len: int) -> dict:
    """FLOPs of one token at once: what ``moecalc flops`` prints.

    Returns
    -------
    dict
        ``forward_per_token``, ``training_per_token``, both also ``_non_causal``,
        ``training_per_token_with_mtp`` (None where the form of the MTP modules is not known) and
        ``components``, which sum to ``forward_per_token`` [FLOPs per token]. A model with sliding windows has
        ``forward_per_token_windowed`` too, one with sparse attention ``forward_per_token_sparse``, see
        :func:`forward_flops_per_token_attended`; ``flops_note`` says what a model has that is not counted

    Examples
    --------
    >>> flops_report(v3, 4096)["training_per_token_non_causal"]
    281152192512
    """
    components = forward_flops_by_component(config, seq_len)
    forward = sum(components.values())
    non_causal = forward_flops_per_token(config, seq_len, causal=False)
    scores = config.anatomy.scores
    met = {
        "forward_per_token_windowed": any(score.window is not None or score.chunk is not None for score in scores),
        "forward_per_token_sparse": any(score.selected is not None for score in scores),
    }
    note = config.anatomy.flops_note
    return {
        "seq_len": seq_len,
        "forward_per_token": forward,
        **{key: forward_flops_per_token_attended(config, seq_len) for key, there in met.items() if there},
        "forward_per_token_non_causal": non_causal,
        "training_per_token": TRAINING_PASSES * forward,
        "training_per_token_non_causal": TRAINING_PASSES * non_causal,
        "training_per_token_with_mtp": training_flops_per_token(config, seq_len, mtp=True),
        **({"flops_note": note} if note else {}),
        "components": components,
    }


def _flops(counted, seq_len: int) -> tuple:
    """(FLOPs of the products with weights, non-causal FLOPs of the score products) of counted blocks."""
    products = sum([block.num_flops * count for block, count in counted])
    scores = sum([block.num_score_flops * count for block, count in counted])
    return products, scores * seq_len


def _counted(config: ModelConfig, mtp: bool) -> tuple:
    """The blocks of a model, with or without its MTP modules."""
    return (*config.anatomy.counted, *(count_blocks(config.anatomy.mtp) if mtp else ()))


def _attended_scores(counted, seq_len: int, causal: bool = True):
    """FLOPs of the score products of counted blocks for one token, on the tokens that it attends to."""
    scores = [(score, count) for block, count in counted for score in block.scores]
    if not causal:
        return sum(score.flops(min(seq_len, score.limit or seq_len)) * count for score, count in scores)
    total = sum(score.flops_of_sequence(seq_len) * count for score, count in scores)
    each, rest = divmod(total, seq_len)
    return each if rest == 0 else total / seq_len


def _score_flops(score, seq_len: int, causal: bool) -> int:
    """FLOPs of one score product for one token; 2 s makes them even."""
    flops = score.flops(seq_len)
    return flops // 2 if causal else flops
