"""What speculative decoding gains: by acceptance, and by how many sequences decode together."""

from ...facts import tables
from ...model.config import load_model
from ...serving.decode import decode_step, verify_cost
from ...serving.speculative import speed_up, tokens_per_step
from .._choices import accelerator_choice, accelerator_numbers, chosen_accelerator
from .._define import Explorer, Guess, Metric, Number

MODEL = "deepseek-v3"
BATCHES = (1, 4, 16, 64, 256, 1024, 4096, 16384)
ACCEPTANCES = tuple(i / 20 for i in range(21))
FREE, ROOFLINE = "checking costs nothing", "checking by the roofline"
#: Key of data/sources.json -> what its point is called.
PUBLISHED = {"deepseek-v3-report": "V3 report", "insights-deepseek-v3": "ISCA paper"}
#: Subject of data/serving.csv that has the same engine without drafts and with three, for one request.
MEASURED, MEASURED_NAME = "TensorRT-LLM DeepSeek-R1 on 8 B200, one request", "TensorRT-LLM, 3 drafts"
#: Digits of what is drawn; the metrics are exact.
DIGITS = 6


def published_points() -> list:
    """(name, lowest and highest acceptance, speed-up) as each source gives them."""
    rows = [one for one in tables.facts("serving") if one.subject == "MTP speculative decoding"]
    found = {(one.source, one.quantity): one for one in rows}
    return [
        (name, *found[source, "second_token_acceptance"].range_to("ratio"), found[source, "tps_gain"].value)
        for source, name in PUBLISHED.items()
    ]


def measured_speed_up() -> float:
    """Speed-up that was measured for one request with three drafts."""
    known = tables.by_subject("serving")[MEASURED]
    return known["output_speed_mtp_3"].value / known["output_speed"].value


def compute(acceptance, depth, draft_cost, batch, context, num_gpus, accelerator, accelerator_numbers):
    config, chip = load_model(MODEL), chosen_accelerator(accelerator, accelerator_numbers)
    alpha, cost = acceptance / 100, draft_cost / 100
    checked = verify_cost(config, chip, batch, context, depth)
    plain = decode_step(config, chip, batch, context)["step"] / num_gpus
    gain = speed_up(alpha, depth, cost, checked)
    metrics = {
        "tokens_per_step": tokens_per_step(alpha, depth),
        "speed_up_free": speed_up(alpha, depth, cost),
        "verify_cost": checked,
        "speed_up": gain,
        "tokens_per_s_plain": 1 / plain,
        "tokens_per_s": gain / plain,
    }
    rows = [
        {"panel": "acceptance", "line": line, "x": one, "y": round(speed_up(one, depth, cost, check), DIGITS)}
        for line, check in ((FREE, 1), (ROOFLINE, checked))
        for one in sorted({*ACCEPTANCES, alpha})
    ]
    rows += [
        {"panel": "published", "line": name, "x": low, "x2": high, "y": faster}
        for name, low, high, faster in published_points()
    ]
    rows.append({"panel": "measured", "line": MEASURED_NAME, "x": 1, "y": round(measured_speed_up(), DIGITS)})
    rows += [
        {
            "panel": "batch",
            "line": ROOFLINE,
            "x": one,
            "y": round(speed_up(alpha, depth, cost, verify_cost(config, chip, one, context, depth)), DIGITS),
        }
        for one in sorted({*BATCHES, batch})
    ]
    for row in rows:
        row.setdefault("x2", None)
        # what a click on it sets
        row["percent"] = round(100 * row["x"], DIGITS) if row["panel"] == "acceptance" else None
        row["batch"] = row["x"] if row["panel"] == "batch" else None
        row["chosen"] = row["x"] == {"acceptance": alpha, "batch": batch}.get(row["panel"])
    return metrics, rows


EXPLORER = Explorer(
    name="speculative",
    title="What drafting gains DeepSeek-V3",
    description="Two pictures of the speed-up. Against acceptance, two rising lines: one if checking the drafts costs "
    "nothing, one with the cost that a roofline gives; short bars stand at the published acceptances and speed-ups. Against "
    "the number of sequences that decode together, the second line dips, rises and falls again; a diamond is a measurement. "
    "Dots mark what is chosen.",
    lead=("acceptance", "depth", "draft_cost", "batch", "context", "accelerator"),
    headline=("speed_up", "tokens_per_step", "verify_cost"),
    controls=(
        Number("acceptance", "Drafted tokens accepted", 87.5, 0.0, 100.0, 2.5, "%"),
        Number("depth", "Tokens drafted a step", 1, 1, 5, 1, "tokens"),
        Number("draft_cost", "Drafting one token, of a plain step", 4.07, 0.0, 50.0, 2.5, "%"),
        Number("batch", "Sequences that decode together", 256, 1, 16_384, 1, "sequences", "powers"),
        Number("context", "Tokens cached by each", 4096, 1, 131_072, 1, "tokens", "powers"),
        Number("num_gpus", "Accelerators that share the work", 16, 1, 512, 1, "accelerators", "powers"),
        accelerator_choice(),
        accelerator_numbers(),
    ),
    metrics={
        "tokens_per_step": Metric("Tokens a step", "", 3),
        "speed_up_free": Metric("Speed-up, if checking is free", "x", 3),
        "verify_cost": Metric("Checking, over a plain step", "x", 3),
        "speed_up": Metric("Speed-up, by the roofline", "x", 3),
        "tokens_per_s_plain": Metric("A sequence without drafts, at most", "tokens/s", 3),
        "tokens_per_s": Metric("A sequence with drafts, at most", "tokens/s", 3),
    },
    columns={
        "panel": Metric("Against"),
        "line": Metric("Line"),
        "x": Metric("Acceptance or sequences", "", 4),
        "x2": Metric("to", "", 3),
        "y": Metric("Speed-up", "x", 3),
    },
    compute=compute,
    says=("line", "panel", "x", "x2", "y"),
    picks={"acceptance": "percent", "batch": "batch"},
    guess=Guess(
        "speed_up",
        "How many times as fast do tokens come with drafts, by the roofline?",
        *(0.5, 4, "x"),
        formula="{tokens_per_step} tokens a step ÷ ({verify_cost} for checking + {depth} × {draft_cost} for drafting)"
        " = {speed_up}",
    ),
)
