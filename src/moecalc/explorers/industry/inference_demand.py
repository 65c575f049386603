"""Published volumes of tokens, and one's own users, as accelerators, power or money of a chosen model."""

from ...economics.cost import HOURS_PER_DAY
from ...economics.estimated import estimated_service, usual_layout
from ...economics.service_account import SUBJECT, deepseek_day
from ...economics.tokens import token_cost
from ...facts import tables
from ...hardware.accelerator import load_accelerator
from ...industry.demand import Load, decode_limits, fleet, gpus_of, overheads, volumes
from ...model.config import load_model
from ...serving.disaggregation import Requests
from ...serving.step_time import Running
from .._choices import some_accelerators
from .._define import Choice, Explorer, Metric, Number
from .lifetime_compute import CACHE_HIT, INPUT_TOKENS, MODELS, PREFILL_GPUS

ACCELERATORS = ("h800-sxm", "h100-sxm", "h200-sxm", "b200-sxm", "gb200-nvl72")
#: GPUs of a decode unit: the domain of GB200 has half of those of the others.
UNIT = {"gb200-nvl72": 72}
USUAL_UNIT = 144
GPUS, POWER, MONEY = "gpus", "power", "money"
SHOWN = {GPUS: "accelerators", POWER: "power [MW]", MONEY: "rent [USD a day]"}
DAY, YOURS = "DeepSeek, a day", "your users"
#: DeepSeek's own account of that day: the accelerators that it used.
ACCOUNT = "as published"
DIGITS = 3


def year(date: str) -> float:
    """A date as a number of years; the middle of the month or year where no day is told."""
    parts = [int(part) for part in date.split("-")]
    month = parts[1] if len(parts) > 1 else 7
    day = parts[2] if len(parts) > 2 else 15
    return round(parts[0] + (month - 1 + day / 31) / 12, 3)


def listed() -> list:
    """(who, date, tokens a day, at most, scope): every published volume, and DeepSeek's day."""
    told = deepseek_day()
    date = tables.lookup("serving", SUBJECT, "input_tokens").date
    found = [(one.subject, one.date, one.tokens_per_day, one.high, one.scope) for one in volumes()]
    return [*found, (DAY, date, told.tokens, told.tokens, "V3 and R1: web, app and API")]


def compute(show, users, answers, output, gpu, utilisation, model, input_tokens, cache_hit, speed, usd_per_gpu_hour, pue):
    config, chip = load_model(model), load_accelerator(gpu)
    requests, running = Requests(1, input_tokens, output, cache_hit / 100), Running(two_micro_batches=True)
    layouts = usual_layout(config, PREFILL_GPUS), usual_layout(config, UNIT.get(gpu, USUAL_UNIT))
    found = estimated_service(config, chip, usd_per_gpu_hour, requests, *layouts, speed, running)
    share, load = utilisation / 100, Load(users * 1e6 * answers, requests)
    own = fleet(config, chip, found, load, share, pue=pue)
    limits = decode_limits(config, chip, found, requests, running)
    services = [one._replace(utilisation=share) for one in (found.service, found.fast, found.slow)]
    of_gpu = {GPUS: 1, POWER: own.power_w / own.gpus / 1e6, MONEY: HOURS_PER_DAY * usd_per_gpu_hour}[show]
    metrics = {
        "gpus": own.gpus,
        "power": own.power_w / 1e6,
        "usd": own.usd_per_day,
        "low": own.low_gpus,
        "high": own.high_gpus,
        "memory": own.memory_bytes,
        "network": own.sent_bytes_per_s,
        "wh": own.wh_per_answer,
        "wh_low": own.low_wh,
        "wh_high": own.high_wh,
        "usd_per_million": token_cost(services[0]).usd_per_million,
        "prefill": own.prefill_gpus / own.gpus,
        "compute": limits.compute,
        "bandwidth": limits.bandwidth,
        "links": limits.network,
        "room": limits.memory,
        "note": None if found.fast_enough else "no batch is as fast: this is the fastest",
    }
    rows = []
    everyone = [*listed(), (YOURS, None, load.tokens_per_day, load.tokens_per_day, "")]
    for who, date, tokens, most, scope in everyone:
        middle, low, high = (gpus_of(one, tokens) * of_gpu for one in services)
        row = {"who": who, "date": date, "year": date and year(date), "tokens": tokens, "scope": scope}
        rows.append(row | {"amount": middle, "low": low, "high": high * most / tokens})
    told = deepseek_day()
    row = {**rows[-2], "who": ACCOUNT, "low": None, "high": None, "scope": "the GPUs that it had, as published"}
    rows.append(row | {"amount": told.nodes * told.gpus_per_node * of_gpu})
    last = {row["who"]: row["date"] for row in rows}
    for row in rows:
        row["last"] = "yes" if last[row["who"]] == row["date"] else "no"
        row |= {key: row[key] and float(f"{row[key]:.{DIGITS}g}") for key in ("amount", "low", "high", "tokens")}
        row["axis"] = SHOWN[show]
    return metrics, rows


