"""What a training program does at the same time, and how its GPUs are joined."""

from typing import NamedTuple

from ...base.checks import one_of, whole
from ...base.limits import MAX_PARALLEL_SIZE
from ...hardware.collectives.normal import Offload

#: Communication that may run beside computing -> what a reader calls it.
OVERLAPS = {
    "tp": "collectives of tensor parallelism",
    "cp": "exchange of keys and values",
    "ep": "dispatch and combine of experts",
    "dp": "gradients and parameters between data parallel replicas",
    "pp": "sends between stages",
}
#: What overlaps where nothing is said.
USUAL = ("tp", "cp", "dp", "pp")
#: Schedules that pair a forward with a backward overlap dispatch and combine too; gradients wait, since a rank works on all
#: its stages until the end.
PAIRED, USUAL_PAIRED = ("dualpipe", "dualpipev"), ("tp", "cp", "ep", "pp")
#: Kernels of dispatch and combine: DeepEP's, which send a token once to a node; NCCL's, which send a copy to each expert;
#: HybridEP's, which move data without SMs and fill the link.
DISPATCHERS = ("deepep", "nccl", "hybridep")
DISPATCH = ("bf16", "fp8")


class TensorCores(NamedTuple):
    """What tensor cores do of products in FP8 that kernels do beside them: what DeepSeek asks makers of chips for."""

    sums: bool = False  #: they add up in full and take scales of blocks, so that no sum is promoted on the way
    cast_on_load: bool = False  #: a product reads BF16 and narrows it as it is loaded: two bytes a number instead of one
    transposed_reads: bool = False  #: they read a matrix either way, so that gradients of weights need no copy along tokens


TODAY = TensorCores()


class Running(NamedTuple):
    """How a training program runs, beside its layout."""

    overlap: tuple | None = None  #: names of :data:`OVERLAPS`; None as is usual with the schedule
    gpus_per_node: int | None = None  #: GPUs joined by the scale-up network; None takes the accelerator's domain
    sms: int = 20  #: SMs that dispatch and combine take
    graphs: bool = False  #: kernels are launched by a graph, so that the host costs nothing
    fused: bool = False  #: element-wise kernels, casts and moves of tokens are fused with their neighbours
    eager: bool = False  #: PyTorch of 2023 and 2024 without a compiler, whose attention is FlashAttention-2 or older
    dispatcher: str | None = None  #: one of :data:`DISPATCHERS`; None: HybridEP in domains of more than a node, else DeepEP
    dispatch: str | None = None  #: bf16 or fp8; None as the recipe does it
    most_nodes: int | None = None  #: nodes that a gate limits a token to; None as the model's gate does where that fits
    offload: Offload = Offload()  #: what hardware does of dispatch and combine, of DeepEP's kernels
    cores: TensorCores = TODAY  #: what tensor cores do of products in FP8

    def overlaps(self, name: str, schedule: str) -> bool:
        """Whether a kind of communication runs beside computing."""
        if self.overlap is not None:
            return name in self.overlap
        return name in (USUAL_PAIRED if schedule in PAIRED else USUAL)


def overlap_of(text: str | None) -> tuple | None:
    """Names of :data:`OVERLAPS` from words between commas, ``none`` for nothing; None for None.

    >>> overlap_of("dp,ep"), overlap_of("none"), overlap_of(None)
    (('dp', 'ep'), (), None)
    """
    if text is None:
        return None
    words = [word.strip() for word in text.split(",") if word.strip()]
    for word in words:
        one_of("overlap", word, [*OVERLAPS, "none"])
    return tuple(word for word in dict.fromkeys(words) if word != "none")


def check_running(running: Running) -> Running:
    """The settings, if each is one that there is."""
    for name in running.overlap or ():
        one_of("overlap", name, OVERLAPS)
    if running.gpus_per_node is not None:
        whole("gpus_per_node", running.gpus_per_node, 1, MAX_PARALLEL_SIZE)
    whole("sms", running.sms, 1, 10_000)
    if running.dispatcher is not None:
        one_of("dispatcher", running.dispatcher, DISPATCHERS)
    if running.dispatch is not None:
        one_of("dispatch", running.dispatch, DISPATCH)
    if running.most_nodes is not None:
        whole("most_nodes", running.most_nodes, 1, MAX_PARALLEL_SIZE)
    return running
