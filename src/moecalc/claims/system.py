"""Checks of the third chapter: experts on each GPU, FLOPs and utilisation."""

from typing import NamedTuple

from ..base.units import show
from ..economics.cost import HOURS_PER_DAY, SECONDS_PER_HOUR
from ..facts import tables
from ..hardware.accelerator import load_accelerator
from ..model.config import load_model
from ..model.flops import TRAINING_PASSES, forward_flops_by_component, forward_flops_per_token, training_flops_per_token
from ..model.params import params_by_component
from ..training.layout import Layout
from ..training.mfu import model_flops_utilisation, nd_flops_per_token, utilisation
from ..training.states import params_per_gpu, stage_blocks
from .evidence import Evidence, Part, agrees
from .printed import claims, given, items, number, numbers
from .registry import check, config_fact, recomputed, run_fact
from .talk_formulas import compare_with_talk, talk_forward_flops_by_operator

V3 = "deepseek-v3"
FP8_BYTES = 1


def percent(share: float) -> str:
    """A share as a reader sees it."""
    return show(share, "%", 2)


# --- experts on each GPU


def printed_expert_params() -> float:
    """Routed-expert parameters of one GPU from what the talk prints: 4 experts, 58 layers, three matrices each."""
    per_expert = 3 * number("C32") * number("C91", 1)
    return number("C59") * number("C39", 1) * per_expert


@check("C64")
def experts_per_gpu(claim):
    config = load_model(V3)
    experts = number("C59")
    exact = experts * params_by_component(config)["routed_experts"] / config.n_routed_experts
    share, exact_share = number("C64") / number("C17"), experts / config.n_routed_experts
    return recomputed(
        claim,
        printed_expert_params() / 1e9,
        own=show(exact, "parameters"),
        convention=f"{experts} of {config.n_routed_experts} routed experts of every MoE layer, before pipeline stages",
        note=f"The slide does not say where its figure comes from; it is {show(share, '%', 1)} of all parameters, "
        f"where {experts} of {config.n_routed_experts} experts are {percent(exact_share)} of the routed ones.",
        cite=config_fact(V3, "n_routed_experts"),
    )


def expert_readings() -> list:
    """What the routed experts on one GPU come to, step by step, and what the talk prints, one byte a parameter."""
    experts, layers, ranks = number("C59"), number("C39", 1), number("C57", 1)
    copies = tables.number(items("C63")[1].rstrip("x"), "C63")
    one_layer = printed_expert_params() / layers
    printed = number("C64") * 1e9
    steps = (
        (f"{experts} experts of one layer", one_layer, ""),
        (f"{experts} experts in each of {layers} layers", one_layer * layers, "C64"),
        (f"1/{ranks} of that, one pipeline stage", one_layer * layers / ranks, "C65"),
        (f"{copies} x that, as DualPipe holds it", one_layer * layers / ranks * copies, ""),
        ("the parameters that the talk prints", printed, ""),
        (f"1/{ranks} of those", printed / ranks, ""),
    )
    return [
        {
            "what": what,
            "num_params": round(params),
            "bytes": FP8_BYTES * params,
            "num_experts": params / (one_layer / experts),
            "printed": f"{numbers(claim)[0]} {claims()[claim]['unit'].removesuffix(' parameters')}" if claim else "",
        }
        for what, params, claim in steps
    ]


def is_routed(tensor) -> bool:
    return tensor.component == "routed_experts"


@check("C65")
def expert_bytes_per_gpu(claim):
    ranks, copies = number("C57", 1), tables.number(items("C63")[1].rstrip("x"), "C63")
    layout = Layout(pp=ranks, ep=number("C57", 2), dp=number("C57", 3))
    held = [
        FP8_BYTES * sum(params_per_gpu(t, layout) for block in blocks for t in block.tensors if is_routed(t)) / 1e9
        for blocks in stage_blocks(load_model(V3), ranks)
    ]
    mean = FP8_BYTES * printed_expert_params() / ranks / 1e9
    printed = numbers("C65")[0]
    division = number("C64") / ranks
    done = f"{number('C64')} / {ranks} = {division:g} is the division that was done. " if agrees(printed, division) else ""
    return recomputed(
        claim,
        mean,
        own=f"{min(held):.2f} to {max(held):.2f} GB, by pipeline rank",
        convention="routed experts alone, one byte a weight, layers split evenly, one copy, the MTP module on the last rank",
        note=f"{done}Recomputed is the mean over the ranks; DualPipe keeps {copies} copies, {copies * mean:.2f} GB.",
        cite=config_fact(V3, "n_routed_experts"),
    )


