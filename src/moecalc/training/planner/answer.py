"""The answer: the best layouts, the front of time against memory, why the others fail, and how sure the order is.

Examples use :func:`.question.ask`.
"""

from typing import NamedTuple

from ...base.progress import run_to_end
from ...base.search import Part
from ...base.units import si
from ...facts import tables
from ..timing.parameters import TABLE
from .bounds import REASONS
from .front import Found
from .question import Question
from .reasons import OF_SIZE, Judge, next_best, rejected
from .search import search


class Plan(NamedTuple):
    """What ``moecalc plan`` prints, but for how long it took."""

    question: dict
    num_considered: int
    num_fitting: int
    rejected: dict  #: reason -> count, sentence, example, nearest
    layouts: list  #: the best first, then what else stands on the front
    front: list  #: places in `layouts` of those that no other beats in both time and memory, the shortest step first
    next_best: dict  #: axis -> what a change of it alone costs the best
    not_told_apart: int  #: so many of `layouts` have an interval that overlaps that of the best
    notes: list


def conclude(question: Question, part: Part) -> Plan:
    """The answer from a whole search: the same for the same :class:`~moecalc.base.search.Part`, whoever computed it.

    >>> mine = ask("llama-3.1-8b", "h100-sxm", 8, 64, 8192, limits={"tp": (2,), "pp": (1, 2), "schedule": ("1f1b",)}, top=2)
    >>> found = conclude(mine, run_to_end(search(mine)))
    >>> found.num_considered == found.num_fitting + sum(one["count"] for one in found.rejected.values())
    True
    """
    judge = Judge(question)
    rows = sorted(dict.fromkeys((*part.best, *part.front)))
    places = {row: place for place, row in enumerate(rows)}
    layouts = [layout_told(judge, row, rows[0]) for row in rows]
    notes = [] if rows else [why_none(judge, part)]
    if rows:
        notes += [how_sure()]
    config = judge.setting.config
    return Plan(
        question._asdict() | {"model": config.name},
        part.num_considered,
        part.num_fitting,
        rejected(judge, part),
        layouts,
        [places[row] for row in part.front],
        next_best(judge, rows[0]) if rows else {},
        sum(one["not_told_apart_from_best"] for one in layouts),
        notes,
    )


def plan(question: Question, progress=None, num_chunks: int = 1) -> Plan:
    """The whole search and its answer in this process; `progress`, if given, is called with the share that is done.

    >>> mine = ask("llama-3.1-8b", "h100-sxm", 8, 64, 8192, limits={"tp": (2,), "pp": (1,)})
    >>> plan(mine, num_chunks=3) == plan(mine)
    True
    """
    return conclude(question, run_to_end(search(question, num_chunks), progress))


def layout_told(judge: Judge, row: Found, best: Found) -> dict:
    """A layout that fits as JSON has it."""
    one = judge.space[row.index]
    return {
        **judge.named(one),
        "layers_per_stage": list(judge.rules.sizes(one)),
        "num_micro_batches": judge.question.global_batch // (one.dp * one.micro_batch),
        "step_s": row.step_s,
        "low_s": row.low_s,
        "high_s": row.high_s,
        "per_gpu_bytes": row.per_gpu_bytes,
        "most_bytes": row.most_bytes,
        "headroom_bytes": row.headroom_bytes,
        "tokens_per_s_per_gpu": row.tokens_per_s_per_gpu,
        "mfu": row.mfu,
        "objective": row.value,
        "not_told_apart_from_best": row.low_s <= best.high_s and best.low_s <= row.high_s,
        "index": row.index,
    }


def how_sure() -> str:
    """What the interval of a step says about the order of two layouts, by the errors of measured steps."""
    known = tables.by_subject(TABLE)["all"]
    everything, layouts = (f"{known[name].value:g} %" for name in ("spread", "spread_by_layout"))
    return (
        f"measured steps lie {everything} from what is predicted for them (root mean square), and those of one model on one "
        f"accelerator lie {layouts} from each other's mean error: two layouts share little of it, so that those whose "
        f"intervals overlap are not told apart; they stand in the order of what is predicted"
    )


def why_none(judge: Judge, part: Part) -> str:
    """One sentence where no layout runs: for which reasons, and how far the nearest is from fitting."""
    asked, counts = judge.question, dict(part.refused)
    start = f"none of {part.num_considered:,} layouts runs on {asked.num_gpus:,} GPUs"
    if not counts.keys() & set(OF_SIZE):
        most = max(counts, key=lambda reason: counts[reason].count)
        return f"{start}; most because {REASONS[most]}"
    nearest = counts.get("memory") or counts["states"]
    place = judge.space[nearest.index].accelerator
    needed, has = (si(size, "bytes") for size in (nearest.lacks + asked.memory_bytes[place], asked.memory_bytes[place]))
    gpu = "a GPU" if len(asked.accelerators) == 1 else asked.accelerators[place]
    if "memory" not in counts:
        return f"{start}: states alone need at least {needed} of the {has} that {gpu} has"
    return f"{start}: the least that a fullest GPU needs is {needed}, at the upper end, of the {has} that {gpu} has"
