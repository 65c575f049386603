"""The cheapest price of an API for each level of one benchmark over time, beside what V3's tokens cost on rented GPUs."""

from ...economics.estimated import estimated_service, usual_layout
from ...economics.tokens import token_cost
from ...hardware.accelerator import load_accelerator
from ...industry.price_history import BENCHMARK, cheapest, levels, priced
from ...model.config import load_model
from ...serving.disaggregation import Requests
from ...serving.step_time import Running
from .._choices import some_accelerators
from .._define import Explorer, Metric, Number, Switch
from .inference_demand import ACCELERATORS, UNIT, USUAL_UNIT, year
from .lifetime_compute import CACHE_HIT, INPUT_TOKENS, PREFILL_GPUS, SPEED

MODEL = "deepseek-v3"
FLOOR, OWN = "interval", "V3 on rented GPUs"
#: Level as it is called -> what it asks for.
NAMES = {name: f"as good as {name}, {score:g} %" for name, score in levels().items()}
#: No later price is of a model of which a score was read.
END = max(one.price.valid_to for one in priced())
DIGITS = 4


def compute(gpu, usd_per_gpu_hour, utilisation, cache_hit, output, nights):
    config, chip, hit = load_model(MODEL), load_accelerator(gpu), cache_hit / 100
    written = INPUT_TOKENS * output / 1000
    requests = Requests(1, INPUT_TOKENS, written, hit)
    layouts = usual_layout(config, PREFILL_GPUS), usual_layout(config, UNIT.get(gpu, USUAL_UNIT))
    found = estimated_service(
        config, chip, usd_per_gpu_hour, requests, *layouts, SPEED, Running(two_micro_batches=True)
    )
    services = (one._replace(utilisation=utilisation / 100) for one in (found.service, found.fast, found.slow))
    own, low, high = (token_cost(one).usd_per_million for one in services)
    rows, falls, lowest, said = [], {}, None, set()
    for level, score in levels().items():
        steps = cheapest(score, hit, INPUT_TOKENS, written, nights)
        least = min(step.usd_per_million for step in steps)
        falls[level] = steps[0].usd_per_million / least
        lowest = least if lowest is None else min(lowest, least)
        for step in steps:
            first = (step.date, step.name) not in said
            said.add((step.date, step.name))
            row = {"level": NAMES[level], "name": step.name, "date": step.date, "year": year(step.date)}
            rows.append(row | {"usd": step.usd_per_million, "named": "yes" if first else "no"})
        rows.append({**rows[-1], "date": END, "year": year(END), "named": "no"})
    ends = [row["year"] for row in rows]
    band = {"level": FLOOR, "name": OWN, "year": min(ends), "until": max(ends)}
    rows.append({**band, "usd": low, "high": high})
    rows.append({**band, "level": OWN, "usd": own})
    v3, r1, *_, best = falls
    metrics = {
        "fall": falls[v3],
        "own": own,
        "low": low,
        "high": high,
        "over_floor": lowest / own,
        "fall_r1": falls[r1],
        "fall_best": falls[best],
    }
    for row in rows:
        row |= {key: float(f"{row[key]:.{DIGITS}g}") for key in ("usd", "high") if row.get(key)}
        row |= {key: row.get(key) for key in ("date", "high")}
    return metrics, rows


EXPLORER = Explorer(
    name="price-by-level",
    title="What a level of skill has cost",
    description="A logarithmic axis of USD per million tokens against time. Each stair is the cheapest price of a model "
    f"that reaches a level on {BENCHMARK}; stairs that run together are of different width. A level band is what the same "
    "mix of tokens of DeepSeek-V3 costs on rented GPUs, between the ends of its interval.",
    headline=("fall", "own", "over_floor"),
    controls=(
        some_accelerators(ACCELERATORS),
        Number("usd_per_gpu_hour", "Rental price", 2.0, 0.5, 8.0, 0.5, "USD per GPU-hour"),
        Number("utilisation", "Paid hours in use", 100, 10, 100, 10, "%"),
        Number("cache_hit", "Input found in the cache", CACHE_HIT, 0.0, 90.0, 10.0, "%"),
        Number("output", "Output for 1,000 tokens of input", 276, 16, 4096, 1, "tokens", "powers"),
        Switch("nights", "Count prices of the night", False),
    ),
    metrics={
        "fall": Metric("V3's level has become cheaper", "times", 3),
        "own": Metric("A million tokens of V3 on rented GPUs", "USD", 3),
        "low": Metric("from", "USD", 3),
        "high": Metric("to", "USD", 3),
        "over_floor": Metric("The lowest price over that", "x", 2),
        "fall_r1": Metric("R1's level has become cheaper", "times", 3),
        "fall_best": Metric("GPT-5's level", "times", 3),
    },
    columns={
        "level": Metric("Level"),
        "name": Metric("Cheapest"),
        "date": Metric("From"),
        "usd": Metric("USD per million", "", 3),
        "high": Metric("to", "", 3),
    },
    compute=compute,
    says=("name", "level", "date", "usd", "high"),
)
