"""moecalc cost"""

from ...base.errors import InputError
from ..arguments import add_accelerator, add_model, amount, length, money, notes, number_or_range, read_model, share

HELP = "price and days of a run, also of one at an assumed utilisation, the GPUs for a deadline, the price for a budget"
EXAMPLE = "moecalc cost --gpu-hours 2.788e6 --usd-per-gpu-hour 2 --num-gpus 2048"


def add_arguments(parser):
    parser.add_argument("--gpu-hours", type=amount("2.788M or 2,788,000"), metavar="H", help="summed over all GPUs")
    add_model(parser, required=False)
    parser.add_argument("--seq-len", type=length, metavar="N", help="instead of hours: of --model, length of the sequences")
    parser.add_argument("--num-tokens", type=amount("14.8T or 14.8e12"), metavar="T", help="tokens to train on")
    parser.add_argument("--mfu", type=share, metavar="U", help="utilisation of --gpu, exact and causal: 0.4 or 40%%")
    parser.add_argument(
        "--usd-per-gpu-hour", type=number_or_range, metavar="P", help="rental price, or a range such as 1.99-5.00"
    )
    add_accelerator(parser)
    parser.add_argument("--num-gpus", type=amount("2048"), metavar="N", help="for the days that it takes")
    parser.add_argument("--deadline-days", type=amount("30"), metavar="D", help="for the GPUs that it takes")
    parser.add_argument("--budget-usd", type=money, metavar="USD", help="for the price that it allows")


def run(args):
    from ...economics.cost import run_cost

    hours, said, config = args.gpu_hours, {}, None
    if hours is None:
        hours, said, config = hours_at_utilisation(args)
    elif (args.model, args.config, args.seq_len, args.num_tokens, args.mfu) != (None,) * 5:
        raise InputError("--gpu-hours or --model with --seq-len, --num-tokens, --mfu and --gpu is accepted; found both")
    paid = price(args)
    result = said | run_cost(hours, paid, args.num_gpus, args.deadline_days, args.budget_usd)
    return result | notes(args, config, *(() if paid is not None else ("without a price no cost is counted",)))


def hours_at_utilisation(args) -> tuple:
    """(GPU-hours, what is said beside them, config) of a run at an assumed utilisation."""
    needed = {"seq_len": args.seq_len, "num_tokens": args.num_tokens, "mfu": args.mfu, "gpu": args.gpu}
    lacking = [f"--{key.replace('_', '-')}" for key, value in needed.items() if value is None]
    if args.model is None and args.config is None:
        raise InputError("--gpu-hours is required, or --model with --seq-len, --num-tokens, --mfu and --gpu")
    if lacking:
        raise InputError(f"the hours of a model need {', '.join(lacking)} as well")
    from ...economics.cost import training_gpu_hours
    from ...hardware.accelerator import read_accelerator
    from ...model.flops import TRAINING_PASSES, model_flops_per_token

    config = read_model(args)
    per_token = TRAINING_PASSES * model_flops_per_token(config, args.seq_len)
    peak = read_accelerator(args.gpu).needed("peak_dense_bf16_flops_per_s")
    hours = training_gpu_hours(per_token, args.num_tokens, peak, args.mfu)
    said = {"model": config.name, "training_flops_per_token": per_token, "peak_flops_per_s": peak, "mfu": args.mfu}
    return hours, said, config


def price(args):
    """The price that was typed, or else that of the accelerator; None where none is known and something else is asked."""
    if args.usd_per_gpu_hour is not None:
        return args.usd_per_gpu_hour
    asked = args.num_gpus is not None or args.deadline_days is not None or args.budget_usd is not None
    if args.gpu is None:
        if asked:
            return None
        raise InputError("a price is needed: --usd-per-gpu-hour P, or --gpu NAME for its rental price, is accepted")
    from ...economics.prices import rental_price_usd_per_gpu_hour

    try:
        return rental_price_usd_per_gpu_hour(args.gpu)
    except InputError:
        if asked or args.gpu_hours is None:
            return None
        raise


def show(result):
    from ..text import noted

    lines = [f"{result['gpu_hours']:,.10g} GPU-hours"]
    if "usd_low" in result:
        lines[0] += f" at {_range(result, 'usd_per_gpu_hour')}: {_range(result, 'usd')}"
    if "mfu" in result:
        lines.append(f"for a utilisation of {result['mfu']:.2%} of {result['peak_flops_per_s'] / 1e12:,.5g} TFLOP/s")
    if "wall_days" in result:
        lines.append(f"{result['wall_days']:.1f} days on that many GPUs")
    if "num_gpus_for_deadline" in result:
        lines.append(f"{result['num_gpus_for_deadline']:,} GPUs for the deadline")
    if "usd_per_gpu_hour_for_budget" in result:
        lines.append(f"${result['usd_per_gpu_hour_for_budget']:.4g} a GPU-hour for the budget")
    return noted(lines, result)


def _range(result, name):
    low, high = result[f"{name}_low"], result[f"{name}_high"]
    return f"${low:,.2f}" if low == high else f"${low:,.2f} to ${high:,.2f}"
