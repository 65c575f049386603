"""What the talk says of pipeline schedules: bubbles, copies of parameters, live activations, and what overlaps."""

from math import isclose

from ..model.config import load_model
from ..training.pipeline.bubbles import bubble_formula, longest_bubble_dualpipe
from ..training.pipeline.chunk_pair import COMMUNICATION, COMPUTE, busy
from ..training.pipeline.live import peak_chunks
from ..training.pipeline.orders import Pipeline
from ..training.pipeline.overlap import in_order
from ..training.pipeline.published import figure_4_widths, layer_flops, trace_durations
from ..training.pipeline.simulate import Durations, simulate
from .evidence import Evidence, Part
from .printed import items
from .registry import V3, check, percent, report_fact, run_fact

#: Ranks and micro-batches of Figure 5, and of V3.
PIPELINES = ((8, 20), (16, 120))
#: A share of communication that is "almost all".
ALMOST = 0.95


def even() -> Durations:
    """Forward, backward for inputs and for weights alike: matrices alone, each of the three passes."""
    return Durations(1.0, 2.0, 1.0, 3.0)


def of_v3() -> Durations:
    """By the FLOPs of a MoE layer of V3, with F as 1: attention makes the backward for inputs longer, and weights less."""
    forward, backward_input, weight = layer_flops(load_model(V3), 4096).chunk
    parts = 1.0, (backward_input + weight) / forward, weight / forward
    return Durations(*parts, overlapped=1 + parts[1])


def formula_holds(schedule: str, durations: Durations) -> bool:
    """Whether the formula is the longest bubble of the simulation, for all of :data:`PIPELINES`."""
    return all(bubble_formula(Pipeline(schedule, *size), durations).exact for size in PIPELINES)


def bubbles(schedule: str, ranks: int, micro_batches: int, durations: Durations) -> tuple:
    """(longest bubble by simulation, by formula)."""
    pipeline = Pipeline(schedule, ranks, micro_batches)
    return max(simulate(pipeline, durations).bubble), bubble_formula(pipeline, durations).bubble


def copies(schedule: str) -> str:
    """How often the pipeline holds each stage."""
    pipeline = Pipeline(schedule, *PIPELINES[0])
    held = sum(len(pipeline.stages_of_rank(rank)) for rank in range(pipeline.ranks))
    return f"{held // pipeline.num_stages}x"


def peak(schedule: str) -> str:
    """Live micro-batches of the fullest rank, in ranks."""
    more = {max(peak_chunks(Pipeline(schedule, *size))) - size[0] for size in PIPELINES}
    return {(0,): "PP", (1,): "PP+1"}.get(tuple(more), "another number")


KEYS = {"1F1B": "1f1b", "ZB1P": "zb1p", "DualPipe": "dualpipe"}
#: As the talk prints formulas; with F = B - W it is the one that it prints of DualPipe.
OF_LONGER_BACKWARD = "(PP/2-1)(F&B+F-2W)"


def formula_of_v3(schedule: str, printed: str) -> str:
    """The formula that is the longest bubble with V3's durations: the printed one, ours for DualPipe, or none."""
    durations = of_v3()
    if formula_holds(schedule, durations):
        return printed
    forward, backward, weight, overlapped = durations
    for ranks, micro_batches in PIPELINES:
        longest, _ = bubbles(schedule, ranks, micro_batches, durations)
        if not isclose(longest, longest_bubble_dualpipe(ranks, forward, backward, weight, overlapped)):
            return "none of these"
    return OF_LONGER_BACKWARD


@check("C61", "C62", "C63")
def schedule(claim):
    name, printed = claim["subject"], items(claim["id"])
    key = KEYS[name]
    found = formula_of_v3(key, printed[0]), copies(key), peak(key)
    facts = [report_fact(f"pipeline {name}", quantity) for quantity in ("bubble", "parameters", "activation")]
    parts = tuple(Part(*one, fact.value, fact) for *one, fact in zip(printed, found, facts, strict=True))
    longest, formula = bubbles(key, *PIPELINES[-1], of_v3())
    sizes = " and ".join(f"{ranks} ranks with {micro_batches} micro-batches" for ranks, micro_batches in PIPELINES)
    note = f"Simulated for {sizes}, durations by the FLOPs of a V3 layer."
    if found[0] != printed[0]:
        note += (
            f" The printed formula is exact where B - W = F; here it gives {formula / longest:.3f} times the longest bubble."
        )
        return Evidence(parts, convention="longest bubble of a rank, F&B as long as F + B", note=note)
    where = bubble_formula(Pipeline(key, *PIPELINES[0]), even()).exact_where
    return Evidence(parts, convention=f"exact {'' if where.startswith('always') else 'where '}{where}", note=note)


def hidden(durations, layers: int) -> float:
    """The part of communication beside which something is computed, in the order of Figure 4, as a share."""
    works = busy(durations, layers)
    return 1 - (in_order(durations, layers).makespan - works[COMPUTE]) / works[COMMUNICATION]


@check("C103")
def overlap(claim):
    layers = run_fact("dsv3-training-trace", "moe_layers").value
    drawn, traced = (hidden(durations, layers) for durations in (figure_4_widths(), trace_durations(load_model(V3))))
    return Evidence(
        (Part("True", min(drawn, traced) >= ALMOST, name="almost fully overlapped"),),
        convention=f"chunks of {layers} layers, the order of Figure 4, no wait for other GPUs",
        shown=f"hidden: {percent(drawn)} with the widths that the figure draws, {percent(traced)} with the trace's kernels",
        note="What stays open with the drawn widths is the beginning of a chunk, where nothing is there to be computed yet.",
        cite=report_fact("Figure 4", "attention_forward"),
    )
