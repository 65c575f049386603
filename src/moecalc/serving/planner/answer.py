"""The answer: the best deployments, the front of both rates, why the others fail, and how sure the order is."""

from typing import NamedTuple

from ...base.progress import run_to_end
from ...base.search import Part
from .axes import AXES
from .question import Question
from .rules import REASONS, Found, Rules
from .search import search
from .space import Candidate, Space

#: Most deployments that are named as the nearest for one reason.
MOST_NEAREST = 3
#: So many of the best are looked around for examples.
MOST_LOOKED_AROUND = 20
#: Reason -> (what its example lacks, factor to that unit)
LACKS = {
    "memory": ("GB a GPU", 1e-9),
    "prefill-memory": ("GB a GPU", 1e-9),
    "ttft": ("s", 1),
    "tpot": ("ms", 1e3),
    "demand": ("requests/s", 1),
}


class Plan(NamedTuple):
    """What ``moecalc plan-serving`` prints, but for how long it took."""

    question: dict
    num_considered: int
    num_fitting: int
    rejected: dict  #: reason -> count, sentence, example, nearest
    layouts: list  #: the best first, then what else stands on the front
    front: list  #: places in `layouts` of those that no other beats in tokens of a GPU and of a user, most of a GPU first
    not_told_apart: int  #: so many of `layouts` have an interval that overlaps that of the best
    notes: list


def conclude(question: Question, part: Part) -> Plan:
    """The answer from a whole search: the same for the same :class:`~moecalc.base.search.Part`, whoever computed it."""
    judge = Judge(question)
    rows = sorted(dict.fromkeys((*part.best, *part.front)))
    places = {row: place for place, row in enumerate(rows)}
    layouts = [judge.told(row) for row in rows]
    for one in layouts:
        low, high = layouts[0]["low_tokens_per_s_per_gpu"], layouts[0]["high_tokens_per_s_per_gpu"]
        one["not_told_apart_from_best"] = one["low_tokens_per_s_per_gpu"] <= high and low <= one["high_tokens_per_s_per_gpu"]
    return Plan(
        question._asdict() | {"model": judge.rules.config.name},
        part.num_considered,
        part.num_fitting,
        judge.rejected(part),
        layouts,
        [places[row] for row in part.front],
        sum(one["not_told_apart_from_best"] for one in layouts),
        [HOW_SURE, QUEUE] if rows else [judge.why_none(part), QUEUE],
    )


HOW_SURE = (
    "the ends of an interval take both steps at the ends between which measured ones lie; deployments whose intervals "
    "overlap are not told apart and stand in the order of what is predicted"
)
QUEUE = "the first token waits as in a queue of requests that come at random and are of one length; its limit is on the mean"


def plan(question: Question, progress=None, num_chunks: int = 1) -> Plan:
    """The whole search and its answer in this process; `progress`, if given, is called with the share that is done.

    >>> mine = ask("llama-3.1-8b", "h100-sxm", 4, 2048, 512, limits={"batch": (16, 64)})
    >>> plan(mine, num_chunks=3) == plan(mine)
    True
    """
    return conclude(question, run_to_end(search(question, num_chunks), progress))


