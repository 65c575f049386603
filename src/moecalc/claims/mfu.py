"""What the talk says of FLOPs and utilisation: its formulas, its MFU, 6ND and 8ND."""

from ..base.units import show
from ..economics.cost import HOURS_PER_DAY, SECONDS_PER_HOUR
from ..model.config import load_model
from ..model.flops import TRAINING_PASSES, forward_flops_by_component, forward_flops_per_token, training_flops_per_token
from ..training.mfu import model_flops_utilisation, nd_flops_per_token, utilisation
from .evidence import Evidence, Part, agrees
from .mfu_table import COLUMNS, passes_of
from .printed import given, number, numbers
from .registry import V3, check, config_fact, percent, recomputed, run_fact
from .talk_formulas import compare_with_talk, talk_forward_flops_by_operator

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
    """Utilisation from FLOPs of the talk's formulas, its tokens and its peak."""
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
