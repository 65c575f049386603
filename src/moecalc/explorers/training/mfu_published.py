"""Published utilisations, as they were printed and in one common convention."""

from ...hardware.accelerator import load_accelerator
from ...model.catalog import counted_config
from ...training.mfu_conventions import COUNTS
from ...training.mfu_published import published_mfus
from ...training.mfu_translation import translate_mfu
from .._define import Choice, Explorer, Metric

#: Key of a peak -> (its words, the peak of a convention).
PEAKS = {
    "bf16": ("BF16 of its own chip", "bf16"),
    "fp8": ("FP8 of its own chip", "fp8"),
    "bf16-sparse": ("BF16 of its own chip, sparse", "bf16-sparse"),
    "h100": ("BF16 of an H100, for all", "h100-sxm:bf16"),
    "h100-pcie": ("BF16 of an H100 in PCIe form", "h100-pcie:bf16"),
}
#: Counts that mean the same for a dense model and for a mixture of experts.
COMMON = [name for name in COUNTS if name != "6nd-total"]


def compute(count, peak):
    rows = []
    for one in published_mfus():
        run = counted_config(one.model), one.seq_len, load_accelerator(one.accelerator)
        found = translate_mfu(one.value, one.convention, f"{count}/{PEAKS[peak][1]}", *run)
        rows.append(
            {
                "run": f"{one.model_name}: {one.label}",
                "model": one.model_name,
                "printed": one.value,
                "common": round(found.value, 6),
                "factor": round(found.factor, 5),
                "convention": one.convention,
            }
        )
    spread = {}
    for key in ("printed", "common"):
        of_v3 = [row[key] for row in rows if row["model"] == "DeepSeek-V3"]
        spread[key] = max(of_v3) / min(of_v3)
    return {
        "spread_printed": spread["printed"],
        "spread_common": spread["common"],
        "most": max(row["factor"] for row in rows),
        "least": min(row["factor"] for row in rows),
    }, rows


EXPLORER = Explorer(
    name="mfu-published",
    title="Published numbers in one language",
    description="A line for each published utilisation, from a ring, as it was printed, to a dot, in the common convention.",
    headline=("spread_printed", "spread_common"),
    controls=(
        Choice("count", "All of them count", "exact-causal", tuple((name, COUNTS[name].title) for name in COMMON)),
        Choice("peak", "Over the peak of", "bf16", tuple((key, words) for key, (words, _) in PEAKS.items())),
    ),
    metrics={
        "spread_printed": Metric("DeepSeek-V3 as printed, highest over lowest", "", 3),
        "spread_common": Metric("In the common convention", "", 3),
        "most": Metric("Largest factor", "", 4),
        "least": Metric("Smallest factor", "", 4),
    },
    columns={
        "run": Metric("Published"),
        "printed": Metric("As printed", "%", 2),
        "common": Metric("In common", "%", 2),
        "factor": Metric("Factor", "", 4),
        "convention": Metric("Printed in"),
    },
    compute=compute,
)
