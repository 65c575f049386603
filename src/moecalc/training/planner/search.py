"""The search: a chunk of the space, layout by layout, and all chunks one after the other.

Examples use :func:`.question.ask`.
"""

from bisect import bisect_left
from functools import partial

from ...base.search import Part, Refused, chunk_places, in_chunks, refuse
from ..memory import Batch
from ..step import least_step_s, training_step
from .bounds import Fit, Rules
from .front import Found, front_of, merge
from .question import Question, Setting, setting_of
from .space import DIGITS, Candidate, space_of

#: Digits of a place in a block that layouts of one shape differ in.
INSIDE = ("micro_batch", "recompute", "zero")
SECONDS_OF_DAY, SECONDS_OF_HOUR = 86400, 3600
#: So many rows are found between two looks at which of them can still be the best or on the front.
BETWEEN_LOOKS = 32
#: Sums of many times round: a bound of a step's time is meant but for this share.
ROUNDING = 1e-6


def plan_chunk(question: Question, chunk: int = 0, num_chunks: int = 1) -> Part:
    """One chunk of the search, of `num_chunks`; :func:`~moecalc.training.planner.front.merge` joins what they return.

    >>> mine = ask("llama-3.1-8b", "h100-sxm", 8, 64, 8192, limits={"tp": (2,), "schedule": ("1f1b",)})
    >>> merge(mine, [plan_chunk(mine, chunk, 3) for chunk in range(3)]) == plan_chunk(mine)
    True
    """
    space = space_of(question)
    numbers = chunk_places(len(space), chunk, num_chunks)
    looked = _Looked(question, setting_of(question))
    for piece in space.pieces(numbers.start, numbers.stop):
        looked.block(*piece)
    return looked.part()


