"""Conventions of MFU as data: which FLOPs of a token are counted, over which peak, and the names of both.

A convention is written COUNT/PEAK, such as ``exact-causal/bf16`` or ``6nd/h100-pcie:fp8``. What a count counts is said by
five aspects, :class:`Counted`, so that what lies between any two is a change of one aspect after the other. A peak is a
precision, ``-sparse`` behind it where a data sheet doubles it, an accelerator and a colon before it where it is another's
than the run's; or a number [TFLOP/s].
"""

import re
from typing import NamedTuple

from ..base.errors import InputError, instead, quoted


class Counted(NamedTuple):
    """What a count of training FLOPs counts; :data:`ASPECTS` has the accepted values."""

    matrices: str  #: where the products with weights come from
    router: str
    attention: str
    mtp: str
    recomputed: str  #: what is counted once more, as computed a second time; then it is HFU and no MFU


#: Aspect of :class:`Counted` -> its values, in words.
ASPECTS = {
    "matrices": {
        "products": "the model's matrix products",
        "activated": "2 N of the activated parameters N",
        "total": "2 N of all parameters N",
    },
    "router": {"counted": "router counted", "left-out": "router left out"},
    "attention": {
        "none": "no attention",
        "causal": "causal attention, as the model attends",
        "non-causal": "attention without the causal mask, as the model attends",
        "causal-dense": "causal attention to every token before",
        "all-pairs": "attention of every token to every token",
    },
    "mtp": {"left-out": "MTP modules left out", "counted": "MTP modules counted"},
    "recomputed": {
        "none": "nothing recomputed",
        "mla-up": "MLA's up-projections recomputed",
        "matrices": "products with weights recomputed",
        "everything": "the whole forward pass recomputed",
    },
}


class Count(NamedTuple):
    """A way to count training FLOPs that is in use."""

    title: str
    counted: Counted
    other_names: tuple = ()

    @property
    def is_hfu(self) -> bool:
        return self.counted.recomputed != "none"


def _exact(title, *names, router="counted", attention="causal", mtp="left-out", recomputed="none"):
    return Count(title, Counted("products", router, attention, mtp, recomputed), names)


def _nd(title, *names, matrices="activated", attention="none", recomputed="none"):
    return Count(title, Counted(matrices, "counted", attention, "left-out", recomputed), names)


#: Name -> the count. The second names are the keys of ``moecalc mfu --json``.
COUNTS = {
    "exact-causal": _exact("exact, causal", "mfu", "exact", "causal"),
    "exact-causal-without-router": _exact("exact, causal, no router", "mfu_without_router", router="left-out"),
    "exact-causal-with-mtp": _exact("exact, causal, with MTP", "mfu_with_mtp", "with-mtp", mtp="counted"),
    "exact-causal-dense": _exact("exact, causal, no window", "mfu_dense", attention="causal-dense"),
    "exact-non-causal": _exact("exact, non-causal", "mfu_non_causal", "non-causal", attention="non-causal"),
    "exact-non-causal-without-router": _exact(
        "exact, non-causal, no router", "non-causal-without-router", router="left-out", attention="non-causal"
    ),
    "6nd": _nd("6ND", "mfu_6nd", "6n"),
    "6nd-with-attention": _nd("6ND + attention", "mfu_6nd_with_attention", "6nd+attention", attention="causal"),
    "6nd-total": _nd("6ND, all parameters", "6nd-all", matrices="total"),
    "palm": _nd("6N + 12 L H Q T (PaLM)", "mfu_palm", attention="all-pairs"),
    "hfu": _exact("HFU, MLA's up-projections", "hfu-mla-up", recomputed="mla-up"),
    "hfu-everything": _exact("HFU, forward twice", "hfu_full_recomputation", "hfu-full", recomputed="everything"),
    "8nd": _nd("HFU, 8ND", "hfu_8nd", "8n", recomputed="matrices"),
    "8nd-with-attention": _nd(
        "HFU, 8ND + attention", "hfu_8nd_with_attention", "8nd+attention", attention="causal", recomputed="matrices"
    ),
}

#: What a peak is of -> in words.
PRECISIONS = {"bf16": "BF16", "fp16": "FP16", "fp8": "FP8", "fp4": "FP4"}

#: Who publishes in which convention -> it; other names of conventions.
WHOSE = {
    "deepseek-insights": "exact-non-causal-without-router/h800-sxm:bf16",
    "deepseek-insights-causal": "exact-causal-without-router/h800-sxm:bf16",
    "llama-3": "palm/h100-sxm:bf16",
    "scaling-book-v3": "6nd/h100-pcie:fp8",
}

