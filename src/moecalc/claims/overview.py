"""Checks of what the run cost, which chapter two prints again, and of how DeepSeek-V3 compares."""

from ..base.units import show
from ..economics.cost import cost_usd, wall_days
from ..economics.prices import rental_price_usd_per_gpu_hour
from ..facts import models, tables
from ..facts.benchmarks import MODELS, OPEN_RIVALS, lead
from ..model.config import load_model
from ..model.params import num_total_params
from .evidence import Evidence, Part
from .printed import given, number, numbers
from .registry import check, recomputed, run_fact, stated


def run_hours(run: str) -> float:
    """Published GPU-hours of a run."""
    return run_fact(run, "gpu_hours").to("GPU-hours")


# --- days, hours and dollars


@check("C05")
def days_of_v3(claim):
    gpus = run_fact("dsv3-pretrain", "num_gpus").to("GPUs")
    whole, pretraining = (wall_days(run_hours(run), gpus) for run in ("dsv3-total", "dsv3-pretrain"))
    return recomputed(
        claim,
        wall_days(number("C12") * 1e3, given("v3_gpus")),
        own=show(whole, "days", 3),
        convention=f"the whole run on the {gpus:,} GPUs that were used",
        note=f'"2K" read as {given("v3_gpus"):,} gives the printed days. '
        f"Pre-training alone took {show(pretraining, 'days', 3)} on {gpus:,} GPUs.",
        cite=run_fact("dsv3-total", "gpu_hours"),
    )


@check("C06")
def days_of_llama(claim):
    hours, gpus = run_fact("llama31-405B", "gpu_hours"), run_fact("llama31-405B", "num_gpus")
    days = wall_days(hours.to("GPU-hours"), gpus.to("GPUs"))
    window = run_fact("llama31-405B", "interruption_window")
    interruptions = run_fact("llama31-405B", "num_interruptions")
    return Evidence(
        (Part(numbers("C06")[0], stated=days, fact=hours),),
        own=show(days, "days", 3),
        convention=f"{show(hours.to('GPU-hours'), 'GPU-hours')} on {gpus.to('GPUs'):,} GPUs, none ever idle",
        note=f"In Meta's paper ({window.locator}) {window.to('days')} days are the window in which "
        f"{interruptions.value} job interruptions were counted, not the length of the run.",
    )


@check("C07")
def cost_ratio(claim):
    v3, llama = run_hours("dsv3-total"), run_hours("llama31-405B")
    v3_usd = cost_usd(v3, rental_price_usd_per_gpu_hour("h800-sxm")[0])
    low, high = (cost_usd(llama, price) / v3_usd for price in rental_price_usd_per_gpu_hour("h100-sxm"))
    return recomputed(
        claim,
        number("C12") * 1e3 / given("table_llama_hours"),
        own=f"1/{llama / v3:.2f}",
        convention="in GPU-hours, an H800's taken as equal to an H100's",
        note=f"In USD it depends on the two rents: at those that we have, 1/{low:.1f} to 1/{high:.1f}.",
        cite=run_fact("llama31-405B", "gpu_hours"),
    )


#: Hours of Table 1 -> the run, and the row of Table 1 that is their price.
TABLE_1 = {"C09": "dsv3-pretrain", "C10": "dsv3-ctx-ext", "C11": "dsv3-post", "C12": "dsv3-total"}
HOURS_OF_COST = dict(zip(("C13", "C14", "C15", "C16"), TABLE_1, strict=True))


@check("C09", "C10", "C11")
def hours_of_table_1(claim):
    return stated(claim, run_fact(TABLE_1[claim["id"]], "gpu_hours"), "K GPU-hours")


@check("C12")
def hours_in_all(claim):
    total = run_fact(TABLE_1["C12"], "gpu_hours")
    hours = number("C09") + number("C10") + number("C11")
    return Evidence((Part(numbers("C12")[0], hours, total.to("K GPU-hours"), total),), convention="sum of the parts")


@check("C13", "C14", "C15", "C16")
def cost_of_table_1(claim):
    hours = HOURS_OF_COST[claim["id"]]
    usd = run_fact(TABLE_1[hours], "usd")
    millions = cost_usd(number(hours) * 1e3, given("usd_per_gpu_hour")) / 1e6
    return Evidence(
        (Part(numbers(claim["id"])[0], millions, usd.to("M USD"), usd),),
        convention=f"rent alone, at ${given('usd_per_gpu_hour')} per GPU-hour",
    )


