"""The same counts side by side: by size of the expert-parallel group, by experts per token, and beside computing."""

from typing import NamedTuple

from ...base.checks import real, whole
from ...model.config import ModelConfig
from .gate import Gate, Placement, gate_of
from .links import Links
from .plan import Reach, reach, tokens_chosen
from .scores import Scores
from .traffic import Copies, copies_per_token


class BySize(NamedTuple):
    """One size of the expert-parallel group under one law of scores."""

    ep: int
    num_nodes: int
    reach: Reach
    copies: Copies


def by_group_size(gate: Gate, sizes, scores: Scores, num_samples: int, gpus_per_node: int = 8) -> list:
    """:class:`BySize` for each of `sizes`, all from the same simulated tokens; `gpus_per_node` [GPUs].

    >>> [one.reach.most_nodes for one in by_group_size(Gate(256, 8, 8, 4), (64, 128), Scores(), 10)]
    [4, 8]
    """
    chosen, found = tokens_chosen(gate, scores, num_samples), []
    for ep in sizes:
        placement = Placement(ep, gpus_per_node)
        where = reach(gate, placement, scores, chosen)
        copies = copies_per_token(where.nodes.mean, where.gpus.mean, where.num_experts, placement)
        found.append(BySize(ep, placement.num_nodes, where, copies))
    return found


def scale_up_over_scale_out(copies: Copies, links: Links) -> float:
    """Ratio of the time on the scale-up network to that on the scale-out network.

    >>> round(scale_up_over_scale_out(Copies(3.46, 6.55, 7.0, 6.55), Links(160e9, 50e9)), 3)
    0.592
    """
    return (copies.scale_up / links.scale_up_bytes_per_s) / (copies.scale_out / links.scale_out_bytes_per_s)


def experts_before_scale_up_binds(gate: Gate, placement: Placement, links: Links, num_samples: int = 300) -> int:
    """Most experts that a token can choose before the scale-up network takes longer, by the copies that are sent [experts].

    :func:`~moecalc.hardware.all_to_all.traffic.free_experts` counts a copy for each expert instead.
    """
    whole("num_samples", num_samples)
    law, most = Scores(), 0
    for chosen in range(gate.topk_group, gate.topk_group * gate.num_experts // gate.n_group + 1):
        one = by_group_size(gate._replace(num_chosen=chosen), (placement.ep,), law, num_samples, placement.gpus_per_node)
        if scale_up_over_scale_out(one[0].copies, links) > 1:
            return most
        most = chosen
    return most


def moe_layer_flops_per_token(config: ModelConfig, seq_len: int) -> float:
    """Forward FLOPs of one token in one layer with routed experts, attention halved by causality [FLOPs].

    `seq_len`: length of the sequences [tokens].

    >>> round(moe_layer_flops_per_token(load_model("deepseek-v3"), 4096) / 1e9, 2)
    1.34
    """
    gate_of(config)
    whole("seq_len", seq_len, 1, 10**9)
    block = next(layer for layer in reversed(config.anatomy.layers) if layer.num_routed_experts > 1)
    return block.num_flops + sum(score.flops_of_sequence(seq_len) for score in block.scores) / seq_len


def share_of_peak_when_equal(config: ModelConfig, seq_len: int, token_s: float, peak_flops_per_s: float) -> float:
    """Share of the peak at which computing a layer takes as long as moving its tokens.

    `seq_len` [tokens]; `token_s` is what dispatch and combine take for one token of a GPU [s], `peak_flops_per_s` that of
    computing [FLOP/s].
    """
    real("token_s", token_s, positive=True)
    real("peak_flops_per_s", peak_flops_per_s, positive=True)
    return moe_layer_flops_per_token(config, seq_len) / token_s / peak_flops_per_s
