"""moecalc pipeline"""

from ..arguments import number, whole

HELP = "a pipeline schedule: makespan, bubble and live activations of each rank"
EXAMPLE = (
    "moecalc pipeline --schedule dualpipe --ranks 8 --micro-batches 20 --forward 1 --backward 2 --weight 1 --overlapped 3"
)

DURATIONS = {
    "forward": "F, forward of a chunk",
    "backward": "B, its whole backward",
    "weight": "W, the weight part of B; needed by zb1p, dualpipe and dualpipev",
    "overlapped": "F&B, an overlapped pair; needed by dualpipe and dualpipev",
}


def add_arguments(parser):
    parser.add_argument("--schedule", required=True, help="1f1b, interleaved, zb1p, dualpipe or dualpipev")
    parser.add_argument("--ranks", type=whole, required=True, metavar="P", help="pipeline ranks; of dualpipev devices")
    parser.add_argument(
        "--micro-batches", type=whole, required=True, metavar="M", help="of dualpipe both directions together"
    )
    for name, title in DURATIONS.items():
        parser.add_argument(
            f"--{name}",
            type=number,
            nargs="+",
            metavar="T",
            required=name in ("forward", "backward"),
            help=f"{title}; one number, or one for each rank",
        )
    parser.add_argument("--communication", type=number, default=0, metavar="T", help="time between stages on two ranks")
    parser.add_argument("--virtual", type=whole, metavar="V", help="stages of each rank of interleaved; without it 2")
    parser.add_argument("--orders", action="store_true", help="also list the operations of each rank in order")
    parser.add_argument("--tasks", action="store_true", help="also list the operations of each rank with their times")


def run(args):
    from ...training.pipeline.bubbles import bubble_formula, longest_bubble
    from ...training.pipeline.orders import Pipeline, orders
    from ...training.pipeline.simulate import Durations, simulate

    virtual = args.virtual if args.virtual is not None else 2 if args.schedule == "interleaved" else 1
    pipeline = Pipeline(args.schedule, args.ranks, args.micro_batches, virtual)
    given = [getattr(args, name) for name in DURATIONS]
    durations = Durations(*(values[0] if values and len(values) == 1 else values for values in given))
    found = simulate(pipeline, durations, args.communication)
    formula = bubble_formula(pipeline, durations, args.communication)
    result = {
        **pipeline._asdict(),
        "num_stages": pipeline.num_stages,
        **durations._asdict(),
        "communication": args.communication,
        "makespan": found.makespan,
        "busy": list(found.busy),
        "bubble": list(found.bubble),
        "bubble_formula": formula.bubble,
        "formula": formula.expression,
        "formula_exact": formula.exact,
        "formula_exact_where": formula.exact_where,
        "peak_activations": list(found.peak_activations),
    }
    if pipeline.schedule in ("dualpipe", "dualpipev") and not args.communication:
        result["longest_bubble_formula"] = longest_bubble(pipeline, durations)
    if args.orders:
        result["orders"] = [" ".join(map(str, order)) for order in orders(pipeline)]
    if args.tasks:
        result["tasks"] = [list(map(written, rank)) for rank in found.tasks]
    return result


def written(task) -> dict:
    """A task without the fields that only a pair has, where it is none."""
    fields = task._asdict()
    if task.kind != "X":
        del fields["backward_direction"], fields["backward_chunk"]
    return fields


def show(result):
    from ..text import cell, table

    schedule, unit = result["schedule"], "in the unit of the durations"
    held = result["num_stages"] // result["ranks"] if schedule != "dualpipe" else 2
    lines = [
        f"{schedule}: {result['ranks']} ranks, {result['micro_batches']} micro-batches, "
        f"{held} stage{'s' if held > 1 else ''} on a rank; makespan {cell(result['makespan'])} {unit}",
        "",
    ]
    names = ("busy", "bubble", "peak_activations")
    rows = [
        {"rank": rank, **dict(zip(names, values, strict=True))}
        for rank, values in enumerate(zip(*(result[name] for name in names), strict=True))
    ]
    lines += [
        table(rows, {"rank": "rank", "busy": "busy", "bubble": "bubble", "peak_activations": "live chunks at most"}),
        "",
    ]
    exact = "exact here" if result["formula_exact"] else f"not exact here, but where {result['formula_exact_where']}"
    value = "needs ranks that are alike" if result["bubble_formula"] is None else cell(result["bubble_formula"])
    lines.append(f"bubble by the formula {result['formula']}: {value} ({exact})")
    if result.get("longest_bubble_formula") is not None and not result["formula_exact"]:
        lines.append(f"longest bubble by a formula for any durations: {cell(result['longest_bubble_formula'])}")
    for rank, order in enumerate(result.get("orders", ())):
        lines.append(f"rank {rank}: {order}")
    for rank, tasks in enumerate(result.get("tasks", ())):
        columns = {key: key.replace("_", " ") for key in ("kind", "direction", "chunk", "start", "end")}
        lines += ["", f"rank {rank}", table(tasks, columns)]
    return "\n".join(lines)
