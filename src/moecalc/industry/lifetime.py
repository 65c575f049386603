r"""Compute over a model's life: pre-training, reinforcement learning, and every answer that it gives.

FLOPs are those of the model, attention to what is there included, as :mod:`moecalc.model.flops` counts them; what kernels do
beyond that is not in them. Examples use ``v3 = load_model("deepseek-v3")``.

.. [1] DeepSeek-AI, DeepSeek-R1 incentivizes reasoning in LLMs through reinforcement learning, Nature (2025), Methods.
"""

import math
from typing import NamedTuple

from ..base.checks import real, whole
from ..base.errors import InputError
from ..base.limits import MAX_SEQ_LEN
from ..economics.cost import SECONDS_PER_HOUR
from ..model.config import ModelConfig
from ..model.flops import TRAINING_PASSES, forward_flops_per_token_attended, model_flops_per_token

#: Forward passes over an answer of reinforcement learning: written, judged by the reference, learned from.
GENERATED, REFERRED = 1, 1


class Answer(NamedTuple):
    """What one answer takes."""

    input_tokens: int  #: cached ones included
    output_tokens: int  #: thinking included
    cache_hit: float = 0  #: share of the input that an earlier request left in the cache


class AnswerFlops(NamedTuple):
    """FLOPs of one answer."""

    prefill_flops: float
    decode_flops: float

    @property
    def flops(self) -> float:
        """Both [FLOPs]."""
        return self.prefill_flops + self.decode_flops


class RlFlops(NamedTuple):
    """FLOPs of a run of reinforcement learning, by what they are for."""

    generation_flops: float
    reference_flops: float
    training_flops: float

    @property
    def flops(self) -> float:
        """All [FLOPs]."""
        return self.generation_flops + self.reference_flops + self.training_flops


def sequence_flops(config: ModelConfig, length: int) -> float:
    """Forward FLOPs of a whole sequence of `length` [tokens], each attending to itself and what is before it [FLOPs].

    >>> one, two, three = (sequence_flops(v3, length) for length in (1, 2, 3))
    >>> three - 2 * two + one == two - 2 * one  # each token meets one more than that before it
    True
    """
    whole("length", length, least=0, most=MAX_SEQ_LEN)
    return length * forward_flops_per_token_attended(config, length) if length else 0


def answer_flops(config: ModelConfig, answer: Answer) -> AnswerFlops:
    r"""FLOPs of one `answer`: what its input needs beyond the cache, and what its output needs.

    .. math:: F_p = S(n_i) - S(h n_i), \qquad F_d = S(n_i + n_o) - S(n_i)

    S is :func:`sequence_flops`, so that it does not matter how a sequence is cut into steps. Every token of the input passes
    the head too, which engines leave out.

    >>> made = answer_flops(v3, Answer(1000, 1000))
    >>> made.flops == sequence_flops(v3, 2000), made.decode_flops > made.prefill_flops
    (True, True)
    """
    real("cache_hit", answer.cache_hit, most=1)
    cached = int(whole("input_tokens", answer.input_tokens, least=0, most=MAX_SEQ_LEN) * answer.cache_hit)
    whole("output_tokens", answer.output_tokens, least=0, most=MAX_SEQ_LEN)
    known, read, written = (
        sequence_flops(config, tokens)
        for tokens in (cached, answer.input_tokens, answer.input_tokens + answer.output_tokens)
    )
    return AnswerFlops(read - known, written - read)


def pretraining_flops(config: ModelConfig, num_tokens: float, seq_len: int = 4096) -> float:
    """FLOPs of pre-training on `num_tokens` [tokens] in sequences of `seq_len` [tokens], without MTP [FLOPs].

    >>> f"{pretraining_flops(v3, 14.8e12):.3g}"
    '3.71e+24'
    """
    real("num_tokens", num_tokens, most=1e18)
    return TRAINING_PASSES * model_flops_per_token(config, seq_len) * num_tokens


