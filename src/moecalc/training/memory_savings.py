"""What each of V3's ways to save memory buys, first, last, or in any order with the others.

Examples use ``v3 = load_model("deepseek-v3")``.
"""

from functools import lru_cache
from operator import add
from typing import NamedTuple

from ..base.checks import one_of
from ..model.config import ModelConfig
from .activation_policy import V3_RECOMPUTE, ActivationPolicy
from .activations import recomputable_parts
from .held_params import HeldParams, held_parts
from .layout import Layout
from .memory import FRAGMENTATION, FRAMEWORK_SHARE, ONE_SEQUENCE, Batch, memory
from .rank_states import copied_tables, filled_stages, states_of_stage, zero_group
from .recipes import recipe

#: Way to save -> what a reader calls it, in the order in which the report speaks of them; the last is not in it.
WAYS = {
    "zero": "ZeRO-1",
    "recompute": "recompute of norms, MLA up, SwiGLU",
    "ema": "moving average in the CPU's memory",
    "tables": "MTP shares embedding and head",
    "recipe": "FP8 weights, BF16 moments",
    "cache": "activations in FP8 and E5M6",
    "weight_before_down": "experts' outputs not kept",
}
NOT_IN_REPORT = ("weight_before_down",)
ORDERS = {
    "report": "as the report names them",
    "reverse": "the other way round",
    "largest": "whatever saves most first",
    "smallest": "whatever saves least first",
}
RANKS = ("fullest", "middle")
#: Ways that add to a rank whatever the others do: no layout or policy need be counted again for them.
BESIDE = ("ema", "tables")


class Saving(NamedTuple):
    """What one way buys where its turn comes, and over all orders of all ways, at the band's upper end [bytes]."""

    way: str  #: key of :data:`WAYS`
    before: float
    after: float
    counted: float  #: after it, without the band
    rank: int  #: whose memory `after` is
    least: float  #: that it saves in any order
    most: float

    @property
    def saved(self) -> float:
        return self.before - self.after


class Ways(NamedTuple):
    """Memory without any of the ways, and what each saves in one order."""

    without: float  #: at the band's upper end [bytes]
    savings: tuple


def memory_savings(
    config: ModelConfig, layout: Layout, batch: Batch = ONE_SEQUENCE, order: str = "report", rank: str = "fullest"
) -> Ways:
    r""":class:`Ways` from plain mixed precision to all that V3 does, with each of :data:`WAYS` that the model has.

    .. math:: s_w(S) = M(S) - M(S \cup \{w\}), \qquad \min_S s_w(S) \le s_w \le \max_S s_w(S)

    M(S) is the upper end of the band with the ways S in use: all subsets are counted, so the bounds hold for each order.

    Parameters
    ----------
    config, layout, batch : ModelConfig, Layout and Batch
        As :func:`moecalc.training.memory.memory` takes them; ZeRO's stage is one of the ways
    order : str
        One of :data:`ORDERS`
    rank : str
        ``fullest`` follows the rank that needs most, which may change on the way; ``middle`` stays with rank PP // 2

    Notes
    -----
    It starts with 18 bytes a parameter, the moving average on the GPU and tables of its own for MTP.

    Examples
    --------
    >>> own = Layout(pp=16, ep=64, dp=128, schedule="dualpipe")
    >>> [round(one.saved / 1e9) for one in memory_savings(v3, own, rank="middle").savings]
    [50, 73, 2, 0, 5, 32, 38]
    """
    one_of("order", order, ORDERS)
    one_of("rank", rank, RANKS)
    ways = ways_of(config)
    needs = {}
    for used in _subsets([way for way in ways if way not in BESIDE]):
        ranks, average, tables = _ranks(config, layout, batch, used)
        for beside in _subsets([way for way in ways if way in BESIDE]):
            more = [0] * layout.pp
            for way, held in (("ema", average), ("tables", tables)):
                if way not in beside:
                    more = list(map(add, more, held))
            upper = [most + (1 + FRAGMENTATION[2]) * extra for (_, most), extra in zip(ranks, more, strict=True)]
            at = layout.pp // 2 if rank == "middle" else upper.index(max(upper))
            needs[used | beside] = ranks[at][0] + more[at], upper[at], at
    chosen, used = [], frozenset()
    for way in _in_order(ways, order, needs):
        gains = [needs[one][1] - needs[one | {way}][1] for one in needs if way not in one]
        before, used = needs[used][1], used | {way}
        counted, after, at = needs[used]
        chosen.append(Saving(way, before, after, counted, at, min(gains), max(gains)))
    return Ways(needs[frozenset()][1], tuple(chosen))


