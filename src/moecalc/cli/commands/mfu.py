"""moecalc mfu"""

from ...base.errors import InputError
from ..arguments import add_accelerator, add_model, number, read_model, whole

HELP = "utilisation of a run, by every convention"
EXAMPLE = "moecalc mfu --model deepseek-v3 --seq-len 4096 --num-tokens 14.8e12 --gpu-hours 2.664e6 --gpu h800-sxm"


def add_arguments(parser):
    add_model(parser)
    parser.add_argument("--seq-len", type=whole, required=True, metavar="N", help="length of the sequences [tokens]")
    parser.add_argument("--num-tokens", type=number, required=True, metavar="T", help="tokens trained on")
    parser.add_argument("--gpu-hours", type=number, required=True, metavar="H", help="hours summed over all GPUs")
    add_accelerator(parser)
    parser.add_argument("--peak-tflops-per-s", type=number, metavar="P", help="dense peak; overrides that of --gpu")
    parser.add_argument("--num-params", type=number, metavar="N", help="N of 6ND and 8ND; else the activated parameters")
    parser.add_argument("--recompute", default="mla-up", metavar="WHAT", help="none, mla-up or full: what hfu counts again")


def run(args):
    from ...hardware.accelerator import read_accelerator
    from ...model.params import num_activated_params
    from ...training.mfu import utilisation

    if args.peak_tflops_per_s is not None:
        peak = args.peak_tflops_per_s * 1e12
    elif args.gpu is not None:
        peak = read_accelerator(args.gpu).needed("peak_dense_bf16_flops_per_s")
    else:
        raise InputError("a peak is needed: --gpu NAME or --peak-tflops-per-s P is accepted")
    config = read_model(args)
    shares = utilisation(
        config, args.seq_len, args.num_tokens, args.gpu_hours, peak, args.num_params, args.recompute
    )
    return {
        "model": config.name,
        "peak_flops_per_s": peak,
        "num_params_nd": num_activated_params(config) if args.num_params is None else args.num_params,
        **shares,
    }


TITLES = {
    "mfu": "MFU, exact, causal",
    "mfu_non_causal": "MFU, exact, non-causal",
    "mfu_with_mtp": "MFU, exact, causal, MTP modules counted",
    "mfu_without_router": "MFU, exact, causal, router left out",
    "mfu_6nd": "MFU, 6ND",
    "mfu_6nd_with_attention": "MFU, 6ND + attention",
    "hfu": "HFU, exact, with --recompute",
    "hfu_full_recomputation": "HFU, exact, everything recomputed",
    "hfu_8nd": "HFU, 8ND",
    "hfu_8nd_with_attention": "HFU, 8ND + attention",
}


def show(result):
    from ...base.units import si

    lines = [f"{title:42} {result[key]:8.2%}" for key, title in TITLES.items() if result[key] is not None]
    lines += ["", f"{'exact, causal, per GPU':42} {si(result['flops_per_s_per_gpu'], 'FLOP/s')}"]
    lines += [f"{'against a peak of':42} {si(result['peak_flops_per_s'], 'FLOP/s')}"]
    lines += [f"{'N of 6ND and 8ND':42} {si(result['num_params_nd'], 'parameters')}"]
    return "\n".join(lines)
