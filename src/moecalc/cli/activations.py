"""Options of commands that keep activations, and the policy that they give."""

from .arguments import amount, length, whole

ANSWERS = {"yes": True, "no": False}
BEFORE, AFTER = "before-down", "after-down"


def add_activations(parser) -> None:
    """Micro-batches, recompute, formats, and how routing is skewed."""
    add = parser.add_argument
    add("--micro-batch", type=whole, default=1, metavar="N", help="sequences of a micro-batch")
    add("--num-micro-batches", type=whole, metavar="N", help="of a step; without it as many as the peak needs")
    add("--seq-len", type=length, default=4096, metavar="N", help="tokens of a sequence")
    add(
        "--recompute",
        default="none",
        metavar="LIST",
        help="names between commas: norm, mla-up, swiglu, router, permuted-tokens; or full, or none",
    )
    add("--activations", default="bf16", metavar="FORMAT", help="bf16, or fp8 with E5M6 as in DeepSeek-V3's report")
    add(
        "--routing-weight",
        default=AFTER,
        metavar="WHERE",
        help="after-down keeps the experts' outputs; before-down does not need them",
    )
    add("--skew", type=amount("1.5"), default=1, metavar="X", help="tokens at the fullest GPU's experts over the mean")
    add("--sequence-parallel", default="yes", metavar="yes|no", help="whether TP cuts norms and the residual stream too")
    add("--flash-attention", default="yes", metavar="yes|no", help="no keeps attention's probabilities")
    add("--index-tensors", type=whole, default=2, metavar="N", help="64-bit indices that routing keeps of each choice")


def read_yes(args, name: str) -> bool | None:
    """Whether yes was said, None where nothing was said."""
    from ..base.checks import one_of

    said = getattr(args, name)
    return None if said is None else ANSWERS[one_of(name, said, ANSWERS)]


def read_policy(args):
    """The policy that `add_activations`'s options give."""
    from ..base.checks import one_of
    from ..training.activation_policy import CACHES, ActivationPolicy, recompute_of

    return ActivationPolicy(
        recompute_of(args.recompute),
        one_of("activations", args.activations, CACHES),
        one_of("routing_weight", args.routing_weight, (AFTER, BEFORE)) == BEFORE,
        args.index_tensors,
        read_yes(args, "flash_attention"),
        args.seq_len,
    )


def read_batch(args):
    """The micro-batches that `add_activations`'s options give."""
    from ..training.memory import Batch

    return Batch(args.micro_batch, args.seq_len, args.num_micro_batches)
