"""moecalc step"""

from ..activations import add_activations, read_batch, read_policy, read_yes
from ..arguments import add_accelerator, add_model, notes, read_model, whole
from ..layouts import add_layout, layout_told, read_layout

HELP = "time of a training step, its parts, and an interval that says how sure the estimate is"
EXAMPLE = (
    "moecalc step --model deepseek-v3 --gpu h800-sxm --pp 16 --ep 64 --dp 128 --schedule dualpipe --recipe deepseek-v3 "
    "--balanced yes --global-batch 15360 --recompute norm,mla-up,swiglu --activations fp8"
)


def add_arguments(parser):
    add_model(parser)
    add_accelerator(parser, required=True)
    add_layout(parser)
    parser.add_argument("--zero", type=whole, default=1, metavar="STAGE", help="0, 1, 2 or 3")
    parser.add_argument("--optimizer-shard", metavar="GROUP", help="as in moecalc memory")
    parser.add_argument("--recipe", help="as in moecalc memory: bf16, deepseek-v3, zero-16, fp32, or spelt out")
    parser.add_argument("--mtp", metavar="yes|no", help="train MTP modules; without it where the model has them")
    parser.add_argument(
        "--balanced",
        default="no",
        metavar="yes|no",
        help="deal layers out by their FLOPs, fewer beside head and MTP modules",
    )
    parser.add_argument("--global-batch", type=whole, metavar="N", help="sequences of a step, over all GPUs")
    parser.add_argument(
        "--overlap",
        metavar="LIST",
        help="communication that runs beside computing, names between commas: tp, cp, ep, dp, pp; or none",
    )
    parser.add_argument("--gpus-per-node", type=whole, metavar="N", help="GPUs joined by the scale-up network")
    parser.add_argument("--sms", type=whole, default=20, metavar="N", help="SMs that dispatch and combine take")
    parser.add_argument("--graphs", default="no", metavar="yes|no", help="kernels are launched by CUDA graphs")
    parser.add_argument(
        "--fused", default="no", metavar="yes|no", help="casts and moves of tokens are fused into other kernels"
    )
    parser.add_argument("--eager", default="no", metavar="yes|no", help="PyTorch of 2023 and 2024 without a compiler")
    parser.add_argument("--dispatcher", metavar="NAME", help="deepep, nccl or hybridep; without it by the scale-up domain")
    add_activations(parser)


def run(args):
    from ...hardware.accelerator import read_accelerator
    from ...training.activations import activation_notes
    from ...training.recipes import recipe_of
    from ...training.step import training_step
    from ...training.timing.balance import balanced
    from ...training.timing.settings import Running, overlap_of

    config, layout = read_model(args), read_layout(args)
    recipe, batch, policy = args.recipe or recipe_of(config), read_batch(args), read_policy(args)
    said = {name: read_yes(args, name) for name in ("graphs", "fused", "eager")}
    running = Running(overlap_of(args.overlap), args.gpus_per_node, args.sms, dispatcher=args.dispatcher, **said)
    if read_yes(args, "balanced"):
        layout = balanced(config, layout, args.seq_len, read_yes(args, "mtp") is not False)
    found = training_step(
        config,
        read_accelerator(args.gpu),
        layout,
        recipe,
        batch,
        policy,
        args.global_batch,
        running,
        read_yes(args, "sequence_parallel"),
        args.skew,
        args.optimizer_shard,
        read_yes(args, "mtp"),
    )
    told = {key: value for key, value in found._asdict().items() if key not in LATER}
    return {
        "model": config.name,
        "layout": layout_told(args, layout),
        "recipe": recipe,
        **told,
        "components": found.components._asdict(),
        "inside": found.inside._asdict(),
        "ranks": [rank._asdict() for rank in found.ranks],
        "memory": memory_told(found.memory),
        "fits": found.fits,
        **notes(args, config, *activation_notes(config, policy), *found.notes),
    }


#: What is told in a form of its own.
LATER = ("components", "ranks", "inside", "memory", "notes")


def memory_told(memory) -> dict:
    """The fullest GPU, as `moecalc memory` names what it needs."""
    fullest = memory.fullest
    states = fullest.states
    return {
        "per_gpu_bytes": fullest.counted,
        "fullest_rank": fullest.rank,
        "components": {
            "weights": states.weights,
            "fp8_scales": states.fp8_scales,
            "gradients": states.gradients,
            "optimizer_states": states.optimizer_states,
            "activations": fullest.activations,
            "buffers": fullest.buffers.peak,
        },
        "band": {"least": fullest.band[0], "most": fullest.band[1]},
        "fits": memory.fits,
        "why_not": memory.why_not,
    }


def show(result):
    from ..text import noted, parts

    mfu = "" if result["mfu"] is None else f", MFU {result['mfu']:.1%} of the BF16 peak"
    lines = [
        f"{result['step_s']:.4g} s a step, {result['low_s']:.4g} to {result['high_s']:.4g} s expected{mfu}",
        f"{result['tokens_per_s_per_gpu']:,.0f} tokens/s a GPU; {result['num_micro_batches']} micro-batches, "
        f"{result['num_tokens']:,} tokens a step on {result['num_gpus']:,} GPUs",
        "",
        parts(result["components"], "s"),
        "",
        "it fits in memory" if result["fits"] else result["memory"]["why_not"],
    ]
    return noted(lines, result)
