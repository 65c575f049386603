"""A pipeline schedule as a Gantt chart: who does what when, and who waits."""

from ...training.pipeline.bubbles import bubble_formula
from ...training.pipeline.orders import Pipeline
from ...training.pipeline.simulate import Durations, simulate
from .._define import Choice, Explorer, Guess, Metric, Number

SCHEDULES = {
    "1f1b": "1F1B",
    "interleaved": "Interleaved 1F1B",
    "zb1p": "ZB1P",
    "dualpipe": "DualPipe",
    "dualpipev": "DualPipeV",
}
#: Stages of a rank of interleaved 1F1B; more of them have a name of their own.
VIRTUAL = 2
MORE_VIRTUAL = {f"interleaved-{virtual}": virtual for virtual in (3, 4)}
_MORE = tuple((name, f"{SCHEDULES['interleaved']}, {stages} stages a rank") for name, stages in MORE_VIRTUAL.items())
#: Kind of an operation -> in words, and as half of an overlapped pair.
OPERATIONS = {"F": "forward", "B": "backward", "I": "backward for inputs", "W": "backward for weights"}
PAIRED = "overlapped"
#: Copies of the parameters in the whole pipeline.
COPIES = {"dualpipe": 2}
#: More bars than this are drawn as one line for each rank and operation, so that no screen stands still.
MOST_BARS = 560
#: Length of such a line, in steps that are whole numbers.
STEPS = 6000
FULL, UPPER, LOWER = 0, 1, 2
PALE = 0.5


def pieces(pipeline: Pipeline, rank_times: dict, communication: float):
    """The pipeline that can run, and its simulation: a rank with several stages has its share of the model cut as finely."""
    cut = pipeline.num_stages // pipeline.ranks
    durations = Durations(*(time / cut for time in rank_times.values()))
    return durations, simulate(pipeline, durations, communication)


