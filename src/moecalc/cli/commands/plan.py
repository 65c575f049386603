"""moecalc plan"""

from ..arguments import add_accelerator, add_model, amount, length, model_to_send, notes, number, read_model, whole

HELP = "the best ways to lay a model over GPUs for training, what each costs, and why the others fail"
EXAMPLE = (
    "moecalc plan --model llama-3.1-8b --gpu h100-sxm --num-gpus 8 --global-batch 64 --seq-len 8192 --limit tp=1,2,4 --top 5"
)


def add_arguments(parser):
    from ..limits import add_limits

    add_model(parser)
    add_accelerator(parser, required=True)
    add = parser.add_argument
    add("--num-gpus", type=whole, required=True, metavar="N", help="GPUs; with the objective fewest-gpus at most so many")
    add("--global-batch", type=whole, required=True, metavar="N", help="sequences of a step, over all GPUs")
    add("--seq-len", type=length, default=4096, metavar="N", help="tokens of a sequence")
    add("--recipe", help="as in moecalc memory: bf16, deepseek-v3, zero-16, fp32, or spelt out")
    add("--objective", default="step-time", help="step-time, tokens-per-gpu, dollars, days or fewest-gpus")
    add_limits(
        parser,
        "num_gpus, tp, cp, pp, dp, ep, etp, schedule, vpp, split (even, first-lighter, last-lighter), micro_batch, "
        "recompute (sets such as none,norm+swiglu,full), zero",
    )
    add("--memory-limit", type=number, metavar="BYTES", help="of a GPU, that may be used; without it all it has")
    add("--top", type=whole, default=10, metavar="K", help="so many of the best are told, beside the front")
    add("--num-tokens", type=amount("14.8T"), metavar="N", help="of the whole run, for dollars and days")
    add("--usd-per-gpu-hour", type=number, metavar="USD", help="for dollars")
    add("--activations", default="bf16", metavar="FORMAT", help="bf16, or fp8 with E5M6 as in DeepSeek-V3's report")
    add("--routing-weight", default="after-down", metavar="WHERE", help="as in moecalc memory: after-down or before-down")
    add("--mtp", metavar="yes|no", help="train MTP modules; without it where the model has them")
    add("--overlap", metavar="LIST", help="as in moecalc step")
    add("--gpus-per-node", type=whole, metavar="N", help="GPUs joined by the scale-up network")
    add("--graphs", default="no", metavar="yes|no", help="kernels are launched by CUDA graphs")
    add("--fused", default="no", metavar="yes|no", help="casts and moves of tokens are fused into other kernels")
    from ..jobs.running import add_running
    from ..tables_out import add_tables

    add_tables(parser)
    add_running(parser)


def run(args):
    import time

    from ...training.planner.answer import conclude
    from ..jobs.plan import search_job
    from ..jobs.running import run_job
    from ..tables_out import table_writers, write_tables

    writers = table_writers(args)
    config = read_model(args)
    question = asked(args, config)
    start = time.perf_counter()
    found = conclude(question, run_job(search_job(question), args))
    took_s = time.perf_counter() - start
    write_tables(writers, found.layouts)
    more = found.notes
    return {**found._asdict(), **notes(args, config, *more), "took_s": took_s}


def asked(args, config):
    """The question that the arguments ask."""
    from ...base.checks import one_of
    from ...training.planner.question import ask
    from ...training.timing.settings import overlap_of
    from ..activations import AFTER, BEFORE, read_yes
    from ..limits import read_limits

    running = {
        "overlap": overlap_of(args.overlap),
        "gpus_per_node": args.gpus_per_node,
        **{name: read_yes(args, name) or None for name in ("graphs", "fused")},
    }
    return ask(
        model_to_send(args, config),
        args.gpu,
        args.num_gpus,
        args.global_batch,
        args.seq_len,
        args.recipe,
        args.objective,
        read_limits(args.limit, words=("schedule", "split", "recompute")),
        args.memory_limit,
        args.top,
        args.num_tokens,
        args.usd_per_gpu_hour,
        args.activations,
        one_of("routing_weight", args.routing_weight, (AFTER, BEFORE)) == BEFORE,
        read_yes(args, "mtp"),
        {name: value for name, value in running.items() if value is not None},
        config.name,
    )


#: The front goes on to layouts that nobody would run: a table to read ends at so many times the shortest step.
LONGEST = 1.5
COLUMNS = {
    "tp": "TP",
    "cp": "CP",
    "pp": "PP",
    "dp": "DP",
    "ep": "EP",
    "etp": "ETP",
    "zero": "ZeRO",
    "schedule": "schedule",
    "vpp": "VPP",
    "split": "split",
    "micro_batch": "batch",
    "recompute": "recompute",
    "step": "step [s]",
    "interval": "expected [s]",
    "memory": "a GPU",
    "tokens": "tokens/s/GPU",
    "front": "front",
}


def show(result):
    from ...base.units import si
    from ..text import noted, table

    asked, front = result["question"], set(result["front"])
    alike = f", {result['not_told_apart']} of the {len(result['layouts'])} told are not told apart from the best"
    lines = [
        f"{result['num_considered']:,} layouts of {asked['model']} on {asked['num_gpus']:,} x {asked['accelerator']}: "
        f"{result['num_fitting']:,} run{alike if result['layouts'] else ''}; {result['took_s']:.2f} s"
    ]
    rows = [
        {
            **one,
            "step": round(one["step_s"], 4),
            "interval": f"{one['low_s']:.4g} to {one['high_s']:.4g}",
            "memory": si(one["per_gpu_bytes"], "bytes"),
            "tokens": round(one["tokens_per_s_per_gpu"]),
            "front": "front" if place in front else "",
        }
        for place, one in enumerate(result["layouts"])
        if place < asked["top"] or one["step_s"] <= LONGEST * result["layouts"][0]["step_s"]
    ]
    columns = COLUMNS
    if len({one["num_gpus"] for one in result["layouts"]}) > 1:
        columns = {"num_gpus": "GPUs", **columns}
    if rows:
        lines += ["", table(rows, columns)]
        if more := len(result["layouts"]) - len(rows):
            lines.append(f"{more} more on the front take longer than {LONGEST:g} times the best: --json and --csv have them")
        lines += ["", "what a change of one axis costs the best"]
    for axis, one in result["next_best"].items():
        if one["layout"]:
            lines.append(f"  {one['change']}: {one['more_s']:+.4g} s, {one['ratio']:.3f} times")
        else:
            lines.append(f"  {axis}: no other runs ({', '.join(one['reasons'])})")
    lines += ["", "why the others fail"]
    for one in result["rejected"].values():
        lines.append(f"  {one['count']:,}: {one['says']}")
        lines += [f"    nearest: {near['change']}" for near in one["nearest"]]
    return noted(lines, result)
