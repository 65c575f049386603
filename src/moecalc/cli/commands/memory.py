"""moecalc memory"""

from ..activations import add_activations, read_batch, read_policy, read_yes
from ..arguments import add_accelerator, add_model, notes, read_model, whole
from ..layouts import add_layout, layout_told, read_layout

HELP = "memory of each GPU in training: model states, activations, buffers; and whether it fits"
EXAMPLE = (
    "moecalc memory --model deepseek-v3 --gpu h800-sxm --pp 16 --ep 64 --dp 128 --schedule dualpipe --recipe deepseek-v3 "
    "--recompute norm,mla-up,swiglu --activations fp8"
)


def add_arguments(parser):
    add_model(parser, required=False)
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
    add_activations(parser)
    add_program(parser)
    parser.add_argument("--measured", action="store_true", help="runs of others: predicted beside measured, and no layout")


def add_program(parser):
    """What trains, and what it does that is not in a layout."""
    add = parser.add_argument
    add("--program", default="any", help="any, megatron-lm, megatron-lm-unfused or torchtitan, whose own rules count")
    add("--loss", help="plain, vocab-parallel, fused, eager, loss-parallel or compiled; without it as the program does")
    add("--attention-outputs", type=whole, default=1, metavar="N", help="2 with context parallelism by all-to-all")
    add("--every-second-product", default="no", metavar="yes|no", help="keep attention and every second product's output")
    add(
        "--compiled",
        default="no",
        metavar="yes|no",
        help="layers are compiled, so that an unused output is not kept",
    )


def run(args):
    from ...hardware.accelerator import read_accelerator
    from ...training.activations import ActivationCut, activation_notes, recomputable_parts
    from ...training.memory_views import activation_components, memory_steps
    from ...training.programs import policy_of, program_of
    from ...training.recipes import recipe_of
    from ...training.states import model_states

    if args.measured:
        return measured()
    config, layout = read_model(args), read_layout(args)
    recipe, batch, policy = args.recipe or recipe_of(config), read_batch(args), read_policy(args)
    policy = policy._replace(
        loss=args.loss or "",
        attention_outputs=args.attention_outputs,
        every_second_product=read_yes(args, "every_second_product"),
        compiled=read_yes(args, "compiled"),
    )
    policy = policy_of(program_of(args.program), policy, layout.tp)
    accelerator = None if args.gpu is None else read_accelerator(args.gpu)
    mtp, sequence_parallel = read_yes(args, "mtp"), read_yes(args, "sequence_parallel")
    where = (layout, recipe, batch)
    more = {"sequence_parallel": sequence_parallel, "skew": args.skew, "optimizer_shard": args.optimizer_shard, "mtp": mtp}
    more["program"] = args.program
    if accelerator is not None:
        more["memory_bytes"] = accelerator.needed("memory_bytes")
    steps = memory_steps(config, policy, *where, **more)
    found = steps[0].memory
    states = model_states(config, layout, recipe, args.optimizer_shard, mtp)
    cut = ActivationCut(layout.tp, layout.cp, layout.expert_tp, sequence_parallel, args.skew)
    fullest = found.fullest
    own = states["ranks"][fullest.rank]
    parts = ("weights", "fp8_scales", "gradients", "optimizer_states")
    result = {
        "model": config.name,
        "layout": layout_told(args, layout),
        "recipe": recipe,
        **states,
        "per_gpu_bytes": fullest.counted,
        "model_states": {"rank": states["fullest_rank"], "bytes": states["per_gpu_bytes"]},
        "fullest_rank": fullest.rank,
        "components": {
            **{name: own[name] for name in parts},
            "activations": fullest.activations,
            "buffers": fullest.buffers.peak,
        },
        "buffers": fullest.buffers._asdict(),
        "activation_components": activation_components(config, layout, batch, policy, cut, fullest.rank, mtp),
        "band": {"least": fullest.band[0], "most": fullest.band[1]},
        "fits": found.fits,
        "why_not": found.why_not,
        "num_micro_batches": found.num_micro_batches,
        "recompute": list(policy.recompute),
        "recomputable": sorted(recomputable_parts(config)),
        "activation_policy": {"format": policy.cache, "routing_weight": args.routing_weight, "skew": args.skew},
        "program": args.program,
        "counted": f"{states['counted']}, activations of the schedule's peak, buffers",
        "not_counted": list(NOT_COUNTED),
        "assumptions": list(assumptions(config, layout, args, policy)),
        "steps": [
            {"step": one.name, "rank": one.memory.fullest.rank, "bytes": one.memory.fullest.counted}
            | {"most": one.memory.fullest.band[1], "fits": one.memory.fits}
            for one in steps
        ],
        **notes(args, config, *activation_notes(config, policy)),
    }
    for one, rank in zip(result["ranks"], found.ranks, strict=True):
        one |= {"activations": rank.activations, "layer_activations": rank.layer_activations}
        one |= {"peak_micro_batches": rank.peak_micro_batches, "buffers": rank.buffers.peak, "total": rank.counted}
        one["band"] = {"least": rank.band[0], "most": rank.band[1]}
    if config.anatomy.num_routed_experts > 1:
        result["experts"] = held_experts(config.anatomy.num_routed_experts, layout)
    if accelerator is not None:
        result["gpu_memory_bytes"] = more["memory_bytes"]
    return result


NOT_COUNTED = ("the driver's context", "buffers of communication libraries", "CUDA graphs", "what the input pipeline holds")


