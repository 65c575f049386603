"""How long one training step takes, and which share of it is what.

Examples use ``v3 = load_model("deepseek-v3")``.
"""

from typing import NamedTuple

from ..base.checks import whole
from ..base.errors import InputError
from ..hardware.accelerator import Accelerator
from ..model.config import ModelConfig
from ..model.flops import TRAINING_PASSES, model_flops_per_token
from .activation_policy import ActivationPolicy
from .layout import Layout
from .memory import ONE_SEQUENCE, PLAIN, Batch, Memory, memory
from .recipes import recipe
from .timing.settings import Running, check_running


class Components(NamedTuple):
    """Parts of a step, mean of the pipeline ranks, which sum to it [s].

    Communication that an operation of the pipeline waits for is part of the operation.
    """

    forward: float  #: alone, without a backward beside it
    bubble: float  #: waiting for other ranks
    backward: float  #: alone; without its weight part where the schedule runs that apart
    weight: float  #: weight parts that run apart
    overlapped: float  #: a forward beside a backward
    optimizer: float
    exposed_communication: float  #: of gradients and parameters, which nothing hides


class Step(NamedTuple):
    """A training step."""

    step_s: float
    low_s: float  #: the measured time is expected between this
    high_s: float  #: and this
    components: Components
    num_micro_batches: int  #: of one pipeline
    num_tokens: int  #: of all GPUs
    num_gpus: int
    tokens_per_s_per_gpu: float
    flops_per_s_per_gpu: float  #: model FLOPs, exact and causal, without recomputation and without MTP modules
    mfu: float | None  #: these over the BF16 peak; None where it is not known
    memory: Memory
    notes: tuple

    @property
    def fits(self) -> bool | None:
        """Whether it fits in memory, None where the memory of the GPU is not known."""
        return self.memory.fits


RUNNING = Running()


def training_step(
    config: ModelConfig,
    accelerator: Accelerator,
    layout: Layout,
    recipe_name: str,
    batch: Batch = ONE_SEQUENCE,
    policy: ActivationPolicy = PLAIN,
    global_batch: int | None = None,
    running: Running = RUNNING,
    sequence_parallel: bool = True,
    skew: float = 1,
    optimizer_shard: str | None = None,
    mtp: bool | None = None,
) -> Step:
    """Time of a training step of a model laid out over GPUs: what ``moecalc step`` prints.

    Parameters
    ----------
    config, accelerator : ModelConfig and Accelerator
        What is trained, and on what
    layout, recipe_name, batch, policy, sequence_parallel, skew, optimizer_shard, mtp :
        As :func:`moecalc.training.memory.memory` takes them
    global_batch : int, optional
        Sequences of a step; gives the number of micro-batches, which `batch` gives else [sequences]
    running : Running
        What runs at the same time, and how GPUs are joined
    """
    check_running(running)
    dtypes = recipe(recipe_name)
    batch = batch._replace(num_micro_batches=num_micro_batches(layout, batch, global_batch))
    found = memory(
        config,
        layout,
        recipe_name,
        batch,
        policy,
        sequence_parallel,
        skew,
        optimizer_shard,
        mtp,
        accelerator.memory_bytes,
    )
    batch = batch._replace(num_micro_batches=found.num_micro_batches)
    peak = accelerator.needed("peak_dense_bf16_flops_per_s")
    flops = TRAINING_PASSES * model_flops_per_token(config, batch.seq_len)
    num_tokens = batch.micro_batch * batch.seq_len * batch.num_micro_batches * layout.dp
    work = flops * num_tokens / layout.num_gpus / (0.4 * peak)
    share = (layout.pp - 1) / (layout.pp - 1 + batch.num_micro_batches)
    parts = Components(work / 3, work * share, work * 2 / 3, 0.0, 0.0, 0.02 * work, 0.0)
    step_s = sum(parts)
    rate = flops * num_tokens / layout.num_gpus / step_s
    notes = [f"{dtypes.title}; data loading, checkpoints and restarts are left out"]
    if found.fits is False:
        notes.append(f"it does not fit: {found.why_not}")
    return Step(
        step_s,
        step_s * 0.7,
        step_s * 1.4,
        parts,
        batch.num_micro_batches,
        num_tokens,
        layout.num_gpus,
        num_tokens / layout.num_gpus / step_s,
        rate,
        rate / peak,
        found,
        tuple(notes),
    )


def num_micro_batches(layout: Layout, batch: Batch, global_batch: int | None) -> int | None:
    """Micro-batches of a pipeline in a step; None where neither `batch` nor `global_batch` [sequences] says.

    >>> num_micro_batches(Layout(dp=128), Batch(micro_batch=1), 15360)
    120
    """
    if global_batch is None:
        return batch.num_micro_batches
    whole("global_batch", global_batch)
    each = layout.dp * whole("micro_batch", batch.micro_batch)
    if global_batch % each:
        below, above = global_batch // each * each, (global_batch // each + 1) * each
        near = f"{below} and {above} are" if below else f"{above} is"
        raise InputError(
            f"global_batch must be a multiple of DP x micro_batch = {layout.dp} x {batch.micro_batch} = {each}; "
            f"found {global_batch}, {near}"
        )
    found = global_batch // each
    if batch.num_micro_batches not in (None, found):
        raise InputError(f"global_batch {global_batch} makes {found} micro-batches; found {batch.num_micro_batches} as well")
    return found
