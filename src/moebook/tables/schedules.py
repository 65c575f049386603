"""Tables of the page on pipeline schedules."""

from itertools import product

from moecalc.claims.pipeline import of_v3
from moecalc.explorers.training.chunk_overlap import STRETCHED, chosen_durations
from moecalc.explorers.training.pipeline import SCHEDULES
from moecalc.facts import tables as facts
from moecalc.training.pipeline.bubbles import bubble_formula, longest_bubble
from moecalc.training.pipeline.chunk_pair import COMMUNICATION, COMPUTE, busy
from moecalc.training.pipeline.live import peak_chunks
from moecalc.training.pipeline.orders import Pipeline
from moecalc.training.pipeline.overlap import best_order, in_order
from moecalc.training.pipeline.simulate import Durations, simulate

from ..prose import fact_table, table

#: The schedules of Table 2 of the report.
PRINTED = ("1f1b", "zb1p", "dualpipe")


def duration_sets() -> dict:
    """In words -> durations: those for which a formula is made, and those that it was not made for."""
    return {
        "all three passes alike": Durations(1, 2, 1, 3),
        "the same, a pair in the time of a backward": Durations(1, 2, 1, 2),
        "FLOPs of a V3 layer": of_v3(),
        "a longer forward": Durations(1.5, 2, 1, 3.5),
        "weights longer than inputs": Durations(1.5, 1.5, 1, 3),
        "weights longer than a forward": Durations(0.5, 2, 1, 2.5),
    }


def bubbles(ranks: int, micro_batches: int):
    """Longest bubble by simulation and by formula."""
    rows = []
    for words, durations in duration_sets().items():
        forward, backward, weight, overlapped = durations
        row = {
            "durations": words,
            "times": ", ".join(f"{time:.3g}" for time in (forward, backward - weight, weight, overlapped)),
        }
        for schedule in PRINTED:
            pipeline = Pipeline(schedule, ranks, micro_batches)
            row[schedule] = max(simulate(pipeline, durations).bubble)
            row[f"{schedule}_formula"] = bubble_formula(pipeline, durations).bubble
        row["ours"] = longest_bubble(Pipeline("dualpipe", ranks, micro_batches), durations)
        rows.append(row)
    columns = {"durations": "Durations", "times": "F, B - W, W, F&B"}
    for schedule in PRINTED:
        columns |= {schedule: (SCHEDULES[schedule], "", 3), f"{schedule}_formula": ("formula", "", 3)}
    caption = f"Longest bubble of {ranks} ranks with {micro_batches} micro-batches, by simulation and by the printed formula"
    return table(rows, columns | {"ours": ("DualPipe, ours", "", 3)}, caption)


def peaks(ranks: int, micro_batches: int):
    """Live micro-batches by rank."""
    rows = []
    for schedule, words in SCHEDULES.items():
        virtual = 2 if schedule == "interleaved" else 1
        pipeline = Pipeline(schedule, ranks, -(-micro_batches // ranks) * ranks if virtual > 1 else micro_batches, virtual)
        found, cut = peak_chunks(pipeline), pipeline.num_stages // ranks
        rows.append(
            {
                "schedule": words,
                "stages": pipeline.num_stages,
                "first": found[0] / cut,
                "last": found[-1] / cut,
                "fullest": max(found) / cut,
                "over": max(found) / cut / ranks,
            }
        )
    columns = {
        "schedule": "Schedule",
        "stages": "Stages",
        "first": "First rank",
        "last": "Last rank",
        "fullest": "Fullest rank",
        "over": ("Over PP", "", 3),
    }
    return table(
        rows, columns, f"Micro-batches whose activations {ranks} ranks keep at most, in those of one part in {ranks}"
    )


def growing_communication(layers: int, factors):
    """What two chunks take as communication takes longer."""
    rows = []
    for factor in factors:
        durations = chosen_durations("trace", factor)
        works, drawn = busy(durations, layers), in_order(durations, layers)
        rows.append(
            {
                "factor": factor,
                "ratio": works[COMMUNICATION] / works[COMPUTE],
                "drawn": drawn.makespan,
                "barriers": in_order(durations, layers, barriers=True).makespan - drawn.makespan,
                "waits": drawn.makespan - works[COMPUTE],
                "best": best_order(durations, layers).makespan,
                "gain": 1 - best_order(durations, layers).makespan / drawn.makespan,
            }
        )
    columns = {
        "factor": "Communication takes, times",
        "ratio": ("Of computation", "%", 0),
        "drawn": ("Order of Figure 4", "ms", 3),
        "barriers": ("Barriers add", "ms", 3),
        "waits": ("Computation waits", "ms", 3),
        "best": ("Best order", "ms", 3),
        "gain": ("shorter by", "%", 1),
    }
    return table(
        rows, columns, f"A forward and a backward chunk of {layers} layers, durations from DeepSeek's trace, stretched"
    )


def largest_gain(layers: int = 1) -> float:
    """How much shorter another order than that of Figure 4 can be, as a share, where both streams work equally long.

    Attention, MLP, dispatch and combine of the trace are halved, left or doubled, each with each.
    """
    found = []
    for factors in product((0.5, 1, 2), repeat=len(STRETCHED)):
        stretches = dict(zip(STRETCHED, factors, strict=True))
        works = busy(chosen_durations("trace", 1, **stretches), layers)
        durations = chosen_durations("trace", works[COMPUTE] / works[COMMUNICATION], **stretches)
        found.append(1 - best_order(durations, layers).makespan / in_order(durations, layers).makespan)
    return max(found)


def facts_used():
    """Facts that the page uses."""
    report, runs = facts.by_subject("v3_report"), facts.by_subject("training_runs")
    pipelines = [f"pipeline {name}" for name in ("1F1B", "ZB1P", "DualPipe", "DualPipeV")]
    used = [fact for subject in [*pipelines, "Figure 4"] for fact in report[subject].values()]
    return fact_table([*used, report["training system"]["pipeline_parallel"], *runs["dsv3-training-trace"].values()])
