r"""How long one training step takes, and which share of it is what.

.. math:: t = t_{\text{pipeline}} + t_{\text{gradients}} + t_{\text{optimizer}} + t_{\text{parameters}}

The pipeline is simulated with the times of its stages, which are sums of kernels. What nothing hides of the other terms is
exposed. Examples use ``v3 = load_model("deepseek-v3")``.
"""

from functools import lru_cache
from typing import NamedTuple

from ..base.checks import whole
from ..base.errors import InputError
from ..hardware.accelerator import Accelerator
from ..model.config import ModelConfig
from ..model.flops import TRAINING_PASSES, model_flops_per_token
from .activation_policy import ActivationPolicy
from .layout import Layout
from .memory import ONE_SEQUENCE, PLAIN, Batch, Memory, memory, pipeline_of
from .rank_states import zero_group
from .recipes import recipe
from .step_work import Inside, work_of
from .timing.between import between
from .timing.interval import interval
from .timing.parameters import StepParameters, step_parameters
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

    @property
    def between_steps(self) -> float:
        """The optimizer with the exchange around it, as published parts of a step have it [s]."""
        return self.optimizer + self.exposed_communication


class Step(NamedTuple):
    """A training step."""

    step_s: float
    low_s: float  #: the measured time is expected between this
    high_s: float  #: and this
    components: Components
    ranks: tuple  #: :class:`~moecalc.training.timing.schedule.RankTimes` of each pipeline rank
    inside: Inside
    num_micro_batches: int  #: of one pipeline
    num_tokens: int  #: of all GPUs
    num_gpus: int
    tokens_per_s_per_gpu: float
    flops_per_s_per_gpu: float  #: model FLOPs, exact and causal, without recomputation and without MTP modules
    mfu: float  #: these over the BF16 peak
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
    found: StepParameters | None = None,
) -> Step:
    """Time of a training step of a model laid out over GPUs [s]: what ``moecalc step`` prints.

    Parameters
    ----------
    config, accelerator : ModelConfig and Accelerator
        What is trained, and on what
    layout, recipe_name, batch, policy : Layout, str, Batch and ActivationPolicy
        As :func:`moecalc.training.memory.memory` takes them
    global_batch : int, optional
        Sequences of a step; gives the number of micro-batches, which `batch` gives else [sequences]
    running : Running
        What runs at the same time, and how GPUs are joined
    sequence_parallel, skew, optimizer_shard, mtp : bool, float, str and bool
        As :func:`moecalc.training.memory.memory` takes them
    found : StepParameters, optional
        In place of the fitted ones

    Notes
    -----
    Leaves out data loading, checkpoints, evaluation and restarts. All GPUs are equally fast.
    """
    check_running(running)
    dtypes, found = recipe(recipe_name), found or step_parameters()
    batch = batch._replace(num_micro_batches=num_micro_batches(layout, batch, global_batch))
    needed = (config, layout, recipe_name, batch, policy, sequence_parallel, skew, optimizer_shard, mtp)
    held = memory(*needed, accelerator.memory_bytes)
    pipeline = pipeline_of(layout, held.num_micro_batches)
    work = work_of(config, accelerator, layout, recipe_name, batch, policy, running, sequence_parallel, skew, found)
    ran, last, inside = work.ran(config, layout, mtp, pipeline)
    shards = zero_group(layout, optimizer_shard)
    different = {(rank.states.dense_params, rank.states.expert_params): rank.states for rank in held.ranks}
    how = (shards, dtypes, work.domain, work.timer.optimizer_bandwidth)
    rest = [between(accelerator, layout, states, *how) for states in different.values()]
    optimizer = max(one.optimizer for one in rest)
    longest = max(rest, key=lambda one: one.gradients + one.parameters)
    exposed = longest.gradients + longest.parameters
    each = max(one.each_micro_batch for one in rest) * pipeline.micro_batches
    if running.overlaps("dp", layout.schedule):
        hidden = min(longest.gradients, last[0]) + min(longest.parameters, last[1])
        exposed -= found.dp_hidden * hidden
        each -= found.dp_hidden * min(each, ran.makespan - ran.mean.bubble)
    parts = Components(*ran.mean, optimizer, exposed + each)
    step_s = sum(parts)
    num_tokens = batch.micro_batch * batch.seq_len * pipeline.micro_batches * layout.dp
    rate = TRAINING_PASSES * _flops(config, batch.seq_len) * num_tokens / layout.num_gpus / step_s
    low, high, said = interval(accelerator, layout, config.anatomy.num_routed_experts > 1)
    notes = ["data loading, evaluation, checkpoints and restarts are left out", said]
    if config.anatomy.flops_note:
        notes.append(f"what has no FLOP count has no time: {config.anatomy.flops_note}")
    if held.fits is False:
        notes.append(f"it does not fit: {held.why_not}")
    return Step(
        step_s,
        step_s * low,
        step_s * high,
        parts,
        ran.ranks,
        inside,
        pipeline.micro_batches,
        num_tokens,
        layout.num_gpus,
        num_tokens / layout.num_gpus / step_s,
        rate,
        rate / accelerator.needed("peak_dense_bf16_flops_per_s"),
        held,
        tuple(notes),
    )


def least_step_s(
    config: ModelConfig,
    accelerator: Accelerator,
    layout: Layout,
    recipe_name: str,
    batch: Batch,
    policy: ActivationPolicy = PLAIN,
    running: Running = RUNNING,
    mtp: bool | None = None,
) -> float:
    """What :func:`training_step` with the same arguments does not fall below [s]: the work of the busiest rank.

    It takes a part of its time; the micro-batches of a pipeline stand in the batch.
    """
    work = work_of(config, accelerator, layout, recipe_name, batch, policy, running, True, 1, step_parameters())
    return work.least_s(config, layout, mtp, pipeline_of(layout, batch.num_micro_batches))


@lru_cache(maxsize=1024)
def _flops(config, seq_len) -> float:
    return model_flops_per_token(config, seq_len)


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
