"""moecalc token-cost"""

from ...base.errors import InputError
from ..arguments import add_accelerator, add_model, amount, money, notes, number_or_range, read_model, share, whole

HELP = "what a token costs on one's own GPUs, what an API asks for it, when the two are equal, and which lever moves it"
EXAMPLE = (
    "moecalc token-cost --prefill-tokens-per-s-per-gpu 4030 --decode-tokens-per-s-per-gpu 1850 --usd-per-gpu-hour 2 "
    "--cache-hit 56.25% --input-tokens 608 --output-tokens 168"
)

PHASES = {"prefill": "input tokens that are computed, without those that the cache holds", "decode": "output tokens"}
SERVED = "deepseek-chat (V3)"


def add_arguments(parser):
    for phase, what in PHASES.items():
        rate = parser.add_mutually_exclusive_group()
        name, read = f"--{phase}-tokens-per-s-per", amount("4030 or 32.2K")
        rate.add_argument(f"{name}-gpu", type=read, metavar="R", help=f"{what}, by a GPU of {phase} [tokens/s]")
        rate.add_argument(f"{name}-node", type=read, metavar="R", help="the same of a node of --gpus-per-node")
    parser.add_argument("--gpus-per-node", type=whole, default=8, metavar="N", help="of throughputs that are given per node")
    add_model(parser, required=False)
    parser.add_argument("--num-gpus", type=whole, metavar="N", help="with --model, instead of throughputs: of an instance")
    parser.add_argument("--prefill-gpus", type=whole, metavar="N", help="of an instance of prefill, if it is another number")
    parser.add_argument("--tp", type=whole, metavar="N", help="GPUs that share attention, with --model")
    parser.add_argument("--mtp", type=share, metavar="A", help="acceptance of a drafted token, with --model")
    parser.add_argument("--engine", metavar="NAME", help="whose overhead is added, with --model: see moecalc serve")
    parser.add_argument("--two-micro-batches", action="store_true", help="one hides the communication of the other")
    speed = "which the batch leaves each user, with --model [tokens/s]"
    parser.add_argument("--tokens-per-s-per-user", type=amount("20"), default=20, metavar="U", help=speed)
    parser.add_argument(
        "--usd-per-gpu-hour", type=number_or_range, metavar="P", help="rental price, or a range such as 1.99-5.00"
    )
    add_accelerator(parser)
    busy = "share of the paid hours at these throughputs; 1 where they are means over all hours"
    parser.add_argument("--utilisation", type=share, default=1, metavar="SHARE", help=busy)
    parser.add_argument("--cache-hit", type=share, default=0, metavar="SHARE", help="of input tokens, that the cache holds")
    tokens = amount("4096 or 608B")
    parser.add_argument("--input-tokens", type=tokens, default=1000, metavar="N", help="of a request, or of a day")
    parser.add_argument("--output-tokens", type=tokens, default=1000, metavar="N", help="of the same")
    asked = parser.add_mutually_exclusive_group()
    asked.add_argument("--api", default=SERVED, metavar="NAME", help=f"a model of data/api_prices.csv; else {SERVED}")
    prices = "its prices of input, output and, if it has one, cached input [USD per million tokens]"
    asked.add_argument("--api-usd", type=money, nargs="+", metavar="USD", help=prices)
    parser.add_argument("--vendor", default="DeepSeek", metavar="NAME", help="whose prices over time stand beside the cost")


def run(args):
    from ...economics.api_prices import api_prices
    from ...economics.break_even import break_even, over_time, undercut_from
    from ...economics.tokens import elasticities, token_cost

    config = read_model(args) if args.model is not None or args.config is not None else None
    low, high = price(args)
    (service, fast, slow), estimate = services(args, config)
    service = service._replace(usd_per_gpu_hour=(low + high) / 2)
    cost = token_cost(service)
    ends = [token_cost(one._replace(usd_per_gpu_hour=usd)) for one, usd in ((fast, low), (slow, high))]
    prices = api_prices(args.vendor)
    even = break_even(service, asked_price(args))
    said = ["rent is the only cost: no staff, networks between sites, storage of the cache, or GPUs kept in reserve"]
    if low != high:
        said.append("cost and break-even are at the middle of the range of prices; low and high are at its ends")
    if even.utilisation is None and even.cheaper != "own GPUs":
        said.append("own GPUs are dearer than this API even if they are always busy")
    if estimate is not None:
        said.append("throughputs are estimated; low and high also take the ends of their intervals, where eight in ten lie")
        if not estimate.fits:
            said.append("not one sequence of a group fits beside the weights: more GPUs are needed")
        elif not estimate.fast_enough:
            rate = estimate.point.tokens_per_s_per_user
            said.append(f"no batch gives a user {args.tokens_per_s_per_user:g} tokens/s: the fastest gives {rate:.3g}")
    result = {"usd_per_gpu_hour": service.usd_per_gpu_hour, "usd_per_gpu_hour_low": low, "usd_per_gpu_hour_high": high}
    for name in ("usd_per_million_input", "usd_per_million_computed_input", "usd_per_million_output", "usd_per_million"):
        result[name] = getattr(cost, name)
        result[f"{name}_low"], result[f"{name}_high"] = (getattr(one, name) for one in ends)
    result |= {"prefill_share": cost.prefill_share, "tokens_per_day_per_gpu": cost.tokens_per_day_per_gpu}
    dated = [told(one) for one in over_time(service, prices)]
    result["break_even"] = told(even) | {"api_cheaper_from": undercut_from(service, prices), "over_time": dated}
    if estimate is not None:
        layouts = {"prefill_layout": estimate.prefill_layout._asdict(), "decode_layout": estimate.point.layout._asdict()}
        result |= {"model": config.name, "batch": estimate.point.batch, **layouts}
    rates = {name: getattr(service, f"{name}_tokens_per_s_per_gpu") for name in PHASES}
    result |= {f"{name}_tokens_per_s_per_gpu": rate for name, rate in rates.items()}
    return result | {"elasticities": elasticities(service), **notes(args, config, *said)}


