"""moecalc report"""

from ..arguments import (
    add_accelerator,
    add_model,
    amount,
    length,
    model_to_send,
    notes,
    number,
    number_or_range,
    read_model,
    whole,
)

HELP = "everything known about one model on one machine room, on one page: text, --json or --html FILE"
EXAMPLE = "moecalc report --model llama-3.1-8b --gpu h100-sxm --num-gpus 64 --num-tokens 1T"


def add_arguments(parser):
    add_model(parser)
    add_accelerator(parser, required=True)
    add = parser.add_argument
    add("--num-gpus", type=whole, required=True, metavar="N", help="GPUs of the machine room")
    add("--num-tokens", type=amount("14.8T"), default=10**12, metavar="T", help="to train on, for days and USD; else 1T")
    rent = "rental price, or a range such as 1.99-5.00; without it what the accelerator is rented for"
    add("--usd-per-gpu-hour", type=number_or_range, metavar="P", help=rent)
    add("--seq-len", type=length, default=4096, metavar="N", help="tokens of a sequence that is trained on")
    add("--recipe", help="of training: bf16, deepseek-v3, zero-16, fp32, or spelt out; as in moecalc memory")
    add("--global-batch", type=whole, metavar="N", help="sequences of a step; without it 8 a GPU, at least 1,024")
    add("--input-tokens", type=length, default=4096, metavar="N", help="of a request that is served")
    add("--output-tokens", type=length, default=1024, metavar="N", help="of its answer")
    add("--tpot-ms", type=number, default=50, metavar="MS", help="most from a token to the next")
    add("--ttft-s", type=number, default=2, metavar="S", help="most until the first token, on average")
    add("--html", metavar="FILE", help="also write the page, with pictures, to one file that needs no other")


def run(args):
    from ...base.checks import real
    from ...base.checks import whole as whole_number
    from ...base.limits import MAX_GPUS
    from ...training.recipes import recipe
    from ..report.gather import Asked, gather

    config = read_model(args)
    whole_number("num_gpus", args.num_gpus, most=MAX_GPUS)
    if args.recipe is not None:
        recipe(args.recipe)
    if args.global_batch is not None:
        whole_number("global_batch", args.global_batch)
    price = args.usd_per_gpu_hour
    if price is not None:
        price = price if isinstance(price, tuple) else (price, price)
        real("the upper end of usd_per_gpu_hour", price[1], least=real("usd_per_gpu_hour", price[0], positive=True))
    asked = Asked(
        model_to_send(args, config),
        args.gpu,
        args.num_gpus,
        real("num_tokens", args.num_tokens, positive=True),
        price,
        whole_number("seq_len", int(args.seq_len)),
        args.recipe,
        args.global_batch,
        whole_number("input_tokens", int(args.input_tokens)),
        whole_number("output_tokens", int(args.output_tokens)),
        real("tpot_ms", args.tpot_ms, positive=True) / 1e3,
        real("ttft_s", args.ttft_s, positive=True),
    )
    found = gather(config, asked) | notes(args, config)
    if args.html is not None:
        write(args.html, found)
    return found


def write(path: str, found: dict) -> None:
    """The page as a file."""
    from pathlib import Path

    from ...base.errors import InputError, quoted
    from ..report.html import html_of
    from ..report.page import page_of

    try:
        Path(path).write_text(html_of(page_of(found)), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{quoted(path)} cannot be written: {error.strerror}") from None


def show(result):
    from ..report.page import page_of
    from ..report.text import text_of
    from ..text import noted

    return noted([text_of(page_of(result))], result)
