"""Tables of the page on which layout is best."""

from functools import cache
from typing import NamedTuple

from moecalc.base.search import Part
from moecalc.claims.registry import report_fact, run_fact
from moecalc.explorers.training._step import setting
from moecalc.explorers.training.planner import SHORT, layout_words, left_out, more_words
from moecalc.facts import tables as facts
from moecalc.training.planner.answer import Plan, conclude
from moecalc.training.planner.axes import AXES, recompute_text
from moecalc.training.planner.front import Found
from moecalc.training.planner.narrow import Narrow, narrowed
from moecalc.training.planner.question import MAX_TOP, ask
from moecalc.training.planner.reasons import Judge
from moecalc.training.planner.search import plan_chunk
from moecalc.training.planner.space import Candidate, space_of
from moecalc.training.published_step import V3_GLOBAL_BATCH
from moecalc.training.timing.parameters import TABLE

from ..prose import Said, fact_table, num, table

#: Most layouts that the page looks at.
MOST = 20_000
SHOWN = 6
WHAT = {
    "accelerator": "each that is named, all GPUs of one",
    "num_gpus": "as asked; with the objective fewest-gpus any divisor of it",
    "tp": "1 to 8, what divides the attention heads",
    "cp": "1 to 8",
    "pp": "what divides the GPUs, up to the layers",
    "dp": "what the others leave",
    "ep": "what divides the routed experts",
    "etp": "1, or as TP",
    "schedule": "1F1B, interleaved, ZB1P, DualPipe, DualPipeV",
    "vpp": "2 or 4 virtual stages, interleaved",
    "split": "even, first stage lighter, last stage lighter by FLOPs",
    "micro_batch": "1, 2, 4 or 8 sequences",
    "recompute": "nothing, V3's list, that and experts' inputs, whole layers",
    "zero": "ZeRO-0 to ZeRO-3",
}


class Searched(NamedTuple):
    """V3's cluster, searched."""

    narrow: Narrow
    part: Part
    plan: Plan
    own: Candidate  #: V3's own layout
    found: Found
    faster: int  #: layouts that are predicted to be faster than V3's own, None of those told


@cache
def searched() -> Searched:
    """The layouts of V3's GPUs, batch and length that the page looks at, and its own among them."""
    run = setting()
    layout, policy = run.layout, run.policy
    question = ask(
        run.model,
        run.accelerator.slug,
        layout.num_gpus,
        V3_GLOBAL_BATCH,
        run.batch.seq_len,
        run.recipe,
        top=MAX_TOP,
        activations=policy.cache,
        weight_before_down=policy.weight_before_down,
    )
    narrow = narrowed(question, MOST)
    part = plan_chunk(narrow.question)
    judge = Judge(narrow.question)
    sizes = (0, layout.num_gpus, layout.tp, layout.cp, layout.pp, layout.dp, layout.ep, layout.expert_tp)
    own = Candidate(
        *sizes,
        layout.schedule,
        layout.vpp,
        "last-lighter",
        run.batch.micro_batch,
        recompute_text(policy.recompute),
        layout.zero,
    )
    found = judge.verdict(own).found
    faster = sum(one < found for one in part.best)
    return Searched(narrow, part, conclude(narrow.question, part), own, found, faster)


def axes():
    """What is searched."""
    rows = [{"axis": words, "what": WHAT[axis]} for axis, words in AXES.items()]
    return table(rows, {"axis": "Axis", "what": "What it may be"}, "The axes of the space")


def best():
    """The best layouts and V3's own."""
    known = searched()
    space = space_of(known.narrow.question)
    first = list(known.part.best[:SHOWN])
    rows = [_row(space[one.index], one, place) for place, one in enumerate(first, 1)]
    rows.append(_row(known.own, known.found, known.faster + 1) | {"layout": f"V3's own: {layout_words(known.own)}"})
    columns = {
        "place": "Place",
        "layout": "Layout",
        "rest": "The rest",
        "step_s": ("Step", "s", 4),
        "low_s": ("at least", "s", 3),
        "high_s": ("at most", "s", 3),
        "most_bytes": ("Fullest GPU", "bytes", 3),
    }
    return table(rows, columns, f"The best of {known.part.num_considered:,} layouts of V3's GPUs, and its own")


def _row(one: Candidate, found: Found, place: int) -> dict:
    told = {key: getattr(found, key) for key in ("step_s", "low_s", "high_s", "most_bytes")}
    return {"place": place, "layout": layout_words(one), "rest": more_words(one), **told}


def next_best():
    """What a change of one axis alone costs the best."""
    rows = [
        {
            "axis": AXES[axis],
            "change": one["change"],
            "more_s": one["more_s"],
            "longer": one["ratio"] - 1,
            "bytes": one["more_bytes"],
        }
        for axis, one in searched().plan.next_best.items()
        if one["layout"]
    ]
    columns = {
        "axis": "Axis",
        "change": "The best with",
        "more_s": ("Step longer by", "s", 3),
        "longer": ("that is", "%", 1),
        "bytes": ("Fullest GPU needs more by", "bytes", 3),
    }
    return table(rows, columns, "The best layout with one axis changed, to its best other value")


def rejected():
    """Why the others fail."""
    rows = [
        {
            "reason": SHORT[reason],
            "count": one["count"],
            "says": one["says"],
            "nearest": one["nearest"][0]["change"] if one["nearest"] else "",
        }
        for reason, one in searched().plan.rejected.items()
    ]
    columns = {"reason": "Reason", "count": "Layouts", "says": "That is", "nearest": "Nearest that runs"}
    return table(rows, columns, "Layouts by the first reason that ends them, in the order in which it is asked")


def not_looked_at() -> Said:
    """What the page leaves out of the whole space, in words."""
    return Said(left_out(searched().narrow))


def told_apart() -> Said:
    """How many layouts have an interval that overlaps that of the best; at least, where more than are told."""
    known = searched()
    best = known.part.best[0]
    count = sum(one.low_s <= best.high_s for one in known.part.best)
    return Said(num(count) if count < len(known.part.best) else f"at least {num(count)}")


def spread(name: str) -> float:
    """How far measured steps lie from predicted ones, over all or among the layouts of one model and accelerator."""
    return facts.by_subject(TABLE)["all"][name].value / 100


def facts_used():
    """Facts that the page uses."""
    names = ("num_gpus", "pipeline_parallel", "expert_parallel", "data_parallel", "tensor_parallel")
    used = [report_fact("training system", name) for name in names]
    return fact_table([*used, run_fact("dsv3-pretrain", "num_gpus"), run_fact("dsv3-pretrain", "seq_len")])
