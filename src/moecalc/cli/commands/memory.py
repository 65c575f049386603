"""moecalc memory"""

from ..arguments import add_accelerator, add_model, length, notes, read_model, whole

HELP = "model states on each GPU: weights, gradients, optimizer (activations are not counted yet)"
EXAMPLE = "moecalc memory --model deepseek-v3 --gpu h800-sxm --pp 16 --ep 64 --dp 128 --zero 1 --recipe deepseek-v3"


def add_arguments(parser):
    add_model(parser)
    add_accelerator(parser)
    for name, title in {"tp": "tensor", "pp": "pipeline", "ep": "expert", "dp": "data"}.items():
        parser.add_argument(f"--{name}", type=whole, default=1, metavar="N", help=f"{title} parallel size")
    parser.add_argument(
        "--etp", type=whole, metavar="N", help="expert tensor parallel size; without it tp where ep is 1, else 1"
    )
    parser.add_argument("--zero", type=whole, default=1, metavar="STAGE", help="0, 1, 2 or 3")
    parser.add_argument("--schedule", default="1f1b", help="1f1b, zb1p, dualpipe (holds stages twice) or dualpipev")
    parser.add_argument("--layers-per-stage", type=sizes, metavar="N,N,...", help="layers of each stage, where uneven")
    parser.add_argument(
        "--recipe", help="bf16, deepseek-v3, zero-16 or fp32; without it fp32 where the config says so, else bf16"
    )
    parser.add_argument("--micro-batch", type=whole, default=1, metavar="N", help="for activations, not counted yet")
    parser.add_argument("--seq-len", type=length, default=4096, metavar="N", help="for activations, not counted yet")


def sizes(text: str) -> tuple:
    """Whole numbers between commas."""
    return tuple(whole(part.strip()) for part in text.split(","))


def run(args):
    from ...base.checks import whole as check_whole
    from ...hardware.accelerator import read_accelerator
    from ...training.layout import Layout
    from ...training.recipes import recipe_of
    from ...training.states import model_states

    check_whole("micro_batch", args.micro_batch)
    check_whole("seq_len", args.seq_len)
    config = read_model(args)
    layout = Layout(args.tp, args.pp, args.ep, args.dp, args.zero, args.schedule, args.etp, args.layers_per_stage)
    recipe = args.recipe or recipe_of(config)
    states = model_states(config, layout, recipe)
    laid_out = {**layout._asdict(), "etp": layout.expert_tp}
    result = {"model": config.name, "layout": laid_out, "recipe": recipe, **states, **notes(args, config)}
    if config.anatomy.num_routed_experts > 1:
        result["experts"] = held_experts(config.anatomy.num_routed_experts, layout)
    if args.gpu is not None:
        result["gpu_memory_bytes"] = read_accelerator(args.gpu).needed("memory_bytes")
    return result


def held_experts(num_experts: int, layout) -> str:
    """How a GPU holds routed experts, in words."""
    whole_or_part = "whole" if layout.expert_tp == 1 else f"one part in {layout.expert_tp} of each"
    return (
        f"{num_experts // layout.ep} of {num_experts} routed experts of a layer on a GPU, {whole_or_part}; "
        f"{layout.expert_replicas} GPUs of a stage hold the same"
    )


def show(result):
    from ...base.units import si
    from ...training.recipes import RECIPES
    from ..text import noted, table

    layout = result["layout"]
    lines = [
        f"recipe {result['recipe']}: {RECIPES[result['recipe']].title}; ZeRO-{layout['zero']}, schedule {layout['schedule']}"
    ]
    if "experts" in result:
        lines.append(f"ETP {layout['etp']}: {result['experts']}")
    rows = [
        {
            "rank": one["rank"],
            "layers": len(one["layers"]),
            **{key: si(one[key], "bytes") for key in ("weights", "gradients", "optimizer_states", "bytes")},
            "params": si(one["num_params"], "parameters"),
        }
        for one in result["ranks"]
    ]
    columns = {
        "rank": "pipeline rank",
        "layers": "layers",
        "params": "held",
        "weights": "weights",
        "gradients": "gradients",
        "optimizer_states": "optimizer",
        "bytes": "model states",
    }
    lines += ["", table(rows, columns), ""]
    lines.append(f"fullest: rank {result['fullest_rank']}, {si(result['per_gpu_bytes'], 'bytes')} of model states a GPU")
    if "gpu_memory_bytes" in result:
        share = result["per_gpu_bytes"] / result["gpu_memory_bytes"]
        lines[-1] += f", {share:.1%} of its {si(result['gpu_memory_bytes'], 'bytes')}"
    lines.append(f"counted: {result['counted']}; not counted: {', '.join(result['not_counted'])}")
    return noted(lines, result)
