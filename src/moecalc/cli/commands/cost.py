"""moecalc cost"""

from ...base.errors import InputError
from ..arguments import add_accelerator, number, number_or_range

HELP = "price and days of a run, or the GPUs for a deadline, or the price for a budget"
EXAMPLE = "moecalc cost --gpu-hours 2.788e6 --usd-per-gpu-hour 2 --num-gpus 2048"


def add_arguments(parser):
    parser.add_argument("--gpu-hours", type=number, required=True, metavar="H", help="hours summed over all GPUs")
    parser.add_argument(
        "--usd-per-gpu-hour", type=number_or_range, metavar="P", help="rental price, or a range such as 1.99-5.00"
    )
    add_accelerator(parser)
    parser.add_argument("--num-gpus", type=number, metavar="N", help="for the days that it takes")
    parser.add_argument("--deadline-days", type=number, metavar="D", help="for the GPUs that it takes")
    parser.add_argument("--budget-usd", type=number, metavar="USD", help="for the price that it allows")


def run(args):
    from ...economics.cost import run_cost

    price = args.usd_per_gpu_hour
    if price is None:
        if args.gpu is None:
            raise InputError("a price is needed: --usd-per-gpu-hour P, or --gpu NAME for its rental price, is accepted")
        from ...economics.prices import rental_price_usd_per_gpu_hour

        price = rental_price_usd_per_gpu_hour(args.gpu)
    return run_cost(args.gpu_hours, price, args.num_gpus, args.deadline_days, args.budget_usd)


def show(result):
    usd, price = _range(result, "usd"), _range(result, "usd_per_gpu_hour")
    lines = [f"{result['gpu_hours']:,.10g} GPU-hours at {price}: {usd}"]
    if "wall_days" in result:
        lines.append(f"{result['wall_days']:.1f} days on that many GPUs")
    if "num_gpus_for_deadline" in result:
        lines.append(f"{result['num_gpus_for_deadline']:,} GPUs for the deadline")
    if "usd_per_gpu_hour_for_budget" in result:
        lines.append(f"${result['usd_per_gpu_hour_for_budget']:.4g} a GPU-hour for the budget")
    return "\n".join(lines)


def _range(result, name):
    low, high = result[f"{name}_low"], result[f"{name}_high"]
    return f"${low:,.2f}" if low == high else f"${low:,.2f} to ${high:,.2f}"
