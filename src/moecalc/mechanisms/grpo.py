"""Group relative policy optimization: the objective of one group of sampled answers, worked term by term.

The reward of an answer is r, its advantage A. rho = `ratio` is the probability of the answer now over that when it was
sampled, and epsilon half the width that is left to it around 1. `std` is a key of :data:`STDS`.

.. [1] DeepSeek-AI, DeepSeek-V3 Technical Report, arXiv:2412.19437, equations 26 to 28.
.. [2] Shao et al., DeepSeekMath, arXiv:2402.03300, section 4.1.
"""

from math import fsum, log1p, sqrt

from ..base.checks import one_of, real
from ..base.errors import InputError

#: Divisor of the variance, less the size of the group: the report writes "std" and does not say which.
STDS = {"population": 0, "sample": -1}

#: A ratio of two probabilities beyond this is a slip of the keyboard.
LARGEST_RATIO = 1e6
#: Up to here a ratio counts as close to 1.
SMALL = 0.01


def group_std(rewards, std: str = "population") -> float:
    r"""Standard deviation of a group's rewards, of two answers at least [as a reward]; exactly 0 where all are equal.

    .. math:: \sigma = \sqrt{\frac{1}{G - d} \sum_i (r_i - \bar r)^2}

    d is 0 for "population" and 1 for "sample".

    >>> group_std([1, 0, 0, 1]), group_std([2, 2, 2])
    (0.5, 0.0)
    """
    rewards = _rewards(rewards)
    if max(rewards) == min(rewards):
        return 0.0
    mean = fsum(rewards) / len(rewards)
    divisor = len(rewards) + STDS[one_of("std", std, STDS)]
    return sqrt(fsum((reward - mean) ** 2 for reward in rewards) / divisor)


def advantages(rewards, std: str = "population") -> list:
    r"""How much better than its group each answer is: mean 0, standard deviation 1, whatever the scale of the rewards.

    .. math:: A_i = \frac{r_i - \operatorname{mean}(r)}{\operatorname{std}(r)}

    Where all rewards are equal the formula has no value, and A is 0 for all. One right answer of four earns what the
    three wrong ones lose (equation 28 of [1]_):

    >>> [round(a, 3) for a in advantages([1, 0, 0, 0])]
    [1.732, -0.577, -0.577, -0.577]
    """
    rewards = _rewards(rewards)
    spread = group_std(rewards, std)
    mean = fsum(rewards) / len(rewards)
    return [(reward - mean) / spread if spread else 0.0 for reward in rewards]


def clipped(ratio: float, epsilon: float) -> float:
    """A ratio kept near 1: rho, or the nearer of the bounds 1 - epsilon and 1 + epsilon.

    >>> clipped(1.5, 0.25), clipped(0.5, 0.25), clipped(1.1, 0.25)
    (1.25, 0.75, 1.1)
    """
    real("ratio", ratio, most=LARGEST_RATIO, positive=True)
    real("epsilon", epsilon, most=1)
    return min(max(ratio, 1 - epsilon), 1 + epsilon)


def surrogate(ratio: float, advantage: float, epsilon: float) -> float:
    r"""What one answer adds to the objective, before the KL term [standard deviations of the rewards].

    .. math:: \min(\rho A, \operatorname{clip}(\rho, 1 - \epsilon, 1 + \epsilon) \, A)

    A good answer gains nothing from a ratio above the bound, a bad one loses all the same:

    >>> surrogate(1.5, 2, 0.25), surrogate(1.5, -2, 0.25)
    (2.5, -3.0)
    """
    real("advantage", advantage, least=-LARGEST_RATIO, most=LARGEST_RATIO)
    return min(ratio * advantage, clipped(ratio, epsilon) * advantage)


