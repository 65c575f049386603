"""moecalc experts"""

from ..arguments import whole

HELP = "experts balanced by copies: which slot of which GPU holds which, as DeepSeek's EPLB places them"
EXAMPLE = (
    'moecalc experts --loads "[90, 132, 40, 61, 104, 165, 39, 4, 73, 56, 183, 86]" '
    "--replicas 16 --groups 4 --nodes 2 --gpus 8"
)
ACCEPTED = "a JSON list of loads, such as [90, 10], or of one such list for each layer is accepted"

#: So many layers are shown, and GPUs of a single layer; --json has all.
MOST_SHOWN = 64


def add_arguments(parser):
    parser.add_argument(
        "--loads",
        required=True,
        metavar="FILE",
        help="a JSON list of each expert's load, or of such a list for each layer: a file, - for stdin, or the list itself",
    )
    parser.add_argument("--replicas", required=True, type=whole, metavar="R", help="slots of all GPUs: experts and copies")
    parser.add_argument("--groups", type=whole, default=1, metavar="N", help="groups of experts of the gate (default 1)")
    parser.add_argument("--nodes", type=whole, default=1, metavar="N", help="nodes with a fast network inside (default 1)")
    parser.add_argument("--gpus", required=True, type=whole, metavar="P", help="GPUs that hold a layer's experts")


def run(args):
    from ...serving.eplb import balanced_experts, max_over_mean, throughput_of_balanced
    from ..json_list import read_list

    loads = read_list(args.loads, "--loads", "loads", ACCEPTED)
    single = not (loads and isinstance(loads[0], list))
    layers = [loads] if single else loads
    plan = balanced_experts(layers, args.replicas, args.groups, args.nodes, args.gpus)
    before = None
    if len(layers[0]) % args.gpus == 0:  # one copy each, in order, then fills the GPUs
        before = [max_over_mean(layer, range(len(layer)), args.gpus) for layer in layers]
    by_layer = {
        "physical_to_logical": plan.physical_to_logical,
        "copies": plan.copies,
        "max_over_mean": plan.max_over_mean,
        "max_over_mean_without": before,
    }
    return {
        "policy": plan.policy,
        "gpus": args.gpus,
        **{key: value[0] if single and value else value for key, value in by_layer.items()},
        "throughput_of_balanced": throughput_of_balanced(plan.max_over_mean),
        "throughput_of_balanced_without": throughput_of_balanced(before) if before else None,
        "notes": plan.notes,
    }


def show(result):
    from ..text import noted, table

    single = not isinstance(result["max_over_mean"], list)
    slots, copies, most = (
        [result[key]] if single else result[key] for key in ("physical_to_logical", "copies", "max_over_mean")
    )
    lines = [
        f"{result['policy']} balancing of {len(copies[0]):,} experts in {len(slots[0]):,} slots of {result['gpus']:,} GPUs",
        f"if every GPU waits for the fullest: {100 * result['throughput_of_balanced']:.1f} % of perfect balance's throughput"
        + _before(result["throughput_of_balanced_without"]),
        "",
    ]
    if single:
        lines.insert(1, f"the fullest GPU has {most[0]:.4f} times the mean load")
        rows, columns = _gpus(slots[0], result["gpus"]), {"gpu": "GPU", "experts": "experts in its slots"}
    else:
        before = result["max_over_mean_without"] or [None] * len(most)
        rows = [
            {"layer": layer, "most": found, "before": old, "copies": max(of)}
            for layer, (found, old, of) in enumerate(zip(most, before, copies, strict=True))
        ]
        columns = {"layer": "layer", "most": "max over mean", "before": "without copies", "copies": "most copies"}
    lines.append(table(rows[:MOST_SHOWN], columns))
    if len(rows) > MOST_SHOWN:
        lines.append(f"... {len(rows) - MOST_SHOWN:,} more; --json has all")
    return noted(lines, result)


def _before(share) -> str:
    return "" if share is None else f", {100 * share:.1f} % without copies and with experts in order"


def _gpus(slots: list, gpus: int) -> list:
    """A row for each GPU of a layer."""
    size = len(slots) // gpus
    return [{"gpu": gpu, "experts": " ".join(map(str, slots[gpu * size : (gpu + 1) * size]))} for gpu in range(gpus)]
