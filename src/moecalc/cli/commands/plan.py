"""moecalc plan"""

from ..arguments import add_model, amount, length, model_to_send, notes, number, read_model, whole

HELP = "the best ways to lay a model over GPUs for training, what each costs, and why the others fail"
EXAMPLE = (
    "moecalc plan --model llama-3.1-8b --gpu h100-sxm --num-gpus 8 --global-batch 64 --seq-len 8192 --limit tp=1,2,4 --top 5"
)


def add_arguments(parser):
    from ..searching import add_gpus, add_limits, add_searching

    add_model(parser)
    add_gpus(parser, "an accelerator as in moecalc step")
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
    add("--num-tokens", type=amount("14.8T"), metavar="N", help="of the whole run, for dollars and days")
    add("--activations", default="bf16", metavar="FORMAT", help="bf16, or fp8 with E5M6 as in DeepSeek-V3's report")
    add("--routing-weight", default="after-down", metavar="WHERE", help="as in moecalc memory: after-down or before-down")
    add("--mtp", metavar="yes|no", help="train MTP modules; without it where the model has them")
    add("--overlap", metavar="LIST", help="as in moecalc step")
    add("--gpus-per-node", type=whole, metavar="N", help="GPUs joined by the scale-up network")
    add("--graphs", default="no", metavar="yes|no", help="kernels are launched by CUDA graphs")
    add("--fused", default="no", metavar="yes|no", help="casts and moves of tokens are fused into other kernels")
    add_searching(parser)


def run(args):
    import time

    from ...training.planner.answer import conclude
    from ..jobs.planners import planner
    from ..jobs.running import run_job
    from ..tables_out import table_writers, write_tables

    writers = table_writers(args)
    config = read_model(args)
    question, said = asked(args, config)
    start = time.perf_counter()
    found = conclude(question, run_job(planner("plan").job(question), args))
    took_s = time.perf_counter() - start
    write_tables(writers, found.layouts)
    return {**found._asdict(), **notes(args, config, *said, *found.notes), "took_s": took_s}


def asked(args, config) -> tuple:
    """(the question that the arguments ask, what is to be said of how it was read)."""
    from ...base.checks import one_of
    from ...training.planner.question import ask
    from ...training.timing.settings import overlap_of
    from ..activations import AFTER, BEFORE, read_yes
    from ..searching import prices, read_limits

    running = {
        "overlap": overlap_of(args.overlap),
        "gpus_per_node": args.gpus_per_node,
        **{name: read_yes(args, name) or None for name in ("graphs", "fused")},
    }
    given = args.usd_per_gpu_hour is not None
    paid, said = prices(args) if given or args.objective == "dollars" else (None, [])
    question = ask(
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
        paid,
        args.activations,
        one_of("routing_weight", args.routing_weight, (AFTER, BEFORE)) == BEFORE,
        read_yes(args, "mtp"),
        {name: value for name, value in running.items() if value is not None},
        config.name,
    )
    return question, said


#: The front goes on to layouts that nobody would run: a table to read ends at so many times the shortest step.
LONGEST = 1.5
#: What an objective is counted in, where it is not the step's time itself or follows from it on the same GPUs.
UNITS = {"step-time": "", "tokens-per-gpu": "", "dollars": "USD", "days": "days", "fewest-gpus": "GPUs"}
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
    from ...base import units
    from ..searching import heading
    from ..text import noted, table

    asked, front = result["question"], set(result["front"])
    chips, unit = asked["accelerators"], UNITS[asked["objective"]]
    alike = f", {result['not_told_apart']} of the {len(result['layouts'])} told are not told apart from the best"
    lines = [
        f"{result['num_considered']:,} layouts of {asked['model']} on {asked['num_gpus']:,} x {heading(chips)}: "
        f"{result['num_fitting']:,} run{alike if result['layouts'] else ''}; {result['took_s']:.2f} s"
    ]
    rows = [
        {
            **one,
            "step": round(one["step_s"], 4),
            "interval": f"{one['low_s']:.4g} to {one['high_s']:.4g}",
            "memory": units.si(one["per_gpu_bytes"], "bytes"),
            "tokens": round(one["tokens_per_s_per_gpu"]),
            "sought": unit and units.show(one["objective"], unit, 4),
            "front": "front" if place in front else "",
        }
        for place, one in enumerate(result["layouts"])
        if place < asked["top"] or one["step_s"] <= LONGEST * result["layouts"][0]["step_s"]
    ]
    columns = COLUMNS
    if len({one["num_gpus"] for one in result["layouts"]}) > 1:
        columns = {"num_gpus": "GPUs", **columns}
    if asked["objective"] in ("dollars", "days"):
        columns = {"sought": unit, **columns}
    if len(chips) > 1:
        columns = {"accelerator": "accelerator", **columns}
    if rows:
        lines += ["", table(rows, columns)]
        if more := len(result["layouts"]) - len(rows):
            lines.append(f"{more} more on the front take longer than {LONGEST:g} times the best: --json and --csv have them")
        lines += ["", "what a change of one axis costs the best"]
    for axis, one in result["next_best"].items():
        if one["layout"]:
            more = f"{units.show(one['more_objective'], unit, 4)} more, " if unit else ""
            lines.append(f"  {one['change']}: {more}{one['more_s']:+.4g} s, {one['ratio']:.3f} times")
        else:
            lines.append(f"  {axis}: no other runs ({', '.join(one['reasons'])})")
    lines += ["", "why the others fail"]
    for one in result["rejected"].values():
        lines.append(f"  {one['count']:,}: {one['says']}")
        lines += [f"    nearest: {near['change']}" for near in one["nearest"]]
    return noted(lines, result)
