"""What ``moecalc mfu`` does with --from-convention: an MFU in the words of another convention."""

from ..base.errors import InputError
from .arguments import notes, read_model

#: The options of a translation, all of them needed.
OPTIONS = ("from_convention", "to_convention", "value")
#: The run that is meant where nothing is said of any: the one that this project is about.
DEFAULT_MODEL, DEFAULT_SEQ_LEN, DEFAULT_GPU = "deepseek-v3", 4096, "h800-sxm"


def add_translation(parser) -> None:
    """--from-convention, --to-convention and --value, and the names that they take."""
    from ..training.mfu_conventions import COUNTS, FORM, PRECISIONS, WHOSE

    counts = [f"  {name:32} {count.title}" for name, count in COUNTS.items()]
    whose = [f"  {name:32} {convention}" for name, convention in WHOSE.items()]
    lines = [
        f"from one convention to another, of the same run; a convention is {FORM}",
        *("counts of the FLOPs of a token:", *counts),
        f"peaks: {', '.join(PRECISIONS)}, each with -sparse behind it, of --gpu or of an accelerator before a colon;",
        "  or a number [TFLOP/s]; bf16 where there is none",
        *("and conventions by who publishes in them:", *whose),
    ]
    group = parser.add_argument_group("a translation", "\n".join(lines))
    group.add_argument("--from-convention", metavar="A", help="the convention of the MFU that is known")
    group.add_argument("--to-convention", metavar="B", help="the convention asked for")
    group.add_argument("--value", metavar="X", type=mfu_value, help="the MFU in A: 0.39, 39 (percent) or 39%%")


class Value(float):
    """An MFU as it was typed, and what its unit is."""

    unit = "share"


def mfu_value(text: str) -> Value:
    """An MFU as people write it: up to 1 it is a share, above it is in percent."""
    from .arguments import amount

    bare = text.strip().removesuffix("%").strip()
    value = Value(amount("0.39, 39 or 39%")(bare))
    value.unit = "percent" if value > 1 or bare != text.strip() else "share"
    return value


def is_translation(args) -> bool:
    return any(getattr(args, key) is not None for key in OPTIONS)


def translation(args, superfluous: list) -> dict:
    """The result: ``value`` in B, in the unit of the value in A, and ``factors``, which multiply to ``factor``."""
    from ..hardware.accelerator import read_accelerator
    from ..training.mfu_conventions import read_convention
    from ..training.mfu_translation import needs_seq_len, translate_mfu

    lacking = ["--" + key.replace("_", "-") for key in OPTIONS if getattr(args, key) is None]
    if lacking:
        raise InputError(f"--from-convention, --to-convention and --value go together; {' and '.join(lacking)} lacks")
    if superfluous:
        raise InputError(f"a translation is of one run, whatever its speed; {superfluous[0]} does not go with --value")
    most = 100 if args.value.unit == "percent" else 1
    if not 0 < args.value <= most:
        raise InputError(f"--value must be above 0 and at most 1, or at most 100 in percent; found {float(args.value):g}")
    before, after = (default_peak(read_convention(one), args) for one in (args.from_convention, args.to_convention))
    has_model, said = args.model is not None or args.config is not None, []
    config, seq_len, gpu = None, args.seq_len, args.gpu
    if has_model:
        config = read_model(args)
        if seq_len is None and counted(before) != counted(after) and any(map(needs_seq_len, map(counted, (before, after)))):
            raise InputError("--seq-len is required: what attention costs depends on the length of the sequences")
    elif gpu is None and args.num_params is None:  # nothing is said of the run
        from ..model.config import load_model

        config, seq_len, gpu = load_model(DEFAULT_MODEL), seq_len or DEFAULT_SEQ_LEN, DEFAULT_GPU
        said = [f"no model and no accelerator is given: {config.name} at {seq_len:,} tokens on {gpu} is taken"]
    accelerator = None if gpu is None else read_accelerator(gpu)
    found = translate_mfu(
        float(args.value), before.name, after.name, config, seq_len, accelerator=accelerator, num_params=args.num_params
    )
    result = {
        "model": config.name if config else None,
        "seq_len": seq_len,
        "gpu": (accelerator.slug or accelerator.name) if accelerator else None,
        "from_convention": before.name,
        "to_convention": after.name,
        "value_from": float(args.value),
        "unit": args.value.unit,
        **found._asdict(),
        "factors": [factor._asdict() for factor in found.factors],
    }
    if found.value > most:
        said.append("above 100 % cannot be: the number is of another convention or of another run than said")
    if before.peak.sparse or after.peak.sparse:
        said.append("a sparse peak is taken as twice the dense one")
    return result | notes(args, config, *said)


def counted(convention):
    from ..training.mfu_conventions import COUNTS

    return COUNTS[convention.count].counted


def default_peak(convention, args):
    """A convention over --peak-tflops-per-s, where that is given and it names no other accelerator and no number."""
    if args.peak_tflops_per_s is None or convention.peak.accelerator or convention.peak.tflops_per_s is not None:
        return convention
    if convention.peak != convention.peak._replace(precision="bf16", sparse=False):
        return convention
    from ..base.checks import real

    real("peak_tflops_per_s", args.peak_tflops_per_s, positive=True, most=1e9)
    return convention._replace(peak=convention.peak._replace(precision="", tflops_per_s=args.peak_tflops_per_s))


def show_translation(result: dict) -> str:
    from .text import noted

    scale = 1 if result["unit"] == "percent" else 100
    rows = [(result["from_convention"], f"{scale * result['value_from']:.2f} %")]
    rows += [(f"  {one['before']} -> {one['after']}", f"x {one['factor']:.4f}") for one in result["factors"]]
    rows += [(result["to_convention"], f"{scale * result['value']:.2f} %")]
    width = max(len(name) for name, _ in rows)
    return noted([f"{name:{width}}  {value:>10}" for name, value in rows], result)
