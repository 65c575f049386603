"""The same compute for a larger model, for longer training, or for longer answers; published models on one benchmark."""

from ...industry.lifetime import Answer, affordable_flops_per_token, answer_flops, pretraining_flops
from ...industry.reasoning import benchmarks, scored_answers
from ...model.config import load_model
from .._define import Choice, Explorer, Metric, Number

#: Whose pre-training is the unit of a budget, and on how many tokens.
UNIT, UNIT_TOKENS = "deepseek-v3", 14.8e12
#: What a line is called -> how many times the chosen tokens of training it has.
SHORT, CHOSEN, LONG = "a quarter of the training", "training as chosen", "four times the training"
LINES = {SHORT: 0.25, CHOSEN: 1, LONG: 4}
OPEN, CLOSED, HERE = "layers known", "layers not known here", "here"
#: Tokens of an answer at which a line is drawn.
LENGTHS = tuple(round(250 * 2 ** (step / 2)) for step in range(20))
GIGA = 1e9
DIGITS = 4
#: Names beside the points stand this far apart at least, as a share of the range of scores.
GAP = 0.11


def spread_names(rows: list) -> None:
    """Say at which score each name stands, so that none covers another: their order is that of the scores."""
    points = sorted((row for row in rows if row.get("score")), key=lambda row: row["score"])
    gap = GAP * (points[-1]["score"] - points[0]["score"])
    heights = [row["score"] for row in points]
    for at in range(1, len(points)):
        heights[at] = max(heights[at], heights[at - 1] + gap)
    # what was pushed above the highest score goes down again
    heights[-1] = min(heights[-1], points[-1]["score"] + gap)
    for at in reversed(range(len(points) - 1)):
        heights[at] = min(heights[at], heights[at + 1] - gap)
    for row, height in zip(points, heights, strict=True):
        row["height"] = round(height, 2)


def published(benchmark: str) -> list:
    """Rows of the models of which tokens of an answer are known: FLOPs of one token where the layers are."""
    rows = []
    for one in scored_answers(benchmark):
        length = int(one.output_tokens)
        made = answer_flops(load_model(one.model), Answer(0, length)).flops if one.model else None
        rows.append(
            {
                "line": OPEN if one.model else CLOSED,
                "name": one.name,
                "tokens": length,
                "gflops": made and made / length / GIGA,
                "score": one.score,
                "answer": made,
            }
        )
    return rows


def compute(benchmark, budget, num_answers, tokens, length):
    whole = budget * pretraining_flops(load_model(UNIT), UNIT_TOKENS)
    trained, answers = tokens * 1e12, num_answers * 1e9

    def room(times=1.0, written=length):
        return affordable_flops_per_token(whole, times * trained, answers, written)

    here = room()
    metrics = {
        "gflops": here / GIGA,
        "answers_share": answers * length * here / whole,
        "longer_answers": room(written=2 * length) / here - 1,
        "longer_training": room(2) / here - 1,
        "params": here / 2,
        "of_answer": here * length,
    }
    rows = [
        {"line": line, "tokens": at, "gflops": room(times, at) / GIGA}
        for line, times in LINES.items()
        for at in LENGTHS
    ]
    rows += published(benchmark)
    rows.append({"line": HERE, "name": "the chosen one", "tokens": length, "gflops": here / GIGA})
    spread_names(rows)
    for row in rows:
        row |= {key: float(f"{row[key]:.{DIGITS}g}") for key in ("gflops", "answer") if row.get(key)}
        row |= {key: row.get(key) for key in ("name", "score", "answer", "height", "gflops")}
    return metrics, rows


EXPLORER = Explorer(
    name="answer-cost",
    title="A larger model, longer training, or longer answers",
    description="Two parts. First: scores of published models on the chosen benchmark over the tokens of an answer, each "
    "with its name. Second, on two logarithmic axes, tokens of an answer and FLOPs of one token, which is the size of the "
    "model in use: each falling curve is what one budget affords, for three lengths of training, level where training takes "
    "nearly all of it and steep where answers do. Dots are those models of the first part whose layers are known.",
    lead=("benchmark", "budget", "num_answers", "tokens", "length"),
    headline=("gflops", "answers_share", "longer_answers"),
    controls=(
        Choice("benchmark", "Published models on", "AIME 2025", tuple((name, name) for name in benchmarks())),
        Number("budget", "Budget for the whole life", 2.0, 0.25, 64.0, 0.25, "x V3's pre-training", "log"),
        Number("num_answers", "Answers in its life", 3.0, 0.001, 1000.0, 0.001, "B", "log"),
        Number("tokens", "Tokens of pre-training", 14.8, 1.0, 60.0, 0.1, "T tokens", "log"),
        Number("length", "Tokens of an answer", 16_384, 256, 131_072, 1, "tokens", "powers"),
    ),
    metrics={
        "gflops": Metric("It affords a model of", "GFLOPs a token", 3),
        "answers_share": Metric("Of the budget, answers take", "%", 0),
        "longer_answers": Metric("With answers twice as long, its size changes by", "%", 0),
        "longer_training": Metric("With twice the training, by", "%", 0),
        "params": Metric("About so many activated parameters", "parameters", 3),
        "of_answer": Metric("An answer takes", "FLOPs", 3),
    },
    columns={
        "line": Metric("What"),
        "name": Metric("Model"),
        "tokens": Metric("Tokens of an answer"),
        "gflops": Metric("GFLOPs a token", "", 3),
        "score": Metric("Score"),
        "answer": Metric("An answer", "FLOPs", 3),
    },
    compute=compute,
    says=("name", "score", "tokens", "gflops", "answer"),
)
