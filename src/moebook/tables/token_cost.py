"""Tables of the page on what a token costs."""

from moecalc.economics.api_prices import api_price
from moecalc.economics.break_even import break_even
from moecalc.economics.prices import rental_price_usd_per_gpu_hour
from moecalc.economics.service_account import SUBJECT, account, deepseek_day, deepseek_service
from moecalc.economics.tokens import MILLION, token_cost
from moecalc.explorers import explore
from moecalc.explorers.serving.token_cost import ACCELERATORS, NAMES, UNITS, dated_prices
from moecalc.facts import tables as facts

from ..prose import fact_table, table

R1 = "deepseek-reasoner (R1)"


def revenue():
    """Tokens of DeepSeek's day by kind, what each was to bring, and what their GPUs cost."""
    day, price = deepseek_day(), api_price(R1)
    cost, service = token_cost(deepseek_service()), deepseek_service()
    kinds = {
        "input, cached": (day.cached_input_tokens, price.usd_per_million_cached_input, 0),
        "input, computed": (day.computed_input_tokens, price.usd_per_million_input, cost.usd_per_million_computed_input),
        "output": (day.output_tokens, price.usd_per_million_output, cost.usd_per_million_output),
    }
    rows = [
        {"kind": kind, "tokens": number, "price": usd, "revenue": number * usd / MILLION}
        | {"each": own, "cost": number * own / MILLION}
        for kind, (number, usd, own) in kinds.items()
    ]
    total = {key: sum(row[key] for row in rows) for key in ("tokens", "revenue", "cost")}
    whole = account(day, price)
    assert abs(total["revenue"] - whole.usd_revenue) < 1 and service.utilisation == 1
    rows.append({"kind": "all", "price": None, "each": total["cost"] / total["tokens"] * MILLION, **total})
    columns = {
        "kind": "Tokens of a day",
        "tokens": ("Number", "tokens"),
        "price": ("Price of a million of R1", "USD"),
        "revenue": ("They would bring", "USD", 6),
        "each": ("A million costs", "USD", 4),
        "cost": ("They cost", "USD", 5),
    }
    return table(rows, columns, "DeepSeek's day, by kind of token")


def prices():
    """Each price of DeepSeek's API beside the cost by DeepSeek's own throughputs."""
    day, service, rows = deepseek_day(), deepseek_service(), []
    for price in dated_prices():
        even = break_even(service, price)
        rows.append(
            {
                "name": NAMES[price.model][0],
                "from": price.valid_from,
                "asked": even.api_usd_per_million,
                "margin": account(day, price).profit_over_cost,
                "use": "more than all" if even.utilisation is None else f"{even.utilisation:.0%}".replace("%", " %"),
                "rent": even.usd_per_gpu_hour,
            }
        )
    columns = {
        "name": "Price",
        "from": "From",
        "asked": ("A million, as mixed that day", "USD", 4),
        "margin": ("All tokens paid: profit over cost", "%", 0),
        "use": "Hours that must be in use",
        "rent": ("Rent that it would pay", "USD", 3),
    }
    return table(rows, columns, "DeepSeek's prices for the same tokens on the same GPUs")


def accelerators():
    """Own GPUs at the rents quoted for them, each in the unit of decode in which a token is cheapest."""
    rows = []
    for slug in ACCELERATORS:
        rents = rental_price_usd_per_gpu_hour(slug)
        tried = {number: explore("token-cost", gpu=slug, usd_per_gpu_hour=1, num_gpus=number)["metrics"] for number in UNITS}
        unit = min(tried, key=lambda number: tried[number]["usd_per_million"])
        one = tried[unit]
        rows.append(
            {
                "gpu": slug,
                "low": rents[0],
                "high": rents[1],
                "date": facts.by_subject("rental_prices")[slug]["rental"].date,
                "unit": unit,
                "batch": one["batch"],
                "rate": one["decode_tokens_per_s_per_gpu"],
                "usd": rents[0] * one["usd_per_million"],
                "most": rents[1] * one["usd_per_million"],
            }
        )
    columns = {
        "gpu": "Accelerator",
        "low": ("Rent of an hour, from", "USD", 3),
        "high": ("to", "USD", 3),
        "date": "Quoted",
        "unit": "GPUs of a decode unit",
        "batch": "Sequences on each",
        "rate": ("Its output", "tokens/s", 4),
        "usd": ("A million tokens, from", "USD", 4),
        "most": ("to", "USD", 4),
    }
    return table(rows, columns, "V3 on other accelerators, as estimated, at the rents quoted for them")


def facts_used():
    """Facts that the page uses."""
    known = facts.by_subject("serving")
    names = ("nodes", "cost", "gpu_price", "theoretical", "input", "output_tokens", "cache_hit")
    used = [fact for name, fact in known[SUBJECT].items() if name.startswith(names)]
    prices = [fact for fact in facts.facts("api_prices") if fact.subject in NAMES]
    return fact_table([*used, *facts.facts("rental_prices"), *prices])
