"""moecalc plan-serving"""

from ..arguments import add_model, length, model_to_send, notes, number, read_model, share, whole

HELP = "the best ways to serve a model on so many GPUs under limits on its times, what each costs, and why the others fail"
EXAMPLE = (
    "moecalc plan-serving --model deepseek-v3 --gpu h800-sxm --num-gpus 64 --input-tokens 4096 --output-tokens 1024 "
    "--tpot-ms 50 --ttft-s 2 --limit tp=1 --top 5"
)


def add_arguments(parser):
    from ..searching import add_gpus, add_limits, add_searching

    add_model(parser)
    add_gpus(parser, "an accelerator as in moecalc serve")
    add = parser.add_argument
    add("--num-gpus", type=whole, required=True, metavar="N", help="GPUs, for prefill and decode together")
    add("--input-tokens", type=length, required=True, metavar="N", help="of a request, cached ones included")
    add("--output-tokens", type=length, required=True, metavar="N", help="of a request")
    add("--cache-hit", type=share, default=0, metavar="SHARE", help="of input tokens, that the cache holds")
    add("--tpot-ms", type=number, default=50, metavar="MS", help="most from a token to the next")
    add("--ttft-s", type=number, default=2, metavar="S", help="most until the first token, on average")
    add("--requests-per-s", type=number, metavar="R", help="that must be served; without it as many as can be")
    add("--objective", default="tokens-per-gpu", help="tokens-per-gpu or dollars")
    add_limits(
        parser,
        "tp, dp, ep, redundant, prefill_tp, prefill_unit, prefill_gpus (0: as many as serve most), mtp (no, yes), batch",
    )
    add("--acceptance", type=share, metavar="A", help="of a drafted token; without it the least that DeepSeek reports")
    add_searching(parser)


def run(args):
    import time

    from ...serving.planner.answer import conclude
    from ..jobs.planners import planner
    from ..jobs.running import run_job
    from ..tables_out import table_writers, write_tables

    writers = table_writers(args)
    config = read_model(args)
    question, said = asked(args, config)
    start = time.perf_counter()
    found = conclude(question, run_job(planner("plan-serving").job(question), args))
    took_s = time.perf_counter() - start
    write_tables(writers, found.layouts)
    return {**found._asdict(), **notes(args, config, *said, *found.notes), "took_s": took_s}


def asked(args, config) -> tuple:
    """(the question that the arguments ask, what is to be said of how it was read)."""
    from ...serving.planner.question import ask
    from ..searching import prices, read_limits

    paid, said = prices(args)
    question = ask(
        model_to_send(args, config),
        args.gpu,
        args.num_gpus,
        int(args.input_tokens),
        int(args.output_tokens),
        args.cache_hit,
        args.tpot_ms / 1e3,
        args.ttft_s,
        args.objective,
        read_limits(args.limit, words=("mtp",)),
        args.requests_per_s,
        paid,
        args.acceptance,
        args.top,
        config.name,
    )
    return question, said


COLUMNS = {
    "tp": "TP",
    "dp": "DP",
    "ep": "EP",
    "redundant": "copies",
    "mtp": "MTP",
    "batch": "batch",
    "prefill": "prefill",
    "gpus": "GPUs prefill:decode",
    "tokens": "tokens/s/GPU",
    "interval": "expected",
    "user": "tokens/s/user",
    "cost": "USD per M output",
    "front": "front",
}


def show(result):
    from ..searching import heading
    from ..text import noted, table

    asked, front = result["question"], set(result["front"])
    chips = asked["accelerators"]
    lines = [
        f"{result['num_considered']:,} deployments of {asked['model']} on {asked['num_gpus']:,} x {heading(chips)}: "
        f"{result['num_fitting']:,} keep {1e3 * asked['tpot_s']:g} ms a token and {asked['ttft_s']:g} s to the first, "
        f"{result['not_told_apart']} of the {len(result['layouts'])} told are not told apart from the best; "
        f"{result['took_s']:.2f} s"
    ]
    rows = [
        {
            **one,
            "prefill": f"TP {one['prefill_tp']} of {one['prefill_unit']}",
            "gpus": f"{one['prefill_gpus']:,}:{one['decode_gpus']:,}",
            "tokens": round(one["tokens_per_s_per_gpu"]),
            "interval": f"{one['low_tokens_per_s_per_gpu']:,.0f} to {one['high_tokens_per_s_per_gpu']:,.0f}",
            "user": round(one["tokens_per_s_per_user"], 1),
            "cost": None if one["usd_per_million_output_tokens"] is None else round(one["usd_per_million_output_tokens"], 3),
            "front": "front" if place in front else "",
        }
        for place, one in enumerate(result["layouts"])
    ]
    columns = COLUMNS if len(chips) == 1 else {"accelerator": "accelerator", **COLUMNS}
    if rows:
        lines += ["", table(rows, columns)]
    if result["rejected"]:
        lines += ["", "why the others fail"]
    for one in result["rejected"].values():
        lines.append(f"  {one['count']:,}: {one['says']}")
        lines += [f"    nearest: {near['change']}" for near in one["nearest"]]
    return noted(lines, result)
