"""Why the others fail, and what stands near: the nearest layouts that run, and what a change of one axis costs the best.

Examples use :func:`.question.ask`.
"""

from typing import NamedTuple

from ...base.search import Part
from ...base.units import si
from ..memory import Batch, memory
from .axes import AXES
from .bounds import REASONS, Fit, Rules
from .front import Found
from .question import Question, setting_of
from .search import Evaluation, memory_reason
from .space import Candidate, neighbours, space_of

#: Most layouts that are named as the nearest for one reason.
MOST_NEAREST = 3
#: So many of the best are looked around for examples.
MOST_LOOKED_AROUND = 20
#: Reasons of size: what is told of them is how many bytes are missing.
OF_SIZE = ("states", "memory")


class Verdict(NamedTuple):
    """What one layout comes to."""

    reason: str  #: why it cannot run; empty if it can
    needed_bytes: int  #: most that its fullest GPU needs; 0 where it was not asked
    found: Found | None


class Judge:
    """Looks at single layouts of a question, as the search does."""

    def __init__(self, question: Question):
        setting = setting_of(question)
        self.question, self.setting = question, setting
        self.space, self.rules = space_of(question), Rules(question, setting)
        self.evaluation = Evaluation(self.rules, setting)

    def verdict(self, one: Candidate) -> Verdict:
        """What a layout comes to."""
        if reason := self.rules.reason(one):
            return Verdict(reason, 0, None)
        reason, needed, counted = memory_reason(Fit(self.rules, one), one, self.question.memory_bytes[one.accelerator])
        found = None if reason else self.evaluation.found(one, self.space.index(one), counted, needed)
        return Verdict(reason, needed, found)

    def named(self, one: Candidate) -> dict:
        """A layout by its axes."""
        return one._asdict() | {"accelerator": self.question.accelerators[one.accelerator]}

    def said(self, before: Candidate, after: Candidate) -> str:
        """Which axes differ, in words.

        >>> judge = Judge(ask("llama-3.1-8b", "h100-sxm", 8, 64, 8192))
        >>> judge.said(judge.space[0], judge.space[0]._replace(pp=2, dp=4))
        'PP 2 instead of 1'
        """
        old, new = self.named(before), self.named(after)
        return ", ".join(f"{AXES[axis]} {new[axis]} instead of {old[axis]}" for axis in differing(before, after))

    def neighbours(self, one: Candidate) -> list:
        """(axis, layout, :class:`Verdict`) of each layout of the space that differs in one axis."""
        return [(axis, other, self.verdict(other)) for axis, other in neighbours(self.space, one)]

    def fullest(self, one: Candidate) -> tuple:
        """(pipeline rank, most bytes) of the fullest GPU."""
        count = self.question.global_batch // (one.dp * one.micro_batch)
        batch = Batch(one.micro_batch, self.question.seq_len, count)
        held = memory(
            self.setting.config,
            self.rules.layout(one),
            self.question.recipe,
            batch,
            self.rules.policy(one.recompute),
            mtp=self.question.mtp,
        ).fullest
        return held.rank, held.band[1]


def rejected(judge: Judge, part: Part) -> dict:
    """Reason -> how many layouts it refuses, a sentence, an example, and the nearest layouts that run."""
    told, counts, near = {}, dict(part.refused), near_the_best(judge, part)
    for reason in REASONS:
        if reason not in counts:
            continue
        count, lacks, index = counts[reason]
        example = near.get(reason, judge.space[index])
        needed = round(lacks + judge.question.memory_bytes[example.accelerator])
        told[reason] = {
            "count": count,
            "says": REASONS[reason],
            "example": judge.named(example) | ({"needed_bytes": needed} if reason in OF_SIZE else {}),
            "nearest": nearest(judge, part, example, reason),
        }
    return told


def near_the_best(judge: Judge, part: Part) -> dict:
    """Reason of numbers -> a layout that fails by it and differs from one of the best in one axis, from the best on."""
    found = {}
    for row in sorted(dict.fromkeys((*part.best, *part.front)))[:MOST_LOOKED_AROUND]:
        for _, other in neighbours(judge.space, judge.space[row.index]):
            if reason := judge.rules.reason(other):
                found.setdefault(reason, other)
    return found


def nearest(judge: Judge, part: Part, example: Candidate, reason: str) -> list:
    """The layouts nearest to one that fails, of those that run: by one axis, the best of each; by two; else by few."""
    if not part.num_fitting:
        return []
    around = judge.neighbours(example)
    run = best_of_each((axis, other, verdict.found) for axis, other, verdict in around)
    if not run:  # two axes: most that are near cannot run by their numbers alone, which is asked quickly
        twice = dict.fromkeys(after for _, other, _ in around for _, after in neighbours(judge.space, other))
        run = best_of_each(("", other, judge.verdict(other).found) for other in twice)
    if run:
        chosen = sorted(run, key=lambda pair: pair[1])[:MOST_NEAREST]
    else:
        known = [(judge.space[one.index], one) for one in dict.fromkeys((*part.best, *part.front))]
        chosen = sorted(known, key=lambda pair: (len(differing(example, pair[0])), pair[1]))[:1]
    return [
        judge.named(other) | {"step_s": found.step_s, "change": change(judge, example, other, found, reason)}
        for other, found in chosen
    ]


def best_of_each(looked_at) -> list:
    """(layout, row) of the best of each axis, of (axis, layout, row or None where it cannot run)."""
    best = {}
    for axis, other, found in looked_at:
        if found is not None and (axis not in best or found < best[axis][1]):
            best[axis] = (other, found)
    return list(best.values())


def change(judge: Judge, example: Candidate, other: Candidate, found: Found, reason: str) -> str:
    """What is different of another layout, in words: "PP 8 instead of 4: 11.2 GB less on rank 0"."""
    words = judge.said(example, other)
    if reason not in OF_SIZE:
        return f"{words}: it runs, {found.step_s:.4g} s a step"
    (rank, before), (_, after) = judge.fullest(example), judge.fullest(other)
    return f"{words}: {si(before - after, 'bytes')} less on rank {rank}"


def differing(before: Candidate, after: Candidate) -> list:
    """Axes in which two layouts differ; DP, which follows from the others, only where nothing else says so."""
    changed = [axis for axis in AXES if getattr(before, axis) != getattr(after, axis)]
    return [axis for axis in changed if axis != "dp"] or changed


def next_best(judge: Judge, best: Found) -> dict:
    """Axis -> the best layout that differs from the best in it alone, and what it costs; or why there is none."""
    own, told = judge.space[best.index], {}
    around = judge.neighbours(own)
    for axis in AXES:
        verdicts = [(other, verdict) for of_axis, other, verdict in around if of_axis == axis]
        if not verdicts:
            continue
        fitting = [(verdict.found, other) for other, verdict in verdicts if verdict.found is not None]
        if not fitting:
            told[axis] = {"layout": None, "reasons": sorted({verdict.reason for _, verdict in verdicts})}
            continue
        found, other = min(fitting)
        told[axis] = {
            "layout": judge.named(other),
            "change": judge.said(own, other),
            "objective": found.value,
            "more_objective": found.value - best.value,
            "step_s": found.step_s,
            "more_s": found.step_s - best.step_s,
            "ratio": found.step_s / best.step_s,
            "more_bytes": found.most_bytes - best.most_bytes,
        }
    return told
