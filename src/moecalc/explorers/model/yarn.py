"""Rotary wavelengths before and after YaRN."""

from ...mechanisms.yarn import RAMPS, score_factor, yarn_pairs
from .._define import Choice, Explorer, Metric, Number

BEFORE, AFTER = "before", "after YaRN"


def compute(rope_dim, base, factor, original, alpha, beta, mscale, ramp):
    pairs = yarn_pairs(rope_dim, factor, original, base, alpha, beta, ramp)
    both = score_factor(factor, mscale)
    metrics = {
        "kept_pairs": sum(pair["kept"] == 1 for pair in pairs),
        "blended_pairs": sum(0 < pair["kept"] < 1 for pair in pairs),
        "stretched_pairs": sum(pair["kept"] == 0 for pair in pairs),
        "longest_before": pairs[-1]["wavelength"],
        "longest_after": pairs[-1]["new_wavelength"],
        "context": original * factor,
        "score_factor": both,
        "score_factor_squared": both**2,
    }
    rows = [
        {
            "pair": pair["pair"],
            "when": when,
            "wavelength": pair[key],
            "frequency": pair["frequency" if when == BEFORE else "new_frequency"],
            "rotations": original / pair[key],
            "kept": pair["kept"],
            "original": original,
            "context": original * factor,
        }
        for when, key in ((BEFORE, "wavelength"), (AFTER, "new_wavelength"))
        for pair in pairs
    ]
    return metrics, rows


EXPLORER = Explorer(
    name="yarn",
    title="Rotary wavelengths before and after YaRN",
    description="For each pair of rotary dimensions two marks: the tokens in which it turns once, before and after, on a "
    "logarithmic scale. Short wavelengths stay, long ones are stretched. Dashed lines are the two context lengths.",
    lead=("factor", "original", "alpha", "beta", "rope_dim", "base"),
    headline=("context", "longest_after", "score_factor"),
    controls=(
        Number("rope_dim", "Rotary dimensions", 64, 16, 256, 16),
        Number("base", "Base", 10_000, 1_000, 10_000_000, 1, "", "log"),
        Number("factor", "Stretch s", 40, 1, 128, 1, "times"),
        Number("original", "Context before", 4096, 512, 131_072, 1, "tokens", "powers"),
        Number("alpha", "Stretched whole up to alpha", 1, 1, 16, 1, "rotations"),
        Number("beta", "Left alone from beta", 32, 2, 128, 1, "rotations"),
        Number("mscale", "mscale", 1.0, 0.0, 2.0, 0.1),
        Choice("ramp", "Between them", "index", tuple(RAMPS.items())),
    ),
    metrics={
        "kept_pairs": Metric("Left alone", "pairs"),
        "blended_pairs": Metric("In between", "pairs"),
        "stretched_pairs": Metric("Stretched whole", "pairs"),
        "longest_before": Metric("Longest, before", "tokens"),
        "longest_after": Metric("Longest, after", "tokens"),
        "context": Metric("Context after", "tokens"),
        "score_factor": Metric("Queries and keys, times", "", 5),
        "score_factor_squared": Metric("A score, times", "", 5),
    },
    columns={
        "pair": Metric("Pair"),
        "when": Metric("When"),
        "wavelength": Metric("Wavelength", "tokens"),
        "frequency": Metric("Radians a token", "", 4),
        "rotations": Metric("Turns in the context before", "", 3),
        "kept": Metric("Left alone", "%", 1),
    },
    compute=compute,
)
