"""YaRN: rotary frequencies stretched for a longer context, the fast ones left as they are.

d = `rope_dim` rotary dimensions of a head, an even number, turn in pairs i from 0 to d/2 - 1; b = `base` is
``rope_theta`` of a config, s = `factor` the stretch of the context, L = `original` its length before [tokens].
"""

import math
from typing import NamedTuple

from ..base.checks import one_of, real, whole
from ..base.errors import InputError
from ..model.config import ModelConfig

#: A rotary key has no more dimensions than this.
MAX_ROPE_DIM = 4096
#: How the stretch sets in -> in words.
RAMPS = {
    "index": "evenly by pair (released code)",
    "rotations": "by rotations (paper)",
}


def wavelengths(rope_dim: int, base: float = 10000) -> list:
    r"""Tokens in which each pair of dimensions turns once, the fastest pair first [tokens].

    .. math:: \lambda_i = \frac{2 \pi}{\theta_i}, \qquad \theta_i = b^{-2 i / d}

    >>> [round(one, 2) for one in wavelengths(64)[::31]]
    [6.28, 47117.24]
    """
    if whole("rope_dim", rope_dim, least=2, most=MAX_ROPE_DIM) % 2:
        raise InputError(f"rope_dim must be an even number; found {rope_dim}")
    if not real("base", base) > 1:
        raise InputError(f"base must be above 1; found {base}")
    return [2 * math.pi * base ** (2 * i / rope_dim) for i in range(rope_dim // 2)]


def yarn_pairs(
    rope_dim: int,
    factor: float,
    original: int,
    base: float = 10000,
    alpha: float = 1,
    beta: float = 32,
    ramp: str = "index",
) -> list:
    r"""Frequency of each pair of dimensions before and after YaRN.

    .. math:: \theta'_i = \gamma_i \theta_i + (1 - \gamma_i) \frac{\theta_i}{s}

    Parameters
    ----------
    alpha : float, optional
        A pair with fewer rotations in L is stretched whole; ``beta_slow`` of a config [rotations]
    beta : float, optional
        A pair with more rotations in L is left alone; ``beta_fast`` of a config [rotations]
    ramp : str, optional
        Between the two: "index", gamma falls evenly from pair to pair, between whole pairs, as in released
        code [2]_; "rotations", gamma = (L / lambda - alpha) / (beta - alpha), as in the paper [1]_

    Returns
    -------
    list of dict, shape [rope_dim / 2]
        ``pair``, ``rotations`` in the original context, ``kept`` (gamma), ``frequency``, ``new_frequency``
        [radians per token], ``wavelength``, ``new_wavelength`` [tokens]

    Examples
    --------
    DeepSeek-V3 stretches by 40 from 4,096 [3]_; the first pair stays, the last is stretched whole:

    >>> pairs = yarn_pairs(64, 40, 4096)
    >>> [round(pairs[i]["new_wavelength"] / pairs[i]["wavelength"], 3) for i in (0, 10, 11, 22, 23, 31)]
    [1.0, 1.0, 1.081, 10.0, 40.0, 40.0]

    References
    ----------
    .. [1] Peng et al., YaRN, arXiv:2309.00071, section 3.2.
    .. [2] deepseek-ai/DeepSeek-V3, inference/model.py, precompute_freqs_cis.
    .. [3] DeepSeek-AI, DeepSeek-V3 Technical Report, arXiv:2412.19437, section 4.3.
    """
    turns = wavelengths(rope_dim, base)
    if real("factor", factor) < 1:
        raise InputError(f"factor must be at least 1; found {factor}")
    whole("original", original)
    if not real("beta", beta, positive=True) > real("alpha", alpha, positive=True):
        raise InputError(f"beta must be above alpha {alpha}; found {beta}")
    one_of("ramp", ramp, RAMPS)
    if ramp == "index":
        low, high = ramp_pairs(rope_dim, original, base, alpha, beta)
        kept = [1 - _clamp((i - low) / (high - low)) for i in range(len(turns))]
    else:
        kept = [_clamp((original / turn - alpha) / (beta - alpha)) for turn in turns]
    rows = []
    for i, (turn, gamma) in enumerate(zip(turns, kept, strict=True)):
        frequency = 2 * math.pi / turn
        new = frequency * (gamma + (1 - gamma) / factor)
        rows.append(
            {
                "pair": i,
                "rotations": original / turn,
                "kept": gamma,
                "frequency": frequency,
                "new_frequency": new,
                "wavelength": turn,
                "new_wavelength": 2 * math.pi / new,
            }
        )
    return rows


def ramp_pairs(rope_dim: int, original: int, base: float = 10000, alpha: float = 1, beta: float = 32) -> tuple:
    r"""Last pair that is left alone, and first that is stretched whole, as released code has them.

    .. math:: i(t) = \frac{d \ln \frac{L}{2 \pi t}}{2 \ln b}, \qquad
              \lfloor i(\beta) \rfloor, \ \lceil i(\alpha) \rceil

    t are rotations in L. Both pairs lie within 0 and d - 1; where they are one, the second is a thousandth above the first.

    >>> ramp_pairs(64, 4096)
    (10, 23)
    """

    def pair(rotations):
        return rope_dim * math.log(original / (2 * math.pi * rotations)) / (2 * math.log(base))

    # a pair that is whole but for the last bits of a logarithm is that pair
    low = max(math.floor(pair(beta) + 1e-9), 0)
    high = min(math.ceil(pair(alpha) - 1e-9), rope_dim - 1)
    return low, (high if high > low else low + 0.001)


def score_factor(factor: float, mscale: float = 1) -> float:
    r"""The factor by which YaRN multiplies queries and keys alike, so that scores keep their spread.

    .. math:: \sqrt{1 / t} = 0.1 \, m \ln s + 1

    m = `mscale` is ``mscale_all_dim`` of a config. A score is multiplied by the square.

    >>> round(score_factor(40), 4)
    1.3689
    """
    if real("factor", factor) < 1:
        raise InputError(f"factor must be at least 1; found {factor}")
    return 0.1 * real("mscale", mscale) * math.log(factor) + 1


def _clamp(value: float) -> float:
    return min(1.0, max(0.0, value))


class Band(NamedTuple):
    """Rotary pairs that YaRN treats alike; a range is from the first pair to the last."""

    name: str
    num_pairs: int
    rotations: tuple  #: turns within the context of the training before
    wavelengths: tuple  #: tokens a turn, before
    new_wavelengths: tuple  #: tokens a turn, after


def bands(pairs: list) -> list:
    """The three bands of :func:`yarn_pairs`, those that have a pair, fast pairs first.

    >>> [(band.name, band.num_pairs) for band in bands(yarn_pairs(64, 40, 4096))]
    [('left alone', 11), ('in between', 12), ('stretched whole', 9)]
    """
    found = []
    for name, belongs in _BANDS.items():
        inside = [pair for pair in pairs if belongs(pair["kept"])]
        if inside:
            ends = inside[0], inside[-1]
            ranges = (tuple(pair[key] for pair in ends) for key in ("rotations", "wavelength", "new_wavelength"))
            found.append(Band(name, len(inside), *ranges))
    return found


#: band -> whether a pair that keeps such a share of its frequency is in it
_BANDS = {
    "left alone": lambda kept: kept == 1,
    "in between": lambda kept: 0 < kept < 1,
    "stretched whole": lambda kept: kept == 0,
}


def yarn_settings(config: ModelConfig) -> dict:
    """What the ``rope_scaling`` of a config says, as the arguments of :func:`yarn_pairs`.

    >>> yarn_settings(load_model("deepseek-v3"))
    {'rope_dim': 64, 'factor': 40, 'original': 4096, 'base': 10000, 'alpha': 1, 'beta': 32}
    """
    scaling = config.raw["rope_scaling"]
    return {
        "rope_dim": config.qk_rope_head_dim,
        "factor": scaling["factor"],
        "original": scaling["original_max_position_embeddings"],
        "base": config.raw["rope_theta"],
        "alpha": scaling["beta_slow"],
        "beta": scaling["beta_fast"],
    }


def largest_gap(one: list, other: list) -> float:
    """By what factor a pair turns more slowly in the other list than in the one, where they differ most.

    >>> round(largest_gap(*(yarn_pairs(64, 40, 4096, ramp=ramp) for ramp in ("index", "rotations"))), 2)
    4.28
    """
    return max(b["new_wavelength"] / a["new_wavelength"] for a, b in zip(one, other, strict=True))
