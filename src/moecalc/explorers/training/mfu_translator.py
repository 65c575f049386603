"""One published MFU in every convention: a dot for each count of FLOPs and each peak."""

from ...base.errors import InputError
from ...hardware.accelerator import SPARSE, load_accelerator
from ...model.catalog import counted_config
from ...training.mfu_conventions import COUNTS, PeakName, read_convention
from ...training.mfu_published import published_mfus
from ...training.mfu_translation import counted_flops_per_token, peak_flops_per_s
from .._choices import (
    NOTES,
    accelerator_choice,
    accelerator_numbers,
    chosen_accelerator,
    model_choice,
    notes,
    some_accelerators,
)
from .._define import Choice, Explorer, Metric, Number

#: Key of a peak -> (its words, whether it is the other accelerator's, precision, sparse).
PEAKS = {
    "bf16": ("BF16", False, "bf16", False),
    "fp8": ("FP8", False, "fp8", False),
    "bf16_sparse": ("BF16, sparse", False, "bf16", True),
    "fp8_sparse": ("FP8, sparse", False, "fp8", True),
    "other_bf16": ("BF16, other chip", True, "bf16", False),
    "other_fp8": ("FP8, other chip", True, "fp8", False),
}
#: Those that are drawn; the sparse peak of BF16 is the dense one of FP8, as a rule.
DRAWN = ("bf16", "fp8", "fp8_sparse", "other_bf16", "other_fp8")
OTHERS = ("h100-pcie", "h100-sxm", "h20", "a100-sxm", "b200-sxm", "mi300x", "tpu-v6e", "ascend-910c")
#: Of a share in a row: a tenth of a percent is what stands beside a dot.
DIGITS = 3
#: A number published at longer sequences than this [tokens] stands in no picture of shorter ones.
LONG = 32768
#: Counts that are drawn only where somebody asks for them: too far from all others in a mixture of experts.
FAR = {"6nd-total"}


def compute(value, from_count, from_peak, to_count, to_peak, model, seq_len, accelerator, accelerator_numbers, other):
    config = counted_config(model)
    chips = chosen_accelerator(accelerator, accelerator_numbers), load_accelerator(other)
    flops = flops_by_count(config, seq_len, {from_count, to_count})
    peaks = {key: peak_of(key, chips) for key in PEAKS}
    for key in (from_peak, to_peak):
        _, of_other, precision, _ = PEAKS[key]
        peaks[key] = peaks[key] or chips[of_other].needed(f"peak_dense_{precision}_flops_per_s")
    rate = value / 100 * peaks[from_peak] / flops[from_count]  # tokens a second of one GPU, if all is as said
    known = {count: flops[count] * rate for count in flops}
    metrics = {
        "value": known[to_count] / peaks[to_peak],
        "factor_flops": flops[to_count] / flops[from_count],
        "factor_peak": peaks[from_peak] / peaks[to_peak],
        "flops_from": flops[from_count],
        "flops_to": flops[to_count],
        "peak_from": peaks[from_peak],
        "peak_to": peaks[to_peak],
    }
    rows = [
        {
            "count": COUNTS[one].title,
            "rank": rank,
            **{key: round(known[one] / peaks[key], DIGITS) if peaks[key] else None for key in DRAWN},
            **published(one, model),
            "is_start": one == from_count,
            "start": round(value / 100, 5) if one == from_count else None,
            "end": round(metrics["value"], DIGITS) if one == to_count else None,
        }
        for rank, one in enumerate(shown(flops, (from_count, to_count)))
    ]
    return metrics | {"notes": notes(config)}, rows


def flops_by_count(config, seq_len, asked: set) -> dict:
    """Training FLOPs of a token by each count, those `asked` and all that are known."""
    found = {}
    for name, count in COUNTS.items():
        try:
            found[name] = counted_flops_per_token(config, seq_len, count.counted)
        except InputError:
            if name in asked:
                raise
    return found


def shown(flops: dict, asked) -> list:
    """Counts of different FLOPs, the fewest first; of the same the first, or the one that is asked for."""
    first = {}
    for name in (*asked, *flops):
        if name in asked or name not in FAR:
            first.setdefault(flops[name] if name not in asked else name, name)
    drawn = {flops[name] for name in asked}
    kept = [name for key, name in first.items() if name in asked or key not in drawn]
    return sorted(kept, key=flops.get)


def peak_of(key: str, chips: tuple) -> float | None:
    """A peak of :data:`PEAKS` [FLOP/s]; None where the chip has none that is known."""
    _, of_other, precision, sparse = PEAKS[key]
    dense = getattr(chips[of_other], f"peak_dense_{precision}_flops_per_s")
    return dense and peak_flops_per_s(PeakName(None, precision, False, None), chips[of_other]) * (SPARSE if sparse else 1)


def published(count: str, model: str) -> dict:
    """What was published for a model by this count: one or two numbers, and by whom."""
    known = [one for one in published_mfus() if one.model == model and one.seq_len <= LONG]
    found = [one for one in known if read_convention(one.convention).count == count]
    values = [*(round(one.value, 4) for one in found), None, None]
    said = ", ".join(f"{100 * one.value:g} % ({one.label})" for one in found)
    return {"published": values[0], "published_too": values[1], "who": said or None}


def _peak_choice(key: str, label: str, default: str) -> Choice:
    return Choice(key, label, default, tuple((one, words) for one, (words, *_) in PEAKS.items()))


_COUNT_OPTIONS = tuple((name, count.title) for name, count in COUNTS.items())

EXPLORER = Explorer(
    name="mfu-translator",
    title="One number, every convention",
    description="A line of dots for each peak, a dot for each way to count FLOPs: what one published utilisation is in "
    "that convention. The number itself is a large dot on a dashed line, the one asked for a square; rings are what "
    "others published for the same model.",
    lead=("value", "from_count", "from_peak", "model", "seq_len", "to_count"),
    headline=("value", "factor_flops", "factor_peak"),
    controls=(
        Number("value", "Published MFU", 43.73, 1.0, 100.0, 0.01, "%"),
        Choice("from_count", "It counts", "exact-non-causal-without-router", _COUNT_OPTIONS),
        _peak_choice("from_peak", "Over the peak of", "bf16"),
        model_choice(flops=True),
        Number("seq_len", "Sequence length", 4096, 128, 131_072, 1, "tokens", "powers"),
        Choice("to_count", "Asked for", "6nd", _COUNT_OPTIONS),
        _peak_choice("to_peak", "Asked for over the peak of", "bf16"),
        accelerator_choice(),
        accelerator_numbers(),
        some_accelerators(OTHERS, "other", "Another accelerator", OTHERS[0]),
    ),
    metrics={
        "value": Metric("As asked for", "%", 2),
        "factor_flops": Metric("FLOPs, asked for over published", "", 4),
        "factor_peak": Metric("Peaks, published over asked for", "", 4),
        "flops_from": Metric("A token, as published", "FLOPs", 6),
        "flops_to": Metric("A token, as asked for", "FLOPs", 6),
        "peak_from": Metric("Peak, as published", "FLOP/s"),
        "peak_to": Metric("Peak, as asked for", "FLOP/s"),
        "notes": NOTES,
    },
    columns={
        "count": Metric("Count"),
        **{key: Metric(PEAKS[key][0], "%", 1) for key in DRAWN},
        "who": Metric("Published"),
    },
    compute=compute,
    picks={"to_count": "count"},
)
