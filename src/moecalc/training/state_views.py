"""Model states of one layout under every ZeRO stage and under several schedules.

Examples use ``v3 = load_model("deepseek-v3")``.
"""

from typing import NamedTuple

from ..model.config import ModelConfig
from .layout import ZERO_STAGES, Layout
from .states import STATES, model_states, rank_groups

#: What a figure shows of :data:`moecalc.training.states.STATES`: scale factors are too small for a bar of their own.
SHOWN_STATES = ("weights", "gradients", "optimizer_states")


def shown(states: dict) -> dict:
    """Bytes of each of :data:`SHOWN_STATES`: weights have their FP8 scale factors with them [bytes].

    >>> shown({"weights": 90, "fp8_scales": 1, "gradients": 4, "optimizer_states": 8, "rank": 0})
    {'weights': 91, 'gradients': 4, 'optimizer_states': 8}
    """
    return {state: states[state] + (states["fp8_scales"] if state == "weights" else 0) for state in SHOWN_STATES}


class ZeroStates(NamedTuple):
    """Bytes at one ZeRO stage: on a middle rank by state, their sum, and the sum of the fullest rank."""

    zero: int
    states: dict
    middle: int
    fullest: int


class ScheduleStates(NamedTuple):
    """Bytes under one schedule: of the lightest, mean and fullest rank, and by state on all GPUs."""

    schedule: str
    lightest: int
    mean: float
    fullest: int
    states_of_all: dict


def middle_group(config: ModelConfig, layout: Layout, recipe_name: str) -> dict:
    """The largest group of ranks that hold the same, as :func:`moecalc.training.states.rank_groups` describes it."""
    ranks = model_states(config, layout, recipe_name)["ranks"]
    return max(rank_groups([rank | shown(rank) for rank in ranks]), key=lambda group: group["count"])


def states_by_zero(config: ModelConfig, layout: Layout, recipe_name: str) -> list:
    """:class:`ZeroStates` [bytes] for every ZeRO stage.

    >>> without, first, *_ = states_by_zero(v3, Layout(pp=16, ep=64, dp=128), "deepseek-v3")
    >>> first.middle < without.middle
    True
    """
    found = []
    for zero in ZERO_STAGES:
        staged = layout._replace(zero=zero)
        middle = middle_group(config, staged, recipe_name)
        fullest = model_states(config, staged, recipe_name)["per_gpu_bytes"]
        found.append(ZeroStates(zero, {state: middle[state] for state in SHOWN_STATES}, middle["bytes"], fullest))
    return found


def states_by_schedule(
    config: ModelConfig, layout: Layout, recipe_name: str, schedules=("1f1b", "dualpipe", "dualpipev")
) -> list:
    """:class:`ScheduleStates` [bytes] for some schedules.

    DualPipe holds each stage twice, and ZeRO shares the optimizer's states over both copies:

    >>> once, twice, _ = states_by_schedule(v3, Layout(pp=16, ep=64, dp=128, zero=1), "deepseek-v3")
    >>> 1 < twice.mean / once.mean < 2
    True
    """
    found = []
    for schedule in schedules:
        ranks = model_states(config, layout._replace(schedule=schedule), recipe_name)["ranks"]
        sums = [rank["bytes"] for rank in ranks]
        of_all = {state: sum(rank[state] for rank in ranks) * layout.num_gpus // layout.pp for state in STATES}
        found.append(ScheduleStates(schedule, min(sums), sum(sums) / len(sums), max(sums), of_all))
    return found