def services(args, config) -> tuple:
    """((the service, at the fast and at the slow end of what is estimated), the estimate or None)."""
    from ...economics.tokens import Service, checked

    typed = [name for name in PHASES if throughput(args, name) is not None]
    more = args.utilisation, args.cache_hit, args.input_tokens, args.output_tokens
    if config is None:
        if len(typed) < len(PHASES):
            lacking = " and ".join(f"--{name}-tokens-per-s-per-gpu" for name in PHASES if name not in typed)
            raise InputError(f"{lacking} must be given, or a model to estimate throughputs: --model, --gpu and --num-gpus")
        return (Service(0, *(throughput(args, name) for name in PHASES), *more),) * 3, None
    if typed:
        raise InputError(f"throughputs or a model is accepted; found both --{typed[0]} throughput and {config.name}")
    if args.gpu is None or args.num_gpus is None:
        raise InputError("an estimate needs --gpu, and --num-gpus of an instance")
    from ...economics.estimated import estimated_service, usual_layout
    from ...hardware.accelerator import read_accelerator
    from ...serving.disaggregation import Requests
    from ...serving.engines import engine
    from ...serving.step_time import Running

    checked(Service(0, 1, 1, *more))
    gpus = args.prefill_gpus or args.num_gpus, args.num_gpus
    layouts = [usual_layout(config, number, args.tp) for number in gpus]
    own = None if args.engine is None else engine(args.engine)
    running = Running(own, two_micro_batches=args.two_micro_batches, acceptance=args.mtp)
    requests = Requests(1, args.input_tokens, args.output_tokens, args.cache_hit)
    how = requests, *layouts, args.tokens_per_s_per_user, running
    found = estimated_service(config, read_accelerator(args.gpu), 0, *how)
    made = (one._replace(utilisation=args.utilisation) for one in (found.service, found.fast, found.slow))
    return tuple(made), found


def throughput(args, phase: str) -> float | None:
    """Tokens a second of a GPU, None where they were not typed."""
    per_gpu, per_node = (getattr(args, f"{phase}_tokens_per_s_per_{of}") for of in ("gpu", "node"))
    if per_gpu is not None or per_node is None:
        return per_gpu
    from ...base import checks

    rate = checks.real(f"{phase}_tokens_per_s_per_node", per_node, positive=True, most=1e12)
    return rate / checks.whole("gpus_per_node", args.gpus_per_node, most=10**6)


def price(args) -> tuple:
    """(low, high) of the price that was typed, or else of the accelerator's rent."""
    if args.usd_per_gpu_hour is None and args.gpu is None:
        raise InputError("a price is needed: --usd-per-gpu-hour P, or --gpu NAME for its rental price, is accepted")
    if args.usd_per_gpu_hour is None:
        from ...economics.prices import rental_price_usd_per_gpu_hour

        return rental_price_usd_per_gpu_hour(args.gpu)
    from ...base.checks import real

    typed = args.usd_per_gpu_hour
    low, high = typed if isinstance(typed, tuple) else (typed, typed)
    real("the upper end of usd_per_gpu_hour", high, least=real("usd_per_gpu_hour", low))
    return low, high


def asked_price(args):
    """The API's price."""
    from ...economics.api_prices import api_price, stated_price

    if args.api_usd is None:
        return api_price(args.api)
    if not 2 <= len(args.api_usd) <= 3:
        raise InputError(f"--api-usd takes prices of input, output and maybe cached input; found {len(args.api_usd)}")
    return stated_price(*args.api_usd)


def told(even) -> dict:
    """A break-even as JSON."""
    numbers = even._asdict()
    api = numbers.pop("api")
    dates = {"valid_from": api.valid_from or None, "valid_to": api.valid_to or None}
    return {"vendor": api.vendor, "model": api.model} | dates | numbers


def show(result):
    from ..text import noted, table

    even = result["break_even"]
    if even["utilisation"] is None:
        equal = f"${even['usd_per_gpu_hour']:.4g} a GPU-hour"
    else:
        equal = f"{even['utilisation']:.1%} of the hours in use, or ${even['usd_per_gpu_hour']:.4g} a GPU-hour"
    dated = [
        row | {"from": row["valid_from"] or "?", "times": row["api_usd_per_million"] / (row["usd_per_million"] or 1)}
        for row in even["over_time"]
    ]
    columns = {"model": "API", "from": "from", "api_usd_per_million": "USD per M tokens", "times": "over own cost"}
    lines = [
        f"input   {_range(result, 'usd_per_million_input')} per million tokens, cached ones included; "
        f"computed {_range(result, 'usd_per_million_computed_input')}",
        f"output  {_range(result, 'usd_per_million_output')}",
        f"mixed   {_range(result, 'usd_per_million')}, of which prefill is {result['prefill_share']:.1%}",
        f"{even['model']} asks ${even['api_usd_per_million']:.4g} for the same mix; cheaper: {even['cheaper']}",
        f"equal at {equal}",
        "",
        table(dated, columns),
        "",
        "a lever 1 % higher changes the mixed cost by: "
        + ", ".join(f"{name.replace('_', ' ')} {value:+.2f} %" for name, value in result["elasticities"].items()),
    ]
    return noted(lines, result)


def _range(result, name):
    low, high = result[f"{name}_low"], result[f"{name}_high"]
    return f"${low:,.4g}" if low == high else f"${low:,.4g} to ${high:,.4g}"
