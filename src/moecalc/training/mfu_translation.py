"""From an MFU in one convention to the MFU of the same run in another.

The run is the same, so tokens, hours and GPUs cancel; what is left are FLOPs of a token F and a peak P:

.. math:: \\text{MFU}_B = \\text{MFU}_A \\, \\frac{F_B}{F_A} \\, \\frac{P_A}{P_B}

Both quotients are products of factors, one for each aspect that differs. The translation is exact: it is as wrong as
the number that is translated, and as what is said of how it was counted. `seq_len` [tokens] is the length of the
sequences, `num_params` [parameters] is N of 6ND and 8ND. Examples use ``v3 = load_model("deepseek-v3")``.
"""

from typing import NamedTuple

from ..base.checks import real
from ..base.errors import InputError, quoted
from ..hardware.accelerator import SPARSE, Accelerator, read_accelerator
from ..model.config import ModelConfig
from ..model.flops import TRAINING_PASSES, attention_score_flops_per_token, model_flops_per_token
from ..model.params import num_activated_params, num_total_params
from .mfu import recomputed_flops_per_token
from .mfu_conventions import ASPECTS, COUNTS, PRECISIONS, Convention, Counted, PeakName, peak_text, read_convention

#: Aspects in the order in which they are changed; MTP modules first, as they attend in the way that is still counted then.
ORDER = ("mtp", "matrices", "router", "attention", "recomputed")


#: A program counts as we do if its FLOPs of a token are so near to ours: it rounds what it prints.
NEAR = 0.0005


class Factor(NamedTuple):
    """One step of a translation: an aspect changes, and the MFU is multiplied by `factor`."""

    kind: str  #: "FLOPs" or "peak"
    aspect: str
    before: str
    after: str
    factor: float


class Translation(NamedTuple):
    """An MFU in another convention, and all that lies between; the factors multiply to `factor`."""

    value: float  #: in the unit of the value that was given
    factor: float
    flops_per_token_from: float | None  #: None where both count the same
    flops_per_token_to: float | None
    peak_flops_per_s_from: float | None  #: None where both have the same peak
    peak_flops_per_s_to: float | None
    factors: tuple


def counted_flops_per_token(config: ModelConfig, seq_len: int, counted: Counted, num_params: float | None = None) -> float:
    r"""Training FLOPs of one token, by what is counted [FLOPs per token].

    .. math:: F = 3 (F_{\text{matrices}} + F_{\text{attention}} + F_{\text{MTP}}) + F_{\text{again}}

    `num_params` is N of the activated parameters [parameters]; those of the model where None. Where N stands for the
    products, a router that is left out takes away what it is among the products.

    >>> counted_flops_per_token(v3, 4096, COUNTS["exact-causal-without-router"].counted)
    249811304448
    """
    for aspect, value in counted._asdict().items():
        if value not in ASPECTS[aspect]:
            raise InputError(f"{aspect} must be one of {', '.join(ASPECTS[aspect])}; found {quoted(value)}")
    products = sum(block.num_flops * count for block, count in config.anatomy.counted)
    if counted.matrices == "products":
        matrices = products
    elif counted.matrices == "total":
        matrices = 2 * num_total_params(config)
    else:
        n = num_activated_params(config) if num_params is None else real("num_params", num_params, positive=True)
        matrices = 2 * n
    if counted.router == "left-out":
        matrices -= _router_flops(config)
    scores = _score_flops(config, seq_len, counted.attention, products)
    mtp = _mtp_flops(config, seq_len, counted.attention) if counted.mtp == "counted" else 0
    if counted.recomputed in ("none", "mla-up"):
        again = recomputed_flops_per_token(config, seq_len, counted.recomputed)
    else:
        again = matrices + (scores if counted.recomputed == "everything" else 0)
    return TRAINING_PASSES * (matrices + scores + mtp) + again


