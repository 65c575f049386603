"""moecalc serve"""

from ..arguments import add_accelerator, add_model, amount, length, notes, read_model, share, whole

HELP = "how long a step of prefill or decode takes, by operator, and tokens per second of a GPU and of a user"
EXAMPLE = "moecalc serve --model deepseek-v3 --gpu h800-sxm --phase decode --num-gpus 128 --ep 128 --batch 64 --context 4K"


def add_arguments(parser):
    add_model(parser)
    add_accelerator(parser, required=True)
    parser.add_argument("--phase", required=True, metavar="PHASE", help="prefill or decode")
    parser.add_argument("--num-gpus", type=whole, metavar="N", help="GPUs of the instance; tp x dp if not given")
    parser.add_argument("--tp", type=whole, default=1, metavar="N", help="GPUs that share attention")
    parser.add_argument("--dp", type=whole, metavar="N", help="groups of tp GPUs with attention of their own")
    parser.add_argument("--ep", type=whole, metavar="N", help="GPUs among which whole experts are dealt out; 1 if not given")
    parser.add_argument("--batch", type=whole, required=True, metavar="N", help="sequences of each data parallel group")
    reads = "tokens of each sequence: of its prompt in prefill, cached in decode"
    parser.add_argument("--context", type=length, required=True, metavar="N", help=reads)
    parser.add_argument("--cached", type=length, default=0, metavar="N", help="of prefill: tokens before that are cached")
    parser.add_argument("--redundant", type=whole, default=0, metavar="R", help="copies of experts beside a layer's own")
    parser.add_argument("--mtp", type=share, metavar="A", help="acceptance of a drafted token; without it no drafts")
    parser.add_argument("--depth", type=whole, default=1, metavar="K", help="tokens that are drafted, with --mtp")
    parser.add_argument("--two-micro-batches", action="store_true", help="one hides the communication of the other")
    parser.add_argument("--not-absorbed", action="store_true", help="latent attention expands its cache at each step")
    parser.add_argument("--engine", metavar="NAME", help="vllm, sglang, trtllm, large-ep or none: whose overhead is added")
    parser.add_argument("--weights", metavar="NAME", help="bf16, fp8, fp4, int4, mxfp4; without it the checkpoint's own")
    parser.add_argument("--cache", metavar="TYPE", help="type of the cache: bfloat16 or fp8")
    parser.add_argument("--all-to-all", metavar="KIND", help="low-latency or normal; by the phase if not given")
    parser.add_argument("--skew", type=amount("1.2"), default=1.0, metavar="X", help="most loaded GPU over the mean")


def run(args):
    from ...base.checks import one_of
    from ...base.errors import InputError
    from ...hardware.accelerator import read_accelerator
    from ...serving.capacity import check_context
    from ...serving.engines import engine, usual_engine
    from ...serving.served_types import served_types
    from ...serving.step_time import PHASES, Running, decode_time, prefill_time
    from ...serving.throughput import CACHE_BYTES, sequences_of_group

    config, accelerator = read_model(args), read_accelerator(args.gpu)
    one_of("phase", args.phase, PHASES)
    if args.phase == "prefill" and args.mtp is not None:
        raise InputError(f"--mtp drafts tokens of answers: it goes with --phase decode; found {args.mtp} with prefill")
    if args.phase == "decode" and args.cached:
        raise InputError(f"--cached is of prefill; in decode --context says what is cached; found {args.cached}")
    layout, said = _layout(args), []
    types = served_types(config, accelerator, args.weights, args.cache)
    running = Running(
        usual_engine(layout) if args.engine is None else engine(args.engine),
        types,
        args.two_micro_batches,
        not args.not_absorbed,
        args.skew,
        args.all_to_all,
        args.mtp,
        args.depth,
    )
    asked = config, accelerator, layout, args.batch, args.context
    prefill = args.phase == "prefill"
    found = prefill_time(*asked, args.cached, running) if prefill else decode_time(*asked, running)
    fits = None
    try:
        fits = sequences_of_group(config, accelerator, layout, check_context(config, args.context), CACHE_BYTES[types.cache])
        if args.batch > fits:
            said.append(f"{args.batch:,} sequences do not fit on a group: there is room for {fits:,}")
    except InputError as error:
        said.append(f"what fits is not known: {error}")
    told = {"model": config.name, "gpu": accelerator.slug or accelerator.name, "phase": args.phase}
    told |= {"num_gpus": layout.num_gpus, "batch": args.batch, "context": args.context, "layout": layout._asdict()}
    told |= {"types": types._asdict(), "engine": running.engine.name, "sequences_that_fit": fits}
    return told | found._asdict() | notes(args, config, *said)


def _layout(args):
    from ...base.checks import divisor, whole
    from ...base.errors import InputError
    from ...serving.layout import ServingLayout

    whole("tp", args.tp)
    dp = args.dp
    if dp is None and args.num_gpus is not None:
        whole("num_gpus", args.num_gpus)
        dp = args.num_gpus // divisor("tp", args.tp, args.num_gpus, "GPUs")
    layout = ServingLayout(args.tp, 1 if dp is None else dp, 1 if args.ep is None else args.ep, 1, args.redundant)
    if args.num_gpus not in (None, layout.num_gpus):
        raise InputError(f"num_gpus must be tp x dp, which is {layout.num_gpus:,}; found {args.num_gpus:,}")
    return layout


def show(result):
    from ..text import noted

    lines = [
        f"{1e3 * result['step_s']:.2f} ms a step, {1e3 * result['low_s']:.2f} to {1e3 * result['high_s']:.2f} expected",
        f"{result['tokens_per_s_per_gpu']:,.0f} tokens/s per GPU, {result['tokens_per_s_per_user']:,.1f} of a user",
        *(f"  {name.replace('_', ' '):22s}{1e3 * value:10.3f} ms" for name, value in result["components"].items()),
    ]
    if result["hidden_s"]:
        lines.append(f"  {1e3 * result['hidden_s']:.3f} ms of communication are hidden behind computing")
    return noted(lines, result)
