"""The kernels of DeepSeek-V3 on the roofs of a chip, and the balance points of every chip below them."""

from ...base.errors import InputError
from ...hardware.accelerator import Accelerator, load_accelerators
from ...industry.balance import (
    PEAKS,
    ROOFS,
    announced_chips,
    balance,
    chips,
    is_other_reading,
    most_flops_per_byte,
    reached_flops_per_s,
)
from ...industry.kernel_intensity import PHASES, PREFILL_EP, PREFILL_TOKENS, SEQ_LEN, TRAINING_EP, sends, serving_kernels
from ...industry.kernel_intensity import training_kernels as training
from ...industry.measured_kernels import measured_kernels
from ...model.catalog import counted_config
from ...model.config import ModelConfig
from .._define import Choice, Explorer, Metric, Number

MODEL, ALL = "deepseek-v3", "all"
#: Chips that may be chosen, by release.
CHOSEN = (
    "h800-sxm", "h100-sxm", "h20", "gb200-nvl72", "mi355x", "tpu-v7", "trainium3", "ascend-950dt", "maia-200", "mtia-400",
    "rubin-nvl72", "mi455x", "groq-3-lpu",
)  # fmt: skip
FORMATS = {"bf16": "BF16", "fp8": "FP8", "fp4": "FP4"}
#: Chip -> the one with the same units and memory on which kernels were timed.
TIMED = {"h800-sxm": "h100-sxm"}
KERNELS, CHIPS, ROOF, MEASURED, LAYER = "kernels", "chips", "roof", "measured", "layer"
#: Kernels whose names stand beside their marks, and where.
BELOW, LEFT, RIGHT = "below", "left", "right"
NAMED = {
    ("training", "norm"): ("norms, casts", BELOW),
    ("training", "attention"): ("attention", BELOW),
    ("prefill", "feed forward, 18,432 to 7,168"): ("feed-forward", RIGHT),
    ("decode", "attention on latents"): ("attention in decode", LEFT),
    ("decode", "experts, up"): ("experts in decode", LEFT),
    ("decode", "queries to latents"): ("absorbed products", LEFT),
}
#: Intensities between which the picture is drawn.
LEAST, MOST = 0.4, 400_000
#: FLOP/s from which on it is drawn, and at which a roof is named.
LOWEST, AT_NAME = 0.8e12, 5e12
SHOWN = {ALL: "all three", **{phase: phase for phase in PHASES}}


def every_chip() -> dict:
    """Slug -> chip, listed or announced."""
    return {one.slug: one for one in (*load_accelerators(), *announced_chips())}


def kernels_of(config: ModelConfig, micro_batch: int, batch: int, ep: int) -> dict:
    """Phase -> its kernels, tokens of a GPU and GPUs that share experts."""
    phases = zip(PHASES, (micro_batch * SEQ_LEN, PREFILL_TOKENS, batch), (TRAINING_EP, PREFILL_EP, ep), strict=True)
    return {
        phase: (
            training(config, micro_batch) if phase == PHASES[0] else serving_kernels(config, phase, tokens, size),
            tokens,
            size,
        )
        for phase, tokens, size in phases
    }


def narrow_peak(chip: Accelerator, peak: str) -> str:
    """The format of the peak that is asked for, or the nearest wider one that the chip has."""
    order = ("fp4", "fp8", "bf16")
    for one in order[order.index(peak) :]:
        if getattr(chip, PEAKS[one]):
            return one
    known = ", ".join(one.upper() for one in order if getattr(chip, PEAKS[one]))
    raise InputError(f"no peak of {chip.name} in {peak.upper()} is known; known are {known or 'none'}")


