"""Tables of the page on conventions of MFU."""

from moecalc.claims.mfu_readings import LOGS, SCALING_BOOK, log_lines, number_that_circulates, one_run
from moecalc.facts import tables as facts
from moecalc.training.mfu_published import QUANTITIES, RUNS

from ..prose import fact_table, table

#: Counts of the table of one run: two of the others are the same for V3, or beyond any peak.
LISTED = (
    "6nd",
    "exact-causal-without-router",
    "exact-causal",
    "6nd-with-attention",
    "hfu",
    "exact-causal-with-mtp",
    "exact-non-causal-without-router",
    "exact-non-causal",
    "palm",
    "8nd",
    "hfu-everything",
)
#: What is counted or divided by -> (what it answers, what it does not).
ANSWERS = {
    "6ND, activated": (
        "How much training bought, in the unit of scaling laws; two runs of one model",
        "How busy a GPU was: attention, which grows with the sequence, is free",
    ),
    "6ND, all parameters": (
        "The same for a dense model, and nothing for a mixture of experts",
        "Which experts ran: of DeepSeek-V3 it makes more than the peak",
    ),
    "exact, causal": (
        "How much of the peak went into products that the model needs",
        "What kernels did: one that masks after multiplying does more",
    ),
    "exact, non-causal; PaLM": (
        "Comparison with papers and logs that count so",
        "What the model needs: half of attention's products are thrown away",
    ),
    "without router, with MTP": (
        "Comparison with the paper or program that leaves it out or in",
        "Whether the other product ran",
    ),
    "HFU, 8ND": (
        "How busy the GPUs were, with what they did twice",
        "Progress: recomputing more raises it and trains no faster",
    ),
    "BF16 peak, dense": (
        "How far a run got beyond a BF16 chip; papers of other years",
        "What FP8 could still give: a run in FP8 may pass the whole of it",
    ),
    "FP8 peak, dense": (
        "How much of the chip's fastest products was used",
        "What could be reached: attention and the head stay in BF16",
    ),
    "sparse peak": (
        "Nothing: training multiplies dense matrices",
        "Anything of a run; it is the first number of a data sheet",
    ),
}


def one_run_table():
    """V3's pre-training, by count and peak."""
    columns = {
        "count": "Count",
        "flops": ("FLOPs a token", "FLOPs", 4),
        "bf16": ("BF16 of the slide", "%", 2),
        "fp8": ("FP8", "%", 1),
        "pcie_bf16": ("BF16, PCIe", "%", 1),
        "pcie_fp8": ("FP8, PCIe", "%", 1),
    }
    return table(one_run(LISTED), columns, "One run: the pre-training of DeepSeek-V3")


def circulating():
    """From the number that circulates to the exact one."""
    columns = {"change": "What is changed", "factor": ("Factor", "", 4), "share": ("Utilisation", "%", 2)}
    return table(number_that_circulates(), columns, "From How to Scale Your Model to the exact count, change by change")


def logs():
    """What programs count."""
    columns = {
        "run": "Line of a log",
        "flops": ("TFLOP/s over tokens/s", "FLOPs", 6),
        "causal": ("Exact, causal", "FLOPs", 6),
        "non_causal": ("Exact, non-causal", "FLOPs", 6),
        "count": "It counts",
    }
    return table(log_lines(), columns, "FLOPs of a token by the programs' own lines")


def answers():
    """What each convention answers, and what it does not."""
    rows = [{"what": what, "answers": yes, "not": no} for what, (yes, no) in ANSWERS.items()]
    return table(rows, {"what": "Counted, or divided by", "answers": "It answers", "not": "It does not say"}, "What for")


def facts_used():
    """Facts that the page uses."""
    runs = facts.by_subject("training_runs")
    wanted = ("num_tokens", "gpu_hours", "flops_per_s_per_gpu", "tokens_per_s_per_gpu", "peak_flops_per_s")
    wanted += tuple(f"{one}{ending}" for one in QUANTITIES for ending in ("", "_convention"))
    names = dict.fromkeys(("dsv3-pretrain", SCALING_BOOK, *RUNS, *LOGS, "llama31-405B"))
    used = [runs[name][quantity] for name in names for quantity in wanted if quantity in runs[name]]
    peaks = [facts.lookup("accelerators", slug, "peak_dense_bf16") for slug in ("h800-sxm", "h100-sxm", "h100-pcie")]
    peaks += [facts.lookup("accelerators", slug, "peak_dense_fp8") for slug in ("h800-sxm", "h100-pcie")]
    return fact_table(used + peaks)