# --- the talk's formulas


@check("C69")
def formulas(claim):
    config, seq_len = load_model(V3), given("seq_len")
    rows = compare_with_talk(config, seq_len)
    printed = [row for row in rows if row["talk"]]
    parts = tuple(Part("True", not row["difference"], name=row["operator"]) for row in printed)
    more = [f"{row['operator']} (+{row['difference']:,.0f})" for row in printed if row["difference"]]
    less = sum(row["exact"] for row in rows if not row["talk"])
    talk = sum(row["talk"] for row in printed)
    return Evidence(
        parts,
        own=show(forward_flops_per_token(config, seq_len), "FLOPs", 5) + " a token",
        convention=f"forward, causal, at {seq_len:,} tokens; 2 per multiply-add of matrix products",
        shown=f"{sum(part.recomputed for part in parts)} of {len(parts)} equal the exact count",
        note=f"The formulas sum to {show(talk, 'FLOPs', 5)} a token. They leave out the router ({less:,}) and count "
        f"the element-wise SwiGLU product and the embedding look-up, FLOPs a token: {', '.join(more)}.",
        cite=config_fact(V3, "hidden_size"),
    )


def talk_mfu(flops_per_token: float, hours: float) -> float:
    """Utilisation from FLOPs of the talk's formulas, its tokens and its peak [-]."""
    return model_flops_utilisation(flops_per_token, number("C01") * 1e12, hours, given("peak") * 1e12)


def exact_utilisation() -> dict:
    """By every convention, with exact counts over the hours of pre-training, at the slide's peak."""
    pretraining = run_fact("dsv3-pretrain", "gpu_hours").to("GPU-hours")
    tokens = run_fact("dsv3-pretrain", "num_tokens").to("tokens")
    return utilisation(load_model(V3), given("seq_len"), tokens, pretraining, given("peak") * 1e12)


def pretraining_at_peak() -> str:
    """The convention of :func:`exact_utilisation`."""
    return f"router counted, hours of pre-training, peak {given('peak')} TFLOP/s"


def mfu_readings() -> list:
    """Readings of the slide's expression for MFU, and what each gives; the first is the expression in consistent units."""
    pretraining, whole = number("C09") * 1e3, number("C12") * 1e3
    talk = TRAINING_PASSES * sum(talk_forward_flops_by_operator(load_model(V3), given("seq_len")).values())
    exact = training_flops_per_token(load_model(V3), given("seq_len"))
    # the slide divides the hours by 1024; with FLOPs in units of 2^30 beside tokens and a peak in powers of 1000
    mixed_units = (1000 / 1024) ** 2
    readings = (
        ("consistent units, the hours printed", talk, pretraining, 1),
        ("FLOPs in units of 2^30 with the rest in powers of 1000", talk, pretraining, mixed_units),
        ("the hours of the whole run", talk, whole, 1),
        ("the exact count, the hours printed", exact, pretraining, 1),
        ("the exact count, the hours of the whole run", exact, whole, 1),
    )
    rows = []
    for reading, flops, hours, factor in readings:
        share = talk_mfu(flops * factor, hours)
        gives = agrees(numbers("C70")[0], 100 * share)
        rows.append({"reading": reading, "flops": flops, "gpu_hours": hours, "utilisation": share, "gives": gives})
    return rows


@check("C70")
def mfu_of_exact_flops(claim):
    consistent, *others = mfu_readings()
    giving = [f"{row['reading']} ({percent(row['utilisation'])})" for row in others if row["gives"]]
    reported = run_fact("dsv3-mpft", "mfu_causal")
    return recomputed(
        claim,
        100 * consistent["utilisation"],
        own=percent(exact_utilisation()["mfu"]),
        convention="recomputed without the router, as the slide counts; ours: " + pretraining_at_peak(),
        note=f"Readings that do give the printed figure: {'; '.join(giving) or 'none'}. "
        f"DeepSeek later reported {reported.value} %.",
        cite=reported,
    )


def nd_terms(factor: int) -> dict:
    """Training FLOPs of a token by 6ND or 8ND, from the talk's parameters and formulas: alone and with attention."""
    talk = talk_forward_flops_by_operator(load_model(V3), given("seq_len"))
    nominal, attention = number("C30", 1) * 1e9, talk["score"] + talk["score x V"]
    return {
        f"{factor}ND": nd_flops_per_token(nominal, factor),
        f"{factor}ND + attention of one layer": nd_flops_per_token(
            nominal, factor, attention / load_model(V3).num_hidden_layers
        ),
        f"{factor}ND + attention": nd_flops_per_token(nominal, factor, attention),
    }


