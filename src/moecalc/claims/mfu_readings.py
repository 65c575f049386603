"""Published utilisations read again: one run in many conventions, a number that circulates, and what programs count."""

from ..hardware.accelerator import load_accelerator
from ..model.config import load_model
from ..training.mfu import model_flops_utilisation, nd_flops_per_token
from ..training.mfu_conventions import COUNTS
from ..training.mfu_translation import counted_flops_per_token, matching_counts
from .printed import given
from .registry import V3, run_fact

H800, PCIE = "h800-sxm", "h100-pcie"
SCALING_BOOK = "dsv3-scaling-book"
#: Runs of which a line has both TFLOP/s and tokens/s -> the model.
LOGS = {
    "maxtext-v6e-llama31-405b": "llama-3.1-405b",
    "maxtext-v5p-llama31-405b": "llama-3.1-405b",
    "maxtext-v6e-llama31-8b": "llama-3.1-8b",
    "maxtext-v6e-mixtral-8x7b": "mixtral-8x7b",
    "mbridge-deepseek-v3-gb200-mxfp8-26.04.01": "deepseek-v3",
}
#: Largest relative difference of a count and a log line that rounds to three digits.
LOG_NEAR = 0.005


def pretraining() -> tuple:
    """Tokens and GPU-hours of V3's pre-training."""
    return run_fact("dsv3-pretrain", "num_tokens").to("tokens"), run_fact("dsv3-pretrain", "gpu_hours").to("GPU-hours")


def one_run(counts=tuple(COUNTS)) -> list:
    """V3's pre-training by each count, over the slide's BF16 peak, FP8's of the same chip, and both of the PCIe form."""
    config, seq_len = load_model(V3), given("seq_len")
    peaks = {"bf16": given("peak") * 1e12, "fp8": load_accelerator(H800).peak_dense_fp8_flops_per_s}
    peaks |= {"pcie_bf16": load_accelerator(PCIE).peak_dense_bf16_flops_per_s}
    peaks |= {"pcie_fp8": load_accelerator(PCIE).peak_dense_fp8_flops_per_s}
    rows = []
    for name in counts:
        flops = counted_flops_per_token(config, seq_len, COUNTS[name].counted)
        shares = {key: model_flops_utilisation(flops, *pretraining(), peak) for key, peak in peaks.items()}
        kind = "HFU" if COUNTS[name].is_hfu else "MFU"
        rows.append({"name": name, "count": COUNTS[name].title, "kind": kind, "flops": flops, **shares})
    return sorted(rows, key=lambda row: row["flops"])


def number_that_circulates() -> list:
    """From the 21.7 % of How to Scale Your Model to the exact count, one change after the other; each row is a share."""
    tokens, hours = run_fact(SCALING_BOOK, "num_tokens").to("tokens"), run_fact(SCALING_BOOK, "gpu_hours").to("GPU-hours")
    nd = nd_flops_per_token(run_fact(SCALING_BOOK, "activated_params").to("parameters"))
    peak, h800 = run_fact(SCALING_BOOK, "peak_flops_per_s").to("FLOP/s"), load_accelerator(H800)
    _, pretraining_hours = pretraining()
    fp8, bf16 = h800.peak_dense_fp8_flops_per_s, h800.peak_dense_bf16_flops_per_s
    exact = counted_flops_per_token(load_model(V3), given("seq_len"), COUNTS["exact-causal"].counted)
    states = (
        ("its own inputs, not rounded on the way", nd, hours, peak),
        ("the hours of pre-training, which saw the tokens", nd, pretraining_hours, peak),
        ("the peak of the SXM form, which was used", nd, pretraining_hours, fp8),
        ("the exact causal count", exact, pretraining_hours, fp8),
        ("the BF16 peak", exact, pretraining_hours, bf16),
    )
    printed = run_fact(SCALING_BOOK, "mfu").to("ratio")
    rows = [{"change": "as printed", "share": printed, "factor": None}]
    for change, *values in states:
        share = model_flops_utilisation(values[0], tokens, values[1], values[2])
        rows.append({"change": change, "share": share, "factor": share / rows[-1]["share"]})
    return rows


def log_lines() -> list:
    """What a program counts for a token, by a line of its log, and the counts that come to the same."""
    rows = []
    for run, slug in LOGS.items():
        config, seq_len = load_model(slug), run_fact(run, "seq_len").to("tokens")
        rate = run_fact(run, "tokens_per_s_per_gpu").to("tokens/s per GPU")
        flops = run_fact(run, "flops_per_s_per_gpu").to("FLOP/s") / rate
        causal, non_causal = (
            counted_flops_per_token(config, seq_len, COUNTS[name].counted) for name in ("exact-causal", "exact-non-causal")
        )
        nearest = (matching_counts(flops, config, seq_len, LOG_NEAR) or [None])[0]
        found = counted_flops_per_token(config, seq_len, COUNTS[nearest].counted) if nearest else None
        rows.append(
            {
                "run": f"{run_fact(run, 'model').value}, {run_fact(run, 'accelerator').value}",
                "flops": flops,
                "causal": causal,
                "non_causal": non_causal,
                "count": COUNTS[nearest].title if nearest else "none of ours",
                "apart": found and abs(found / flops - 1),
                "causal_to_non_causal": non_causal / causal,
            }
        )
    return rows
