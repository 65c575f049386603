"""Which experts a token goes to, with what weights, and how many nodes that touches.

N = `n_routed_experts`; G = `n_group` equal groups of them, such as the nodes that they lie on; a token chooses
K = `num_experts_per_tok` experts, within its best M = `topk_group` groups. Groups that do not divide the experts,
or hold fewer than are chosen, raise :class:`~moecalc.base.errors.InputError`.

.. [1] DeepSeek-AI, DeepSeek-V3 Technical Report, arXiv:2412.19437.
"""

import math
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from ..base.checks import one_of, real, whole
from ..base.errors import InputError, quoted
from .distinct import distinct_parts
from .softmax import softmax

SCORING = ("sigmoid", "softmax")
#: Digits behind the point of a drawn affinity, so that ties are ties everywhere.
DRAWN_DIGITS = 6


def affinities(logits: Sequence[float], scoring_func: str = "sigmoid") -> list:
    r"""Affinity of a token for each expert: what the gate makes of the router's outputs.

    .. math:: s_i = \frac{1}{1 + e^{-u_i}} \quad \text{or} \quad s_i = \frac{e^{u_i}}{\sum_j e^{u_j}}

    u = `logits`, the product of the token's hidden vector with each expert's row of the router. ``sigmoid`` is the gate of
    DeepSeek-V3, ``softmax`` that of V2.

    >>> affinities([0, 0, 0, 0]), affinities([0, 0, 0, 0], "softmax")
    ([0.5, 0.5, 0.5, 0.5], [0.25, 0.25, 0.25, 0.25])
    """
    one_of("scoring_func", scoring_func, SCORING)
    logits = _numbers("logits", logits, -700, 700)
    if scoring_func == "sigmoid":
        return [1 / (1 + math.exp(-one)) for one in logits]
    return softmax(logits)


