"""What a million tokens of DeepSeek-V3 cost on GPUs of one's own, beside what DeepSeek's API has asked over time."""

from ...economics.api_prices import api_prices
from ...economics.break_even import break_even
from ...economics.estimated import estimated_service, usual_layout
from ...economics.service_account import deepseek_service
from ...economics.tokens import levers, token_cost
from ...facts import tables
from ...hardware.accelerator import load_accelerator
from ...model.config import load_model
from ...serving.disaggregation import Requests
from ...serving.step_time import Running
from .._choices import some_accelerators
from .._define import Choice, Explorer, Guess, Metric, Number

MODEL, VENDOR, PREFILL_GPUS = "deepseek-v3", "DeepSeek", 32
ACCELERATORS = ("h800-sxm", "h100-sxm", "h200-sxm", "b200-sxm", "gb200-nvl72")
#: Model of data/api_prices.csv -> (what its line is called, its kind).
CHAT, REASONER, NIGHT = "chat", "larger or reasoning", "at night"
NAMES = {
    "deepseek-chat (V3 promo)": ("V3 promotion", CHAT),
    "deepseek-chat (V3)": ("V3", CHAT),
    "deepseek-reasoner (R1)": ("R1", REASONER),
    "deepseek-chat off-peak 16:30-00:30 UTC": ("V3 and R1 at night", NIGHT),
    "deepseek-chat and -reasoner (V3.1)": ("V3.1", CHAT),
    "deepseek-chat and -reasoner (V3.2-Exp / V3.2)": ("V3.2", CHAT),
    "deepseek-v4-flash (launch)": ("V4 Flash", CHAT),
    "deepseek-v4-flash": ("V4 Flash, second price", CHAT),
    "deepseek-v4-flash off-peak (peak 2x)": ("V4 Flash, third price", CHAT),
    "deepseek-flash V4.1 off-peak (peak 2x)": ("V4.1", CHAT),
    "deepseek-v4-pro (launch)": ("V4 Pro", REASONER),
    "deepseek-v4-pro": ("V4 Pro, second price", REASONER),
    "deepseek-v4-pro off-peak (peak 2x)": ("V4 Pro, third price", REASONER),
}
V31 = "deepseek-chat and -reasoner (V3.1)"
COMPARED = [name for name, (said, _) in NAMES.items() if "," not in said]
OWN_COST, ACCOUNT = "own GPUs", "DeepSeek's throughput"
PRICES, LEVERS = "prices", "levers"
INPUT_TOKENS = 4383
#: GPUs of a decode unit that are offered.
UNITS = (32, 72, 144, 320)
#: Lever -> what it moves, and its two ends: first those of a service, then those of its steps.
LEVERS_OF_COST = {
    "rent": ("usd_per_gpu_hour", 1, 5),
    "hours used": ("utilisation", 1, 0.3),
    "cache hits": ("cache_hit", 0.9, 0),
}
LEVERS_OF_SERVING = {
    "user's speed": ("speed", 10, 30),
    "drafts kept": ("acceptance", 90, 0),
    "decode GPUs": ("num_gpus", 320, 32),
}
SAID = {
    "rent": ("$1", "$5"),
    "hours used": ("100 %", "30 %"),
    "cache hits": ("90 %", "none"),
    "user's speed": ("10/s", "30/s"),
    "drafts kept": ("90 %", "none"),
    "decode GPUs": ("320", "32"),
}
#: Digits of what is drawn; the metrics are exact.
DIGITS = 5


def year(date: str) -> float:
    """A date as a number of years."""
    y, m, d = (int(part) for part in date.split("-"))
    return round(y + (m - 1 + (d - 1) / 31) / 12, 3)


