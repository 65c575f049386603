"""What DeepSeek-V3 changes while it is pre-trained: batch, learning rate, bias speed, MTP weight.

t = `num_tokens` [tokens] are done; a number outside the schedule is not accepted. The batch grows from B_0 to B_1
sequences of s tokens over T tokens. Examples use ``v3_schedule()``.

.. [1] DeepSeek-AI, DeepSeek-V3 Technical Report, arXiv:2412.19437, section 4.2.
"""

from math import cos, exp, log, pi
from typing import NamedTuple

from ..base.checks import real
from ..facts import tables


class HyperparameterSchedule(NamedTuple):
    """What DeepSeek-V3 changes while it is pre-trained; each number as in section 4.2 of its report."""

    num_tokens: float  #: of the whole pre-training [tokens]
    seq_len: int
    batch_size_at_start: int  #: [sequences]
    batch_size_at_end: int
    ramp_tokens: float  #: over which the batch grows
    warm_up_steps: int
    peak_rate: float
    constant_until: float  #: [tokens]
    decayed_rate: float
    decayed_at: float
    last_rate: float
    last_from: float
    bias_update_speed: float
    bias_fixed_from: float
    mtp_weight: float
    mtp_weight_at_end: float
    mtp_weight_until: float


def v3_schedule() -> HyperparameterSchedule:
    """The schedule of DeepSeek-V3's pre-training, from ``data/v3_report.csv``.

    >>> one = v3_schedule()
    >>> one.constant_until, one.decayed_at, one.last_from, one.num_tokens
    (10000000000000.0, 14300000000000.0, 14633000000000.0, 14800000000000.0)
    """
    given = tables.by_subject("v3_report")
    rate, batch, balance = given["learning rate"], given["batch size"], given["load balancing"]
    total = given["pre-training data"]["num_tokens"].to("tokens")
    constant_until, decay = rate["constant_until"].to("tokens"), rate["cosine_tokens"].to("tokens")
    last_two = [rate[f"constant_tokens_{i}"].to("tokens") for i in (4, 5)]
    return HyperparameterSchedule(
        num_tokens=total,
        seq_len=batch["seq_len"].to("tokens"),
        batch_size_at_start=batch["at_start"].value,
        batch_size_at_end=batch["at_end"].value,
        ramp_tokens=batch["ramp_tokens"].to("tokens"),
        warm_up_steps=rate["warm_up_steps"].value,
        peak_rate=rate["peak"].value,
        constant_until=constant_until,
        decayed_rate=rate["after_decay"].value,
        decayed_at=constant_until + decay,
        last_rate=rate["last"].value,
        last_from=constant_until + decay + last_two[0],
        bias_update_speed=balance["bias_update_speed"].value,
        # fixed for the last 500 B tokens, which are both phases of constant rate
        bias_fixed_from=total - sum(last_two),
        mtp_weight=balance["mtp_loss_weight"].value,
        mtp_weight_at_end=balance["mtp_loss_weight_at_end"].value,
        mtp_weight_until=constant_until,
    )


def batch_size(num_tokens: float, schedule: HyperparameterSchedule) -> float:
    r"""Sequences of a step [sequences].

    .. math:: B(t) = B_0 + (B_1 - B_0) \, \min(t / T, 1)

    The report says "gradually"; that the growth is linear in tokens is ours.

    >>> [batch_size(tokens, v3_schedule()) for tokens in (0, 469e9, 14.8e12)]
    [3072.0, 15360.0, 15360.0]
    """
    grown = min(_position(num_tokens, schedule) / schedule.ramp_tokens, 1.0)
    return schedule.batch_size_at_start + (schedule.batch_size_at_end - schedule.batch_size_at_start) * grown


def steps_done(num_tokens: float, schedule: HyperparameterSchedule) -> float:
    r"""Optimizer steps that so many tokens take [steps].

    .. math:: n(t) = \int_0^t \frac{d\tau}{s \, B(\tau)}

    >>> round(steps_done(14.8e12, v3_schedule()))
    242782
    """
    ramped = min(_position(num_tokens, schedule), schedule.ramp_tokens)
    growth = (schedule.batch_size_at_end - schedule.batch_size_at_start) / schedule.ramp_tokens
    if growth:
        steps = log(batch_size(ramped, schedule) / schedule.batch_size_at_start) / growth
    else:
        steps = ramped / schedule.batch_size_at_start
    return (steps + (num_tokens - ramped) / schedule.batch_size_at_end) / schedule.seq_len


