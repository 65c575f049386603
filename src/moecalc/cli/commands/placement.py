"""moecalc placement"""

from ..arguments import add_model, notes, read_model, whole
from ..layouts import add_layout, layout_told, read_layout

HELP = "what each GPU holds: stages, layers, experts, groups; and the GPUs that hold an expert"
EXAMPLE = "moecalc placement --model deepseek-v3 --pp 16 --ep 64 --dp 128 --schedule dualpipe --expert 255 --layer 60"

#: Most GPUs that the groups of all GPUs may name together: beyond, one asks for fewer GPUs.
MOST_NAMED = 10**7
#: So many GPUs are shown one by one; of more, each pipeline rank is.
MOST_SHOWN = 16


def add_arguments(parser):
    add_model(parser)
    add_layout(parser)
    parser.add_argument("--gpus-per-node", type=whole, default=8, metavar="N", help="8 without it")
    parser.add_argument("--gpu-index", type=whole, metavar="I", help="this GPU alone, counted from 0")
    parser.add_argument("--expert", type=whole, metavar="E", help="the GPUs that hold this expert, counted from 0")
    parser.add_argument("--layer", type=whole, metavar="L", help="the GPUs that hold this layer, counted from 0")


def run(args):
    from ...base.errors import InputError
    from ...training.placement import gpu_at, holders, num_copies, place

    config, layout = read_model(args), read_layout(args)
    if args.gpu_index is not None:
        if args.expert is not None or args.layer is not None:
            raise InputError("--gpu-index asks what a GPU holds, --expert and --layer who holds it: one of them is accepted")
        gpus = [gpu_at(config, layout, args.gpu_index, args.gpus_per_node)]
    else:
        found = holders(config, layout, args.expert, args.layer)
        named = sum(map(len, gpu_at(config, layout, 0).groups)) * len(found)
        if args.json and named > MOST_NAMED:
            raise InputError(
                f"--json must name at most {MOST_NAMED:,} GPUs in all groups; found {named:,}, --gpu-index asks for one GPU"
            )
        gpus = place(config, layout, args.gpus_per_node)
        gpus = gpus if len(found) == len(gpus) else [gpus[index] for index in found]
    return {
        "model": config.name,
        "layout": layout_told(args, layout),
        "num_gpus": layout.num_gpus,
        "gpus_per_node": args.gpus_per_node,
        "num_nodes": -(-layout.num_gpus // args.gpus_per_node),
        "copies_of_an_expert": num_copies(layout),
        "gpus": [_told(gpu) for gpu in gpus] if args.json else gpus,
        **notes(args, config),
    }


def _told(gpu) -> dict:
    """A GPU as JSON has it; a table needs no lists of GPUs."""
    from ...training.placement import expert_names

    groups = {name: list(members) for name, members in gpu.groups._asdict().items()}
    return {**gpu._asdict(), "experts": list(gpu.experts), "experts_named": expert_names(gpu.experts), "groups": groups}


def show(result):
    from ..text import noted, table

    gpus, layout = result["gpus"], result["layout"]
    sizes = " x ".join(f"{name.upper()} {layout[name]}" for name in ("tp", "cp", "pp", "dp"))
    lines = [
        f"{sizes} = {result['num_gpus']:,} GPUs on {result['num_nodes']:,} nodes of {result['gpus_per_node']}; "
        f"EP {layout['ep']} x ETP {layout['etp']}, {layout['schedule']}",
        "",
    ]
    columns = {
        "gpu": "GPU",
        "node": "node",
        "pp": "pipeline rank",
        "stages": "stages",
        "layers": "layers",
        "also": "and",
        "experts": "experts of a layer",
    }
    if len(gpus) > MOST_SHOWN:
        ranks = {}
        for gpu in gpus:
            ranks.setdefault(gpu.pp, []).append(gpu)
        rows = [_row(held[0], held[-1]) for held in ranks.values()]
    else:
        rows = [_row(gpu, gpu) for gpu in gpus]
    lines.append(table(rows, columns))
    if len(gpus) == 1:
        (gpu,), per_node = gpus, result["gpus_per_node"]
        lines += ["", *(_group(name, members, per_node) for name, members in gpu.groups._asdict().items())]
        if gpu.mirror is not None:
            lines.append(f"GPU {gpu.mirror} at the other end of the pipeline holds the same")
    return noted(lines, result)


def _row(first, last) -> dict:
    """A row for the GPUs of a pipeline rank, from the first to the last."""
    from ...base.units import spans
    from ...training.placement import expert_names

    held = {"embedding": first.embedding, "MTP": first.mtp, "head": first.head}
    experts = expert_names(first.experts)
    return {
        "gpu": str(first.gpu) if first is last else f"{first.gpu:,} to {last.gpu:,}",
        "node": f"{first.node:,}" if first.node == last.node else f"{first.node:,} to {last.node:,}",
        "pp": first.pp,
        "stages": ", ".join(map(str, first.stages)),
        "layers": spans(first.layers),
        "also": ", ".join(name for name, there in held.items() if there),
        "experts": experts if experts == expert_names(last.experts) else f"{experts} to {expert_names(last.experts)}",
    }


def _group(name, members, gpus_per_node) -> str:
    nodes = len({member // gpus_per_node for member in members})
    if len(members) == 1:
        return f"{name:9} alone"
    step = f", every {members.step}" if members.step > 1 else ""
    return f"{name:9} {len(members):,} GPUs: {members[0]:,} to {members[-1]:,}{step}; on {nodes:,} node{'s' * (nodes > 1)}"
