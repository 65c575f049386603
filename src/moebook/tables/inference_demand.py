"""Tables of the page on where inference moves the demand."""

from moecalc.economics.service_account import SUBJECT, deepseek_day
from moecalc.explorers import explorer
from moecalc.explorers.industry.inference_demand import ACCELERATORS
from moecalc.explorers.industry.lifetime_compute import MODELS
from moecalc.facts import tables as facts
from moecalc.industry.demand import overheads, site_watts, volumes
from moecalc.industry.price_history import priced

from ..prose import fact_table, num, span, table

FIGURE, LIFE = "inference-demand", "lifetime-compute"
KEYS = {
    "power": ("Power", "MW", 3),
    "wh": ("An answer, at most", "Wh", 2),
    "compute": ("Peak used", "%", 0),
    "bandwidth": ("Bandwidth used", "%", 0),
    "links": ("Links busy", "%", 0),
    "room": ("Room for caches used", "%", 0),
}
#: Where the default of an assumption comes from: control -> words.
FROM = {
    "users": "ours; ChatGPT told {users} a week",
    "answers": "ours",
    "output": "ours; no service tells tokens of an answer",
    "utilisation": "all hours, which is the least that a load can take",
    "input_tokens": "DeepSeek's day: tokens of input over those of output",
    "cache_hit": "DeepSeek's day",
    "speed": "DeepSeek's overview of its service: {speed}",
    "usd_per_gpu_hour": "what DeepSeek assumes for an H800",
    "pue": "the parts of a Gemini prompt's energy; a survey of all kinds of sites has more",
}


def assumptions():
    """What the figure starts from, and why."""
    users = facts.lookup("demand", "ChatGPT", "weekly_users")
    speed = facts.lookup("serving", SUBJECT, "output_speed_per_user")
    told = {"users": num(users.value, "count", 3), "speed": span(speed.range_to("tokens/s"), "tokens/s")}
    rows = [
        {
            "what": control.label,
            "value": f"{control.default:,} {control.unit}".strip(),
            "why": FROM[control.key].format(**told),
        }
        for control in explorer(FIGURE).controls
        if control.key in FROM
    ]
    hosts = {"what": "Power of hosts and accelerators over that of accelerators", "value": f"{overheads()[0]:.2f} x"}
    rows.append(hosts | {"why": "the parts of a Gemini prompt's energy; not moved by the figure"})
    columns = {"what": "Assumption", "value": "Starts at", "why": "From"}
    return table(rows, columns, "Assumptions of the next figure")


def day_of_deepseek() -> dict:
    """The load of DeepSeek's day, by the figure: its metrics."""
    day = deepseek_day()
    return explorer(FIGURE).run({"users": day.output_tokens / 1000 / 10 / 1e6}).metrics


def models():
    """The same load on each model, on the same accelerator: what it takes, and what binds decode."""
    rows = []
    for slug, name in MODELS.items():
        told = explorer(FIGURE).run({"model": slug}).metrics
        gpus = f"{_short(told['low'])} to {_short(told['high'])}"
        rows.append({"name": name, "gpus": gpus, **{key: told[key] for key in KEYS}})
    columns = {"name": "Model", "gpus": "H800, interval", **KEYS}
    return table(rows, columns, "The load of the figure on six models, each on H800")


def accelerators():
    """The same load on each accelerator."""
    rows = []
    for slug in ACCELERATORS:
        told = explorer(FIGURE).run({"gpu": slug}).metrics
        gpus = f"{_short(told['low'])} to {_short(told['high'])}"
        rows.append({"name": slug, "gpus": gpus, **{key: told[key] for key in KEYS}})
    columns = {"name": "Accelerator", "gpus": "How many, interval", **KEYS}
    return table(rows, columns, "The load of the figure for V3 on five accelerators")


def _short(number: float) -> str:
    return f"{number:,.3g}" if number < 1000 else f"{float(f'{number:.3g}'):,.0f}"


def energy():
    """Published energy of a prompt beside what is computed here for an answer."""
    told = explorer(FIGURE).run().metrics
    rows = [
        {
            "what": "here, V3 on H800, as the figure starts",
            "wh": f"{told['wh_low']:.2f} to {told['wh_high']:.2f}",
            "scope": "accelerators at rated power, hosts, building; no idle machine; a thousand tokens written",
        }
    ]
    for fact in facts.facts("demand"):
        if fact.quantity == "energy":
            low, high = fact.range_to("Wh")
            said = f"{low:g}" if low == high else f"{low:g} to {high:g}"
            rows.append({"what": fact.subject, "wh": said, "scope": fact.note})
    columns = {"what": "Whose", "wh": "Wh", "scope": "What it counts"}
    return table(rows, columns, "Energy of an answer: boundaries differ, so that rows do not compare")


def volumes_told():
    """Every published volume, with what it counts."""
    rows = [
        {"who": one.subject, "date": one.date, "tokens": one.tokens_per_day, "scope": one.scope} for one in volumes()
    ]
    columns = {"who": "Who", "date": "When", "tokens": ("A day", "tokens", 3), "scope": "What is counted"}
    return table(rows, columns, "Volumes as they were told", folded=True)


def shares():
    """Inference's share of something, as told, beside what follows here for V3."""
    told = explorer(LIFE).run().metrics
    hours = explorer(LIFE).run({"measure": "hours"}).metrics
    rows = [
        {"what": f"V3 and DeepSeek's day for a year, in {unit}", "share": 1 - one["training_share"], "note": "computed here"}
        for unit, one in (("FLOPs", told), ("GPU-hours", hours))
    ]
    for fact in facts.facts("demand"):
        if fact.quantity == "inference_share":
            rows.append({"what": f"{fact.subject}, {fact.date}", "share": fact.to("ratio"), "note": fact.note})
    columns = {"what": "Of what", "share": ("Inference has", "%", 0), "note": "To know of it"}
    return table(rows, columns, "Share of inference, as told and as computed")


def sites():
    """Published power of computing for each H100-equivalent of a site."""
    rows = [{"site": site, "watts": watts} for site, watts in site_watts().items()]
    columns = {"site": "Site", "watts": ("For each H100-equivalent", "W", 4)}
    return table(rows, columns, "Sites as Epoch AI lists them", folded=True)


def prices():
    """Every dated price whose model has a score."""
    rows = [
        {
            "name": one.name,
            "score": one.score / 100,
            "from": one.price.valid_from,
            "input": one.price.usd_per_million_input,
            "output": one.price.usd_per_million_output,
        }
        for one in priced()
    ]
    columns = {
        "name": "Price",
        "score": ("GPQA Diamond", "%", 1),
        "from": "From",
        "input": ("A million of input", "USD", 3),
        "output": ("of output", "USD", 3),
    }
    return table(rows, columns, "Prices that have a score and a date", folded=True)


def facts_used():
    """Facts that the page uses."""
    known = facts.by_subject("serving")[SUBJECT]
    used = [fact for name, fact in known.items() if name.startswith(("nodes", "input", "output_tokens"))]
    used += [facts.by_subject("accelerators")[slug]["power"] for slug in ACCELERATORS]
    return fact_table([*used, *facts.facts("demand")])


