"""What a training step is made of before it is added up: settings as kernels take them, times of stages, the pipeline's run.

A search over layouts asks for few stages and pipelines many times: what does not depend on ZeRO or on DP is kept.
"""

from functools import lru_cache
from typing import NamedTuple

from ..hardware.accelerator import Accelerator
from ..hardware.collectives.shape import NODE
from ..model.config import ModelConfig
from .activation_policy import ActivationPolicy
from .layout import Layout
from .memory import Batch
from .pipeline.orders import Pipeline
from .rank_states import filled_stages
from .recipes import Recipe, recipe
from .timing.device import BLOCKS, FP8, Timer, timer_of
from .timing.layer import Sizes
from .timing.network import Network, send_s
from .timing.parameters import StepParameters
from .timing.schedule import least_s, run_pipeline
from .timing.settings import Running
from .timing.stage import Hidden, pair_s, stage_work


class Inside(NamedTuple):
    """What a pipeline rank does in a step on average, whenever it does it [s]. Waits are what is not hidden."""

    products: float  #: of all matrices but routed experts
    attention: float
    experts: float
    elementwise: float
    host: float  #: kernels wait for the program that launches them
    tensor_and_sequence: float  #: waiting for collectives of tensor and context parallelism
    exchange: float  #: waiting for dispatch and combine


class Work(NamedTuple):
    """How a layout's micro-batches are computed and sent."""

    sizes: Sizes
    timer: Timer
    network: Network
    hiding: Hidden
    domain: int  #: GPUs joined by the scale-up network
    sent_s: float  #: of a send between stages [s]

    def ran(self, config: ModelConfig, layout: Layout, mtp: bool | None, pipeline: Pipeline) -> tuple:
        """(the pipeline's :class:`.timing.schedule.Ran`, longest backward and forward of a stage [s], :class:`Inside`)."""
        return _ran(config, _shape(layout), mtp, self, pipeline)

    def least_s(self, config: ModelConfig, layout: Layout, mtp: bool | None, pipeline: Pipeline) -> float:
        """What the pipeline takes at least [s]."""
        _, times, pair = _stages(config, _shape(layout), mtp, *self[:4])
        return least_s(pipeline, times, pair)


def work_of(
    config: ModelConfig,
    accelerator: Accelerator,
    layout: Layout,
    recipe_name: str | Recipe,
    batch: Batch,
    policy: ActivationPolicy,
    running: Running,
    sequence_parallel: bool,
    skew: float,
    found: StepParameters,
) -> Work:
    """The :class:`Work` of what :func:`moecalc.training.step.training_step` takes."""
    dtypes = recipe(recipe_name)
    fp8 = fp8_type(dtypes)
    overlapped = running.overlaps("ep", layout.schedule) and layout.ep > 1
    taken = taken_sms(running, accelerator) if overlapped else 0
    timer = timer_of(accelerator, fp8, taken, running.fused, running.eager, found, running.cores)
    domain = running.gpus_per_node or accelerator.scale_up_domain_gpus or 1
    network = network_of(config, accelerator, running, dtypes, domain, found)
    sizes = Sizes(
        batch.micro_batch,
        batch.seq_len,
        layout.tp,
        layout.cp,
        layout.ep,
        layout.expert_tp,
        sequence_parallel,
        skew,
        bool(fp8),
        policy.recompute,
        running.graphs,
    )
    hiding = Hidden(*[running.overlaps(name, layout.schedule) for name in ("tp", "cp")], overlapped)
    sent = 0.0
    if layout.pp > 1:
        crosses = layout.gpus_per_stage * layout.pp > domain
        sent = send_s(accelerator, 2.0 * sizes.sequence_tokens * config.hidden_size, crosses)
    return Work(sizes, timer, network, hiding, domain, sent)


def _shape(layout: Layout) -> Layout:
    """The layout without what changes no pipeline beside its number of micro-batches, as a key of what is kept."""
    sizes = layout.layers_per_stage
    return layout._replace(dp=1, zero=0, layers_per_stage=sizes if sizes is None else tuple(sizes))


@lru_cache(maxsize=256)
def _stages(config, layout, mtp, sizes, timer, network, hiding) -> tuple:
    """(the work of each stage, its times, the time of a pair of them)."""
    stages = [stage_work(config, stage, sizes, timer, network, hiding) for stage in filled_stages(config, layout, mtp)]
    times = [stage.times for stage in stages]

    def pair(forward, backward):
        return pair_s(stages[forward], stages[backward], hiding.ep)

    if hiding.ep and not paired(layout):  # a forward of one micro-batch beside the backward of another, on the same stage
        times = [shortened(one, pair_s(stage, stage, True)) for one, stage in zip(times, stages, strict=True)]
    return stages, times, pair


@lru_cache(maxsize=256)
def _ran(config, layout, mtp, work, pipeline) -> tuple:
    stages, times, pair = _stages(config, layout, mtp, *work[:4])
    last = max(sum(one[1:]) for one in times), max(one.forward for one in times)
    return run_pipeline(pipeline, times, pair, work.sent_s), last, _inside(stages, pipeline)


def _inside(stages, pipeline) -> Inside:
    """Sums of all stages for all micro-batches, over the ranks."""
    times = pipeline.micro_batches / pipeline.ranks
    kinds = [times * sum(values) for values in zip(*[stage.kinds for stage in stages], strict=True)]
    waits, exchanges = (times * sum(sum(getattr(stage, name)) for stage in stages) for name in ("waits", "exchanges"))
    return Inside(*kinds, waits, exchanges)


def paired(layout: Layout) -> bool:
    """Whether the schedule itself runs a forward beside a backward."""
    return layout.schedule in ("dualpipe", "dualpipev")


def shortened(times, both: float):
    """Times of a stage whose forward runs beside a backward of its own: each shortened alike, to `both` together [s]."""
    share = both / sum(times)
    return times._replace(**{name: value * share for name, value in times._asdict().items()})


def fp8_type(dtypes: Recipe) -> str:
    """The type of products in FP8, which run so where their weights have scale factors; empty where there are none.

    >>> fp8_type(recipe("deepseek-v3")), fp8_type(recipe("bf16"))
    ('fp8_block', '')
    """
    if not dtypes.scale:
        return ""
    return BLOCKS if dtypes.name == "deepseek-v3" else FP8


def network_dispatcher(running: Running, accelerator: Accelerator) -> str:
    """The kernels of dispatch and combine."""
    if running.dispatcher is not None:
        return running.dispatcher
    return "hybridep" if (accelerator.scale_up_domain_gpus or 1) > NODE else "deepep"


def taken_sms(running: Running, accelerator: Accelerator) -> int:
    """SMs that computing lacks while dispatch and combine run beside it: every second of DeepEP's forwards [SMs]."""
    if network_dispatcher(running, accelerator) != "deepep" or running.offload.engine:
        return 0
    return running.sms - running.sms // 2 if running.offload.forwarding else running.sms


def network_of(config, accelerator, running, dtypes, domain, found) -> Network:
    """The networks as dispatch and combine use them."""
    fp8 = running.dispatch == "fp8" if running.dispatch else dtypes.name == "deepseek-v3"
    nodes = running.most_nodes
    if nodes is None and getattr(config, "n_group", None) and getattr(config, "topk_group", None):
        nodes = config.topk_group if config.n_group > 1 else None
    dispatcher = network_dispatcher(running, accelerator)
    return Network(accelerator, domain, running.sms, fp8, dispatcher, nodes, found.hybridep, running.offload)
