"""Checks of what the talk says about serving on 32 and on 320 GPUs, and about its speed beside V2's."""

import re

from ..base.units import show
from ..facts import tables
from ..model.config import load_model
from ..serving.tpot_bound import TOKENS, most_tokens, tokens_per_expert
from .evidence import Evidence, Part
from .printed import number, numbers
from .registry import V3, check, report_fact, says

PREFILL, DECODE = "V3 report prefill unit", "V3 report decode unit"
#: GPUs of a node of H800.
PER_NODE = 8


def unit_fact(unit: str, quantity: str):
    """A fact of how a unit is laid out."""
    return tables.lookup("serving", unit, quantity)


def sizes(fact) -> dict:
    """Letters -> number in a layout such as "TP4+SP, DP80"."""
    return {name: int(size) for name, size in re.findall(r"([A-Z]+)(\d+)", fact.value)}


def _gpus(claim, unit: str, nodes: float, layout: str, note: str):
    gpus = unit_fact(unit, "gpus")
    return Evidence(
        (Part(numbers(claim["id"])[0], int(nodes * PER_NODE), gpus.value, gpus),),
        convention=f"{layout} prints {int(nodes)} nodes, of {PER_NODE} GPUs each",
        note=note,
    )


@check("C03")
def gpus_of_prefill(claim):
    later = tables.lookup("serving", "DeepSeek V3/R1 online service", "prefill_unit")
    return _gpus(claim, PREFILL, number("C83"), "C83", f"Two months later the online service had {later.value}.")


@check("C04")
def gpus_of_decode(claim):
    later = tables.lookup("serving", "DeepSeek V3/R1 online service", "decode_unit")
    return _gpus(claim, DECODE, number("C84"), "C84", f"Two months later the online service had {later.value}.")


@check("C84")
def decode_layout(claim):
    nodes, gpus, tp, dp, ep = numbers("C84")
    attention, experts = (unit_fact(DECODE, f"{name}_parallelism") for name in ("attention", "moe"))
    said, extra = sizes(attention) | sizes(experts), unit_fact(DECODE, "gpus_for_redundant_and_shared")
    held = load_model(V3).n_routed_experts + extra.value
    return Evidence(
        (
            Part(nodes, None, unit_fact(DECODE, "nodes").value, unit_fact(DECODE, "nodes"), "nodes"),
            Part(gpus, int(nodes) * PER_NODE, unit_fact(DECODE, "gpus").value, unit_fact(DECODE, "gpus"), "GPUs"),
            Part(tp, None, said["TP"], attention, "tensor parallel"),
            says(attention, "+SP", name="sequence parallel"),
            Part(dp, int(gpus) // int(tp), said["DP"], attention, "data parallel"),
            Part(ep, None, said["EP"], experts, "expert parallel"),
            Part("True", held == int(gpus), "1 expert per GPU" in experts.value, experts, "one expert per GPU"),
        ),
        convention=f"{load_model(V3).n_routed_experts} routed experts and {extra.value} GPUs of redundant and shared ones",
        shown=f"{unit_fact(DECODE, 'nodes').value} nodes, {gpus} GPUs; {attention.value}; {experts.value}",
        note=f"The {extra.value} GPUs beside those of the routed experts hold redundant copies and the shared expert.",
    )


@check("C85")
def tokens_of_an_expert(claim):
    config, gpus, fact = load_model(V3), int(number("C04")), unit_fact(DECODE, "batch_per_expert")
    tokens = most_tokens(config, fact.value, gpus)
    mean = tokens_per_expert(config, TOKENS, gpus).mean
    return Evidence(
        (Part(numbers("C85")[0], None, fact.value, fact),),
        own=f"{show(tokens, '', 3)} tokens a GPU in a micro-batch give an expert that many on average; "
        f"{TOKENS} tokens a GPU would give {show(mean, '', 3)}",
        convention=f"{gpus} GPUs, {config.num_experts_per_tok} of {config.n_routed_experts} experts a token, no copies",
        note=f"The later bound on the time of a token counts with {TOKENS} tokens a GPU, more than this limit allows.",
    )


@check("C08")
def over_v2(claim):
    speed = report_fact("deployment", "generation_speed_over_v2")
    announced = tables.lookup("serving", "DeepSeek-V3 API", "output_speed_over_v2")
    now = tables.lookup("serving", "DeepSeek V3/R1 online service", "decode_throughput_per_node")
    then = tables.lookup("serving", "DeepSeek-V2 node of 8 H800", "generation")
    return Evidence(
        (Part(numbers("C08")[0], None, speed.value, speed, "generation speed over V2's"),),
        own=f"a node {show(now.value / then.value, 'x', 2)} V2's: {now.value:,} tokens a second, {then.value:,} then",
        convention="stated: end-to-end generation speed; ours: output of a node of eight H800",
        note=f"The report says more than {speed.value} times V2's speed, the announcement {announced.value} times: "
        "both speak of the speed of an answer. For throughput, V2's report gives the most that a node reached, the online "
        "service of V3 and R1 a day's mean at 20 to 22 tokens a second and user. By these two a node yields less, not more.",
    )
