"""Error of a dot product over its length, in an accumulator of few bits, with and without promotion to FP32."""

from ...numerics.accumulation import MODELS, V3_PROMOTE_EVERY, Accumulator
from ...numerics.experiments import accumulation_errors
from ...numerics.formats import E4M3
from .._define import Choice, Explorer, Metric, Number

LAWS = {
    "uniform": "positive, uniform",
    "abs_gauss": "positive, half a bell curve",
    "gauss_plus_half": "bell curve around 0.5",
    "gauss": "bell curve around 0",
}
LONGEST = 4096
#: A line of the picture by model and promotion
LINES = {
    ("aligned", False): "aligned and truncated, never promoted",
    ("aligned", True): "aligned and truncated, promoted",
    ("rounded", False): "rounded only, never promoted",
    ("rounded", True): "rounded only, promoted",
}
#: An error below this would leave the picture.
LEAST = 1e-7


def compute(law, bits, promote_every, step, inner, seed):
    points = [inner >> back for back in range(9) if inner >> back >= step]
    rows, last = [], {}
    for model in MODELS:
        for every in (None, promote_every):
            how = Accumulator(model, bits, step, every)
            errors = accumulation_errors(law, inner, E4M3, how, num_vectors=1, seed=seed)
            last[model, bool(every)] = errors[-1]
            rows += [
                {
                    "line": LINES[model, bool(every)],
                    "model": model,
                    "promoted": bool(every),
                    "inner": point,
                    "error": float(f"{max(errors[point // step - 1], LEAST):.3g}"),
                }
                for point in reversed(points)
            ]
    metrics = {
        "aligned": last["aligned", False],
        "aligned_promoted": last["aligned", True],
        "rounded": last["rounded", False],
        "rounded_promoted": last["rounded", True],
        "gain": last["aligned", False] / max(last["aligned", True], LEAST),
    }
    return metrics, rows


EXPLORER = Explorer(
    name="fp8-accumulation",
    title="What an accumulator of few bits loses",
    description="Lines over the length of a dot product, both axes by factors: its relative error in two models of the "
    "accumulator, each without promotion and with it. Without promotion the error of the truncating model grows with the "
    "length; with promotion it stays where the interval leaves it.",
    lead=("law", "bits", "promote_every", "inner"),
    headline=("aligned", "aligned_promoted", "rounded"),
    controls=(
        Choice("law", "Numbers are", "uniform", tuple(LAWS.items())),
        Number("bits", "Bits of the accumulator", 14, 8, 24, 1),
        Choice(
            "promote_every",
            "Promoted every",
            V3_PROMOTE_EVERY,
            tuple((one, f"{one} elements") for one in (32, 64, 128, 256, 512, 1024)),
        ),
        Choice("inner", "Longest", LONGEST, tuple((one, f"{one:,} elements") for one in (1024, 2048, LONGEST))),
        Choice("step", "Products of one instruction", 32, ((16, "16"), (32, "32"))),
        Number("seed", "Seed", 1, 1, 5, 1),
    ),
    metrics={
        "aligned": Metric("Truncating, never promoted", "%", 3),
        "aligned_promoted": Metric("Truncating, promoted", "%", 3),
        "rounded": Metric("Rounding only, never promoted", "%", 4),
        "rounded_promoted": Metric("Rounding only, promoted", "%", 4),
        "gain": Metric("Truncating: promotion leaves less, times", "", 3),
    },
    columns={
        "line": Metric("Accumulator"),
        "inner": Metric("Length", "elements"),
        "error": Metric("Relative error", "%", 4),
    },
    compute=compute,
)