FORM = "COUNT/PEAK, such as exact-causal/bf16, 6nd/h100-pcie:fp8, palm/fp8-sparse or 8nd/989.5"


class PeakName(NamedTuple):
    """A peak as a convention names it: of an accelerator, or a number."""

    accelerator: str | None  #: None for that of the run
    precision: str
    sparse: bool
    tflops_per_s: float | None  #: where it is a number [TFLOP/s]


class Convention(NamedTuple):
    """Which FLOPs over which peak."""

    count: str  #: key of :data:`COUNTS`
    peak: PeakName

    @property
    def name(self) -> str:
        return f"{self.count}/{peak_text(self.peak)}"


def read_convention(text: str) -> Convention:
    """The convention that a text names: one of :data:`WHOSE`, COUNT/PEAK, or COUNT alone over the dense BF16 peak.

    >>> read_convention("MFU_6ND").name, read_convention("deepseek-insights-causal").name
    ('6nd/bf16', 'exact-causal-without-router/h800-sxm:bf16')
    """
    if not isinstance(text, str) or not text.strip():
        raise InputError(f"a convention is written {FORM}; found {quoted(text)}")
    written = WHOSE.get(text.strip().lower(), text.strip())
    count, slash, peak = written.partition("/")
    if slash and not peak.strip():
        raise InputError(f"the convention {quoted(text)} names no peak behind its /; it is written {FORM}")
    return Convention(read_count(count), read_peak_name(peak if slash else "bf16"))


def read_count(text: str) -> str:
    """The key of :data:`COUNTS` that a text stands for, in any case and with any separators.

    >>> read_count("Exact, non-causal"), read_count("8N")
    ('exact-non-causal', '8nd')
    """
    if text in COUNTS:  # as most are written: nothing need be compared
        return text
    plain = _plain(text)
    for name, count in COUNTS.items():
        if plain and plain in map(_plain, (name, *count.other_names, count.title)):
            return name
    known = [*COUNTS, *WHOSE]
    ending = instead(text.strip().lower(), known)
    raise InputError(f"no convention counts FLOPs as {quoted(text)}{ending or '; accepted are ' + ', '.join(known)}")


def read_peak_name(text: str) -> PeakName:
    """A peak as it is named, its accelerator not looked up yet.

    >>> read_peak_name("h100-pcie:fp8-sparse")
    PeakName(accelerator='h100-pcie', precision='fp8', sparse=True, tflops_per_s=None)
    """
    text = text.strip()
    try:
        value = float(text)
    except ValueError:
        value = None
    if value is not None:
        if not 0 < value <= 1e9:
            raise InputError(f"a peak must be above 0 and at most 1e9 TFLOP/s; found {quoted(text)}")
        return PeakName(None, "", False, value)
    accelerator, colon, kind = text.rpartition(":")
    if not colon and _precision(text) is None and not _looks_like_precision(text):
        return PeakName(text, "bf16", False, None)
    found = _precision(kind)
    if found is None or (colon and not accelerator.strip()):
        listed = [*PRECISIONS, *(f"{one}-sparse" for one in PRECISIONS)]
        ending = instead(kind.strip().lower(), listed) if found is None else "; an accelerator stands before the colon"
        raise InputError(f"no peak named {quoted(text)}{ending}")
    return PeakName(accelerator.strip() or None, *found, None)


def peak_text(peak: PeakName) -> str:
    """The name of a peak, as :func:`read_peak_name` reads it."""
    if peak.tflops_per_s is not None:
        return f"{peak.tflops_per_s:g}"
    before = f"{peak.accelerator}:" if peak.accelerator else ""
    return before + peak.precision + ("-sparse" if peak.sparse else "")


def _precision(text: str) -> tuple | None:
    """(precision, sparse), None where it is none."""
    plain = _plain(text)
    for ending, sparse in (("sparse", True), ("dense", False), ("", False)):
        if plain.endswith(ending) and plain[: len(plain) - len(ending)] in PRECISIONS:
            return plain[: len(plain) - len(ending)], sparse
    return None


def _looks_like_precision(text: str) -> bool:
    """Whether a precision was meant, which is none of ours: fp6, int8, tf32-sparse."""
    return re.match(r"(bf|fp|tf|int|mx|nv|float)", _plain(text)) is not None and "=" not in text


def _plain(text: str) -> str:
    return "".join(re.findall(r"[a-z0-9+]", text.lower()))
