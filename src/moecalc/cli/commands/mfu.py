"""moecalc mfu"""

from ...base.errors import InputError
from ..arguments import add_accelerator, add_model, amount, length, notes, number, read_model, whole
from ..mfu_translation import OPTIONS, add_translation, is_translation, show_translation, translation

HELP = "utilisation of a run, by every convention; or from one convention to another"
EXAMPLE = "moecalc mfu --model deepseek-v3 --seq-len 4096 --num-tokens 14.8e12 --gpu-hours 2.664e6 --gpu h800-sxm"


def add_arguments(parser):
    add_model(parser, required=False)
    parser.add_argument("--seq-len", type=length, metavar="N", help="length of the sequences [tokens]")
    parser.add_argument("--num-tokens", type=amount("14.8T or 14.8e12"), metavar="T", help="tokens trained on")
    parser.add_argument("--gpu-hours", type=amount("2.664M or 2,664,000"), metavar="H", help="hours summed over all GPUs")
    parser.add_argument("--tokens-per-s-per-gpu", type=amount("9600"), metavar="R", help="or tokens a second of one GPU")
    parser.add_argument("--tokens-per-s", type=amount("1.2M"), metavar="R", help="or tokens a second of --num-gpus")
    parser.add_argument("--step-s", type=amount("12.5"), metavar="S", help="or seconds a step of --global-batch")
    parser.add_argument("--global-batch", type=whole, metavar="N", help="sequences a step")
    parser.add_argument("--num-gpus", type=whole, metavar="N", help="GPUs of --tokens-per-s or --step-s")
    parser.add_argument("--tflops-per-s-per-gpu", type=amount("400"), metavar="F", help="or TFLOP/s, however counted")
    add_accelerator(parser)
    parser.add_argument("--peak-tflops-per-s", type=number, metavar="P", help="dense peak; overrides that of --gpu")
    parser.add_argument(
        "--num-params",
        type=amount("37B or 37e9"),
        metavar="N",
        help="N of 6ND and 8ND; else the activated parameters; without a model only these two are counted",
    )
    parser.add_argument("--recompute", default="mla-up", metavar="WHAT", help="none, mla-up or full: what hfu counts again")
    add_translation(parser)


#: Each way to say how fast a run was: the option that it begins with, and what must come with it.
WAYS = {
    "num_tokens": ("gpu_hours",),
    "gpu_hours": ("num_tokens",),
    "tokens_per_s_per_gpu": (),
    "tokens_per_s": ("num_gpus",),
    "step_s": ("global_batch", "num_gpus", "seq_len"),
    "tflops_per_s_per_gpu": (),
}


def run(args):
    from ...training.mfu import utilisation, utilisation_6nd

    if is_translation(args):
        superfluous = [option(key) for key in (*WAYS, "global_batch", "num_gpus") if getattr(args, key) is not None]
        return translation(args, superfluous)
    way = the_way(args)
    peak, said = peak_flops_per_s(args)
    has_model = args.model is not None or args.config is not None
    if way == "tflops_per_s_per_gpu":
        return of_rate(args, peak, said)
    if not has_model and args.num_params is None:
        raise InputError("a model is needed: --model NAME or --config FILE is accepted, or --num-params N for 6ND alone")
    if has_model and args.seq_len is None:
        raise InputError("--seq-len is required: what attention costs depends on the length of the sequences")
    tokens, hours = tokens_and_hours(args, way)
    result = {"model": None, "peak_flops_per_s": peak, "tokens_per_s_per_gpu": None, "num_params_nd": args.num_params}
    if not has_model:
        result |= utilisation_6nd(args.num_params, tokens, hours, peak)
        config = None
    else:
        from ...model.flops import TRAINING_PASSES, model_flops_per_token
        from ...model.params import num_activated_params

        config = read_model(args)
        result["model"] = config.name
        if args.num_params is None:
            result["num_params_nd"] = num_activated_params(config)
        result |= utilisation(config, args.seq_len, tokens, hours, peak, args.num_params, args.recompute)
        result["training_flops_per_token"] = TRAINING_PASSES * model_flops_per_token(config, args.seq_len)
    result["tokens_per_s_per_gpu"] = tokens / hours / 3600
    return result | notes(args, config, *said, *impossible(result))


def the_way(args) -> str:
    """The option that says how fast the run was; exactly one, with what belongs to it."""
    given = [key for key in WAYS if getattr(args, key) is not None]
    ways = [key for key in given if key != "gpu_hours" or "num_tokens" not in given]
    if len(ways) != 1:
        found = f"; found {', '.join(map(option, ways))}" if ways else ""
        accepted = "--num-tokens with --gpu-hours, --tokens-per-s-per-gpu, --tokens-per-s, --step-s, --tflops-per-s-per-gpu"
        raise InputError(f"one way to say how fast the run was is required: {accepted}{found}")
    lacking = [key for key in WAYS[ways[0]] if getattr(args, key) is None]
    if lacking:
        raise InputError(f"{option(ways[0])} needs {' and '.join(map(option, lacking))}")
    return ways[0]


