"""What changes while DeepSeek-V3 is pre-trained, against the tokens done."""

from ...economics.cost import wall_days
from ...training.hyperparameters import (
    batch_size,
    bias_update_speed,
    learning_rate,
    mtp_weight,
    stage_name,
    steps_done,
    tokens_after_warm_up,
    v3_schedule,
)
from ...training.v3_run import PRETRAINING, published_hours
from .._define import Choice, Explorer, Metric, Number

#: What is drawn, from top to bottom -> its value, in the unit of the axis.
SCHEDULES = {
    "batch size [sequences]": batch_size,
    "learning rate [10^-6]": lambda tokens, schedule: 1e6 * learning_rate(tokens, schedule),
    "gamma, bias update speed": bias_update_speed,
    "lambda, weight of the MTP loss": mtp_weight,
}
SPANS = {"all": "all of pre-training", "start": "the first trillion tokens", "end": "the last trillion"}
GPUS = 2048
TRILLION = 1e12
#: Points of a curved part.
CURVE = 40


def breaks(schedule) -> list:
    """For each schedule, positions between which it is a straight line, or nearly; a jump has one on either side."""
    warm = tokens_after_warm_up(schedule)
    decay = schedule.decayed_at - schedule.constant_until
    curve = {warm * i / 4 for i in range(1, 5)} | {schedule.constant_until + decay * i / CURVE for i in range(CURVE + 1)}
    return [
        {schedule.ramp_tokens},
        curve | {schedule.last_from - 1.0, schedule.last_from},
        {schedule.bias_fixed_from - 1.0, schedule.bias_fixed_from},
        {schedule.mtp_weight_until - 1.0, schedule.mtp_weight_until},
    ]


def row_of(schedule: str, tokens: float, value: float, chosen: bool = False) -> dict:
    """A point of a line; what it would set the control of tokens to is in trillions."""
    return {
        "schedule": schedule,
        "tokens": tokens,
        "trillions": round(tokens / TRILLION, 6),
        "value": value,
        "chosen": chosen,
    }


def compute(tokens, span, num_gpus):
    schedule = v3_schedule()
    low, high = {
        "all": (0.0, schedule.num_tokens),
        "start": (0.0, TRILLION),
        "end": (schedule.num_tokens - TRILLION, schedule.num_tokens),
    }[span]
    done = min(tokens * TRILLION, schedule.num_tokens)
    sequences = round(batch_size(done, schedule))
    hours = published_hours()[PRETRAINING] * done / schedule.num_tokens
    metrics = {
        "phase": stage_name(done, schedule),
        "batch_size": sequences,
        "tokens_per_step": sequences * schedule.seq_len,
        "learning_rate": 1e6 * learning_rate(done, schedule),
        "bias_update_speed": bias_update_speed(done, schedule),
        "mtp_weight": mtp_weight(done, schedule),
        "steps": round(steps_done(done, schedule)),
        "warm_up_tokens": tokens_after_warm_up(schedule),
        "gpu_hours": hours,
        "days": wall_days(hours, num_gpus),
    }
    rows = [
        row_of(name, at, value(at, schedule))
        for (name, value), points in zip(SCHEDULES.items(), breaks(schedule), strict=True)
        for at in sorted({low, high, *(one for one in points if low < one < high)})
    ]
    if low <= done <= high:
        rows += [row_of(name, done, value(done, schedule), chosen=True) for name, value in SCHEDULES.items()]
    return metrics, rows


EXPLORER = Explorer(
    name="pretraining-schedule",
    title="What changes during pre-training",
    description="Four lines, each for itself, against the tokens done: the batch grows early and stays; the learning "
    "rate warms up, stays, falls along a cosine and ends in two steps; gamma drops to zero where that fall ends, and lambda "
    "drops where it begins. A dot on each marks the chosen position.",
    headline=("learning_rate", "batch_size", "days"),
    controls=(
        Number("tokens", "Tokens done", 12.0, 0.0, 14.8, 0.05, "T tokens"),
        Choice("span", "Shown", "all", tuple(SPANS.items())),
        Number("num_gpus", "GPUs", GPUS, 64, 16384, 64, "GPUs", "log"),
    ),
    metrics={
        "phase": Metric("The learning rate is in"),
        "learning_rate": Metric("Learning rate", "\u00d7 10\u207b\u2076", 4),
        "batch_size": Metric("Batch", "sequences"),
        "tokens_per_step": Metric("Tokens a step", "tokens"),
        "bias_update_speed": Metric("Gamma, bias update speed"),
        "mtp_weight": Metric("Lambda, weight of the MTP loss"),
        "steps": Metric("Optimizer steps so far", "steps"),
        "warm_up_tokens": Metric("Tokens of the warm-up", "tokens"),
        "gpu_hours": Metric("GPU-hours so far, at a constant rate", "GPU-hours"),
        "days": Metric("Days so far on that many GPUs", "days", 3),
    },
    columns={
        "schedule": Metric("Schedule"),
        "tokens": Metric("Tokens done", "tokens"),
        "value": Metric("Value", "", 4),
    },
    compute=compute,
    picks={"tokens": "trillions"},
)