def rl_flops_of_steps(
    config: ModelConfig, num_steps: float, answers_per_step: float, answer_tokens: int, prompt_tokens: int = 0
) -> RlFlops:
    """FLOPs of reinforcement learning, counted from its steps: each answer is written, referred to and learned from once.

    `num_steps` [steps] with `answers_per_step` [answers] of `answer_tokens` [tokens] on average, each after `prompt_tokens`
    [tokens]. The probabilities under the old policy are taken from generation; a judge that is a model is left out. R1-Zero
    took 10,400 steps with 512 answers [1]_.

    >>> made = rl_flops_of_steps(v3, 10, 512, 1000)
    >>> made.training_flops / made.generation_flops, made.flops / made.generation_flops
    (3.0, 5.0)
    """
    real("num_steps", num_steps, most=1e12)
    real("answers_per_step", answers_per_step, most=1e12)
    whole("answer_tokens", answer_tokens, most=MAX_SEQ_LEN)
    whole("prompt_tokens", prompt_tokens, least=0, most=MAX_SEQ_LEN)
    once = num_steps * answers_per_step * sequence_flops(config, prompt_tokens + answer_tokens)
    return RlFlops(GENERATED * once, REFERRED * once, TRAINING_PASSES * once)


def flops_of_hours(gpu_hours: float, peak_flops_per_s: float, utilisation: float) -> float:
    """FLOPs that `gpu_hours` [GPU-hours] hold at `utilisation` [a share] of `peak_flops_per_s` [FLOP/s]: 3600 H P u [FLOPs].

    >>> f"{flops_of_hours(147e3, 989e12, 0.3):.3g}"
    '1.57e+23'
    """
    real("gpu_hours", gpu_hours)
    real("peak_flops_per_s", peak_flops_per_s, positive=True)
    real("utilisation", utilisation, most=1)
    return SECONDS_PER_HOUR * gpu_hours * peak_flops_per_s * utilisation


def used_after(days: float, per_day: float, growth_per_day: float = 1) -> float:
    r"""What use has taken after so many `days` [days], of `per_day` on the first and a factor more on each that follows.

    .. math:: U(n) = F \frac{g^n - 1}{g - 1}

    F is `per_day`, in any unit; g `growth_per_day` [a factor]; the result has the unit of F, [units of `per_day`]. At whole
    days it is the sum of the days.

    >>> used_after(3, 10), round(used_after(3, 10, 2), 9)
    (30, 70.0)
    """
    _daily(per_day, growth_per_day)
    real("days", days, most=1e6)
    if growth_per_day == 1:
        return per_day * days
    exponent = days * math.log(growth_per_day)
    if exponent > 700:
        return math.inf
    return per_day * math.expm1(exponent) / (growth_per_day - 1)


def break_even_days(spent: float, per_day: float, growth_per_day: float = 1) -> float | None:
    r"""Days of use after which it has taken as much as was `spent` on training; None where it never does [days].

    .. math:: n = \frac{\ln (1 + (g - 1) C / F)}{\ln g}

    C is `spent`, in the unit of F = `per_day`; g is `growth_per_day` [a factor], below 1 for a model that falls out of use.

    >>> break_even_days(30, 10), round(break_even_days(70, 10, 2), 9), break_even_days(30, 10, 0.5)
    (3.0, 3.0, None)
    """
    _daily(per_day, growth_per_day)
    real("spent", spent, most=1e40)
    if per_day == 0:
        return None if spent else 0.0
    if growth_per_day == 1:
        return spent / per_day
    gained = (growth_per_day - 1) * spent / per_day
    return math.log1p(gained) / math.log(growth_per_day) if gained > -1 else None


def affordable_flops_per_token(
    budget_flops: float, training_tokens: float, num_answers: float, tokens_per_answer: float
) -> float:
    r"""Forward FLOPs of a token that a budget for a whole life leaves room for [FLOPs per token].

    .. math:: f = \frac{B}{3 D + A T}

    B = `budget_flops` [FLOPs], D = `training_tokens` [tokens], A = `num_answers` [answers] in all, T = `tokens_per_answer`
    [tokens], read and written. A token costs the same wherever it stands: attention grows with T, and that is left out.

    >>> affordable_flops_per_token(6e24, 1e13, 1e9, 3e4)
    100000000000.0
    """
    real("budget_flops", budget_flops, most=1e40)
    real("training_tokens", training_tokens, most=1e18)
    real("num_answers", num_answers, most=1e18)
    real("tokens_per_answer", tokens_per_answer, most=1e9)
    tokens = TRAINING_PASSES * training_tokens + num_answers * tokens_per_answer
    return budget_flops / real("tokens of a life", tokens, positive=True, most=1e30)


def _daily(per_day: float, growth_per_day: float) -> None:
    real("per_day", per_day, most=1e40)
    if not real("growth_per_day", growth_per_day, most=100) > 0:
        raise InputError(f"growth_per_day must be above 0; found {growth_per_day!r}")