@check("C45", "C46", "C47")
def share_of_hours(claim):
    part = {"C45": "C09", "C46": "C10", "C47": "C11"}[claim["id"]]
    run = run_fact(TABLE_1[part], "gpu_hours")
    return recomputed(claim, 100 * number(part) / number("C12"), cite=run)


@check("C51")
def hours_and_cost(claim):
    thousands = number("C09") + number("C10") + number("C11")
    found = thousands / 1e3, cost_usd(thousands * 1e3, given("usd_per_gpu_hour")) / 1e6
    hours, usd = run_fact("dsv3-total", "gpu_hours"), run_fact("dsv3-total", "usd")
    stated = hours.to("M GPU-hours"), usd.to("M USD")
    return Evidence(tuple(map(Part, numbers("C51"), found, stated, (hours, usd))))


# --- the comparison table


@check("C01")
def tokens_of_v3(claim):
    return stated(claim, run_fact("dsv3-pretrain", "num_tokens"), "T tokens")


@check("C17")
def size_of_v3(claim):
    count = num_total_params(load_model("deepseek-v3"))
    return stated(
        claim,
        models.model_facts("deepseek-v3")["total_params"],
        "B parameters",
        own=show(count, "parameters", 5),
        convention="each learned parameter once, without the MTP module and the router's correction biases",
    )


@check("C19")
def size_of_llama(claim):
    count = num_total_params(load_model("llama-3.1-405b"))
    return stated(
        claim,
        models.model_facts("llama-3.1-405b")["nominal_params"],
        "B parameters",
        own=show(count, "parameters", 5),
        convention="each learned parameter once",
        note=f"The nominal size, as in the model's name; the exact count rounds to {count / 1e9:.0f} B.",
    )


@check("C21")
def speed_of_v3(claim):
    later = tables.lookup("serving", "DeepSeek V3/R1 online service", "output_speed_per_user")
    low, high = later.range_to("tokens/s")
    return stated(
        claim,
        tables.lookup("serving", "DeepSeek-V3 API", "output_speed"),
        "tokens/s",
        note=f"As announced with the model. On {later.date} the online service gave {low} to {high} tokens/s a user "
        f"({tables.sources()[later.source]['title']}).",
    )


@check("C26")
def tokens_of_llama(claim):
    fact = run_fact("llama31-405B", "num_tokens")
    note = f"The talk's own MFU table counts with {given('table_llama_tokens')} T; {fact.note}."
    return stated(claim, fact, "T tokens", note=note)


@check("C18")
def size_of_gpt_4(claim):
    gpt_3 = run_fact("gpt3-175b", "total_params")
    same = f" {gpt_3.to('B parameters')} B is the size of GPT-3." if number("C18") == gpt_3.to("B parameters") else ""
    return unpublished(claim, "OpenAI has never published the size of GPT-4." + same)


@check("C20")
def size_of_claude(claim):
    return unpublished(claim, "Anthropic has never published the size of Claude 3.5 Sonnet.")


@check("C22", "C23", "C24")
def speed_of_others(claim):
    return unpublished(claim, "No source was found; the speed of a service depends on who runs it, and when.")


@check("C25")
def tokens_of_gpt_4(claim):
    return unpublished(claim, "OpenAI has never published on how many tokens GPT-4 was trained.")


@check("C27")
def tokens_of_claude(claim):
    return unpublished(claim, "Anthropic has never published on how many tokens Claude 3.5 Sonnet was trained.")


def unpublished(claim: dict, note: str) -> Evidence:
    """A number for which no source was found."""
    return Evidence((Part(numbers(claim["id"])[0]),), note=note)


# --- statements


@check("C28")
def rank_of_v3(claim):
    best = lead(*OPEN_RIVALS)
    leads = {
        f"{subject} against {MODELS[rival][0]}": lead(rival, subject=name)
        for subject, name in (("code", "Code"), ("maths", "Math"))
        for rival in ("gpt-4o", "claude-3.5-sonnet")
    }
    behind_in = {name: map(str, one.behind_in) for name, one in leads.items() if one.behind_in}
    parts = [Part("True", best.mostly, name="best open model")]
    parts += [Part("True", one.everywhere, name=name) for name, one in leads.items()]
    return Evidence(
        tuple(parts),
        convention='"best open" in most tests, "above" in every test of the subject; Table 6 of the report',
        shown=f"ahead of all open models in {best}; " + "; ".join(f"{name}, {one}" for name, one in leads.items()),
        note=" ".join(f"Behind in {name}: {', '.join(behind)}." for name, behind in behind_in.items()),
        cite=best.fact,
    )
