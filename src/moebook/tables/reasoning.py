"""Tables of the page on pre-trained and reasoning models."""

from moecalc.explorers import explorer
from moecalc.explorers.industry.answer_cost import UNIT, UNIT_TOKENS
from moecalc.facts import tables as facts
from moecalc.industry.dense_equivalent import CHINCHILLA, chinchilla
from moecalc.industry.life_by_law import cheapest_life
from moecalc.industry.lifetime import Answer, answer_flops, pretraining_flops
from moecalc.industry.reasoning import GPU, r1_ways, sampled_answers, scored_answers
from moecalc.model.config import load_model

from ..prose import fact_table, table

LIFE, COST = "lifetime-compute", "answer-cost"
#: Where the default of an assumption comes from: control -> words.
FROM = {
    "users": "chosen so that the tokens are those of DeepSeek's day of February 2025",
    "answers": "ours: DeepSeek told tokens, neither users nor answers",
    "output": "ours, for the same reason; only products with the two above count",
    "growth": "none, so that a day stands for all",
    "tokens": "V3's report",
    "input_tokens": "DeepSeek's day: tokens of input over those of output",
    "cache_hit": "DeepSeek's day",
    "mfu": "V3's published hours, causal, against the BF16 peak",
}
#: Tokens that a dense model serves in its life.
SERVED = (0, 1e12, 1e13, 1e14, 1e15)
#: Millions of users, and tokens written for one answer.
USERS, LENGTHS = (1, 10, 100, 1000), (500, 2000, 8000, 32_000)


def assumptions():
    """What the first figure starts from, and why."""
    rows = [
        {"what": control.label, "value": _said(control), "why": FROM[control.key]}
        for control in explorer(LIFE).controls
        if control.key in FROM
    ]
    columns = {"what": "Assumption", "value": "Starts at", "why": "From"}
    return table(rows, columns, "Assumptions of the next figure, all of which it lets you move")


def _said(control) -> str:
    return f"{control.default:,} {control.unit}".strip()


def days():
    """Days until answers have taken as much as pre-training, by users and by length of an answer."""
    rows = []
    for users in USERS:
        row = {"users": f"{users:,} M"}
        for length in LENGTHS:
            row[f"n{length}"] = explorer(LIFE).run({"users": users, "output": length}).metrics["days"]
        rows.append(row)
    columns = {"users": "Users a day"} | {f"n{length}": (f"{length:,} tokens an answer", "days", 3) for length in LENGTHS}
    return table(rows, columns, "Days of use after which answers have taken V3's pre-training, in FLOPs")


def reinforcement():
    """Each way to tell how much R1's reinforcement learning took."""
    trained = pretraining_flops(load_model(UNIT), UNIT_TOKENS)
    rows = [{"way": way.name, "flops": way.flops, "share": way.flops / trained} for way in r1_ways()]
    columns = {
        "way": "Counted by",
        "flops": ("It took", "FLOPs", 3),
        "share": ("Over V3's pre-training", "%", 1),
    }
    return table(rows, columns, "R1's reinforcement learning, told in four ways")


def answers(benchmark: str):
    """FLOPs of an answer of each model whose layers are known, on one benchmark."""
    found = [one for one in scored_answers(benchmark) if one.model]
    rows = []
    for one in found:
        made = answer_flops(load_model(one.model), Answer(0, int(one.output_tokens))).flops
        rows.append({"name": one.name, "tokens": int(one.output_tokens), "score": one.score, "flops": made})
    least = min(row["flops"] for row in rows)
    for row in rows:
        row["over"] = row["flops"] / least
    columns = {
        "name": "Model",
        "tokens": ("Tokens of an answer", "tokens"),
        "score": ("Score", "", 3),
        "flops": ("An answer takes", "FLOPs", 3),
        "over": ("Over the least", "x", 3),
    }
    return table(rows, columns, f"{benchmark}: what an answer takes where the layers are published")


def samples():
    """More samples of the same task: o3-preview on ARC-AGI-1, o1 on AIME."""
    rows = [
        {
            "name": f"{one.name.split(',')[0]}, {one.benchmark}",
            "samples": int(one.num_samples),
            "tokens": one.tokens_per_task,
            "score": one.score,
        }
        for one in sampled_answers()
    ]
    o1 = [one for one in facts.facts("reasoning") if one.subject.startswith("o1,")]
    for one in o1:
        number = one.subject.removeprefix("o1, ").split()[0].replace(",", "")
        rows.append({"name": f"o1, {one.locator}", "samples": int(number), "tokens": None, "score": one.value})
    columns = {
        "name": "Model and test",
        "samples": "Samples of a task",
        "tokens": ("Tokens of a task", "tokens", 3),
        "score": ("Score", "%", 3),
    }
    for row in rows:
        row["score"] /= 100
    return table(rows, columns, "The same model with more samples")


def by_law():
    """The cheapest dense model of V3's budget in loss, by how much it is used; between the versions of one law."""
    flops = pretraining_flops(load_model(UNIT), UNIT_TOKENS)
    made = {}
    for version in CHINCHILLA:
        law = chinchilla(version)
        made[version] = [cheapest_life(law, law.least_loss(flops), served) for served in SERVED]
    rows = []
    for at, served in enumerate(SERVED):
        row = {"served": served}
        for key, of in (
            ("size", lambda one, first: one.num_params / first.num_params),
            ("tokens", lambda one, first: one.num_tokens / first.num_tokens),
            ("training", lambda one, first: one.training_flops / first.training_flops),
            ("saved", lambda one, first, t=served: 1 - one.flops / (first.training_flops + 2 * first.num_params * t)),
        ):
            row[key] = _between([of(one[at], one[0]) for one in made.values()], percent=key == "saved")
        rows.append(row)
    columns = {
        "served": ("Tokens read and written in its life", "tokens", 2),
        "size": "Parameters, over those of the best for training alone",
        "tokens": "Tokens of training, over its",
        "training": "FLOPs of training, over its",
        "saved": "Saved of the whole life",
    }
    return table(rows, columns, "One loss, by three published versions of Chinchilla's constants")


def _between(values, percent=False) -> str:
    ends = [f"{100 * one:.0f} %" if percent else f"{one:.2f}" for one in (min(values), max(values))]
    return ends[0] if ends[0] == ends[1] else " to ".join(ends)


def facts_used():
    """Facts that the page uses."""
    runs = facts.by_subject("training_runs")
    used = [runs["dsv3-pretrain"][name] for name in ("num_tokens", "gpu_hours")]
    used += [runs["dsr1-rl"][name] for name in ("gpu_hours", "usd")]
    used.append(facts.by_subject("accelerators")[GPU]["peak_dense_bf16"])
    return fact_table([*used, *facts.facts("reasoning")])
