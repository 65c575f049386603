"""The talk's table of utilisation: available compute, training compute and their quotient."""

from typing import NamedTuple

from ..base.units import show
from ..economics.cost import SECONDS_PER_HOUR
from ..hardware.accelerator import load_accelerator
from ..model.config import load_model
from ..model.flops import forward_flops_per_token, training_flops_per_token
from ..training.mfu import model_flops_utilisation, nd_flops_per_token
from .evidence import agrees
from .printed import claims, given, number
from .registry import V3, check, percent, recomputed, run_fact


def passes_of(claim: dict) -> int:
    """6 or 8, as in the claim's "6ND" or "8ND"."""
    return 8 if "8ND" in claim["claim"] else 6


class Column(NamedTuple):
    """Where our own value for a model of the talk's table takes its numbers from."""

    slug: str
    accelerator: str
    run: str  #: whose tokens and hours belong together
    whole_run: str  #: with the stages that follow
    seq_len_run: str  #: where the length of its sequences is published

    @property
    def peak(self) -> float:
        return load_accelerator(self.accelerator).peak_dense_bf16_flops_per_s

    def exact_flops_per_token(self, factor: int) -> int:
        """Training FLOPs; with factor 8 every product is computed once more, as 8ND assumes."""
        config, seq_len = load_model(self.slug), self.seq_len
        again = forward_flops_per_token(config, seq_len) if factor == 8 else 0
        return training_flops_per_token(config, seq_len) + again

    @property
    def seq_len(self) -> int:
        return run_fact(self.seq_len_run, "seq_len").to("tokens")

    def convention(self, factor: int) -> str:
        again = ", every product recomputed once" if factor == 8 else ""
        return f"exact causal count at {self.seq_len:,} tokens{again}"


#: subject of the claim -> column
COLUMNS = {
    "DeepSeek-V3": Column(V3, "h800-sxm", "dsv3-pretrain", "dsv3-total", "dsv3-pretrain"),
    "Llama 3 405B": Column("llama-3.1-405b", "h100-sxm", "llama31-405B", "llama31-405B", "llama31-405b-16384-cp1"),
}


def printed_inputs(claim: dict) -> tuple:
    """(GPU-hours, activated parameters, tokens) that the table prints for the model of a claim."""
    if claim["subject"] == "DeepSeek-V3":
        return given("table_v3_hours"), number("C30", 1) * 1e9, number("C01") * 1e12
    return given("table_llama_hours"), number("C19") * 1e9, given("table_llama_tokens") * 1e12


def scientific(value: float, digits: int, unit: str) -> str:
    """As the table prints it: 3.2856e12."""
    return f"{value:.{digits - 1}e} {unit}".replace("e+", "e")


def available_flops(hours: float, peak_flops_per_s: float) -> float:
    """All that the GPUs could have computed in their hours."""
    return hours * SECONDS_PER_HOUR * peak_flops_per_s


def talk_table() -> list:
    """The talk's table by 6ND and 8ND, recomputed from the inputs that it prints, and our own values beside it."""
    rows = []
    for factor in (6, 8):
        for claim in claims().values():
            if claim["subject"] not in COLUMNS or "%" not in claim["unit"] or f"by {factor}ND" not in claim["claim"]:
                continue
            column = COLUMNS[claim["subject"]]
            hours, num_params, num_tokens = printed_inputs(claim)
            flops, peak = nd_flops_per_token(num_params, factor), given("table_peak") * 1e12
            share = model_flops_utilisation(flops, num_tokens, hours, peak)
            rows.append(
                {
                    "model": claim["subject"],
                    "rule": f"{factor}ND",
                    "gpu_hours": hours,
                    "available": available_flops(hours, peak),
                    "num_params": num_params,
                    "num_tokens": num_tokens,
                    "flops": flops * num_tokens,
                    "utilisation": share,
                    "printed": number(claim["id"]) / 100,
                    "reproduced": agrees(claim["printed"], 100 * share),
                    "own": own_utilisation(column, factor),
                    "kind": "HFU" if factor == 8 else "MFU",
                }
            )
    return rows


def own_utilisation(column: Column, factor: int) -> float:
    """From exact FLOPs over the hours that belong to the tokens."""
    tokens, hours = run_fact(column.run, "num_tokens").to("tokens"), run_fact(column.run, "gpu_hours").to("GPU-hours")
    return model_flops_utilisation(column.exact_flops_per_token(factor), tokens, hours, column.peak)


@check("C73", "C74")
def available_compute(claim):
    column = COLUMNS[claim["subject"]]
    hours, _, _ = printed_inputs(claim)
    exact = run_fact(column.whole_run, "gpu_hours")
    exact_hours = exact.to("GPU-hours")
    return recomputed(
        claim,
        available_flops(hours, given("table_peak")),
        own=scientific(exact_hours * SECONDS_PER_HOUR * column.peak / 1e12, 5, claim["unit"]),
        convention=f"{show(exact_hours, 'GPU-hours')} at {column.peak / 1e12:g} TFLOP/s",
        cite=exact,
    )


@check("C75", "C76", "C79", "C80")
def training_compute(claim):
    column, factor = COLUMNS[claim["subject"]], passes_of(claim)
    _, num_params, num_tokens = printed_inputs(claim)
    exact = run_fact(column.run, "num_tokens")
    return recomputed(
        claim,
        nd_flops_per_token(num_params, factor) * num_tokens / 1e12,
        own=scientific(column.exact_flops_per_token(factor) * exact.to("tokens") / 1e12, 5, claim["unit"]),
        convention=column.convention(factor),
        cite=exact,
    )


@check("C77", "C78", "C81", "C82")
def table_utilisation(claim):
    column, factor = COLUMNS[claim["subject"]], passes_of(claim)
    hours, num_params, num_tokens = printed_inputs(claim)
    exact = run_fact(column.run, "gpu_hours")
    exact_hours = exact.to("GPU-hours")
    notes = []
    if factor == 8:
        notes.append("Right number under another name: 8ND counts a recomputed forward pass, so it is HFU, not MFU.")
    if column.run != column.whole_run:
        notes.append("Tokens of pre-training over the hours of the whole run.")
    return recomputed(
        claim,
        100 * model_flops_utilisation(nd_flops_per_token(num_params, factor), num_tokens, hours, given("table_peak") * 1e12),
        own=percent(own_utilisation(column, factor)),
        convention=f"{column.convention(factor)}, {show(exact_hours, 'GPU-hours')}, {column.peak / 1e12:g} TFLOP/s",
        note=" ".join(notes),
        cite=exact,
    )