def dated_prices() -> list:
    """DeepSeek's prices with both dates; one whose end no document tells ends where the next one begins, or when we read."""
    found = [price for price in api_prices(VENDOR) if price.model in NAMES]
    last = max(row["date"] for row in tables.rows("api_prices") if row["date"].count("-") == 2)
    dated = []
    for price in found:
        next_ones = [other.valid_from for other in found if other.valid_from > price.valid_from]
        # the prices of the last models hold still
        replaced = price.model == V31 and next_ones
        dated.append(price._replace(valid_to=price.valid_to or (next_ones[0] if replaced else last)))
    return dated


def compute(gpu, usd_per_gpu_hour, utilisation, speed, cache_hit, acceptance, output, num_gpus, api):
    config, chip = load_model(MODEL), load_accelerator(gpu)
    hit, share = cache_hit / 100, utilisation / 100

    def served(speed=speed, acceptance=acceptance, num_gpus=num_gpus):
        running = Running(two_micro_batches=True, acceptance=acceptance / 100 if acceptance else None)
        requests = Requests(1, INPUT_TOKENS, INPUT_TOKENS * output / 1000, hit)
        layouts = usual_layout(config, PREFILL_GPUS), usual_layout(config, num_gpus)
        return estimated_service(config, chip, usd_per_gpu_hour, requests, *layouts, speed, running)

    found = served()
    service, fast, slow = (one._replace(utilisation=share) for one in (found.service, found.fast, found.slow))
    cost, low, high = (token_cost(one) for one in (service, fast, slow))
    even = break_even(service, next(price for price in dated_prices() if price.model == api))
    own = deepseek_service()
    # DeepSeek's own throughputs, with the rent and the mix that are chosen
    mix = {key: getattr(service, key) for key in ("cache_hit", "input_tokens", "output_tokens")}
    account_usd = token_cost(own._replace(usd_per_gpu_hour=usd_per_gpu_hour, **mix)).usd_per_million
    metrics = {
        "usd_per_million": cost.usd_per_million,
        "low": low.usd_per_million,
        "high": high.usd_per_million,
        "usd_per_million_output": cost.usd_per_million_output,
        "usd_per_million_input": cost.usd_per_million_input,
        "prefill_share": cost.prefill_share,
        "api_usd_per_million": even.api_usd_per_million,
        "cheaper": even.cheaper,
        "break_even": even.utilisation,
        "account_usd_per_million": account_usd,
        "tokens_per_s_per_user": found.point.tokens_per_s_per_user,
        "decode_tokens_per_s_per_gpu": service.decode_tokens_per_s_per_gpu,
        "batch": found.point.batch,
        "note": None if found.fast_enough else "no batch is as fast: this is the fastest",
    }
    rows = []
    for price in dated_prices():
        name, kind = NAMES[price.model]
        row = {"panel": PRICES, "what": kind, "name": name, "model": price.model}
        row |= {"from": price.valid_from, "start": year(price.valid_from)}
        row |= {"until": price.valid_to, "end": year(price.valid_to)}
        rows.append(row | {"usd": price.usd_per_million(**mix)})
    first, last = min(row["start"] for row in rows), max(row["end"] for row in rows)
    band = {"panel": PRICES, "start": first, "end": last}
    rows.append({**band, "what": OWN_COST, "usd": low.usd_per_million, "usd2": high.usd_per_million, "name": "interval"})
    for what, usd, other in ((OWN_COST, cost.usd_per_million, account_usd), (ACCOUNT, account_usd, cost.usd_per_million)):
        rows.append({**band, "what": what, "name": what, "usd": usd, "above": usd > other})
    moved = levers(service, [(name, field, *ends) for name, (field, *ends) in LEVERS_OF_COST.items()])
    ends = {one.name: (one.usd_at_low, one.usd_at_high) for one in moved}
    for name, (key, *values) in LEVERS_OF_SERVING.items():
        found = (served(**{key: value}).service._replace(utilisation=share) for value in values)
        ends[name] = tuple(token_cost(one).usd_per_million for one in found)
    for name, said in SAID.items():
        (usd, at_low), (usd2, at_high) = sorted(zip(ends[name], said, strict=True))
        row = {"panel": LEVERS, "what": OWN_COST, "name": name, "usd": usd, "usd2": usd2}
        rows.append(row | {"at_low": at_low, "at_high": at_high})
    for row in rows:
        row |= {key: float(f"{row[key]:.{DIGITS}g}") for key in ("usd", "usd2") if key in row}
        row |= {key: None for key in EXPLORER.columns if key not in row}
    return metrics, rows