def compute(chip, peak, phase, batch, ep, micro_batch):
    config, of = counted_config(MODEL), every_chip()[chip]
    kind = narrow_peak(of, peak)
    flops_per_s = {True: getattr(of, PEAKS[kind]), False: of.peak_dense_bf16_flops_per_s or getattr(of, PEAKS[kind])}
    widths = {roof: getattr(of, field) for roof, (field, _) in ROOFS.items()}
    rows, bound, number = [], 0, 0
    for name, (kernels, tokens, size) in kernels_of(config, micro_batch, batch, ep).items():
        if phase not in (ALL, name):
            continue
        layers = sends(config, kernels, tokens, size, of.scale_up_domain_gpus or 8)
        for one in (*kernels, *layers):
            if widths[one.link] and LEAST <= one.intensity <= MOST:
                reached = reached_flops_per_s(one.intensity, flops_per_s[one.narrow], widths[one.link])
                said = f"{one.name} by {ROOFS[one.link][1]}" if one.kind == LAYER else one.name
                label, place = NAMED.get((name, one.name), (None, None))
                rows.append(_row(KERNELS, name, f"{name}: {said}", one.intensity, reached, label) | {"place": place})
        number += len(kernels)
        bound += sum(one.intensity >= flops_per_s[one.narrow] / widths["memory"] for one in kernels)
    for roof, (_, said) in ROOFS.items():
        if widths[roof]:
            edge = flops_per_s[True] / widths[roof]
            named = AT_NAME / widths[roof]
            for x in (max(LEAST, LOWEST / widths[roof]), named, edge, MOST):
                y = reached_flops_per_s(x, flops_per_s[True], widths[roof])
                rows.append(_row(KERNELS, ROOF, said, x, y, said if x == named else None))
    timed = TIMED.get(chip, chip)
    for one in measured_kernels(timed):
        rows.append(_row(KERNELS, MEASURED, f"{one.name}, on {timed}", one.intensity, one.flops_per_s))
    rule, known = most_flops_per_byte(config), [one for one in chips(peak) if balance(one, peak).scale_up]
    known = [one for one in known if not is_other_reading(one.slug)]
    under = sum(balance(one, peak).scale_up <= rule for one in known)
    announced = {one.slug for one in announced_chips()}
    for one in chips(peak):
        for roof, value in balance(one, peak)._asdict().items():
            if value:
                row = _row(CHIPS, ROOFS[roof][1], one.name, value)
                row["label"] = one.name if one.slug == chip and roof == "memory" else None
                rows.append(row | {"chosen": one.slug == chip, "listed": one.slug not in announced})
    own = balance(of, kind)
    metrics = {
        "full": f"{bound} of {number}",
        "scale_up": own.scale_up,
        "under": f"{under} of {len(known)}",
        "memory": own.memory,
        "scale_out": own.scale_out,
        "rule": rule,
        "power": flops_per_s[True],
        "format": FORMATS[kind],
    }
    return metrics, rows


def _row(panel, what, name, x, y=None, label=None) -> dict:
    y = None if y is None else float(f"{y / 1e12:.3g}")
    return {"panel": panel, "what": what, "name": name, "x": float(f"{x:.3g}"), "y": y, "label": label}


EXPLORER = Explorer(
    name="roofline-of-chips",
    title="V3's kernels on the roofs of a chip",
    description="Above, a roofline with both axes logarithmic: against FLOPs for each byte, what a kernel of V3 reaches at "
    "most on the chosen chip, with three roofs, of memory, of the scale-up and of the scale-out network; diamonds are "
    "kernels that someone timed. Below, on the same axis, the balance points of every chip in three lanes, the chosen one "
    "marked, and V4's rule as an upright line.",
    headline=("full", "scale_up", "under"),
    controls=(
        Choice("chip", "Chip", "h800-sxm", tuple((slug, every_chip()[slug].name) for slug in CHOSEN)),
        Choice("peak", "Narrow products at the peak of", "fp8", tuple(FORMATS.items())),
        Choice("phase", "Kernels of", ALL, tuple(SHOWN.items())),
        Number("batch", "Sequences of a GPU in decode", 128, 8, 1024, 8, "sequences", "powers"),
        Choice(
            "ep", "GPUs that share experts in decode", 144, tuple((number, str(number)) for number in (32, 72, 144, 288))
        ),
        Number("micro_batch", "Sequences of a micro-batch", 1, 1, 8, 1, "sequences", "powers"),
    ),
    metrics={
        "full": Metric("Kernels that memory can feed"),
        "scale_up": Metric("FLOPs a byte of scale-up", "", 3),
        "under": Metric("Chips that keep V4's rule"),
        "memory": Metric("FLOPs a byte of memory", "", 3),
        "scale_out": Metric("FLOPs a byte of scale-out", "", 3),
        "rule": Metric("V4's rule, at most", "", 4),
        "power": Metric("Peak of narrow products", "FLOP/s", 4),
        "format": Metric("which are in"),
    },
    columns={
        "name": Metric("What"),
        "what": Metric("Kind"),
        "x": Metric("FLOPs a byte", "", 3),
        "y": Metric("At most, or measured, in TFLOP/s", "", 3),
    },
    says=("name", "x", "y"),
    compute=compute,
)