def option(key: str) -> str:
    return "--" + key.replace("_", "-")


def tokens_and_hours(args, way: str) -> tuple:
    """(tokens, GPU-hours) of the whole run, of a step or of a second."""
    from ...base.checks import real
    from ...base.checks import whole as check_whole

    for key in ("global_batch", "num_gpus"):
        if getattr(args, key) is not None:
            check_whole(key, getattr(args, key))
    if way in ("num_tokens", "gpu_hours"):
        real("num_tokens", args.num_tokens)
        return args.num_tokens, real("gpu_hours", args.gpu_hours, positive=True)
    if way == "step_s":
        return args.global_batch * args.seq_len, real("step_s", args.step_s, positive=True) * args.num_gpus / 3600
    num_gpus = args.num_gpus if way == "tokens_per_s" else 1
    return real(way, getattr(args, way)), num_gpus / 3600


def of_rate(args, peak: float, said: tuple) -> dict:
    """The result for TFLOP/s that somebody counted: nothing but the quotient."""
    from ...base.checks import real

    rate = real("tflops_per_s_per_gpu", args.tflops_per_s_per_gpu) * 1e12
    real("peak_flops_per_s", peak, positive=True)
    result = {"model": None, "mfu": rate / peak, "flops_per_s_per_gpu": rate, "peak_flops_per_s": peak}
    counted = "the TFLOP/s are taken as counted: many programs count attention without a causal mask, or recomputation"
    config = None
    if args.model is not None or args.config is not None:
        config = read_model(args)
        result["model"] = config.name
        if args.seq_len is not None:
            from ...model.flops import TRAINING_PASSES, model_flops_per_token

            result["tokens_per_s_per_gpu"] = rate / (TRAINING_PASSES * model_flops_per_token(config, args.seq_len))
    return result | notes(args, config, counted, *said, *impossible(result))


def peak_flops_per_s(args) -> tuple:
    """(peak, sentences about it): that of the accelerator, or the one that was typed."""
    from ...hardware.accelerator import read_accelerator, sparse_peak_note

    if args.peak_tflops_per_s is not None:
        peak = args.peak_tflops_per_s * 1e12
        note = sparse_peak_note(peak, args.gpu)
        return peak, (note,) if note else ()
    if args.gpu is not None:
        return read_accelerator(args.gpu).needed("peak_dense_bf16_flops_per_s"), ()
    raise InputError("a peak is needed: --gpu NAME or --peak-tflops-per-s P is accepted")


def impossible(result: dict) -> list:
    """A sentence, where a share is above 100 %."""
    over = [title for key, title in TITLES.items() if (result.get(key) or 0) > 1]
    if not over:
        return []
    which = "every row" if len(over) == len([key for key in TITLES if result.get(key) is not None]) else "; ".join(over)
    if result.get("mfu", result.get("mfu_6nd", 0)) > 1:
        why = (
            "tokens and hours are of different runs, the hours are not summed over all GPUs, or the peak is of another "
            "accelerator or dtype"
        )
    else:
        why = "it counts FLOPs that were not done: tokens that none attends to, or recomputation that did not happen"
    return [f"above 100 % cannot be ({which}): {why}"]


TITLES = {
    "mfu": "MFU, exact, causal",
    "mfu_dense": "MFU, every token attended to, causal",
    "mfu_non_causal": "MFU, exact, non-causal",
    "mfu_with_mtp": "MFU, exact, causal, MTP modules counted",
    "mfu_without_router": "MFU, exact, causal, router left out",
    "mfu_6nd": "MFU, 6ND",
    "mfu_6nd_with_attention": "MFU, 6ND + attention",
    "mfu_palm": "MFU, 6N + 12 L H Q T, as PaLM counts",
    "hfu": "HFU, exact, with --recompute",
    "hfu_full_recomputation": "HFU, exact, everything recomputed",
    "hfu_8nd": "HFU, 8ND",
    "hfu_8nd_with_attention": "HFU, 8ND + attention",
}


def show(result):
    from ...base.units import si
    from ..text import noted

    if OPTIONS[0] in result:
        return show_translation(result)
    lines = [f"{title:42} {result[key]:8.2%}" for key, title in TITLES.items() if result.get(key) is not None]
    if "num_params_nd" not in result:
        lines = [f"{'MFU, as the TFLOP/s were counted':42} {result['mfu']:8.2%}"]
    counted = "exact, causal, per GPU" if "training_flops_per_token" in result else "per GPU"
    lines += ["", f"{counted:42} {si(result['flops_per_s_per_gpu'], 'FLOP/s')}"]
    lines += [f"{'against a peak of':42} {si(result['peak_flops_per_s'], 'FLOP/s')}"]
    if result.get("tokens_per_s_per_gpu") is not None:
        lines += [f"{'tokens a second, per GPU':42} {si(result['tokens_per_s_per_gpu'], 'tokens')}"]
    if "num_params_nd" in result:
        lines += [f"{'N of 6ND and 8ND':42} {si(result['num_params_nd'], 'parameters')}"]
    return noted(lines, result)
