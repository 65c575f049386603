"""moecalc kv-cache"""

from ..arguments import add_model, amount, length, notes, read_model, whole

HELP = "bytes of key-value cache, per token and for a batch"
EXAMPLE = "moecalc kv-cache --model deepseek-v3 --context 131072 --bytes-per-element 2"


def add_arguments(parser):
    add_model(parser)
    parser.add_argument("--context", type=length, required=True, metavar="N", help="cached length [tokens]")
    width = "2 for BF16, 1 for FP8 [bytes]"
    parser.add_argument("--bytes-per-element", type=amount("2 or 1"), default=2, metavar="B", help=width)
    parser.add_argument("--batch", type=whole, default=1, metavar="N", help="sequences of that length")
    parser.add_argument("--tp", type=whole, metavar="N", help="also what each of N tensor-parallel GPUs keeps")


def run(args):
    from ...model.kv_cache import kv_cache_report

    config = read_model(args)
    report = kv_cache_report(config, args.context, args.bytes_per_element, args.batch, args.tp)
    return {"model": config.name, **report, **notes(args, config)}


def show(result):
    from ...base.units import si
    from ..text import noted

    per_token, total = result["bytes_per_token"], result["bytes"]
    lines = [
        f"{si(per_token, 'bytes', 5)} a token",
        f"{si(total, 'bytes', 5)} for {result['batch']:,} x {result['context']:,} tokens",
    ]
    for window, layers in result.get("windows", {}).items():
        lines.append(f"{layers} layers keep the last {window:,} tokens")
    if "windows" in result:
        lines.append(f"{si(result['bytes_of_next_token'], 'bytes', 5)} for one more token at this context")
    if "state_bytes" in result:
        lines.append(f"{si(result['state_bytes'], 'bytes', 5)} of that are the state of linear attention, once a sequence")
    if "indexer_key_cache_bytes" in result:
        lines.append(f"{si(result['indexer_key_cache_bytes'], 'bytes', 5)} more are keys of the indexer, in FP8")
        lines.append(f"{si(result['bytes_with_indexer_keys'], 'bytes', 5)} with them")
    if "tp" in result:
        per_token, each = si(result["bytes_per_token_per_gpu"], "bytes", 5), si(result["bytes_per_gpu"], "bytes", 5)
        lines.append(f"{per_token} a token and {each} in all on each of {result['tp']:,} GPUs")
    return noted(lines, result)