def compute(schedule, ranks, micro_batches, forward, backward_input, weight, overlapped, communication):
    if schedule.startswith("interleaved"):
        micro_batches = -(-micro_batches // ranks) * ranks
        pipeline = Pipeline("interleaved", ranks, micro_batches, MORE_VIRTUAL.get(schedule, VIRTUAL))
    else:
        pipeline = Pipeline(schedule, ranks, micro_batches)
    times = {"F": forward, "B": backward_input + weight, "W": weight, "X": overlapped}
    durations, found = pieces(pipeline, times, communication)
    formula = bubble_formula(pipeline, durations, communication)
    longest, cut = max(found.bubble), pipeline.num_stages // ranks
    metrics = {
        "bubble": tidy(longest),
        "bubble_formula": tidy(formula.bubble),
        "peak": tidy(max(found.peak_activations) / cut),
        "formula": formula.expression,
        "formula_exact": "yes" if formula.exact else "no",
        "exact_where": formula.exact_where,
        "bubble_share": longest / found.makespan,
        "least_bubble": tidy(min(found.bubble)),
        "makespan": tidy(found.makespan),
        "least_peak": tidy(min(found.peak_activations) / cut),
        "copies": COPIES.get(schedule, 1),
        "stages": pipeline.num_stages,
        "micro_batches": micro_batches,
    }
    return metrics, rows_of(pipeline, found)


def rows_of(pipeline: Pipeline, found) -> list:
    """A bar a row, or, where they are many, all bars of a rank and an operation."""
    bars = [(rank, *bar) for rank, tasks in enumerate(found.tasks) for task in tasks for bar in _bars(task)]
    ways = directions(pipeline)
    if len(bars) <= MOST_BARS:
        return [_row(ways, bar[:4], str(bar[4]), bar[5], bar[6]) for bar in bars]
    lines = {}
    for rank, kind, half, way, _, start, end in bars:
        lines.setdefault((rank, kind, half, way), []).append((start, end))
    return [
        _row(ways, key, f"{len(spans)} of them", spans[0][0], spans[-1][1]) | {"line": _line(spans, found.makespan)}
        for key, spans in lines.items()
    ]


def directions(pipeline: Pipeline) -> list:
    """What a reader calls each direction of :class:`Operation`, and how strong its colour is."""
    if pipeline.schedule == "dualpipe":
        return [("from the first rank", 1), ("from the last rank", PALE)]
    if pipeline.schedule == "dualpipev":
        return [("first stage of the device", 1), ("second stage of the device", PALE)]
    many = pipeline.directions
    if many == 1:
        return [("", 1)]
    return [(f"stage {way + 1} of the rank's {many}", 1 - (1 - PALE) * way / (many - 1)) for way in range(many)]


def _bars(task) -> tuple:
    """(kind, half, direction, chunk, start, end) of an operation; of an overlapped pair both halves."""
    kind, direction, chunk, with_direction, with_chunk, start, end = task
    if kind != "X":
        return ((kind, FULL, direction, chunk, start, end),)
    return ("F", UPPER, direction, chunk, start, end), ("B", LOWER, with_direction, with_chunk, start, end)


def _row(ways: list, key: tuple, chunk: str, start: float, end: float) -> dict:
    rank, kind, half, way = key
    return {
        "operation": OPERATIONS[kind] + (f", {PAIRED}" if half else ""),
        "rank": rank,
        "direction": ways[way][0],
        "chunk": chunk,
        "start": tidy(start),
        "end": tidy(end),
        "half": half,
        "tone": ways[way][1],
        "line": "",
    }


def _line(spans: list, makespan: float) -> str:
    """A path of level strokes in whole steps, one for each span; spans that touch are one."""
    scale, joined = STEPS / makespan, []
    for start, end in spans:
        if joined and joined[-1][1] == start:
            joined[-1][1] = end
        else:
            joined.append([start, end])
    at, path = 0, ["M0,0"]
    for start, end in joined:
        low, high = round(start * scale), round(end * scale)
        path.append(f"m{low - at},0h{high - low}")
        at = high
    return "".join(path)


def tidy(number: float | None) -> float | None:
    """Without the noise of sums of tenths."""
    if number is None:
        return None
    number = round(number, 6)
    return int(number) if number == int(number) else number


def _time(key: str, label: str, default: float, low: float = 0.1, high: float = 4.0) -> Number:
    return Number(key, label, default, low, high, 0.1)


EXPLORER = Explorer(
    name="pipeline",
    title="Who does what when",
    description="A line for each pipeline rank, time from left to right. Forwards are orange, backwards green, their parts "
    "for inputs teal and for weights blue. Of an overlapped pair the forward is the upper half, the backward the lower. The "
    "second direction, module or stage of a rank is paler. What is left white is the bubble. Many bars are drawn without "
    "gaps and numbers.",
    lead=("schedule", "ranks", "micro_batches", "overlapped", "backward_input", "weight"),
    headline=("bubble", "bubble_formula", "peak"),
    controls=(
        Choice("schedule", "Schedule", "dualpipe", (*SCHEDULES.items(), *_MORE)),
        Choice("ranks", "Ranks", 8, tuple((ranks, str(ranks)) for ranks in (2, 4, 6, 8, 12, 16))),
        Number("micro_batches", "Micro-batches", 20, 2, 160, 2),
        _time("forward", "Forward, F", 1.0),
        _time("backward_input", "Backward for inputs, B - W", 1.0),
        _time("weight", "Backward for weights, W", 1.0),
        _time("overlapped", "Overlapped pair, F&B", 3.0, high=8.0),
        _time("communication", "From stage to stage", 0.0, low=0.0, high=1.0),
    ),
    metrics={
        "bubble": Metric("Longest bubble of a rank"),
        "bubble_formula": Metric("By the formula"),
        "peak": Metric("Activations of the fullest rank", "micro-batches"),
        "formula": Metric("Formula"),
        "formula_exact": Metric("Exact here"),
        "exact_where": Metric("Exact where"),
        "bubble_share": Metric("Longest bubble, of the makespan", "%", 1),
        "least_bubble": Metric("Shortest bubble of a rank"),
        "makespan": Metric("Makespan"),
        "least_peak": Metric("Activations of the emptiest rank", "micro-batches"),
        "copies": Metric("Copies of the parameters"),
        "stages": Metric("Stages"),
        "micro_batches": Metric("Micro-batches"),
    },
    columns={
        "operation": Metric("Operation"),
        "rank": Metric("Rank"),
        "direction": Metric("Way"),
        "chunk": Metric("Micro-batch"),
        "start": Metric("Start"),
        "end": Metric("End"),
    },
    compute=compute,
    guess=Guess(
        "bubble_share",
        "What share of the time does the rank that waits longest stand idle?",
        *(0, 60, "%", 0.01),
        formula="{bubble} of waiting ÷ {makespan} from start to end = {bubble_share}",
    ),
)
