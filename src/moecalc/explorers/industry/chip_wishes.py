"""What each change that DeepSeek asks of chips would buy V3: of a training step, and of the time of an output token."""

from ...base.units import show
from ...hardware.accelerator import load_accelerator
from ...industry.chip_wishes import (
    COMPUTE,
    DOMAINS,
    NETWORK,
    SMS,
    TOGETHER,
    WISHES,
    decoding_bought,
    training_bought,
)
from .._choices import some_accelerators
from .._define import Choice, Explorer, Metric, Number

CHIPS = ("h800-sxm", "h100-sxm", "h20", "b200-sxm")
TRAINING, DECODING = "a training step", "a token of decode"
LATER = tuple(wish for wish in WISHES if wish not in (*NETWORK, *COMPUTE))
#: What is granted together -> (the wishes, words).
SETS = {
    "all": (tuple(WISHES), "all of them"),
    "network": (NETWORK, "the report's on communication"),
    "compute": (COMPUTE, "the report's on computing"),
    "report": ((*NETWORK, *COMPUTE), "all of the report's"),
    "later": (LATER, "those of later papers"),
    "freed": (("engine", "power"), "freed SMs, with power for them"),
}
#: The same, where there is little room.
SHORT = {
    "engine": "SMs freed",
    "one_network": "one interface",
    "accumulation": "FP8 sums in full",
    "cast": "cast on load",
    "transposed": "transposed reads",
    "in_network": "network adds up",
    "domain": "larger domain",
    "power": "power head-room",
    TOGETHER: "together",
}
DOMAIN = 72


def compute(chip, together, domain, sms, batch, ep):
    of, (granted, words) = load_accelerator(chip), SETS[together]
    bought = {
        TRAINING: training_bought(of, granted, domain, sms),
        DECODING: decoding_bought(of, granted, domain, batch, ep),
    }
    rows = []
    for step, found in bought.items():
        for one in found:
            last = one.wish == TOGETHER
            row = {"step": step, "wish": words if last else WISHES[one.wish], "short": SHORT[one.wish]}
            row |= {"saved": one.saved, "time": _time(step, one.saved_s), "most": one.most}
            row |= {"low": one.low_s / one.before_s, "high": one.high_s / one.before_s}
            row["kind"] = TOGETHER if last else "granted" if one.wish in granted else "alone"
            row["said"] = f"{100 * one.saved:.1f} %" if one.most else "touches nothing"
            rows.append({key: _rounded(value) for key, value in row.items()})
    train, decode = (found[-1] for found in bought.values())
    alone = sum(one.saved for one in bought[TRAINING][:-1] if one.wish in granted)
    metrics = {
        "training": train.saved,
        "tpot": decode.saved,
        "training_after": train.after_s,
        "training_before": train.before_s,
        "training_interval": f"{show(train.low_s, 's', 3)} to {show(train.high_s, 's', 3)}",
        "alone": alone,
        "tpot_after": decode.after_s * 1e3,
        "tpot_before": decode.before_s * 1e3,
        "tpot_interval": f"{show(decode.low_s * 1e3, 'ms', 3)} to {show(decode.high_s * 1e3, 'ms', 3)}",
    }
    return metrics, rows


def _time(step: str, saved_s: float) -> str:
    return show(saved_s, "s", 3) if step == TRAINING else show(saved_s * 1e3, "ms", 3)


def _rounded(value):
    return float(f"{value:.4g}") if isinstance(value, float) else value


EXPLORER = Explorer(
    name="chip-wishes",
    title="What DeepSeek asks of chips, priced",
    description="Two panels of bars, a bar for each wish and a last one for those granted together: the share that it takes "
    "off V3's training step, and off the time of an output token. A thin line across each bar's end is the interval by "
    "measured steps. A pale bar behind is the share of the step that the wish touches, which it cannot exceed.",
    headline=("training", "tpot"),
    controls=(
        some_accelerators(CHIPS, "chip", "Chip that is changed"),
        Choice("together", "Granted together", "all", tuple((key, words) for key, (_, words) in SETS.items())),
        Choice("domain", "Chips of the larger domain", DOMAIN, tuple((size, f"{size}") for size in DOMAINS)),
        Number("sms", "SMs that communicate in training", SMS, 4, 40, 4, "SMs"),
        Number("batch", "Sequences of a GPU in decode", 128, 16, 512, 16, "sequences", "powers"),
        Choice("ep", "GPUs of a decode unit", 144, tuple((number, str(number)) for number in (32, 72, 144, 288))),
    ),
    metrics={
        "training": Metric("Together, of a training step", "%", 1),
        "tpot": Metric("of a token of decode", "%", 1),
        "training_after": Metric("A training step would take", "s", 4),
        "training_before": Metric("and takes", "s", 4),
        "training_interval": Metric("Saved, by measured steps"),
        "alone": Metric("Sum of each alone, training", "%", 1),
        "tpot_after": Metric("A token would take", "ms", 4),
        "tpot_before": Metric("and takes (decode)", "ms", 4),
        "tpot_interval": Metric("Saved, by measured decoding"),
    },
    columns={
        "step": Metric("Of"),
        "wish": Metric("Wish"),
        "saved": Metric("Takes off", "%", 2),
        "low": Metric("at least", "%", 2),
        "high": Metric("at most", "%", 2),
        "time": Metric("Time"),
        "most": Metric("Touches", "%", 1),
    },
    says=("wish", "step", "saved", "low", "high", "time", "most"),
    compute=compute,
)
