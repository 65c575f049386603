"""How many layouts a second one process looks at: where memory refuses most, and where each is timed in full."""

import time

from moecalc.training.planner.bounds import Fit, Rules
from moecalc.training.planner.question import ask, setting_of
from moecalc.training.planner.search import Evaluation, memory_reason, plan_chunk
from moecalc.training.planner.space import space_of

from .timing import Row

V3 = ("deepseek-v3", "h800-sxm")


def layouts_a_second() -> list:
    """Rows of a search for V3's layouts, by the time of the processor."""
    limits = {"ep": (8,), "cp": (1, 2), "schedule": ("1f1b", "zb1p", "interleaved"), "zero": (0, 1, 3)}
    tight = ask(*V3, 128, 7680, 4096, "deepseek-v3", limits=limits)
    roomy = ask(
        *V3,
        2048,
        15360,
        4096,
        "deepseek-v3",
        limits={"ep": (32, 64, 128), "tp": (1, 2), "cp": (1,), "pp": (8, 16)},
        activations="fp8",
        weight_before_down=True,
    )
    refused, seconds = searched(tight)
    each = seconds / refused.num_considered * 1e6
    rows = [Row(f"a layout of a search, where memory refuses {by_size(refused):.0%}", each, "us", 50)]
    found, seconds = searched(roomy)
    rows.append(Row(f"a layout of a search, where {share(found):.0%} run", seconds / found.num_considered * 1e6, "us"))
    return [*rows, Row("a layout of a search, timed in full", timed_in_full(roomy) * 1e6, "us", 500)]


def searched(question) -> tuple:
    """(part, seconds of the processor) of a whole space, whose question was read before."""
    setting_of(question), space_of(question)
    start = time.process_time()
    part = plan_chunk(question)
    return part, time.process_time() - start


def by_size(part) -> float:
    """Share of the layouts that memory refuses."""
    return sum(one.count for reason, one in part.refused if reason in ("states", "memory")) / part.num_considered


def share(part) -> float:
    """Share of the layouts that run."""
    return part.num_fitting / part.num_considered


def timed_in_full(question) -> float:
    """Seconds of the processor for the whole step of a layout that fits, in the order of the space and without a bound."""
    setting = setting_of(question)
    rules, space = Rules(question, setting), space_of(question)
    evaluation, fitting = Evaluation(rules, setting), []
    for index, one in enumerate(space):
        if not rules.reason(one):
            reason, most, counted = memory_reason(Fit(rules, one), one, question.memory_bytes[0])
            if not reason:
                fitting.append((one, index, counted, most))
    start = time.process_time()
    for row in fitting:
        evaluation.found(*row)
    return (time.process_time() - start) / len(fitting)