def assumptions(config, layout, args, policy):
    """Sentences that must be true for the sum to be."""
    from ...training.memory import FRAGMENTATION, FRAMEWORK_SHARE
    from ...training.programs import program_of
    from ...training.rank_states import default_shard

    shard = (args.optimizer_shard or default_shard(layout)).replace("_", " ")
    yield f"ZeRO-{layout.zero} shards over {shard}"
    if config.anatomy.num_routed_experts > 1:
        yield f"the fullest GPU's experts get {args.skew:g} times the mean of tokens in every layer"
        where = "before the down projection, so that" if policy.weight_before_down else "after the down projection:"
        kept = "experts' outputs are not kept" if policy.weight_before_down else "experts' outputs are kept in BF16"
        yield f"routing weights multiply {where} {kept}"
    if args.program != "any":
        yield f"what {program_of(args.program).title} holds besides is counted"
        yield f"the upper end adds {FRAGMENTATION[-1]:.1%} of fragmentation, fitted on runs of Megatron-LM"
        return
    yield (
        f"the upper end adds {FRAMEWORK_SHARE:.0%} of activations, which frameworks keep beyond the rules, "
        f"and {FRAGMENTATION[-1]:.1%} of fragmentation: both fitted on runs of Megatron-LM"
    )


def measured() -> dict:
    """What runs of others needed, beside what is predicted for them."""
    from ...validation.hold_out import FITTED, HELD_OUT
    from ...validation.memory import memory_cases, memory_errors

    cases = memory_cases()
    return {
        "cases": [{**case._asdict(), "error": case.error} for case in cases],
        "errors": {use: memory_errors([one for one in cases if one.use == use])._asdict() for use in (FITTED, HELD_OUT)},
    }


def held_experts(num_experts: int, layout) -> str:
    """How a GPU holds routed experts, in words."""
    whole_or_part = "whole" if layout.expert_tp == 1 else f"one part in {layout.expert_tp} of each"
    return (
        f"{num_experts // layout.ep} of {num_experts} routed experts of a layer on a GPU, {whole_or_part}; "
        f"{layout.expert_replicas} GPUs of a stage hold the same"
    )


def show(result):
    if "cases" in result:
        return show_measured(result)
    from ...base.units import si
    from ...training.recipes import recipe
    from ...training.state_views import shown
    from ..text import noted, parts, table

    layout, named = result["layout"], recipe(result["recipe"])
    lines = [f"recipe {named.name}: {named.title}; ZeRO-{layout['zero']}, schedule {layout['schedule']}"]
    if layout["zero"]:
        of_experts = "" if result["expert_replicas"] is None else f", routed experts over {result['expert_replicas']:,}"
        group = result["optimizer_shard"].replace("_", " ")
        lines.append(f"ZeRO shards over {result['dense_replicas']:,} GPUs{of_experts}: {group}")
    if "experts" in result:
        lines.append(f"ETP {layout['etp']}: {result['experts']}")
    chosen = ",".join(result["recompute"]) or "none"
    lines.append(
        f"activations in {result['activation_policy']['format']}, recompute {chosen} of {', '.join(result['recomputable'])}"
    )
    rows = [
        {
            "rank": one["rank"],
            "layers": len(one["layers"]),
            **{key: si(held, "bytes") for key, held in {**shown(one), "bytes": one["bytes"]}.items()},
            **{key: si(one[key], "bytes") for key in ("activations", "buffers", "total")},
            "chunks": one["peak_micro_batches"],
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
        "chunks": "live chunks",
        "activations": "activations",
        "buffers": "buffers",
        "total": "all",
    }
    lines += ["", table(rows, columns), "", f"fullest: rank {result['fullest_rank']}", parts(result["components"], "bytes")]
    lines += ["", "its activations", parts(result["activation_components"], "bytes"), ""]
    least, most = (si(result["band"][end], "bytes") for end in ("least", "most"))
    if result["fits"]:
        lines.append(f"it fits: {least}, up to {most} with fragmentation, of {si(result['gpu_memory_bytes'], 'bytes')}")
    elif result["fits"] is None:
        lines.append(f"{least}, up to {most} with fragmentation; {result['why_not']}")
    else:
        lines += [f"it does not fit: {result['why_not']}", "", table(told(result["steps"]), STEPS)]
    if average := max(one["ema_cpu"] for one in result["ranks"]):
        lines.append(f"beside it in the memory of the CPU: a moving average, at most {si(average, 'bytes')} a GPU")
    lines += [f"assumed: {one}" for one in result["assumptions"]]
    lines.append(f"counted: {result['counted']}; not counted: {', '.join(result['not_counted'])}")
    return noted(lines, result)


STEPS = {"step": "one after the other", "bytes": "fullest GPU", "most": "at most", "fits": "fits"}


def told(steps) -> list:
    """Steps of saving as a table has them."""
    from ...base.units import si

    return [
        {**one, "bytes": si(one["bytes"], "bytes"), "most": si(one["most"], "bytes"), "fits": "yes" if one["fits"] else "no"}
        for one in steps
    ]


def show_measured(result):
    from ...base.units import si
    from ..text import table

    rows = [
        {
            **{key: case[key] for key in ("subject", "quantity", "use")},
            **{key: si(case[key], "bytes") for key in ("measured", "predicted")},
            "error": f"{case['error']:+.1%}",
        }
        for case in result["cases"]
    ]
    lines = [table(rows, {key: key for key in rows[0]}), ""]
    for use, errors in result["errors"].items():
        worst = f"worst {errors['worst']:+.1%} ({errors['worst_subject']})"
        lines.append(f"{use}: {errors['cases']} figures, mean error {errors['mean']:.1%}, {worst}")
    return "\n".join(lines)