def tokens_after_warm_up(schedule: HyperparameterSchedule) -> float:
    r"""Tokens that the n steps of warm-up of the learning rate take, with the batch still growing [tokens].

    .. math:: t = \frac{B_0 T}{B_1 - B_0} \left( e^{s (B_1 - B_0) n / T} - 1 \right)

    Raises :class:`~moecalc.base.errors.InputError` if the batch is fully grown before the warm-up ends.

    >>> round(tokens_after_warm_up(v3_schedule()) / 1e9, 2)
    28.07
    """
    steps = real("warm_up_steps", schedule.warm_up_steps, most=steps_done(schedule.ramp_tokens, schedule))
    growth = (schedule.batch_size_at_end - schedule.batch_size_at_start) / schedule.ramp_tokens
    if not growth:
        return steps * schedule.seq_len * float(schedule.batch_size_at_start)
    return schedule.batch_size_at_start / growth * (exp(schedule.seq_len * growth * steps) - 1)


def learning_rate(num_tokens: float, schedule: HyperparameterSchedule) -> float:
    r"""Learning rate, a factor of each update: warm-up, constant, cosine decay, and two constants.

    .. math:: \eta = \eta_1 + \frac{\eta_0 - \eta_1}{2} \left( 1 + \cos \frac{\pi (t - t_0)}{t_1 - t_0} \right)
              \quad \text{for } t_0 < t < t_1

    The published rates [1]_, and the middle of the decay:

    >>> [float(f"{learning_rate(t, v3_schedule()):.3g}") for t in (0, 1e12, 12.15e12, 14.4e12, 14.7e12)]
    [0.0, 0.00022, 0.000121, 2.2e-05, 7.3e-06]
    """
    if _position(num_tokens, schedule) <= schedule.constant_until:
        steps = steps_done(num_tokens, schedule)
        return schedule.peak_rate * min(steps / schedule.warm_up_steps, 1.0)
    if num_tokens < schedule.decayed_at:
        done = (num_tokens - schedule.constant_until) / (schedule.decayed_at - schedule.constant_until)
        return schedule.decayed_rate + (schedule.peak_rate - schedule.decayed_rate) * (1 + cos(pi * done)) / 2
    return schedule.decayed_rate if num_tokens < schedule.last_from else schedule.last_rate


def bias_update_speed(num_tokens: float, schedule: HyperparameterSchedule) -> float:
    """Gamma: by how much a step moves an expert's bias [affinity per step].

    >>> [bias_update_speed(tokens, v3_schedule()) for tokens in (0, 14.2e12, 14.4e12)]
    [0.001, 0.001, 0.0]
    """
    return schedule.bias_update_speed if _position(num_tokens, schedule) < schedule.bias_fixed_from else 0.0


def mtp_weight(num_tokens: float, schedule: HyperparameterSchedule) -> float:
    """Lambda: the factor of the MTP loss.

    >>> [mtp_weight(tokens, v3_schedule()) for tokens in (0, 9e12, 11e12)]
    [0.3, 0.3, 0.1]
    """
    early = _position(num_tokens, schedule) < schedule.mtp_weight_until
    return schedule.mtp_weight if early else schedule.mtp_weight_at_end


def stage_name(num_tokens: float, schedule: HyperparameterSchedule) -> str:
    """What the learning rate does, in words.

    >>> stage_name(12e12, v3_schedule())
    'cosine decay'
    """
    t = _position(num_tokens, schedule)
    if t < schedule.constant_until:
        return "warm-up" if steps_done(t, schedule) < schedule.warm_up_steps else "constant at the peak"
    if t < schedule.decayed_at:
        return "cosine decay"
    return "constant, decayed" if t < schedule.last_from else "constant, last"


def _position(num_tokens: float, schedule: HyperparameterSchedule) -> float:
    return real("num_tokens", num_tokens, most=schedule.num_tokens)
