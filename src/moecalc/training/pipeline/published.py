"""Durations of Figure 4 that are published: as the report draws them, and as DeepSeek's trace of a training step has them.

.. [1] DeepSeek-AI, DeepSeek-V3 Technical Report, arXiv:2412.19437, figure 4.
.. [2] DeepSeek-AI, profile-data, github.com/deepseek-ai/profile-data.
"""

from typing import NamedTuple

from ...facts import tables
from ...model.config import ModelConfig
from ...model.flops import forward_flops_by_component
from .chunk_pair import ChunkDurations

#: Sequence length of the trace [tokens]
TRACE_SEQ_LEN = 4096


class LayerFlops(NamedTuple):
    """FLOPs of a token in one MoE layer, by what Figure 4 calls attention and MLP, forward, and backward in two parts."""

    attention_forward: float
    attention_backward_input: float
    attention_backward_weight: float
    mlp_forward: float
    mlp_backward_input: float
    mlp_backward_weight: float

    @property
    def chunk(self) -> tuple:
        """F, B_in and W of the layer."""
        attention, mlp = self[:3], self[3:]
        return tuple(one + other for one, other in zip(attention, mlp, strict=True))


def figure_4_widths() -> ChunkDurations:
    """Widths of the rectangles in [1]_, in points: a drawing, no measurement. That of PP is halved for each direction."""
    drawn = {name: fact.value for name, fact in tables.by_subject("v3_report")["Figure 4"].items()}
    half = drawn.pop("pp") / 2
    return ChunkDurations(**drawn, pp_forward=half, pp_backward=half)


def layer_flops(config: ModelConfig, seq_len: int) -> LayerFlops:
    """FLOPs of a token in one MoE layer, recomputation left out.

    A matrix takes as much in each of the three passes. Products of attention without weights take twice as much backward,
    and have no weight part. `seq_len` are the tokens of a sequence [tokens].
    """
    flops, layers = forward_flops_by_component(config, seq_len), config.anatomy.layers
    sparse = sum(layer.num_routed_experts > 1 for layer in layers)
    matrices = flops["attention"] / len(layers)
    products = (flops["attention_scores"] + flops["attention_values"]) / len(layers)
    mlp = (flops["router"] + flops["routed_experts"] + flops["shared_experts"]) / sparse
    return LayerFlops(matrices + products, matrices + 2 * products, matrices, mlp, mlp, mlp)


def trace_durations(config: ModelConfig) -> ChunkDurations:
    """Durations of one layer in the trace [2]_ [us].

    Communication is measured, without the kernels that wait for other GPUs. Computation is measured as a whole and split
    here by :func:`layer_flops` of V3's `config`, since names of kernels do not tell forward from backward. The trace has no
    pipeline sends.
    """
    trace = {name: fact.value for name, fact in _trace().items()}
    sends = {
        "dispatch_forward": trace["dispatch_forward"] / trace["dispatch_forward_calls"],
        "combine_backward": trace["combine_backward"] / trace["combine_backward_calls"],
        "combine_forward": trace["combine"] / trace["combine_calls"],
        "dispatch_backward": trace["combine"] / trace["combine_calls"],
    }
    flops = layer_flops(config, TRACE_SEQ_LEN)
    scale = trace["compute"] / trace["moe_layers"] / sum(flops)
    return ChunkDurations(**sends, **{name: value * scale for name, value in flops._asdict().items()})


def trace_waits() -> float:
    """Time that communication waits for other GPUs in the trace, a layer [us]; in no duration of it."""
    return _trace()["notify"].value / _trace()["moe_layers"].value


def _trace() -> dict:
    return tables.by_subject("training_runs")["dsv3-training-trace"]
