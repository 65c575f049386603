"""moecalc memory"""

from ..arguments import add_accelerator, add_model, length, notes, read_model, whole
from ..layouts import add_layout, layout_told, read_layout

HELP = "model states on each GPU: weights, gradients, optimizer (activations are not counted yet)"
EXAMPLE = "moecalc memory --model deepseek-v3 --gpu h800-sxm --pp 16 --ep 64 --dp 128 --zero 1 --recipe deepseek-v3"


#: Answers to --mtp; without it MTP modules are trained where the model has them.
MTP = {"yes": True, "no": False}


def add_arguments(parser):
    add_model(parser)
    add_accelerator(parser)
    add_layout(parser)
    parser.add_argument("--zero", type=whole, default=1, metavar="STAGE", help="0, 1, 2 or 3")
    parser.add_argument(
        "--optimizer-shard",
        metavar="GROUP",
        help="GPUs that ZeRO shards over: data_parallel, or data_parallel_and_mirror, which dualpipe has without it",
    )
    parser.add_argument(
        "--recipe",
        help="bf16, deepseek-v3, zero-16, fp32, or bytes of a parameter such as "
        "weights=fp8+bf16,gradients=4,master=4,moments=4,ema=4; without it fp32 where the config says so, else bf16",
    )
    parser.add_argument("--mtp", metavar="yes|no", help="train MTP modules; without it where the model has them")
    parser.add_argument("--micro-batch", type=whole, default=1, metavar="N", help="for activations, not counted yet")
    parser.add_argument("--seq-len", type=length, default=4096, metavar="N", help="for activations, not counted yet")


def run(args):
    from ...base.checks import whole as check_whole
    from ...hardware.accelerator import read_accelerator
    from ...training.recipes import recipe_of
    from ...training.states import model_states

    check_whole("micro_batch", args.micro_batch)
    check_whole("seq_len", args.seq_len)
    config, layout = read_model(args), read_layout(args)
    recipe = args.recipe or recipe_of(config)
    states = model_states(config, layout, recipe, args.optimizer_shard, read_mtp(args))
    result = {
        "model": config.name,
        "layout": layout_told(args, layout),
        "recipe": recipe,
        **states,
        **notes(args, config),
    }
    if config.anatomy.num_routed_experts > 1:
        result["experts"] = held_experts(config.anatomy.num_routed_experts, layout)
    if args.gpu is not None:
        result["gpu_memory_bytes"] = read_accelerator(args.gpu).needed("memory_bytes")
    return result


def read_mtp(args) -> bool | None:
    """Whether MTP modules are trained, None where nothing was said."""
    from ...base.checks import one_of

    return None if args.mtp is None else MTP[one_of("mtp", args.mtp, MTP)]


def held_experts(num_experts: int, layout) -> str:
    """How a GPU holds routed experts, in words."""
    whole_or_part = "whole" if layout.expert_tp == 1 else f"one part in {layout.expert_tp} of each"
    return (
        f"{num_experts // layout.ep} of {num_experts} routed experts of a layer on a GPU, {whole_or_part}; "
        f"{layout.expert_replicas} GPUs of a stage hold the same"
    )


def show(result):
    from ...base.units import si
    from ...training.recipes import recipe
    from ...training.state_views import shown
    from ..text import noted, table

    layout, named = result["layout"], recipe(result["recipe"])
    lines = [f"recipe {named.name}: {named.title}; ZeRO-{layout['zero']}, schedule {layout['schedule']}"]
    if layout["zero"]:
        of_experts = "" if result["expert_replicas"] is None else f", routed experts over {result['expert_replicas']:,}"
        group = result["optimizer_shard"].replace("_", " ")
        lines.append(f"ZeRO shards over {result['dense_replicas']:,} GPUs{of_experts}: {group}")
    if "experts" in result:
        lines.append(f"ETP {layout['etp']}: {result['experts']}")
    rows = [
        {
            "rank": one["rank"],
            "layers": len(one["layers"]),
            **{key: si(held, "bytes") for key, held in {**shown(one), "bytes": one["bytes"]}.items()},
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
    if average := max(one["ema_cpu"] for one in result["ranks"]):
        lines.append(f"beside it in the memory of the CPU: a moving average, at most {si(average, 'bytes')} a GPU")
    lines.append(f"counted: {result['counted']}; not counted: {', '.join(result['not_counted'])}")
    return noted(lines, result)