class Judge:
    """Tells of single deployments of a question."""

    def __init__(self, question: Question):
        self.question, self.rules = question, Rules(question)
        self.space = Space(question, self.rules.config)

    def named(self, one: Candidate) -> dict:
        """A deployment by its axes."""
        return one._asdict() | {"accelerator": self.question.accelerators[one.accelerator]}

    def told(self, row: Found) -> dict:
        """A deployment that keeps its promises, as JSON has it, with its interval."""
        one, rules, asked = self.space[row.index], self.rules, self.question
        prefill, step = rules.prefill(one), rules.step(one)
        rates = rules.rates(one, row.prefill_gpus)
        low, high = (
            rules.per_gpu(rules.rates(one, row.prefill_gpus, tuple(getattr(s, end) / s.step_s for s in (prefill, step))))
            for end in ("high_s", "low_s")
        )
        stretch = step.high_s / step.step_s
        first = rules.first_token_s(one)
        return {
            **self.named(one),
            "prefill_gpus": row.prefill_gpus,
            "decode_gpus": row.decode_gpus,
            "idle_gpus": asked.num_gpus - row.prefill_gpus - row.decode_gpus,
            "prefill_to_decode": row.prefill_gpus / row.decode_gpus,
            "tokens_per_s_per_gpu": row.tokens_per_s_per_gpu,
            "low_tokens_per_s_per_gpu": low,
            "high_tokens_per_s_per_gpu": high,
            "tokens_per_s_per_user": -row.not_per_user,
            "tpot_s": row.tpot_s,
            "tpot_low_s": row.tpot_s * step.low_s / step.step_s,
            "tpot_high_s": row.tpot_s * stretch,
            "tpot_kept_at_high_end": row.tpot_s * stretch <= asked.tpot_s,
            "ttft_without_queue_s": first,
            "prefill_busy": rates.prefill_busy,
            "requests_per_s": row.requests_per_s,
            "usd_per_million_output_tokens": rules.usd(one, row.tokens_per_s_per_gpu),
            "usd_low": rules.usd(one, high),
            "usd_high": rules.usd(one, low) if low else None,
            "objective": row.value,
            "index": row.index,
        }

    def rejected(self, part: Part) -> dict:
        """Reason -> how many deployments it refuses, a sentence, the example that comes nearest, and what near it runs."""
        counts, told, near = dict(part.refused), {}, self.near_the_best(part)
        for reason, says in REASONS.items():
            if reason in counts:
                count, lacks, index = counts[reason]
                one = near.get(reason, self.space[index])
                example = self.named(one)
                if reason in LACKS:
                    unit, factor = LACKS[reason]
                    example |= {"lacks": lacks * factor, "unit": unit}
                nearest = self.nearest(one, part) if part.num_fitting else []
                told[reason] = {"count": count, "says": says, "example": example, "nearest": nearest}
        return told

    def near_the_best(self, part: Part) -> dict:
        """Reason of numbers alone -> a deployment that fails by it and differs from one of the best in one axis."""
        found = {}
        for row in sorted(dict.fromkeys((*part.best, *part.front)))[:MOST_LOOKED_AROUND]:
            for _, other in self.space.neighbours(self.space[row.index]):
                if reason := self.rules.shape_reason(other) or self.rules.prefill_reason(other):
                    found.setdefault(reason, other)
        return found

    def nearest(self, example: Candidate, part: Part) -> list:
        """Deployments nearest to one that fails, of those that run: the best that differ in one axis, else in few."""
        run = []
        for _, other in self.space.neighbours(example):
            reason, _, found = self.rules.reason(other)
            if not reason:
                run.append((found._replace(index=self.space.index(other)), other))
        if not run:
            known = [(row, self.space[row.index]) for row in dict.fromkeys((*part.best, *part.front))]
            run = [min(known, key=lambda pair: (len(differing(example, pair[1])), pair[0]))]
        return [
            {
                "layout": self.named(other),
                "change": self.said(example, other),
                "tokens_per_s_per_gpu": found.tokens_per_s_per_gpu,
            }
            for found, other in sorted(run)[:MOST_NEAREST]
        ]

    def said(self, before: Candidate, after: Candidate) -> str:
        """What is changed, in words."""
        old, new = self.named(before), self.named(after)
        return ", ".join(f"{AXES[axis]} {new[axis]} instead of {old[axis]}" for axis in differing(before, after))

    def why_none(self, part: Part) -> str:
        """One sentence where no deployment keeps its promises: which comes nearest, and how far it is from it."""
        start = f"none of {part.num_considered:,} deployments serves this on {self.question.num_gpus:,} GPUs"
        counts = dict(part.refused)
        last = [reason for reason in REASONS if reason in counts][-1]  # what comes farthest through the reasons
        one = counts[last]
        if last not in LACKS:
            return f"{start}; {REASONS[last]}"
        unit, factor = LACKS[last]
        if last == "tpot":
            least = 1e3 * (self.question.tpot_s + one.lacks)
            return f"{start}: the fastest gives a token every {least:.4g} ms, {1e3 * self.question.tpot_s:.4g} ms are asked"
        if last == "ttft":
            least = self.question.ttft_s + one.lacks
            return f"{start}: the first token takes at least {least:.4g} s, {self.question.ttft_s:.4g} s are asked"
        return f"{start}; {REASONS[last]}: the nearest lacks {factor * one.lacks:.4g} {unit}"


def differing(before: Candidate, after: Candidate) -> list:
    """Axes in which two deployments differ."""
    return [axis for axis in AXES if getattr(before, axis) != getattr(after, axis)]
