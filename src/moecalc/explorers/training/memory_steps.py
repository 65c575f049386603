"""What each way to save memory buys, one after the other, in an order that can be chosen."""

from ...model.config import load_model
from ...training.layout import Layout
from ...training.memory import Batch
from ...training.memory_savings import NOT_IN_REPORT, ORDERS, WAYS, memory_savings
from .._choices import accelerator_choice, accelerator_numbers, chosen_accelerator, model_choice
from .._define import Choice, Explorer, Metric, Number
from .model_states import SCHEDULES

RANK = {"fullest": "the fullest rank", "middle": "a middle rank"}


def compute(order, rank, model, schedule, seq_len, pp, ep, dp, accelerator, accelerator_numbers):
    layout = Layout(pp=pp, ep=ep, dp=dp, schedule=schedule)
    gpu = chosen_accelerator(accelerator, accelerator_numbers)
    room = gpu.needed("memory_bytes")
    found = memory_savings(load_model(model), layout, Batch(seq_len=seq_len), order, rank)
    steps = found.savings
    names = [WAYS[one.way] for one in steps]
    fitting = [name for name, one in zip(names, steps, strict=True) if one.after <= room]
    # no way makes the fullest rank fuller, so that what fits once fits from there on
    fits_from = "without any" if found.without <= room else f"with {fitting[0]}" if fitting else "never"
    last = steps[-1]
    metrics = {
        "after": last.after,
        "fits_from": fits_from,
        "without": found.without,
        "counted": last.counted,
        "of_first": last.after / found.without,
        "swing": max(one.most - one.least for one in steps),
        "swings_most": WAYS[max(steps, key=lambda one: one.most - one.least).way],
        "gpu_bytes": room,
    }
    start = {"step": "plain BF16 training", "kind": "all", "low": 0, "high": found.without, "after": found.without}
    rows = [start | {"saved": None, "least": None, "most": None, "rank": None, "gpu": room}]
    for name, one in zip(names, steps, strict=True):
        kind = "not in the report" if one.way in NOT_IN_REPORT else "in the report"
        row = {"step": name, "kind": kind, "low": one.after, "high": one.before, "after": one.after, "saved": one.saved}
        rows.append(row | {"least": one.least, "most": one.most, "rank": one.rank, "gpu": room})
    left = {"step": "what is left", "high": last.after, "after": last.after, "rank": last.rank}
    rows.append(rows[0] | left)
    return metrics, rows


EXPLORER = Explorer(
    name="memory-steps",
    title="What each way to save memory buys",
    description="A waterfall of horizontal bars from plain BF16 training down to what is left: each bar is what one way "
    "saves when its turn comes. Beside each stands the least and the most that it saves in any order. A line is drawn at "
    "the GPU's memory.",
    lead=("order", "rank", "schedule", "seq_len", "pp", "ep"),
    headline=("after", "fits_from", "without"),
    controls=(
        Choice("order", "Order", "report", tuple(ORDERS.items())),
        Choice("rank", "Followed", "fullest", tuple(RANK.items())),
        model_choice(),
        Choice("schedule", "Pipeline schedule", "dualpipe", tuple(SCHEDULES.items())),
        Number("seq_len", "Sequence", 4096, 1024, 32768, 1024, "tokens", "powers"),
        Number("pp", "Pipeline parallel", 16, 1, 32, 1, "ranks", "powers"),
        Number("ep", "Expert parallel", 64, 1, 256, 1, "GPUs", "powers"),
        Number("dp", "Data parallel", 128, 1, 1024, 1, "replicas", "powers"),
        accelerator_choice(),
        accelerator_numbers(),
    ),
    metrics={
        "after": Metric("What is left, at most", "bytes", 3),
        "fits_from": Metric("It fits"),
        "without": Metric("Without any of them", "bytes", 3),
        "counted": Metric("Counted of what is left", "bytes", 3),
        "of_first": Metric("Left of it", "%", 0),
        "swing": Metric("Order changes one saving by up to", "bytes", 3),
        "swings_most": Metric("It is that of"),
        "gpu_bytes": Metric("Memory of the GPU", "bytes"),
    },
    columns={
        "step": Metric("Step"),
        "saved": Metric("Saves here", "bytes", 3),
        "least": Metric("in any order at least", "bytes", 3),
        "most": Metric("at most", "bytes", 3),
        "after": Metric("Needed then", "bytes", 3),
        "rank": Metric("on pipeline rank"),
        "kind": Metric("Where it is said"),
    },
    says=("step", "saved", "least", "most", "after", "rank"),
    compute=compute,
)
