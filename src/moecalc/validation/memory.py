"""Memory of training runs: predicted beside measured, for each run of ``data/memory_measured.csv``.

A run is a config (of a model of ``data/models``, with some keys changed), a layout in the words of ``moecalc memory``, and
what was measured: allocated at the peak, reserved with fragmentation, or allocated after a step, when no activations live.
"""

import functools
import json
from typing import NamedTuple

from ..base.errors import InputError, quoted
from ..facts.tables import facts
from ..model.config import ModelConfig, load_model
from ..training.activation_policy import ActivationPolicy, recompute_of
from ..training.layout import Layout
from ..training.memory import FRAGMENTATION, Batch, Memory, RankMemory, memory
from ..training.stages import parse_stages
from .cases import Case
from .hold_out import FITTED

TABLE = "memory_measured"
#: Quantities of the table that are measured -> how the rank is found.
MEASURED = (
    "peak_allocated_fullest_rank",
    "peak_allocated_lightest_rank",
    "peak_allocated_last_rank",
    "peak_reserved_fullest_rank",
    "allocated_after_step_last_rank",
)
#: Share of measured figures that lie beyond either end of an interval.
TAIL = 0.05
#: The same as a metric of the ledger names them.
METRICS = {
    "peak_allocated_fullest_rank": "allocated at the peak, fullest rank",
    "peak_allocated_lightest_rank": "allocated at the peak, lightest rank",
    "peak_allocated_last_rank": "allocated at the peak, last rank",
    "peak_reserved_fullest_rank": "reserved at the peak, fullest rank",
    "allocated_after_step_last_rank": "allocated after a step, last rank",
}
_FLAGS = {"yes": True, "no": False}


class MemoryCase(NamedTuple):
    """One measured figure of a run, and what is predicted for it."""

    subject: str  #: the run
    quantity: str  #: one of :data:`MEASURED`
    use: str  #: fitted or held out
    measured: float  #: [bytes]
    predicted: float  #: [bytes]
    rank: int  #: pipeline rank that is predicted to be it
    source: str  #: key of data/sources.json
    note: str  #: what is assumed of the layout

    @property
    def error(self) -> float:
        """Predicted over measured, less 1: a ratio."""
        return self.predicted / self.measured - 1


class MemoryErrors(NamedTuple):
    """Errors of some cases, as shares of what was measured."""

    cases: int
    mean: float  #: of the sizes of the errors
    bias: float  #: of the errors with their signs
    worst: float  #: with its sign
    worst_subject: str


@functools.cache  # a figure asks again at each move
def memory_cases() -> tuple:
    """:class:`MemoryCase` of every measured figure, in the order of the table."""
    cases = []
    for subject, quantities in _runs().items():
        found = run_memory(quantities["config"].value, quantities["layout"].value)
        for quantity in MEASURED:
            if fact := quantities.get(quantity):
                rank, predicted = prediction(found, quantity)
                said = (fact.source, quantities["layout"].note)
                use = quantities["use"].value
                cases.append(MemoryCase(subject, quantity, use, fact.to("bytes"), predicted, rank.rank, *said))
    return tuple(cases)


@functools.cache
def memory_ledger() -> tuple:
    """The same figures as cases of the ledger, in GiB, each with an interval from the errors of other runs."""
    runs, found = _runs(), []
    for case in memory_cases():
        said = runs[case.subject]
        name, metric = f"{case.subject}:{case.quantity}", f"GiB {METRICS[case.quantity]}"
        model = said["config"].note.partition(";")[0] or json.loads(said["config"].value).get("from", "")
        low, high = memory_spread(case.source, case.subject)
        values = (case.measured, case.predicted, case.predicted * low, case.predicted * high)
        known = (name, "memory", metric, model, said["accelerator"].value)
        found.append(Case(*known, *(value / 2**30 for value in values), case.use, case.source, note=case.note))
    return tuple(found)


@functools.cache
def memory_spread(program: str = "", without: str = "") -> tuple:
    """(low, high) factors on a prediction, between which most measured values of the ledger's runs lie.

    They are the quantiles of measured over predicted that leave :data:`TAIL` of the figures outside at either end, of the
    runs of a `program` (Megatron-LM is one, whoever measured it), but `without` the run that is predicted. So no run widens
    or narrows its own interval.
    """
    same = {"simumax", "megatron-lm"} if program in ("simumax", "megatron-lm") else {program} if program else None
    ratios = sorted(
        1 / (1 + case.error) for case in memory_cases() if case.subject != without and (same is None or case.source in same)
    )
    out = int(TAIL * len(ratios))
    return ratios[out], ratios[-1 - out]


