"""FLOPs of one token: 2 per multiply-add of every matrix product, and nothing else."""

from ..base.checks import whole
from ..base.limits import MAX_SEQ_LEN
from .anatomy import add, count_blocks, in_order
from .config import ModelConfig

#: Forward once; backward for the input and for the weights.
TRAINING_PASSES = 3


def forward_flops_per_token(config: ModelConfig, seq_len: int, causal: bool = True) -> int:
    r"""FLOPs of the forward pass, mean over the tokens of one sequence.

    .. math:: F = \sum_{\text{products}} 2 m n u
              + \sum_{\text{layers}} \frac{2 s \, a \, (d_{qk} + d_v)}{c}

    Parameters
    ----------
    config : ModelConfig
        Its products, of shape [m, n], u of them used by a token; a heads of widths d_qk and d_v [-]
    seq_len : int
        s, length of the sequence [tokens]
    causal : bool, optional
        A token attends to those before it, on average to half: c = 2; else c = 1 [-]

    Returns
    -------
    int
        F, of the model without its MTP modules [FLOPs per token]

    Raises
    ------
    InputError
        If `seq_len` is not a whole number of at least 1.

    Notes
    -----
    Leaves out the embedding look-up (no product), norms, activations, softmax, rotary
    embedding and the routing itself. Attention is counted dense: a sliding window or the choice of an
    indexer is not used, see :func:`forward_flops_per_token_attended`. Where ``anatomy.flops_note`` is not
    None, it says what else is left out.

    Examples
    --------
    >>> from moecalc import load_model
    >>> forward_flops_per_token(load_model("deepseek-v3"), 4096)
    83483295744
    """
    products, scores = _flops(config.anatomy.counted, whole("seq_len", seq_len, most=MAX_SEQ_LEN))
    return products + (scores // 2 if causal else scores)


def forward_flops_per_token_attended(config: ModelConfig, seq_len: int) -> float:
    r"""FLOPs of the forward pass where each token meets only those that it attends to, mean over one sequence.

    .. math:: F = \sum_{\text{products}} 2 m n u
              + \frac{1}{s} \sum_{\text{layers}} \sum_{i=1}^{s} 2 \min(i, w) \, a \, (d_{qk} + d_v)

    Parameters
    ----------
    config : ModelConfig
        w, the sliding window of a layer, or the number of tokens that its indexer chooses [tokens]
    seq_len : int
        s, length of the sequence [tokens]

    Returns
    -------
    float
        F, exact; an int where it is whole [FLOPs per token]

    Raises
    ------
    InputError
        If `seq_len` is not a whole number of at least 1.

    Notes
    -----
    The token at i meets itself and those before it, (s + 1) / 2 on average without a window, where
    :func:`forward_flops_per_token` counts s / 2.

    Examples
    --------
    >>> from moecalc import load_model
    >>> forward_flops_per_token_attended(load_model("deepseek-v3.2"), 4096)
    84692352832
    """
    products, _ = _flops(config.anatomy.counted, whole("seq_len", seq_len, most=MAX_SEQ_LEN))
    scores = sum(score.flops_of_sequence(seq_len) * n for block, n in config.anatomy.counted for score in block.scores)
    each, rest = divmod(scores, seq_len)
    return products + each if rest == 0 else products + scores / seq_len


def training_flops_per_token(config: ModelConfig, seq_len: int, causal: bool = True, mtp: bool = False) -> int | None:
    r"""FLOPs of forward and backward pass: three times the forward pass.

    .. math:: F_{\text{train}} = 3 F

    Parameters
    ----------
    config : ModelConfig
        The model [-]
    seq_len : int
        Length of the sequence [tokens]
    causal : bool, optional
        Halve the score products [-]
    mtp : bool, optional
        Count the multi-token prediction modules too, each with its own pass through the shared head [-]

    Returns
    -------
    int
        F_train, without recomputation, as model FLOPs are defined [1]_; None with `mtp` where the form of the
        model's MTP modules is not known [FLOPs per token]

    Raises
    ------
    InputError
        If `seq_len` is not a whole number of at least 1.

    Examples
    --------
    Published as 250 GFLOPs a token at 4,096 [2]_:

    >>> from moecalc import load_model
    >>> training_flops_per_token(load_model("deepseek-v3"), 4096)
    250449887232

    References
    ----------
    .. [1] Chowdhery et al., PaLM, arXiv:2204.02311, appendix B.
    .. [2] Zhao et al., Insights into DeepSeek-V3, arXiv:2505.09343, Table 2.
    """
    forward = forward_flops_per_token(config, seq_len, causal)
    if mtp and config.anatomy.mtp_note:
        return None
    if mtp:
        products, scores = _flops(count_blocks(config.anatomy.mtp), seq_len)
        forward += products + (scores // 2 if causal else scores)
    return TRAINING_PASSES * forward


def attention_score_flops_per_token(config: ModelConfig, seq_len: int, causal: bool = True) -> int:
    """Forward FLOPs of the score products alone: the term that "6ND + attention" adds.

    Parameters
    ----------
    config : ModelConfig
        The model [-]
    seq_len : int
        Length of the sequence [tokens]
    causal : bool, optional
        Halve them [-]

    Returns
    -------
    int
        Query times key and score times value, all layers [FLOPs per token]

    Raises
    ------
    InputError
        If `seq_len` is not a whole number of at least 1.

    Examples
    --------
    >>> from moecalc import load_model
    >>> attention_score_flops_per_token(load_model("deepseek-v3"), 4096)
    10234101760
    """
    _, scores = _flops(config.anatomy.counted, whole("seq_len", seq_len, most=MAX_SEQ_LEN))
    return scores // 2 if causal else scores


def forward_flops_by_operator(config: ModelConfig, seq_len: int, causal: bool = True) -> list:
    """Forward FLOPs of every operator, summed over the layers.

    Parameters
    ----------
    config : ModelConfig
        The model [-]
    seq_len : int
        Length of the sequence [tokens]
    causal : bool, optional
        Halve the score products [-]

    Returns
    -------
    list of dict
        ``component``, ``operator`` (the tensor's name), ``flops``; sums to the forward
        pass [FLOPs per token]

    Raises
    ------
    InputError
        If `seq_len` is not a whole number of at least 1.

    Examples
    --------
    >>> from moecalc import load_model
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
    """Forward FLOPs of every component, named as in the parameter count, and of the two score products.

    Parameters
    ----------
    config : ModelConfig
        The model [-]
    seq_len : int
        Length of the sequence [tokens]
    causal : bool, optional
        Halve the score products [-]

    Returns
    -------
    dict
        Component -> FLOPs; sums to the forward pass [FLOPs per token]

    Raises
    ------
    InputError
        If `seq_len` is not a whole number of at least 1.

    Examples
    --------
    >>> from moecalc import load_model
    >>> forward_flops_by_component(load_model("deepseek-v3"), 4096)["router"]
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

    Parameters
    ----------
    config : ModelConfig
        The model [-]
    seq_len : int
        Length of the sequence [tokens]

    Returns
    -------
    dict
        ``forward_per_token``, ``training_per_token``, both also ``_non_causal``,
        ``training_per_token_with_mtp`` (None where the form of the MTP modules is not known) and
        ``components``, which sum to ``forward_per_token`` [FLOPs per token]. A model with sliding windows has
        ``forward_per_token_windowed`` too, one with sparse attention ``forward_per_token_sparse``, see
        :func:`forward_flops_per_token_attended`; ``flops_note`` says what a model has that is not counted

    Raises
    ------
    InputError
        If `seq_len` is not a whole number of at least 1.

    Examples
    --------
    >>> from moecalc import load_model
    >>> flops_report(load_model("deepseek-v3"), 4096)["training_per_token_non_causal"]
    281152192512
    """
    components = forward_flops_by_component(config, seq_len)
    forward = sum(components.values())
    non_causal = forward_flops_per_token(config, seq_len, causal=False)
    scores = config.anatomy.scores
    met = {
        "forward_per_token_windowed": any(score.window is not None for score in scores),
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


def _score_flops(score, seq_len: int, causal: bool) -> int:
    """FLOPs of one score product for one token; 2 s makes them even."""
    flops = score.flops(seq_len)
    return flops // 2 if causal else flops