def ways_of(config: ModelConfig) -> list:
    """Those of :data:`WAYS` that a model has.

    >>> ways_of(load_model("llama-3.1-8b"))
    ['zero', 'recompute', 'ema', 'recipe', 'cache']
    """
    lacking = set() if config.anatomy.mtp else {"tables"}
    lacking |= set() if "router" in recomputable_parts(config) else {"weight_before_down"}
    return [way for way in WAYS if way not in lacking]


def v3_recompute(config: ModelConfig) -> tuple:
    """V3's own list, as far as a model has what it names."""
    return tuple(name for name in V3_RECOMPUTE if name in recomputable_parts(config))


def _subsets(ways) -> list:
    return [frozenset(way for at, way in enumerate(ways) if number >> at & 1) for number in range(2 ** len(ways))]


@lru_cache(maxsize=1024)
def _ranks(config, layout, batch, used) -> tuple:
    """(counted, upper end of the band) of each rank with some ways in use, its moving average, own tables of MTP [bytes]."""
    layout = layout._replace(zero=1 if "zero" in used else 0)
    dtypes = recipe("deepseek-v3" if "recipe" in used else "bf16")._replace(ema=4)
    policy = ActivationPolicy(
        v3_recompute(config) if "recompute" in used else (),
        "fp8" if "cache" in used else "bf16",
        "weight_before_down" in used,
    )
    ranks = memory(config, layout, dtypes, batch, policy).ranks
    needed = [(one.counted, (one.counted + FRAMEWORK_SHARE * one.activations) * (1 + FRAGMENTATION[2])) for one in ranks]
    return needed, [one.states.ema_cpu for one in ranks], own_tables(config, layout, dtypes)


def own_tables(config: ModelConfig, layout: Layout, dtypes) -> list:
    """Model states that each rank would hold more of, had its MTP modules an embedding and a head of their own [bytes].

    What the rank holds a copy of anyway, since it has no such table among its stages, is not saved by sharing.

    >>> own = Layout(pp=16, ep=64, dp=128, schedule="dualpipe")
    >>> [round(held / 1e9, 1) for held in own_tables(v3, own, "deepseek-v3")][0]
    11.2
    """
    stages = filled_stages(config, layout)
    parts = held_parts(config.anatomy, layout.tp, layout.ep, layout.expert_tp)
    replicas, dtypes = zero_group(layout), recipe(dtypes)
    ranks = []
    for rank in range(layout.pp):
        of_rank = [stages[index] for index in layout.stages_of_rank(rank)]
        held = HeldParams()
        if any(stage.mtp for stage in of_rank):
            copies = [table for _, table in copied_tables(of_rank, config.anatomy.is_tied)]
            held = held if "embedding" in copies else held.plus(parts.embedding_table)
            held = held if "head" in copies else held.plus(parts.head_table)
        ranks.append(sum(states_of_stage(held, replicas, dtypes, layout.zero)[:5]))
    return ranks


def _in_order(ways, order, needs) -> list:
    if order == "report":
        return ways
    if order == "reverse":
        return ways[::-1]
    best, used, chosen = max if order == "largest" else min, frozenset(), []
    while len(chosen) < len(ways):
        rest = [way for way in ways if way not in used]
        way = best(rest, key=lambda one: needs[used][1] - needs[used | {one}][1])
        chosen.append(way)
        used |= {way}
    return chosen
