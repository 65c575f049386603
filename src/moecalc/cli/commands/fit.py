"""moecalc fit"""

from ..arguments import add_accelerator, add_model, amount, length, notes, read_model, share, whole

HELP = "the fewest GPUs on which a model, its users and their context fit to be served; tokens that fit, and what binds"
EXAMPLE = "moecalc fit --model deepseek-v3 --gpu h200-sxm --context 32K --users 256 --bytes-per-element 1"

SIZES = {
    "tp": "GPUs that share attention; MLA's cache is whole on each of them",
    "dp": "groups of tp GPUs with attention and users of their own",
    "ep": "GPUs among which whole experts are dealt out",
    "pp": "pipeline stages",
}

NOT_KNOWN = ("num_gpus", "per_gpu_bytes", "components", "tokens_that_fit", "longest_context", "bound_by", "layout")


def add_arguments(parser):
    add_model(parser)
    add_accelerator(parser, required=True)
    parser.add_argument("--context", type=length, required=True, metavar="N", help="cached length of each user [tokens]")
    parser.add_argument("--users", type=whole, default=1, metavar="N", help="sequences that are cached at once")
    width = "of a cached number: 2 for BF16, 1 for FP8 [bytes]"
    parser.add_argument("--bytes-per-element", type=amount("2 or 1"), default=2, metavar="B", help=width)
    for name, title in SIZES.items():
        parser.add_argument(f"--{name}", type=whole, metavar="N", help=f"{title}; searched where not given")
    parser.add_argument("--redundant-experts", type=whole, metavar="N", help="copies of experts beside a layer's own")
    stored = "width of the weights, such as bf16, fp8, int4; without it the checkpoint's own"
    parser.add_argument("--weights", metavar="NAME", help=stored)
    parser.add_argument(
        "--utilisation", type=share, metavar="SHARE", help="of the memory, that an engine may use; 0.9 is usual"
    )
    parser.add_argument("--max-seqs", type=whole, metavar="N", help="most sequences of a step, which size the workspace")


def run(args):
    from ...base.units import si
    from ...hardware.accelerator import read_accelerator
    from ...model.checkpoint import storage_bytes
    from ...model.kv_cache import kv_cache_report
    from ...serving.fewest import fewest_gpus, told
    from ...serving.workspace import UTILISATION

    config, accelerator = read_model(args), read_accelerator(args.gpu)
    names = (*SIZES, "redundant_experts")
    sizes = {name: getattr(args, name) for name in names if getattr(args, name) is not None}
    utilisation = UTILISATION if args.utilisation is None else args.utilisation
    asked = args.context, args.users, args.bytes_per_element
    stored = storage_bytes(config, args.weights)
    said = [stored["note"]] if stored["note"] else []
    known = {"model": config.name, "gpu": accelerator.slug or accelerator.name, "context": args.context, "users": args.users}
    if stored["components"] is None:
        if args.weights is None:
            said.append("what fits is not known without the bytes of the weights; --weights says how they are stored")
        else:
            said.append("what one GPU holds of types that are mixed from tensor to tensor is not known")
        cache = kv_cache_report(config, args.context, args.bytes_per_element)["bytes"]
        result = dict.fromkeys(NOT_KNOWN) | {"cache_bytes_per_user": cache, "weights_bytes": stored["total"]}
        return known | result | notes(args, config, *said)
    more = args.weights, utilisation, args.max_seqs
    fit = fewest_gpus(config, accelerator, *asked, sizes, *more)
    if not fit.copies:
        lacks = si(fit.found.lacks(args.context), "bytes", 3)
        said.append(f"not one user fits: the layout that comes nearest lacks {lacks} on its fullest GPU")
    elif fit.found.layout.pp > 1 and "pp" not in sizes:
        alone = fewest_gpus(config, accelerator, *asked, {**sizes, "pp": 1}, *more)
        if alone.copies:
            known["num_gpus_without_pipeline"] = alone.num_gpus
            said.append(
                f"without pipeline stages {alone.num_gpus:,} GPUs are needed: {_layout(alone.found.layout._asdict())}"
            )
    if sizes.get("tp", 1) > (accelerator.scale_up_domain_gpus or sizes.get("tp", 1)):
        said.append(f"tp {sizes['tp']} is wider than the {accelerator.scale_up_domain_gpus} GPUs of the scale-up domain")
    if config.anatomy.cache_note:
        said.append(
            "the form of the cache is known in part only: num_gpus is at least, tokens_that_fit at most what is said"
        )
    return known | told(fit, config, accelerator) | {"weights_bytes": stored["total"], **notes(args, config, *said)}


def _layout(sizes: dict) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {size}" for name, size in sizes.items() if size)


def show(result):
    from ...base.units import si
    from ..text import noted

    if result["layout"] is None:
        return noted([f"{si(result['cache_bytes_per_user'], 'bytes', 4)} of cache a user; no more can be said"], result)
    layout = _layout(result["layout"])
    parts = ", ".join(f"{name.replace('_', ' ')} {si(size, 'bytes', 3)}" for name, size in result["components"].items())
    usable = si(result["usable_bytes_per_gpu"], "bytes", 4)
    if result["num_gpus"] is None:
        return noted([f"{si(result['per_gpu_bytes'], 'bytes', 4)} are needed of {usable} ({layout}): {parts}"], result)
    return noted(
        [
            f"{result['num_gpus']:,} GPUs ({layout}); {result['bound_by']} decides how many",
            f"{si(result['per_gpu_bytes'], 'bytes', 4)} on the fullest, of {usable}: {parts}",
            f"{result['tokens_that_fit']:,} tokens fit: {result['sequences_that_fit']:,} users of {result['context']:,}",
            f"{result['longest_context']:,} tokens is the longest context of {result['users']:,} users; "
            f"{result['longest_context_bound_by']} binds it",
        ],
        result,
    )
