"""The phases of DeepSeek-V3's training: tokens, FLOPs and utilisation of each.

`causal` halves the score products of attention. Phase i has D_i tokens in sequences of s_i, which have F(s_i) training
FLOPs a token. Examples use ``v3 = load_model("deepseek-v3")``.

.. [1] DeepSeek-AI, DeepSeek-V3 Technical Report, arXiv:2412.19437, Table 1 and section 4.3.
"""

from math import fsum
from typing import NamedTuple

from ..base.checks import real, whole
from ..base.limits import MAX_SEQ_LEN
from ..facts import tables
from ..model.config import ModelConfig
from ..model.flops import training_flops_per_token
from .mfu import model_flops_utilisation


class Phase(NamedTuple):
    """A part of a training with sequences of one length."""

    name: str
    num_tokens: float
    seq_len: int


def phase_tokens(num_steps: int, batch_size: int, seq_len: int) -> int:
    """Tokens of `num_steps` steps of `batch_size` sequences of `seq_len` [tokens] each: D = n B s [tokens].

    Both phases of DeepSeek-V3's context extension [1]_ have the same number:

    >>> phase_tokens(1000, 1920, 32768), phase_tokens(1000, 480, 131072)
    (62914560000, 62914560000)
    """
    sizes = whole("num_steps", num_steps) * whole("batch_size", batch_size)
    return sizes * whole("seq_len", seq_len, most=MAX_SEQ_LEN)


def phases_flops(config: ModelConfig, phases, causal: bool = True) -> float:
    """Training FLOPs of some phases, the sum of D_i F(s_i), without recomputation and without the MTP module [FLOPs].

    >>> f"{phases_flops(v3, v3_extension()):.4g}"
    '1.049e+23'
    """
    return fsum(
        real("num_tokens", phase.num_tokens) * training_flops_per_token(config, phase.seq_len, causal) for phase in phases
    )


def phases_mfu(config: ModelConfig, phases, gpu_hours: float, peak_flops_per_s: float, causal: bool = True) -> float:
    r"""Share of the peak that the hours of some phases together imply, H = `gpu_hours` [GPU-hours] of all GPUs.

    .. math:: \text{MFU} = \frac{\sum_i D_i \, F(s_i)}{3600 \, H \, P}

    P = `peak_flops_per_s` [FLOP/s] of one GPU, dense. Hours that no training step ran in, such as for evaluation or
    checkpoints, count as if it had. The 119 thousand GPU-hours of V3's context extension, by both conventions [1]_:

    >>> [round(phases_mfu(v3, v3_extension(), 119e3, 989.5e12, causal), 4) for causal in (True, False)]
    [0.2475, 0.4298]
    """
    return model_flops_utilisation(phases_flops(config, phases, causal), 1, gpu_hours, peak_flops_per_s)


def v3_pretraining() -> Phase:
    """DeepSeek-V3's pre-training, as in ``data/training_runs.csv``.

    >>> v3_pretraining()
    Phase(name='pre-training', num_tokens=14800000000000.0, seq_len=4096)
    """
    run = tables.by_subject("training_runs")["dsv3-pretrain"]
    return Phase("pre-training", run["num_tokens"].to("tokens"), run["seq_len"].to("tokens"))


def v3_extension(num_steps: int | None = None, batch_sizes=(None, None)) -> list:
    """The two phases of DeepSeek-V3's context extension; None takes what the report gives.

    `num_steps` [steps] are those of each phase, `batch_sizes` [sequences] those of a step in each.

    >>> [phase.seq_len for phase in v3_extension()]
    [32768, 131072]
    """
    given, phases = tables.by_subject("v3_report")["context extension"], []
    for i, batch_size in enumerate(batch_sizes, 1):
        seq_len = given[f"seq_len_phase_{i}"].value
        steps = given[f"steps_phase_{i}"].value if num_steps is None else num_steps
        size = given[f"batch_size_phase_{i}"].value if batch_size is None else batch_size
        phases.append(Phase(f"extension to {seq_len // 1024}K", phase_tokens(steps, size, seq_len), seq_len))
    return phases