def matching_counts(flops_per_token: float, config: ModelConfig, seq_len: int, within: float = NEAR) -> list:
    """The counts that come to these training FLOPs, nearest first: which convention somebody's TFLOP/s are in.

    `flops_per_token` are FLOP/s divided by tokens/s, as they stand in one line of a log [FLOPs per token]; `within` is the
    largest relative difference. Counts that are the same for this model are all there.

    >>> matching_counts(250.45e9, v3, 4096), matching_counts(300e9, v3, 4096)
    (['exact-causal', 'exact-causal-dense'], [])
    """
    real("flops_per_token", flops_per_token, positive=True)
    apart = {}
    for name, count in COUNTS.items():
        if count.counted.mtp == "left-out" or not config.anatomy.mtp_note:
            apart[name] = abs(counted_flops_per_token(config, seq_len, count.counted) / flops_per_token - 1)
    return sorted((name for name in apart if apart[name] <= within), key=apart.get)


def peak_flops_per_s(peak: PeakName, accelerator: Accelerator | None = None) -> float:
    """The peak that a convention names [FLOP/s]; `accelerator` is the run's, for one that names none.

    A sparse peak is taken as twice the dense one, as data sheets do; whether a chip has it is not checked.

    >>> peak_flops_per_s(PeakName("h100-pcie", "fp8", False, None)) / 1e12
    1513.0
    """
    if peak.tflops_per_s is not None:
        return peak.tflops_per_s * 1e12
    one = accelerator if peak.accelerator is None else read_accelerator(peak.accelerator)
    if one is None:
        raise InputError(
            f"the peak {peak_text(peak)} is an accelerator's: give one, before a colon as in h800-sxm:{peak_text(peak)}, "
            "or with --gpu NAME"
        )
    return one.needed(f"peak_dense_{peak.precision}_flops_per_s") * (SPARSE if peak.sparse else 1)


def translate_mfu(
    value: float,
    before: str,
    after: str,
    config: ModelConfig | None = None,
    seq_len: int | None = None,
    accelerator: Accelerator | None = None,
    num_params: float | None = None,
) -> Translation:
    """An MFU in another convention; see :mod:`~moecalc.training.mfu_conventions` for how conventions are written.

    Parameters
    ----------
    value : float
        What was published, a share or in percent; the result has the same unit
    before, after : str
        The convention that it was published in, and the one asked for
    config, seq_len
        The model and the length of its sequences [tokens], where the two conventions count differently
    accelerator : Accelerator, optional
        The run's, whose peaks are meant where a convention names a precision alone
    num_params : float, optional
        N of 6ND and 8ND, where not the activated parameters [parameters]

    Examples
    --------
    What DeepSeek published without the causal mask, with it:

    >>> round(translate_mfu(43.73, "deepseek-insights", "deepseek-insights-causal", v3, 4096).value, 2)
    38.94
    """
    real("value", value, positive=True, most=1e9)
    one, other = read_convention(before), read_convention(after)
    flops_factors, flops = _flops_between(one, other, config, seq_len, num_params)
    peak_factors, peaks = _peaks_between(one.peak, other.peak, accelerator)
    factor = flops[1] / flops[0] * (peaks[0] / peaks[1])
    differing = (*(flops if flops_factors else (None, None)), *(peaks if peak_factors else (None, None)))
    return Translation(value * factor, factor, *differing, flops_factors + peak_factors)


def _flops_between(one: Convention, other: Convention, config, seq_len, num_params) -> tuple:
    """(factors, (FLOPs before, FLOPs after)); ((), (1, 1)) where both count the same."""
    before, after = COUNTS[one.count].counted, COUNTS[other.count].counted
    changed = [aspect for aspect in ORDER if getattr(before, aspect) != getattr(after, aspect)]
    if not changed:
        return (), (1, 1)
    if config is None and not (_of_parameters(before) and _of_parameters(after)):
        raise InputError(f"a model is needed: {one.count} and {other.count} count its FLOPs differently")
    if seq_len is None and (needs_seq_len(before) or needs_seq_len(after)):
        raise InputError(f"a sequence length is needed: {one.count} and {other.count} count attention differently")
    factors, now = [], before
    flops = first = _flops(config, seq_len, before, num_params)
    for aspect in changed:
        now = now._replace(**{aspect: getattr(after, aspect)})
        new = _flops(config, seq_len, now, num_params)
        words = (ASPECTS[aspect][getattr(which, aspect)] for which in (before, after))
        factors.append(Factor("FLOPs", aspect, *words, new / flops))
        flops = new
    return tuple(factors), (first, flops)