def is_cut_off(ratio: float, advantage: float, epsilon: float) -> bool:
    """Whether the ratio has left the bounds in the direction in which the advantage pushes it: then no gradient is left.

    >>> is_cut_off(1.5, 2, 0.2), is_cut_off(1.5, -2, 0.2), is_cut_off(0.5, -2, 0.2)
    (True, False, True)
    """
    bound = clipped(ratio, epsilon)
    return (ratio > bound and advantage > 0) or (ratio < bound and advantage < 0)


def kl_k3(reference_ratio: float) -> float:
    r"""The estimate k3 of the KL divergence from the reference model that one answer gives [nats]: equation 27 of [1]_.

    .. math:: D = x - \log x - 1, \qquad x = \pi_{\text{ref}} / \pi_\theta

    x = `reference_ratio` is the answer's probability under the reference model over that under the policy. The mean over
    answers of the policy is the divergence, with less variance than that of the logarithm alone.

    >>> kl_k3(1), round(kl_k3(2), 4), round(kl_k3(0.5), 4)
    (0.0, 0.3069, 0.1931)
    """
    x = real("reference_ratio", reference_ratio, most=LARGEST_RATIO, positive=True) - 1
    if abs(x) > SMALL:
        return x - log1p(x)
    # the difference of two nearly equal numbers would lose its digits: the first terms of its series do not
    return fsum((-x) ** power / power for power in range(2, 11))


def grpo_report(rewards, ratios, reference_ratios, epsilon: float, beta: float, std: str = "population") -> dict:
    r"""The objective of one question and its group of answers, with every term.

    .. math:: J = \frac{1}{G} \sum_{i=1}^G \left( \min(\rho_i A_i, \operatorname{clip}(\rho_i) A_i) - \beta D_i \right)

    An answer is one term, as the report writes it [1]_; DeepSeekMath has a term for each token [2]_.

    Parameters
    ----------
    rewards : sequence of float, shape [G]
        r, of two answers at least
    ratios : sequence of float, shape [G]
        rho of each answer
    reference_ratios : sequence of float, shape [G]
        Probability of each answer under the reference model over that now, see :func:`kl_k3`
    beta : float
        Weight of the KL term

    Returns
    -------
    dict
        ``objective`` (J, to be made large), ``surrogate`` and ``kl`` (its two means), ``mean``, ``std``,
        ``num_cut_off``, and ``answers``: a dict of each answer's terms

    Examples
    --------
    Before the first update every ratio is 1, and the objective is 0: its gradient is what counts.

    >>> grpo_report([1, 0, 0, 1], [1] * 4, [1] * 4, 0.2, 0.04)["objective"]
    0.0
    """
    if not len(rewards) == len(ratios) == len(reference_ratios):
        found = f"{len(rewards)}, {len(ratios)} and {len(reference_ratios)}"
        raise InputError(f"rewards, ratios and reference_ratios must be as many as the answers; found {found}")
    real("beta", beta, most=LARGEST_RATIO)
    answers = []
    for reward, advantage, ratio, reference in zip(
        rewards, advantages(rewards, std), ratios, reference_ratios, strict=True
    ):
        term, kl = surrogate(ratio, advantage, epsilon), kl_k3(reference)
        answers.append(
            {
                "reward": reward,
                "advantage": advantage,
                "ratio": ratio,
                "clipped": clipped(ratio, epsilon),
                "surrogate": term,
                "kl": kl,
                "term": term - beta * kl,
                "cut_off": is_cut_off(ratio, advantage, epsilon),
            }
        )
    size = len(answers)
    means = {name: fsum(one[name] for one in answers) / size for name in ("surrogate", "kl")}
    return {
        "objective": means["surrogate"] - beta * means["kl"],
        **means,
        "mean": fsum(rewards) / size,
        "std": group_std(rewards, std),
        "num_cut_off": sum(one["cut_off"] for one in answers),
        "answers": answers,
    }


def _rewards(rewards) -> list:
    if len(rewards) < 2:
        raise InputError(f"rewards must be of two answers at least; found {len(rewards)}")
    return [real("a reward", reward, least=-LARGEST_RATIO, most=LARGEST_RATIO) for reward in rewards]
