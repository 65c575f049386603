"""Reinforcement learning of R1's kind: arithmetic of rollouts and of training, and what of the published hours it explains.

Steps, groups and longest answers are published, mean lengths are not: they stay an argument. FLOPs count 2 for a
multiply-add.

.. [1] DeepSeek-AI, DeepSeek-R1, Nature 645, 633 (2025), methods.
"""

from typing import NamedTuple

from ..base.checks import real, whole
from ..facts import tables
from ..model.config import ModelConfig
from ..model.flops import TRAINING_PASSES, training_flops_per_token

TABLE, R1_ZERO = "training_practice", "DeepSeek-R1-Zero"
SECONDS_PER_HOUR = 3600
#: Forward passes beside the training itself: of the reference model for the KL term; and of the model that sampled, where
#: its probabilities are computed once more in place of the engine's.
REFERENCE, SAMPLER = 1, 1


class RlFlops(NamedTuple):
    """Arithmetic of a run of reinforcement learning."""

    num_tokens: float  #: of all answers
    generation: float  #: [FLOPs]
    training: float  #: forward and backward [FLOPs]
    checking: float  #: forward passes of reference and sampler [FLOPs]

    @property
    def total(self) -> float:
        return self.generation + self.training + self.checking

    @property
    def generation_share(self) -> float:
        return self.generation / self.total


class RlTime(NamedTuple):
    """GPU-hours of the same, each part at a rate of its own."""

    generation: float
    training: float  #: with the passes that check

    @property
    def total(self) -> float:
        return self.generation + self.training

    @property
    def generation_share(self) -> float:
        return self.generation / self.total


def r1_fact(quantity: str, subject: str = R1_ZERO):
    """A fact of R1's training."""
    return tables.lookup(TABLE, subject, quantity)


def rl_flops(config: ModelConfig, num_answers: float, mean_length: int, passes: int = REFERENCE + SAMPLER) -> RlFlops:
    r"""FLOPs of answers that are generated and trained on once.

    .. math:: F = A \ell f (1 + 3 + k)

    Parameters
    ----------
    config : ModelConfig
        The model
    num_answers : float
        A, all answers of the run
    mean_length : int
        l, of an answer [tokens]; the prompt is left out
    passes : int, optional
        k, forward passes beside the training itself, none to two

    Notes
    -----
    f is the forward pass at the mean length. Where lengths spread, the products of attention cost somewhat more.

    >>> round(rl_flops(load_model("deepseek-v3"), 1, 5355).generation_share, 3)
    0.167
    """
    real("num_answers", num_answers, positive=True)
    whole("mean_length", mean_length)
    whole("passes", passes, least=0, most=2)
    tokens = num_answers * mean_length
    forward = tokens * training_flops_per_token(config, mean_length) / TRAINING_PASSES
    return RlFlops(tokens, forward, TRAINING_PASSES * forward, passes * forward)


def rl_time(work: RlFlops, tokens_per_s_per_gpu: float, training_flops_per_s: float) -> RlTime:
    """GPU-hours where a GPU generates `tokens_per_s_per_gpu` [tokens/s] and trains at `training_flops_per_s` [FLOP/s]."""
    real("tokens_per_s_per_gpu", tokens_per_s_per_gpu, positive=True)
    real("training_flops_per_s", training_flops_per_s, positive=True)
    generation = work.num_tokens / tokens_per_s_per_gpu / SECONDS_PER_HOUR
    return RlTime(generation, (work.training + work.checking) / training_flops_per_s / SECONDS_PER_HOUR)


def r1_zero_answers() -> float:
    """Answers of R1-Zero's run: steps by answers of a step [1]_ [answers].

    >>> r1_zero_answers()
    5324800
    """
    return r1_fact("steps").value * r1_fact("answers_per_step").value


class Rollout(NamedTuple):
    """One rollout of R1-Zero and the steps that are trained on it."""

    num_steps: float
    wall_s: float  #: by the published hours
    longest_tokens: float
    tokens_per_s: float  #: of one sequence, if the longest answer took all of that time


def r1_zero_rollout() -> Rollout:
    """How long a rollout and its training took, and how fast its longest answer came at least, if it was reached.

    >>> found = r1_zero_rollout()
    >>> found.num_steps, round(found.wall_s), round(found.tokens_per_s)
    (16.0, 1093, 30)
    """
    steps = r1_fact("answers_per_rollout").value / r1_fact("answers_per_step").value
    each = r1_fact("gpu_hours").value / r1_fact("steps").value / r1_fact("num_gpus").value * SECONDS_PER_HOUR
    longest = r1_fact("max_length").value
    return Rollout(steps, steps * each, longest, longest / (steps * each))