EXPLORER = Explorer(
    name="token-cost",
    title="What a million tokens of V3 cost",
    description="Two panels on one logarithmic scale of USD per million tokens of the chosen mix. On the left, against "
    "time, each price of DeepSeek's API as a level line from its first day to its last, and the cost on own GPUs as a band "
    "across. On the right a bar for each lever: between which costs it alone moves that of own GPUs.",
    lead=("gpu", "usd_per_gpu_hour", "utilisation", "speed", "cache_hit", "acceptance"),
    headline=("usd_per_million", "usd_per_million_output", "break_even"),
    controls=(
        some_accelerators(ACCELERATORS),
        Number("usd_per_gpu_hour", "Rental price", 2.0, 0.5, 8.0, 0.5, "USD per GPU-hour"),
        Number("utilisation", "Paid hours in use", 100, 10, 100, 10, "%"),
        Number("speed", "Tokens for each user, at least", 20, 10, 60, 5, "tokens/s"),
        Number("cache_hit", "Input found in the cache", 56.25, 0.0, 90.0, 10.0, "%"),
        Number("acceptance", "Drafted tokens accepted", 0, 0, 90, 10, "%", zero="no drafts"),
        Number("output", "Output for 1,000 tokens of input", 276, 16, 4096, 1, "tokens", "powers"),
        Choice("num_gpus", "GPUs of a decode unit", 144, tuple((number, str(number)) for number in UNITS)),
        Choice("api", "API to compare with", COMPARED[1], tuple((name, NAMES[name][0]) for name in COMPARED)),
    ),
    metrics={
        "usd_per_million": Metric("A million tokens, as mixed", "USD", 4),
        "low": Metric("if the steps are as fast as we think likely", "USD", 4),
        "high": Metric("if they are as slow", "USD", 4),
        "usd_per_million_output": Metric("A million of output", "USD", 4),
        "usd_per_million_input": Metric("A million of input, hits included", "USD", 4),
        "prefill_share": Metric("Prefill, of the cost", "%", 1),
        "api_usd_per_million": Metric("The API asks for the same mix", "USD", 4),
        "cheaper": Metric("Cheaper"),
        "break_even": Metric("Hours in use at which both cost the same", "%", 1),
        "account_usd_per_million": Metric("At DeepSeek's own throughputs", "USD", 4),
        "tokens_per_s_per_user": Metric("A user gets", "tokens/s", 3),
        "decode_tokens_per_s_per_gpu": Metric("A GPU of decode gives", "tokens/s", 4),
        "batch": Metric("Sequences on it", "sequences"),
        "note": Metric("To know of these numbers"),
    },
    columns={
        "name": Metric("What"),
        "model": Metric("Name of the API"),
        "from": Metric("From"),
        "until": Metric("to"),
        "usd": Metric("USD per million", "", 4),
        "usd2": Metric("to", "", 4),
        "at_low": Metric("at"),
        "at_high": Metric("at"),
    },
    says=("name", "model", "from", "until", "usd", "usd2", "at_low", "at_high"),
    compute=compute,
    guess=Guess(
        "usd_per_million",
        "What do a million tokens cost on such GPUs, input and output as mixed?",
        *(0.05, 20, "USD", 1, "log"),
        formula="(1,000 × {usd_per_million_input} for input + {output} × {usd_per_million_output} for output)"
        " ÷ (1,000 + {output}) = {usd_per_million}",
    ),
)
