"""DeepSeek-V3's run, stage by stage: published hours, tokens and FLOPs, and the utilisation that they imply.

Examples use ``v3 = load_model("deepseek-v3")``.
"""

from typing import NamedTuple

from ..facts import tables
from ..model.config import ModelConfig
from ..model.flops import TRAINING_PASSES, attention_score_flops_per_token, training_flops_per_token
from ..model.params import params_by_tensor
from .phases import phases_flops, phases_mfu, v3_extension, v3_pretraining

PRETRAINING, EXTENSION, POST = "pre-training", "context extension", "post-training"
#: stage -> its name in data/training_runs.csv
RUNS = {PRETRAINING: "dsv3-pretrain", EXTENSION: "dsv3-ctx-ext", POST: "dsv3-post"}


class RunStage(NamedTuple):
    """One stage of the run; None where tokens were not published, and what follows from them."""

    gpu_hours: float
    gpu_hours_share: float
    num_tokens: float | None = None
    flops: float | None = None  #: attention counted causal
    mfu: float | None = None
    mfu_non_causal: float | None = None

    @property
    def gpu_hours_per_token(self) -> float:
        return self.gpu_hours / self.num_tokens

    def gpu_hours_at(self, other: "RunStage", causal: bool = True) -> float:
        """Hours [GPU-hours] that this stage would have taken at another's share of the peak, by one convention."""
        own, its = (one.mfu if causal else one.mfu_non_causal for one in (self, other))
        return self.gpu_hours * own / its


def published_hours() -> dict:
    """Stage -> hours of Table 1 of the report [GPU-hours]."""
    return {stage: tables.lookup("training_runs", run, "gpu_hours").to("GPU-hours") for stage, run in RUNS.items()}


def v3_run(config: ModelConfig, peak_flops_per_s: float) -> dict:
    """Stage -> :class:`RunStage`, from published hours [GPU-hours] and tokens, on a GPU of `peak_flops_per_s` [FLOP/s].

    >>> run = v3_run(v3, 989e12)
    >>> [round(run["context extension"].mfu, 4), round(run["pre-training"].mfu, 4)]
    [0.2476, 0.3908]
    """
    hours = published_hours()
    total = sum(hours.values())
    stages = {stage: RunStage(some, some / total) for stage, some in hours.items()}
    for stage, phases in ((PRETRAINING, [v3_pretraining()]), (EXTENSION, v3_extension())):
        causal, full = (phases_mfu(config, phases, hours[stage], peak_flops_per_s, one) for one in (True, False))
        num_tokens = sum(phase.num_tokens for phase in phases)
        stages[stage] = RunStage(hours[stage], hours[stage] / total, num_tokens, phases_flops(config, phases), causal, full)
    return stages


class TokenFlops(NamedTuple):
    """Training FLOPs of one token in sequences of one length."""

    seq_len: int
    causal: int
    non_causal: int
    scores_share: float  #: of the causal count


def token_flops(config: ModelConfig, seq_len: int) -> TokenFlops:
    """What a token costs to train [FLOPs] in a sequence of `seq_len` [tokens].

    >>> round(token_flops(v3, 131072).scores_share, 3)
    0.817
    """
    causal, full = (training_flops_per_token(config, seq_len, one) for one in (True, False))
    return TokenFlops(seq_len, causal, full, TRAINING_PASSES * attention_score_flops_per_token(config, seq_len) / causal)


def up_projections(config: ModelConfig, block: str = "MoE layer") -> list:
    """MLA's up-projections in one layer: rows of :func:`moecalc.model.params.params_by_tensor`, inputs before outputs."""
    return [row for row in params_by_tensor(config) if row["tensor"] in ("q_b_proj", "kv_b_proj") and row["block"] == block]