class _Looked:
    """What the layouts looked at so far came to."""

    def __init__(self, question: Question, setting: Setting):
        self.question, self.rules = question, Rules(question, setting)
        self.evaluate = Evaluation(self.rules, setting)
        self.considered = self.fitting = 0
        self.refused, self.found = {}, []
        self.last, self.front, self.full = None, (), BETWEEN_LOOKS

    def block(self, block, first, stop, start):
        """Layouts of a block from one place to another; `start` is the number of the block's first."""
        size = 1
        for name, values in zip(DIGITS, block.digits, strict=True):
            size *= len(values) if name in INSIDE else 1
        self.considered += stop - first
        for shape in range(first // size, -(-stop // size)):
            begin, end = max(first, shape * size), min(stop, (shape + 1) * size)
            self.shape(block, begin, end, start, size)

    def shape(self, block, begin, end, start, size):
        """Layouts that differ in micro-batch, recompute and ZeRO alone."""
        one = block.candidate(begin)
        if reason := self.rules.shape_reason(one):
            return self.refuse(reason, end - begin, start + begin)
        fit, at = None, begin
        per_batch = size // len(block.digits[DIGITS.index("micro_batch")])
        while at < end:
            upto = min(end, at - at % per_batch + per_batch)
            one = block.candidate(at)
            if reason := self.rules.batch_reason(one):
                self.refuse(reason, upto - at, start + at)
            else:
                fit = fit or Fit(self.rules, one)
                for place in range(at, upto):
                    self.layout(fit, block.candidate(place), start + place)
            at = upto

    def layout(self, fit: Fit, one: Candidate, index: int):
        if reason := self.rules.zero_reason(one):
            return self.refuse(reason, 1, index)
        memory = self.question.memory_bytes[one.accelerator]
        reason, needed, counted = memory_reason(fit, one, memory)
        if reason:
            return self.refuse(reason, 1, index, needed - memory)
        self.fitting += 1
        if self.last and self.beaten(self.evaluate.least_s(fit, one), one, memory - needed):
            return None
        self.found.append(self.evaluate.found(one, index, counted, needed))
        if len(self.found) >= self.full:
            self.look()
        return None

    def look(self):
        """Keep the rows that can still be told; the last of the best and the front are what others have to beat."""
        best, self.front = sorted(self.found)[: self.question.top], front_of(self.found)
        self.last = best[-1] if len(best) == self.question.top else None
        self.found = list(dict.fromkeys((*best, *self.front)))
        self.full = len(self.found) + BETWEEN_LOOKS

    def beaten(self, least_s: float, one: Candidate, headroom_bytes: float) -> bool:
        """Whether a layout whose step takes at least so long can be neither one of the best nor on the front."""
        tokens = self.question.global_batch * self.question.seq_len / one.num_gpus / least_s
        value = objective_value(self.question, one, least_s, tokens)
        if (value, least_s) <= self.last[:2]:
            return False
        before = bisect_left(self.front, least_s, key=lambda row: row.step_s) - 1
        return before >= 0 and self.front[before].headroom_bytes >= headroom_bytes

    def refuse(self, reason, count, index, lacks=0):
        refuse(self.refused, reason, Refused(count, lacks, index))

    def part(self) -> Part:
        best = tuple(sorted(self.found)[: self.question.top])
        refused = tuple(sorted(self.refused.items()))
        return Part(self.considered, self.fitting, refused, best, front_of(self.found))


def memory_reason(fit: Fit, one: Candidate, memory_bytes: float) -> tuple:
    """(why it does not fit in `memory_bytes` [bytes] or "", what it needs at most, as counted)."""
    states = fit.states(one.zero)[1]
    if states > memory_bytes:
        return "states", states, 0
    counted, most = fit.needed(one.zero, one.micro_batch, one.recompute)
    return ("memory" if most > memory_bytes else ""), most, counted


class Evaluation:
    """Times of layouts, and what an objective makes of them."""

    def __init__(self, rules: Rules, setting: Setting):
        self.rules, self.setting, self.question = rules, setting, rules.question

    def least_s(self, fit: Fit, one: Candidate) -> float:
        """What the layout's step takes at least [s], the same for each ZeRO stage."""
        key = one.micro_batch, one.recompute
        if key not in fit.known_least_s:
            asked, setting = self.question, self.setting
            batch = Batch(one.micro_batch, asked.seq_len, asked.global_batch // (one.dp * one.micro_batch))
            how = (self.rules.layout(one), asked.recipe, batch, self.rules.policy(one.recompute), setting.running, asked.mtp)
            chip = setting.accelerators[one.accelerator]
            fit.known_least_s[key] = least_step_s(setting.config, chip, *how) * (1 - ROUNDING)
        return fit.known_least_s[key]

    def found(self, one: Candidate, index: int, counted: int, most: int) -> Found:
        """The row of a layout that fits."""
        asked, setting = self.question, self.setting
        step = training_step(
            setting.config,
            setting.accelerators[one.accelerator],
            self.rules.layout(one),
            asked.recipe,
            Batch(one.micro_batch, asked.seq_len),
            self.rules.policy(one.recompute),
            asked.global_batch,
            setting.running,
            mtp=asked.mtp,
        )
        times = tuple(map(alike, (step.step_s, step.low_s, step.high_s)))
        value = alike(objective_value(asked, one, step.step_s, step.tokens_per_s_per_gpu))
        room = asked.memory_bytes[one.accelerator] - most
        return Found(value, times[0], index, *times[1:], counted, most, room, step.tokens_per_s_per_gpu, step.mfu)


def alike(value: float) -> float:
    """A number [of any unit] without its last digits, which hang on the computer: equal steps stand in one order anywhere.

    >>> alike(0.1 + 0.2)
    0.3
    """
    return float(f"{value:.11g}")


def objective_value(question: Question, one: Candidate, step_s: float, tokens_per_s_per_gpu: float) -> float:
    """What an objective makes of a step: less is better [the objective's unit]; a rate counts as less than nothing.

    It takes `step_s` [s] on the GPUs of a layout, each of which trains `tokens_per_s_per_gpu` [tokens/s].

    >>> mine = ask("llama-3.1-8b", "h100-sxm", 8, 64, 8192, objective="days", num_tokens=1e12)
    >>> round(objective_value(mine, space_of(mine)[0], 6.4, 10240))  # 1e12 tokens at 81,920 a second
    141
    """
    if question.objective == "step-time":
        return step_s
    if question.objective == "tokens-per-gpu":
        return -tokens_per_s_per_gpu
    if question.objective == "fewest-gpus":
        return one.num_gpus
    gpu_seconds = question.num_tokens / tokens_per_s_per_gpu
    if question.objective == "days":
        return gpu_seconds / one.num_gpus / SECONDS_OF_DAY
    return gpu_seconds / SECONDS_OF_HOUR * question.usd_per_gpu_hour[one.accelerator]


def search(question: Question, num_chunks: int = 1):
    """The whole search in this process, a generator of the share that is done; returns what all chunks found as one.

    It runs as :func:`moecalc.base.progress.run_to_end` runs such work.
    """
    return (yield from in_chunks(partial(plan_chunk, question), partial(merge, question), num_chunks))
