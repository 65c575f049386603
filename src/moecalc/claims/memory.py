"""What the talk says of memory and expert parallelism."""

from ..base.units import show
from ..model.config import load_model
from ..training.memory_examples import REPORTED, V3_LAYOUT, memory_by_ep
from .evidence import Evidence, Part
from .printed import number
from .registry import V3, check, config_fact, percent, report_fact

#: What "hardly changes" may be at most, from one size of expert parallelism to the next that is looked at.
HARDLY = 0.05


def by_ep() -> tuple:
    """V3's layout at EP of one node, twice that and so on, to twice V3's own."""
    node, own = report_fact("training system", "gpus_per_node").value, number("C57", 2)
    sizes = [node * 2**power for power in range((2 * own // node).bit_length())]
    return memory_by_ep(load_model(V3), V3_LAYOUT, V3, REPORTED, sizes)


@check("C104")
def more_expert_parallelism(claim):
    found = by_ep()
    first, own, last = found[0], next(one for one in found if one.ep == number("C57", 2)), found[-1]
    weights = [one.weights for one in found]
    falls = all(after < before for before, after in zip(weights, weights[1:], strict=False))
    to_own, beyond = (1 - after.most / before.most for before, after in ((first, own), (own, last)))
    return Evidence(
        (
            Part("True", falls, name="weights on a GPU fall"),
            Part("True", to_own <= HARDLY, name="peak memory hardly changes up to the size that V3 uses"),
            Part("True", beyond <= HARDLY, name="peak memory hardly changes beyond it"),
        ),
        own=f"peak {show(first.most, 'bytes')} at EP{first.ep}, {show(own.most, 'bytes')} at EP{own.ep}, "
        f"{show(last.most, 'bytes')} at EP{last.ep}",
        convention=f"fullest rank at the upper end, V3's layout and recipe but for EP; hardly: at most {percent(HARDLY)}",
        shown=f"weights fall by {percent(1 - own.weights / first.weights)} from EP{first.ep} to EP{own.ep}, the peak by "
        f"{percent(to_own)}, and by {percent(beyond)} from there to EP{last.ep}",
        note="Activations do not depend on EP where tokens are routed evenly, so what changes are model states: "
        f"{percent(first.states / first.most)} of the peak at EP{first.ep}, {percent(own.states / own.most)} at EP{own.ep}. "
        "Only once EP is large does more of it change little.",
        cite=config_fact(V3, "n_routed_experts"),
    )
