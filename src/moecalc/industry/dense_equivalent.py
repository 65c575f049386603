"""What a dense model of equal loss would have cost, by published scaling laws, beside published multiples.

No law covers DeepSeek-V3: each answer says how far outside the runs of its paper it stands. Constants and multiples stand in
``data/scaling_laws.csv``.
"""

from functools import lru_cache
from math import exp
from typing import NamedTuple

from ..base.checks import one_of
from ..facts import tables
from ..mechanisms.scaling_laws import FLOPS_EACH, Law, fine_grained, joint, total_over_activated

TABLE = "scaling_laws"
JOINT, RANGE = "joint MoE law", "joint MoE law, range fitted"
FINE, BESIDE_FINE = "fine-grained MoE law", "dense law beside it"
#: Versions of Chinchilla's constants -> their subject.
CHINCHILLA = {"re-fit": "Chinchilla, re-fit", "unrounded": "Chinchilla, unrounded", "printed": "Chinchilla, printed"}
#: Experts of the fine-grained law.
FINE_EXPERTS = 64
CHEAPEST, SAME_TOKENS = "cheapest", "same tokens"


def constants(subject: str) -> dict:
    """Constants of a law: name -> number."""
    return {name: fact.value for name, fact in tables.by_subject(TABLE)[subject].items()}


@lru_cache(maxsize=8)
def chinchilla(version: str = "re-fit") -> Law:
    """Chinchilla's law of dense models; the printed constants are rounded, the others as logarithms.

    >>> params, tokens = chinchilla("re-fit").best(5.76e23)
    >>> round(tokens / params)
    18
    """
    found = constants(CHINCHILLA[one_of("version", version, CHINCHILLA)])
    if version == "printed":
        return Law(found["E"], found["A"], found["alpha"], found["B"], found["beta"])
    e, a, b = (exp(found[name]) for name in ("ln_E", "ln_A", "ln_B"))
    return Law(e, a, found["alpha"], b, found["beta"])


@lru_cache(maxsize=64)
def joint_law(num_experts: float) -> Law:
    """The joint law for so many experts; N is the activated parameters.

    >>> [round(number / 1e9, 2) for number in joint_law(8).best(1e20)]
    [0.99, 16.84]
    """
    found = {name.lower(): value for name, value in constants(JOINT).items()}
    return joint(num_experts, **found)


@lru_cache(maxsize=64)
def fine_law(granularity: float) -> Law:
    """The fine-grained law in activated parameters, for its 64 experts."""
    return fine_grained(granularity, **constants(FINE)).of_share(total_over_activated(FINE_EXPERTS))


def dense_beside_fine() -> Law:
    """The dense law of the same paper."""
    found = constants(BESIDE_FINE)
    return Law(found["c"], found["a"], found["alpha"], found["b"], found["beta"])


class Fitted(NamedTuple):
    """What the runs of the joint law reach."""

    activated_params: float
    num_experts: float
    num_tokens: float

    @property
    def flops(self) -> float:
        """Of a run at both ends [FLOPs]."""
        return FLOPS_EACH * self.activated_params * self.num_tokens


def fitted_range() -> Fitted:
    """The largest of the runs that the joint law was fitted on.

    >>> f"{fitted_range().flops:.2g}"
    '1.3e+21'
    """
    known = tables.by_subject(TABLE)[RANGE]
    names = (("max_activated_params", "parameters"), ("max_experts", "experts"), ("max_tokens", "tokens"))
    return Fitted(*(known[name].to(unit) for name, unit in names))


def multiple(moe: Law, dense: Law, activated: float, num_tokens: float, how: str = CHEAPEST) -> float:
    """FLOPs of a dense model of equal loss over those of a mixture of experts [ratio]; infinite where none is as good.

    Parameters
    ----------
    moe, dense : Law
        Both in activated parameters
    activated : float
        Of the mixture [parameters]
    num_tokens : float
        It was trained on [tokens]
    how : str
        Whether the dense model is the cheapest of that loss, or is trained on as many tokens

    Examples
    --------
    Both at their best, as the paper's Table 1 compares them:

    >>> round(multiple(joint_law(8), joint_law(1), *joint_law(8).best(1e20)), 2)
    1.71
    """
    loss = moe.loss(activated, num_tokens)
    if one_of("how", how, (CHEAPEST, SAME_TOKENS)) == SAME_TOKENS:
        return dense.params_for(loss, num_tokens) / activated
    return dense.least_flops(loss) / (FLOPS_EACH * activated * num_tokens)


class Bounds(NamedTuple):
    """Between what a dense model of equal loss needs, if a mixture is as good as its activated or as all its parameters."""

    low: float
    high: float


def bounds(law: Law, activated: float, total: float, num_tokens: float, how: str = CHEAPEST) -> Bounds:
    """What a law of dense models alone can say of a mixture trained on `num_tokens` [tokens], in ratios.

    >>> found = bounds(chinchilla(), 37e9, 671e9, 14.8e12, SAME_TOKENS)
    >>> round(found.low, 6), round(found.high, 1)
    (1.0, 18.1)
    """
    laws = (law.of_share(counted / activated) for counted in (activated, total))
    return Bounds(*(multiple(one, law, activated, num_tokens, how) for one in laws))


class Published(NamedTuple):
    """A multiple that a paper gives for models it trained, or for its own law."""

    name: str
    multiple: float
    flops: float | None  #: of the mixture; None where it is not given
    compared: str  #: what, at equal what
    date: str
    note: str


def published() -> list:
    """Published multiples, oldest first.

    >>> [one.multiple for one in published() if one.name.startswith("DeepSeekMoE")]
    [2.5, 3.5, 5.5]
    """
    found = []
    for name, facts in tables.by_subject(TABLE).items():
        if "multiple" in facts:
            one, flops = facts["multiple"], facts.get("flops")
            found.append(
                Published(name, one.value, flops and flops.to("FLOPs"), facts["compared"].value, one.date, one.note)
            )
    return sorted(found, key=lambda one: one.date)
