"""Checks of the slide on FP8: what is scaled how, added up how, kept wider, and what it gains."""

from ..base.units import show
from ..facts import tables
from ..model.config import load_model
from ..numerics.accumulation import V3_PROMOTE_EVERY
from ..training.mixed_precision import v3_gains
from .evidence import Evidence, Part
from .printed import claims, given, items, numbers
from .registry import V3, check, report_fact, says

SUBJECT = "FP8 training"
#: What the report keeps wider, as the talk calls it -> as the report does.
KEPT = {"embedding": "embedding", "RMSNorm": "normalisation"}


def of_report(quantity: str):
    return report_fact(SUBJECT, quantity)


@check("C49")
def throughput(claim):
    gains = v3_gains(load_model(V3), int(given("seq_len")))
    *_, twice, measured = (one.gain for one in gains)
    rooflines = gains[1].gain
    return Evidence(
        (Part(numbers(claim["id"])[0]),),
        own=f"{show(measured, '%', 0)} to {show(twice, '%', 0)}",
        convention="times of DeepSeek's published profile of training, products in BF16 "
        f"{gains[-1].speed_up:.2f} to {gains[-2].speed_up:g} times as long, the casts saved",
        note=f"No source gives it. If all computing ran at peak, it would be {show(rooflines, '%', 0)}, since "
        f"{show(gains[1].share, '%', 0)} of the FLOPs run in FP8.",
        cite=tables.lookup("serving", "Published profiles", "train_compute_stream"),
    )


@check("C66")
def granularity(claim):
    facts = [of_report("activation_tile"), of_report("weight_block")]
    parts = [Part(printed, stated=fact.value, fact=fact) for printed, fact in zip(items("C66"), facts, strict=True)]
    return Evidence(
        tuple(parts),
        note="The report tried blocks for activation gradients too: "
        f"{of_report('blockwise_dgrad_failure').value} (Appendix B.2).",
    )


@check("C67")
def interval(claim):
    fact = of_report("accumulation_interval")
    elements = int(fact.value.split()[0])
    return Evidence(
        (Part(numbers("C67")[0], stated=elements, fact=fact, name="N_C"),),
        note=f"It is also the width of a tile, so scales are multiplied where sums are promoted: every {V3_PROMOTE_EVERY}.",
    )


@check("C68")
def one_format(claim):
    gemms, scales, output = (of_report(name) for name in ("gemms", "scales", "attention_output_format"))
    printed = items("C68")[0]
    found = next((word for word in gemms.value.split() if word.startswith("E")), "none")
    return Evidence(
        (Part(printed, stated=found, fact=gemms, name="all products"), says(scales, "online", name="online quantization")),
        shown=f"{found}; scales {scales.value}",
        note=f"One cached input is wider: that of attention's output projection, {output.value} (section 3.3.3).",
    )


@check("C105")
def mixed_precision(claim):
    gemms, kept = of_report("gemms"), of_report("kept_high_precision")
    wide, moments = report_fact("optimizer", "master_weights_and_grads"), report_fact("optimizer", "moments")
    return Evidence(
        (
            says(gemms, "Fprop", "Dgrad", "Wgrad", "FP8", name="three products in FP8"),
            *(says(kept, word, name=f"{name} kept") for name, word in KEPT.items() if name in claims()["C105"]["claim"]),
            says(wide, "FP32", name="weight gradients wide"),
            Part("True", stated="FP8" not in moments.value, fact=moments, name="optimizer states wider than FP8"),
        ),
        shown=f"{gemms.value}; kept: {kept.value}; gradients and master weights in {wide.value}, moments in {moments.value}",
        note=f"Output head, gating and attention's operators are kept too. The moments are in {moments.value}: wider "
        "than FP8, narrower than usual.",
    )