def memory_errors(cases) -> MemoryErrors:
    """Mean, bias and worst error of some cases, as shares of the measured memory."""
    errors = [case.error for case in cases]
    if not errors:
        raise InputError("cases must have at least one case; found none")
    worst = max(cases, key=lambda case: abs(case.error))
    return MemoryErrors(
        len(errors), sum(map(abs, errors)) / len(errors), sum(errors) / len(errors), worst.error, worst.subject
    )


def run_memory(config_text: str, layout_text: str, named: bool = True) -> Memory:
    """The memory of a run as the table writes it: JSON of a config, and words such as ``tp=2 dp=4 seq_len=4096``.

    Without its program `named` it is counted as for any, with the loss that no program is known to compute better.
    """
    changes = json.loads(config_text)
    base = changes.pop("from", None)
    config = ModelConfig(changes) if base is None else load_model(base).replace(**changes)
    told = dict(word.split("=", 1) for word in layout_text.split())
    layout, batch, policy, more = {}, {}, {}, {"recipe_name": told.pop("recipe", "bf16")}
    for name, text in told.items():
        if not named and name in ("program", "loss"):
            continue
        value = int(text) if text.isdigit() else _FLAGS.get(text, text)
        if name == "stages":
            layout[name] = parse_stages(text)
        elif name == "layers_per_stage":
            layout[name] = tuple(int(size) for size in text.split(","))
        elif name in Layout._fields:
            layout[name] = value
        elif name in Batch._fields:
            batch[name] = value
        elif name == "recompute":
            policy[name] = recompute_of(text)
        elif name in ActivationPolicy._fields:
            policy[name] = value
        elif name in ("sequence_parallel", "program"):
            more[name] = value
        else:
            raise InputError(f"layout has {quoted(name)}, which moecalc memory does not take")
    return memory(config, Layout(**layout), batch=Batch(**batch), policy=ActivationPolicy(**policy), **more)


def allocated(rank: RankMemory) -> float:
    """What a framework's allocator is predicted to hand out at the peak of a rank [bytes]."""
    return rank.counted + rank.beyond * rank.activations


def prediction(found: Memory, quantity: str) -> tuple:
    """(rank, bytes) that is predicted for a measured quantity."""
    if quantity == "allocated_after_step_last_rank":
        last = found.ranks[-1]
        return last, last.states.gpu_total + last.buffers.empty_gradients  # a program caches them
    choose = {"fullest": max, "lightest": min}.get(quantity.split("_")[2])
    rank = choose(found.ranks, key=allocated) if choose else found.ranks[-1]
    return rank, allocated(rank) * (1 + FRAGMENTATION[1] if "reserved" in quantity else 1)


def fitted_shares() -> tuple:
    """(framework's share of activations, least, mean and most fragmentation) that the fitted runs give: factors.

    The first by least squares on peaks that are allocated, counted as for any program, the others from runs that
    reserve and allocate.

    .. math:: f = \\frac{\\sum_i A_i (m_i - M_i)}{\\sum_i A_i^2}

    m_i was measured where M_i bytes are counted, A_i of them activations.
    """
    above = square = 0.0
    gaps = []
    for quantities in _runs().values():
        if quantities["use"].value != FITTED:
            continue
        found = run_memory(quantities["config"].value, quantities["layout"].value, named=False)
        for quantity in ("peak_allocated_fullest_rank", "peak_allocated_lightest_rank"):
            if fact := quantities.get(quantity):
                rank = prediction(found, quantity)[0]
                above += rank.activations * (fact.to("bytes") - rank.counted)
                square += rank.activations**2
        peak, reserved = (quantities[f"peak_{kind}_fullest_rank"].value for kind in ("allocated", "reserved"))
        gaps.append(reserved / peak - 1)
    return above / square, min(gaps), sum(gaps) / len(gaps), max(gaps)


def _runs() -> dict:
    """Run -> quantity -> fact."""
    runs = {}
    for fact in facts(TABLE):
        runs.setdefault(fact.subject, {})[fact.quantity] = fact
    return runs
