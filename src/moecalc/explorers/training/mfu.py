"""Utilisation of a run by every convention."""

from ...model.config import load_model
from ...training.mfu import RECOMPUTATIONS, training_flops_by_convention, utilisation
from .._choices import NOTES, accelerator_choice, accelerator_numbers, chosen_accelerator, model_choice, notes
from .._define import Choice, Explorer, Guess, Metric, Number

CONVENTIONS = {
    "mfu": "exact, causal",
    "mfu_non_causal": "exact, non-causal",
    "mfu_with_mtp": "exact, with MTP",
    "mfu_without_router": "exact, without router",
    "mfu_6nd": "6ND",
    "mfu_6nd_with_attention": "6ND + attention",
    "hfu": "HFU, as recomputed",
    "hfu_full_recomputation": "HFU, forward twice",
    "hfu_8nd": "HFU, 8ND",
    "hfu_8nd_with_attention": "HFU, 8ND + attention",
}

RECOMPUTED = {"mla-up": "the up-projections of MLA, as DeepSeek-V3 does", "none": "nothing", "full": "every product"}


def compute(
    model,
    num_tokens,
    gpu_hours,
    seq_len,
    accelerator,
    accelerator_numbers,
    peak,
    num_params,
    recompute,
    convention,
):
    config = load_model(model)
    gpu = chosen_accelerator(accelerator, accelerator_numbers)
    peak_flops_per_s = peak * 1e12 or gpu.needed("peak_dense_bf16_flops_per_s")
    n = num_params * 1e9 or None
    tokens, hours = num_tokens * 1e12, gpu_hours * 1e6
    shares = utilisation(config, seq_len, tokens, hours, peak_flops_per_s, n, recompute)
    per_token = training_flops_by_convention(config, seq_len, n, recompute)
    known = True if per_token[convention] is not None else None  # not where the form of the MTP modules is unknown
    metrics = {
        "utilisation": shares[convention],
        "training_flops_per_token": per_token[convention],
        "total_flops": known and per_token[convention] * tokens,
        "achieved_flops_per_s": known and shares[convention] * peak_flops_per_s,
        "peak_flops_per_s": peak_flops_per_s,
        **{key: shares[key] for key in CONVENTIONS},
    }
    rows = [
        {
            "convention": title,
            "utilisation": shares[key],
            "flops_per_token": per_token[key],
            "kind": "HFU" if key.startswith("hfu") else "MFU",
            "chosen": key == convention,
        }
        for key, title in CONVENTIONS.items()
        if shares[key] is not None
    ]
    return metrics | {"notes": notes(config)}, rows


EXPLORER = Explorer(
    name="mfu",
    title="One run, many utilisations",
    description="A bar for each convention: the share of the peak that the run's FLOPs make up when they are "
    "counted that way. Bars named HFU count recomputed FLOPs too and are not MFU. The chosen one has an edge.",
    lead=("model", "num_tokens", "gpu_hours", "seq_len", "accelerator", "convention"),
    headline=("utilisation", "achieved_flops_per_s", "peak_flops_per_s"),
    controls=(
        model_choice(flops=True),
        Number("num_tokens", "Tokens", 14.8, 0.1, 100.0, 0.1, "T tokens"),
        Number("gpu_hours", "GPU-hours", 2.664, 0.01, 50.0, 0.001, "M GPU-hours", "log"),
        Number("seq_len", "Sequence length", 4096, 128, 131_072, 128, "tokens", "log"),
        accelerator_choice(),
        accelerator_numbers(),
        Number("peak", "Peak", 0.0, 0.0, 10_000.0, 0.5, "TFLOP/s", zero="dense BF16 peak of the accelerator"),
        Number("num_params", "N of 6ND and 8ND", 0.0, 0.0, 5_000.0, 0.1, "B parameters", zero="all activated, counted"),
        Choice("recompute", "HFU recomputes", "mla-up", tuple((key, RECOMPUTED[key]) for key in sorted(RECOMPUTATIONS))),
        Choice("convention", "Convention", "mfu", tuple(CONVENTIONS.items())),
    ),
    metrics={
        "utilisation": Metric("In the chosen convention", "%", 2),
        "training_flops_per_token": Metric("Training, a token", "FLOPs", 6),
        "total_flops": Metric("The whole run", "FLOPs"),
        "achieved_flops_per_s": Metric("Rate on each GPU", "FLOP/s"),
        "peak_flops_per_s": Metric("Peak of one GPU", "FLOP/s"),
        **{key: Metric(title, "%", 2) for key, title in CONVENTIONS.items()},
        "notes": NOTES,
    },
    columns={
        "convention": Metric("Convention"),
        "utilisation": Metric("Utilisation", "%", 2),
        "flops_per_token": Metric("Training FLOPs a token", "FLOPs", 6),
    },
    compute=compute,
    picks={"convention": "convention"},
    guess=Guess(
        "utilisation",
        "What share of their peak did the GPUs of this run reach, in the chosen convention?",
        *(1, 100, "%", 0.01),
        formula="{training_flops_per_token} a token × {num_tokens} ÷ ({gpu_hours} × 3,600 s × {peak_flops_per_s})"
        " = {utilisation}",
    ),
)
