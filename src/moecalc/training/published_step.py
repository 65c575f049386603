"""What is published of DeepSeek-V3's training step: its parts, on two networks, and the kernels of one pair of chunks.

.. [1] Zhao et al., Insights into DeepSeek-V3, arXiv:2505.09343, Table 4.
.. [2] DeepSeek-AI, profile-data, github.com/deepseek-ai/profile-data.
"""

from typing import NamedTuple

from ..base.checks import one_of
from ..facts import tables
from .memory_examples import V3_LAYOUT
from .pipeline.orders import Pipeline, orders

#: Sequences of the step in [1]_, after the batch had grown.
V3_GLOBAL_BATCH = 15360
#: network -> its rows in data/training_runs.csv
NETWORKS = {"mpft": "dsv3-mpft", "mrft": "dsv3-mrft"}
TRACE = "dsv3-training-trace"
#: Facts of the trace's kernels that are no group of the streams that compute.
_NO_GROUP = ("communication_casts", "dispatch_layout", "compute_beside")


class MeasuredStep(NamedTuple):
    """A step and its parts as [1]_ gives them [s]."""

    step_s: float
    forward: float
    bubble: float
    backward: float  #: the paper calls it input backward time
    weight: float
    overlapped: float
    optimizer: float

    @property
    def rest(self) -> float:
        """Of the step, in no part [s]."""
        return self.step_s - sum(self[1:])


def measured_step(network: str = "mpft") -> MeasuredStep:
    """V3's step of 15,360 sequences on 2,048 GPUs as [1]_ has it, on one of :data:`NETWORKS`.

    >>> round(measured_step().rest, 3)
    0.026
    """
    known = tables.by_subject("training_runs")[NETWORKS[one_of("network", network, NETWORKS)]]
    names = ("step", "forward", "bubble", "backward", "weight_gradient", "overlapped_forward_backward", "optimizer")
    return MeasuredStep(*(known[f"{name}_time"].to("s") for name in names))


def trace_beside() -> float:
    """Kernels of the trace on the second stream that computes, which are counted among the gradients of weights [s].

    There are as many as half of the experts' products; two kernels that run at once share the SMs, and each takes longer.
    """
    return tables.lookup("training_runs", f"{TRACE}-kernels", "compute_beside").to("s")


class Operations(NamedTuple):
    """How often a rank runs each operation in a step, and how long one takes; means of the ranks of V3's pipeline."""

    alone: float  #: forwards without a backward beside them, and as many backwards
    pairs: float
    forward_s: float  #: one forward alone [s]
    backward_s: float  #: one backward alone, its weight part included, whenever that runs [s]
    pair_s: float  #: one forward beside one backward [s]

    @property
    def one_after_the_other(self) -> float:
        """A forward and a backward that do not overlap [s]."""
        return self.forward_s + self.backward_s


def operations(forward: float, backward: float, weight: float, overlapped: float) -> Operations:
    """One operation of V3's pipeline each, from a step's sums of `forward`, `backward`, `weight` and `overlapped` [s].

    DualPipe itself says how often a rank runs each. Whether a weight part that follows its backward at once counts with
    `backward` or `weight` makes no difference.

    >>> round(1000 * operations(1.13, 1.99, 0.48, 13.95).pair_s, 1)
    139.0
    """
    pipeline = Pipeline("dualpipe", V3_LAYOUT.pp, V3_GLOBAL_BATCH // V3_LAYOUT.dp)
    kinds = [operation.kind for rank in orders(pipeline) for operation in rank]
    alone, pairs = kinds.count("F") / pipeline.ranks, kinds.count("X") / pipeline.ranks
    return Operations(alone, pairs, forward / alone, (backward + weight) / alone, overlapped / pairs)


def trace_kernels() -> dict:
    """Kernels of the streams that compute in the trace [2]_, by kind: name -> their sum [s].

    They are those of a forward beside a backward chunk of four MoE layers each.

    >>> round(1000 * sum(trace_kernels().values()), 3)
    129.548
    """
    known = tables.by_subject("training_runs")[f"{TRACE}-kernels"]
    return {name: fact.to("s") for name, fact in known.items() if name not in _NO_GROUP}


def trace_communication() -> dict:
    """Kernels of the stream that communicates in the same trace, ``waits`` for other GPUs among them: name -> their sum [s].

    >>> round(1000 * sum(trace_communication().values()), 3)
    114.521
    """
    known, kernels = (tables.by_subject("training_runs")[name] for name in (TRACE, f"{TRACE}-kernels"))
    sends = {name: known[name].to("s") for name in ("dispatch_forward", "combine_backward", "combine")}
    around = sum(kernels[name].to("s") for name in ("communication_casts", "dispatch_layout"))
    return {**sends, "around": around, "waits": known["notify"].to("s")}