def needs_seq_len(counted: Counted) -> bool:
    """Whether a count depends on the length of the sequences."""
    return counted.attention != "none" or counted.mtp == "counted"


def _of_parameters(counted: Counted) -> bool:
    """Whether a count is a multiple of the activated parameters: the quotient of two such needs no model."""
    return counted._replace(recomputed="none") == COUNTS["6nd"].counted and counted.recomputed in ("none", "matrices")


def _flops(config, seq_len, counted: Counted, num_params) -> float:
    if config is None:
        return 2 * (num_params or 1) * (TRAINING_PASSES + (counted.recomputed == "matrices"))
    return counted_flops_per_token(config, 1 if seq_len is None else seq_len, counted, num_params)


def _peaks_between(one: PeakName, other: PeakName, accelerator) -> tuple:
    """(factors, (peak before, peak after)); ((), (1, 1)) where both are the same."""
    if one == other:
        return (), (1, 1)
    first, last = (peak_flops_per_s(peak, accelerator) for peak in (one, other))
    if one.tflops_per_s is not None or other.tflops_per_s is not None:
        return (Factor("peak", "peak", _said(one, accelerator), _said(other, accelerator), first / last),), (first, last)
    factors, now, peak = [], one, first
    ways = {
        "accelerator": (_chip(one, accelerator), _chip(other, accelerator)),
        "precision": (PRECISIONS[one.precision], PRECISIONS[other.precision]),
        "sparse": tuple("sparse" if which.sparse else "dense" for which in (one, other)),
    }
    order = ("accelerator", "precision", "sparse")
    if not _has(other, one.precision, accelerator):  # the precision changes before the chip
        order = ("precision", "accelerator", "sparse")
        if not _has(one, other.precision, accelerator):
            return (Factor("peak", "peak", _said(one, accelerator), _said(other, accelerator), first / last),), (first, last)
    for aspect in order:
        now = now._replace(**{aspect: getattr(other, aspect)})
        if ways[aspect][0] != ways[aspect][1]:
            new = peak_flops_per_s(now, accelerator)
            factors.append(Factor("peak", {"sparse": "sparsity"}.get(aspect, aspect), *ways[aspect], peak / new))
            peak = new
    return tuple(factors), (first, last)


def _has(peak: PeakName, precision: str, accelerator) -> bool:
    one = accelerator if peak.accelerator is None else read_accelerator(peak.accelerator)
    return getattr(one, f"peak_dense_{precision}_flops_per_s") is not None


def _chip(peak: PeakName, accelerator) -> str:
    one = accelerator if peak.accelerator is None else read_accelerator(peak.accelerator)
    return one.name


def _said(peak: PeakName, accelerator) -> str:
    if peak.tflops_per_s is not None:
        return f"{peak.tflops_per_s:g} TFLOP/s"
    return f"{_chip(peak, accelerator)}, {PRECISIONS[peak.precision]} {'sparse' if peak.sparse else 'dense'}"


def _router_flops(config: ModelConfig) -> int:
    return sum(block.flops.get("router", 0) * count for block, count in config.anatomy.counted)


def _score_flops(config: ModelConfig, seq_len: int, attention: str, products: float) -> float:
    if attention == "none":
        return 0
    if attention in ("causal-dense", "all-pairs"):
        return attention_score_flops_per_token(config, seq_len, causal=attention == "causal-dense")
    return model_flops_per_token(config, seq_len, causal=attention == "causal") - products


def _mtp_flops(config: ModelConfig, seq_len: int, attention: str) -> float:
    if config.anatomy.mtp_note:
        raise InputError(f"the FLOPs of the MTP modules of {config.name} are not known: {config.anatomy.mtp_note}")
    causal = attention in ("none", "causal", "causal-dense")
    with_mtp, without = (model_flops_per_token(config, seq_len, causal, mtp) for mtp in (True, False))
    return with_mtp - without
