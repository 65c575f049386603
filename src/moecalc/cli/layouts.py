"""Options of commands that lay a model over GPUs."""

from .arguments import whole

SIZES = {"tp": "tensor", "cp": "context", "pp": "pipeline", "ep": "expert", "dp": "data"}
SCHEDULES = "1f1b, interleaved (with --vpp), zb1p, dualpipe (holds stages twice) or dualpipev"


def add_layout(parser) -> None:
    """Sizes of the parallel groups, the schedule, and how the stages are filled."""
    for name, title in SIZES.items():
        parser.add_argument(f"--{name}", type=whole, default=1, metavar="N", help=f"{title} parallel size")
    parser.add_argument(
        "--etp", type=whole, metavar="N", help="expert tensor parallel size; without it tp where ep is 1, else 1"
    )
    parser.add_argument("--vpp", type=whole, default=1, metavar="N", help="virtual stages of a rank, for interleaved")
    parser.add_argument("--schedule", default="1f1b", help=SCHEDULES)
    parser.add_argument("--layers-per-stage", type=sizes, metavar="N,N,...", help="layers of each stage, where uneven")
    parser.add_argument(
        "--stages", metavar="STRING", help="a pipeline by hand, such as 'E|t*4|t*4,m,L': embedding, layers, MTP, head"
    )


def read_layout(args):
    """The layout that `add_layout`'s options give; ZeRO's stage where the command has one."""
    from ..training.layout import Layout
    from ..training.stages import parse_stages

    names = ("tp", "cp", "pp", "ep", "dp", "etp", "vpp", "schedule", "layers_per_stage", "zero")
    given = {name: getattr(args, name) for name in names if hasattr(args, name)}
    return Layout(**given, stages=None if args.stages is None else parse_stages(args.stages))


def layout_told(args, layout) -> dict:
    """A layout as JSON has it: each size, and a pipeline by hand as it was written."""
    return {**layout._asdict(), "etp": layout.expert_tp, "stages": args.stages}


def sizes(text: str) -> tuple:
    """Whole numbers between commas."""
    return tuple(whole(part.strip()) for part in text.split(","))