EXPLORER = Explorer(
    name="inference-demand",
    title="What published volumes of tokens would take",
    description="A logarithmic axis of accelerators, power or rent against time. Dots joined by lines are volumes that "
    "companies told, as if the chosen model on the chosen accelerator served them all, each with its interval; a level band "
    "is what the chosen users take. A diamond is what DeepSeek itself used on the day of its account.",
    lead=("show", "users", "answers", "output", "gpu", "utilisation"),
    headline=("gpus", "power", "usd"),
    controls=(
        Choice("show", "Show", GPUS, tuple(SHOWN.items())),
        Number("users", "Users a day", 100.0, 0.01, 3000.0, 0.01, "M", "log"),
        Number("answers", "Answers for each of them", 10, 1, 100, 1, "", "log"),
        Number("output", "Tokens written for an answer", 1000, 64, 65_536, 1, "tokens", "powers"),
        some_accelerators(ACCELERATORS),
        Number("utilisation", "Hours in use", 100, 10, 100, 10, "%"),
        Choice("model", "Model that serves them", "deepseek-v3", tuple(MODELS.items())),
        Number("input_tokens", "Tokens read for an answer", INPUT_TOKENS, 64, 65_536, 1, "tokens", "powers"),
        Number("cache_hit", "Input found in the cache", CACHE_HIT, 0.0, 95.0, 10.0, "%"),
        Number("speed", "Tokens for each user, at least", 20, 10, 60, 5, "tokens/s"),
        Number("usd_per_gpu_hour", "Rental price", 2.0, 0.5, 8.0, 0.5, "USD per GPU-hour"),
        Number("pue", "Power of the building over that inside", round(overheads()[1], 2), 1.0, 2.0, 0.1, "x"),
    ),
    metrics={
        "gpus": Metric("Your users take", "GPUs", 3),
        "power": Metric("At rated power, with hosts and building", "MW", 3),
        "usd": Metric("Rent a day", "USD", 3),
        "low": Metric("if steps are as fast as is likely", "GPUs", 3),
        "high": Metric("if they are as slow", "GPUs", 3),
        "memory": Metric("Their memory", "bytes", 3),
        "network": Metric("Sent between them, in a second", "bytes", 3),
        "wh": Metric("An answer, at most", "Wh", 2),
        "wh_low": Metric("from", "Wh", 2),
        "wh_high": Metric("to", "Wh", 2),
        "usd_per_million": Metric("A million tokens, as mixed", "USD", 3),
        "prefill": Metric("Prefill, of the GPUs", "%", 0),
        "compute": Metric("Decode uses of the peak", "%", 0),
        "bandwidth": Metric("of memory's bandwidth, at least", "%", 0),
        "links": Metric("of the time, links are busy", "%", 0),
        "room": Metric("of the room for caches", "%", 0),
        "note": Metric("To know of these numbers"),
    },
    columns={
        "who": Metric("Who"),
        "date": Metric("When"),
        "tokens": Metric("A day", "tokens", 3),
        "amount": Metric("It takes", "", 3),
        "low": Metric("from", "", 3),
        "high": Metric("to", "", 3),
        "scope": Metric("What is counted"),
    },
    compute=compute,
    says=("who", "date", "tokens", "amount", "low", "high", "scope"),
)