def nd_shares(flops_per_token: float) -> dict:
    """Their utilisation in percent, by the claim that gives the hours: C09 of pre-training, C12 of the whole run."""
    return {hours: 100 * talk_mfu(flops_per_token, number(hours) * 1e3) for hours in ("C09", "C12")}


def nd_readings() -> list:
    """6ND and 8ND with more and more attention, at both figures of hours, and which gives what the talk prints."""
    rows = []
    for claim, factor in (("C71", 6), ("C72", 8)):
        printed = numbers(claim)[0]
        for rule, flops in nd_terms(factor).items():
            shares = nd_shares(flops)
            gives = [name for name, share in shares.items() if agrees(printed, share)]
            rows.append(
                {
                    "rule": rule,
                    "flops": flops,
                    "pretraining": shares["C09"] / 100,
                    "whole": shares["C12"] / 100,
                    "printed": number(claim) / 100,
                    "gives": bool(gives),
                }
            )
    return rows


@check("C71", "C72")
def mfu_of_6nd_and_8nd(claim):
    factor = passes_of(claim)
    nominal = number("C30", 1) * 1e9
    shares = nd_shares(nd_terms(factor)[f"{factor}ND + attention"])
    notes = [f"With the {number('C12') / 1e3} M hours of the whole run it is {shares['C12']:.1f} %."]
    if not any(agrees(numbers(claim["id"])[0], share) for share in shares.values()):
        notes.append("Neither figure of hours gives the printed one.")
    exact = exact_utilisation()
    if factor == 8:
        apart, term = number("C72") - number("C71"), 100 * talk_mfu(2 * nominal, number("C09") * 1e3)
        notes.append(f"It is printed {apart} points above 6ND, but 2ND are {term:.1f}.")
        notes.append(
            "8ND counts recomputation, so it is HFU; of its products DeepSeek-V3 computes only MLA's up-projections "
            f"again, exactly counted {percent(exact['hfu'])}."
        )
    return recomputed(
        claim,
        shares["C09"],
        own=percent(exact["hfu_full_recomputation" if factor == 8 else "mfu"]),
        convention=f"recomputed with {number('C30', 1)} B and causal attention; ours: exact count"
        + (", every product recomputed once, " if factor == 8 else ", ")
        + pretraining_at_peak(),
        note=" ".join(notes),
        cite=run_fact("dsv3-pretrain", "gpu_hours"),
    )


# --- the talk's table by 6ND and 8ND


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
    """From exact FLOPs over the hours that belong to the tokens [-]."""
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


# --- what DeepSeek measured


def measured_utilisation() -> list:
    """The two networks of the Insights paper, Table 4, from their tokens a day: causal and not, router left out."""
    config = load_model(V3)
    rows = []
    for run, network in (("dsv3-mpft", "multi-plane fat tree"), ("dsv3-mrft", "multi-rail fat tree")):
        seq_len, gpus = run_fact(run, "seq_len").to("tokens"), run_fact(run, "num_gpus").to("GPUs")
        tokens_a_day = run_fact(run, "throughput").to("tokens/s") * HOURS_PER_DAY * SECONDS_PER_HOUR
        router = TRAINING_PASSES * forward_flops_by_component(config, seq_len)["router"]
        peak = COLUMNS["DeepSeek-V3"].peak
        for causal, share, rate in (
            (True, "mfu_causal", "flops_per_s_per_gpu_causal"),
            (False, "mfu", "flops_per_s_per_gpu"),
        ):
            exact = training_flops_per_token(config, seq_len, causal)
            flops, hours = exact - router, gpus * HOURS_PER_DAY
            recomputed_share = model_flops_utilisation(flops, tokens_a_day, hours, peak)
            reported = run_fact(run, share)
            rows.append(
                {
                    "network": network,
                    "attention": "causal" if causal else "non-causal",
                    "flops": flops,
                    "rate": recomputed_share * peak,
                    "utilisation": recomputed_share,
                    "reported": reported.to("ratio"),
                    "reported_rate": run_fact(run, rate).to("FLOP/s"),
                    "with_router": model_flops_utilisation(exact, tokens_a_day, hours, peak),
                }
            )
    return rows
