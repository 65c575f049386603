"""moecalc memory"""

from ..arguments import add_accelerator, add_model, read_model, whole

HELP = "model states on each GPU: weights, gradients, optimizer (activations are not counted yet)"
EXAMPLE = "moecalc memory --model deepseek-v3 --gpu h800-sxm --pp 16 --ep 64 --dp 128 --zero 1 --recipe deepseek-v3"


def add_arguments(parser):
    add_model(parser)
    add_accelerator(parser)
    for name, title in {"tp": "tensor", "pp": "pipeline", "ep": "expert", "dp": "data"}.items():
        parser.add_argument(f"--{name}", type=whole, default=1, metavar="N", help=f"{title} parallel size")
    parser.add_argument("--zero", type=whole, default=1, metavar="STAGE", help="0, 1, 2 or 3")
    parser.add_argument("--schedule", default="1f1b", help="1f1b, zb1p, dualpipe (holds stages twice) or dualpipev")
    parser.add_argument("--recipe", default="deepseek-v3", help="deepseek-v3, bf16, zero-16 or fp32")
    parser.add_argument("--micro-batch", type=whole, default=1, metavar="N", help="for activations, not counted yet")
    parser.add_argument("--seq-len", type=whole, default=4096, metavar="N", help="for activations, not counted yet")


def run(args):
    from ...base.checks import whole as check_whole
    from ...hardware.accelerator import load_accelerator
    from ...training.layout import Layout
    from ...training.states import model_states

    check_whole("micro_batch", args.micro_batch)
    check_whole("seq_len", args.seq_len)
    config = read_model(args)
    layout = Layout(args.tp, args.pp, args.ep, args.dp, args.zero, args.schedule)
    states = model_states(config, layout, args.recipe)
    result = {"model": config.name, "layout": layout._asdict(), "recipe": args.recipe, **states}
    if args.gpu is not None:
        result["gpu_memory_bytes"] = load_accelerator(args.gpu).memory_bytes
    return result


def show(result):
    from ...base.units import si
    from ..text import table

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
    lines = [table(rows, columns), ""]
    lines.append(f"fullest: rank {result['fullest_rank']}, {si(result['per_gpu_bytes'], 'bytes')} of model states a GPU")
    if "gpu_memory_bytes" in result:
        share = result["per_gpu_bytes"] / result["gpu_memory_bytes"]
        lines[-1] += f", {share:.1%} of its {si(result['gpu_memory_bytes'], 'bytes')}"
    lines.append(f"counted: {result['counted']}; not counted: {', '.join(result['not_counted'])}")
    return "\n".join(lines)