def route(
    scores: Sequence[float],
    num_experts_per_tok: int = 8,
    n_group: int = 1,
    topk_group: int = 1,
    best_per_group: int | None = None,
    biases: Sequence[float] | None = None,
    norm_topk_prob: bool = True,
    routed_scaling_factor: float = 1.0,
) -> dict:
    r"""The experts of one token and their weights, chosen within its best groups: section 2.1.2 of [1]_.

    A bias is added to each affinity for the choice alone. A group's score is the sum of its best
    biased affinities; the best groups stay, and within them the best experts. Their weights are
    made of the affinities without bias:

    .. math:: g_i = \lambda \frac{s_i}{\sum_{j \in \text{chosen}} s_j}

    Parameters
    ----------
    scores : sequence of float, shape [n_routed_experts]
        s, affinity for each expert, from 0 to 1
    best_per_group : int, optional
        Affinities that make up a group's score; K/M, at least 1, if not given
    biases : sequence of float, optional, shape [n_routed_experts]
        Correction bias of each expert; 0 if not given
    norm_topk_prob : bool, optional
        Whether the weights are divided by their sum
    routed_scaling_factor : float, optional
        lambda

    Returns
    -------
    dict
        ``experts`` and their ``weights``, best first; ``groups`` that they were chosen from,
        best first, and ``group_scores`` of all; ``touched``, number of groups that hold a chosen expert.

    Notes
    -----
    Of equals the first is taken. DeepSeek-V3's published code always sums the best two of a
    group, which is K/M for its own K and M; V2's takes the best one.

    Examples
    --------
    Eight experts in four groups, two of them to be chosen within one group. The best two stand in
    two groups, and the group with the largest sum wins:

    >>> found = route([0.9, 0.1, 0.6, 0.5, 0.2, 0.2, 0.8, 0.1], 2, n_group=4, topk_group=1)
    >>> found["groups"], found["experts"], [round(weight, 3) for weight in found["weights"]]
    ([1], [2, 3], [0.545, 0.455])
    """
    scores = _numbers("scores", scores, 0, 1)
    size = _group_size(len(scores), num_experts_per_tok, n_group, topk_group)
    per_group = best_per_group
    if per_group is None:
        per_group = max(1, num_experts_per_tok // topk_group)
    whole("best_per_group", per_group, 1, size)
    real("routed_scaling_factor", routed_scaling_factor, positive=True)
    added = [0.0] * len(scores) if biases is None else _numbers("biases", biases, -1e6, 1e6)
    if len(added) != len(scores):
        raise InputError(f"biases must be as many as scores, {len(scores)}; found {len(added)}")
    biased = [score + bias for score, bias in zip(scores, added, strict=True)]
    group_scores = [
        math.fsum(sorted(biased[first : first + size], reverse=True)[:per_group]) for first in range(0, len(biased), size)
    ]
    groups = _best(range(n_group), group_scores, topk_group)
    allowed = [expert for group in sorted(groups) for expert in range(group * size, (group + 1) * size)]
    experts = _best(allowed, biased, num_experts_per_tok)
    total = math.fsum(scores[expert] for expert in experts) if norm_topk_prob else 1.0
    return {
        "experts": experts,
        "weights": [routed_scaling_factor * (scores[expert] / total if total else 0.0) for expert in experts],
        "groups": groups,
        "group_scores": group_scores,
        "touched": len({expert // size for expert in experts}),
    }


def groups_touched(n_routed_experts: int = 256, n_group: int = 8, num_experts_per_tok: int = 8) -> dict:
    r"""How many groups a token's experts lie in, if any experts are as likely as any others and no limit is set.

    .. math:: E = G \left(1 - \binom{N - N/G}{K} \Big/ \binom{N}{K}\right)

    A dict of E, the ``expected`` number of groups, and ``probabilities`` of each number from 1 to G. Eight experts of 256
    on 8 nodes:

    >>> found = groups_touched()
    >>> round(found["expected"], 2), round(sum(found["probabilities"][:4]), 3)
    (5.29, 0.175)
    """
    size = _group_size(n_routed_experts, num_experts_per_tok, n_group, n_group)
    ways = math.comb(n_routed_experts, num_experts_per_tok)
    expected = n_group * (1 - math.comb(n_routed_experts - size, num_experts_per_tok) / ways)
    probabilities = distinct_parts(n_group, size, num_experts_per_tok)[1:]
    return {"expected": expected, "probabilities": [*probabilities, *[0.0] * (n_group - len(probabilities))]}


def copies_sent(touched: float, num_experts_per_tok: int = 8, n_group: int = 8) -> dict:
    r"""Copies of a token that leave its node: one for each expert elsewhere, or one for each node.

    .. math:: C_{\text{expert}} = K \left(1 - \frac{1}{G}\right), \quad C_{\text{node}} = T \left(1 - \frac{1}{G}\right)

    T = `touched` [nodes] hold its experts, on average; the token itself is on any of the G alike. ``per_expert``: every
    expert gets a copy of its own over the network; ``per_node``: a node gets one and passes it on inside.

    >>> copies_sent(4)
    {'per_expert': 7.0, 'per_node': 3.5}
    """
    whole("n_group", n_group)
    whole("num_experts_per_tok", num_experts_per_tok)
    real("touched", touched, 0, min(n_group, num_experts_per_tok))
    elsewhere = 1 - 1 / n_group
    return {"per_expert": num_experts_per_tok * elsewhere, "per_node": touched * elsewhere}


def drawn_logits(num: int, seed: int, skew: float = 0.0, token: int = 0) -> list:
    """Made-up outputs of a router for one token: sums of twelve uniform numbers, less 6, with standard deviation 1.

    The same `seed` and number of the `token` give the same logits on every machine. `skew` is the largest shift of an
    expert that all tokens of a seed share.

    >>> drawn_logits(4, seed=1) == drawn_logits(4, seed=1) != drawn_logits(4, seed=2)
    True
    """
    whole("num", num, 1, 65_536)
    whole("seed", seed, 0)
    whole("token", token, 0)
    real("skew", skew, 0, 100)
    shared, own = Random(seed).random, Random(seed * 1_000_003 + token + 1).random
    popular = [skew * (2 * shared() - 1) for _ in range(num)]
    return [shift + math.fsum(own() for _ in range(12)) - 6 for shift in popular]


def drawn_affinities(num: int, seed: int, scoring_func: str = "sigmoid", skew: float = 0.0, token: int = 0) -> list:
    """:func:`affinities` of :func:`drawn_logits`, rounded to :data:`DRAWN_DIGITS` digits behind the point.

    >>> all(0 < one < 1 for one in drawn_affinities(64, seed=1))
    True
    """
    return [round(one, DRAWN_DIGITS) for one in affinities(drawn_logits(num, seed, skew, token), scoring_func)]


def simulated_groups_touched(
    num_tokens: int,
    n_routed_experts: int = 256,
    n_group: int = 8,
    topk_group: int = 4,
    num_experts_per_tok: int = 8,
    seed: int = 1,
    skew: float = 0.0,
) -> float:
    """Groups that the experts of made-up tokens lie in, on average, with the limit on groups [groups].

    `num_tokens` [tokens] are drawn as by :func:`drawn_affinities`; with `topk_group` = `n_group` there is no limit.

    >>> 3.9 < simulated_groups_touched(50) <= 4
    True
    """
    whole("num_tokens", num_tokens, 1, 10**6)
    touched = [
        route(
            drawn_affinities(n_routed_experts, seed, "sigmoid", skew, token), num_experts_per_tok, n_group, topk_group
        )["touched"]
        for token in range(num_tokens)
    ]
    return sum(touched) / num_tokens


def sequence_balance_loss(
    scores: Sequence[Sequence[float]], num_experts_per_tok: int, alpha: float = 1e-4
) -> dict:
    r"""DeepSeek-V3's complementary loss, which keeps the load even within each sequence: equations 17 to 20 of [1]_.

    .. math:: L = \alpha \sum_i f_i P_i, \quad f_i = \frac{N}{K T} \sum_t [i \in \text{top}_K(s_t)],
              \quad P_i = \frac{1}{T} \sum_t \frac{s_{i,t}}{\sum_j s_{j,t}}

    Parameters
    ----------
    scores : sequence of sequence of float, shape [num_tokens, n_routed_experts]
        s, affinities of the tokens of one sequence, without biases

    Returns
    -------
    dict
        ``load``: f of each expert, 1 where it gets its share; ``share``: P of each expert;
        ``products`` of the two; ``loss``.

    Notes
    -----
    As in the report's equation the chosen experts are the best of all, without biases and without
    the limit on nodes. Even load and even affinities give alpha, and one expert that takes every
    token gives up to N/K times as much.

    Examples
    --------
    Two tokens, two experts, both tokens to the first:

    >>> found = sequence_balance_loss([[0.75, 0.25], [0.75, 0.25]], 1)
    >>> found["load"], found["share"], round(found["loss"], 6)
    ([2.0, 0.0], [0.75, 0.25], 0.00015)
    """
    scores = [_numbers("scores", row, 0, 1) for row in scores]
    if not scores or len({len(row) for row in scores}) > 1:
        raise InputError(f"scores must be one row of equal length a token, of at least one token; found {quoted(scores)}")
    real("alpha", alpha, 0, 1)
    num = len(scores[0])
    whole("num_experts_per_tok", num_experts_per_tok, 1, num)
    chosen = [_best(range(num), row, num_experts_per_tok) for row in scores]
    load = [sum(i in row for row in chosen) * num / (num_experts_per_tok * len(scores)) for i in range(num)]
    totals = [math.fsum(row) or 1.0 for row in scores]
    share = [math.fsum(row[i] / total for row, total in zip(scores, totals, strict=True)) / len(scores) for i in range(num)]
    products = [f * p for f, p in zip(load, share, strict=True)]
    return {"load": load, "share": share, "products": products, "loss": alpha * math.fsum(products)}


def _best(candidates, scores, num: int) -> list:
    """The candidates with the best scores, best first; of equals the first."""
    return sorted(candidates, key=lambda one: -scores[one])[:num]


def _numbers(name: str, values, least: float, most: float) -> list:
    values = list(values)
    if not values:
        raise InputError(f"{name} must be at least one number; found none")
    for value in values:
        real(f"each of {name}", value, least, most)
    return values


def _group_size(num: int, chosen: int, n_group: int, topk_group: int) -> int:
    whole("n_routed_experts", num, 1, 65_536)
    whole("n_group", n_group, 1, num)
    whole("topk_group", topk_group, 1, n_group)
    if num % n_group:
        raise InputError(f"n_group must divide n_routed_experts, {num}; found {n_group}")
    size = num // n_group
    whole("num_experts_per_tok", chosen, 1, topk_group * size)
    return size


class Limited(NamedTuple):
    """What a limit on nodes does to the copies of a token."""

    max_groups: int
    touched: float  #: nodes, simulated
    per_expert: float  #: copies that leave the node, one for each expert
    per_node: float  #: copies that leave the node, one for each node


def copies_by_limit(num_tokens: int, num_experts: int, num_groups: int, limits, top_k: int) -> list:
    """:class:`Limited` for each limit on nodes, over `num_tokens` [tokens] that are made up.

    >>> one, none = copies_by_limit(20, 256, 8, (1, 8), 8)
    >>> one.touched, one.per_node < none.per_node
    (1.0, True)
    """
    found = []
    for most in limits:
        touched = simulated_groups_touched(num_tokens, num_experts, num_groups, most, top_k)
        found.append(Limited(most, touched, **copies_sent(touched, top_k, num_groups)))
    return found


def made_up_token(config: dict) -> dict:
    """The gate of a ``config.json``, applied by :func:`route` to one token of random affinities."""
    best = 1 if config["topk_method"] == "group_limited_greedy" else None
    scores = drawn_affinities(config["n_routed_experts"], 1, config["scoring_func"])
    sizes = config["num_experts_per_tok"], config["n_group"], config["topk_group"], best
    return route(scores, *sizes, None, config["norm_topk_prob"], config["routed_scaling_factor"])
