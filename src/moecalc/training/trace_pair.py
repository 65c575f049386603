"""A forward beside a backward chunk by kind of kernel, as in DeepSeek's training trace: equal MoE layers, one sequence."""

from typing import NamedTuple

from ..base.checks import divisor, whole
from ..base.errors import InputError
from ..base.limits import MAX_SEQ_LEN
from ..hardware.accelerator import Accelerator
from ..model.anatomy import Block
from ..model.config import ModelConfig
from .activation_policy import V3_RECOMPUTE
from .pipeline.chunk_pair import MAX_LAYERS
from .recipes import recipe
from .stages import Stage
from .step import RUNNING
from .step_work import fp8_type, network_of, taken_sms
from .timing.device import Timer, timer_of
from .timing.layer import Sizes, computing
from .timing.parameters import StepParameters, step_parameters
from .timing.settings import Running
from .timing.stage import Hidden, layer_of, pair_s, stage_work


class Pair(NamedTuple):
    """Times of the two streams by kind, and of the pair [s]."""

    products: float  #: of all matrices but experts', forward, recomputed and for inputs
    experts: float  #: the same of experts'
    weights: float  #: products for gradients of weights, dense and experts'
    casts: float  #: to FP8
    attention: float  #: both passes
    elementwise: float  #: norms, SwiGLU, moves of tokens
    host: float  #: kernels wait for the program that launches them
    dispatch: float  #: forward
    combine_backward: float  #: sends like a dispatch
    combine: float  #: forward
    dispatch_backward: float  #: sends like a combine
    time_s: float  #: of the pair, in the order of Figure 4

    @property
    def compute(self) -> float:
        """All that computes, with waits for the host [s]."""
        return sum(self[:7])

    @property
    def kernels(self) -> float:
        """Kernels that compute, as a trace holds them [s]."""
        return self.compute - self.host

    @property
    def communication(self) -> float:
        """All that is sent [s]."""
        return sum(self[7:11])


def chunk_pair(
    config: ModelConfig,
    accelerator: Accelerator,
    layers: int = 4,
    seq_len: int = 4096,
    ep: int = 64,
    fp8: bool = True,
    running: Running = RUNNING,
    recompute: tuple = V3_RECOMPUTE,
    found: StepParameters | None = None,
) -> Pair:
    """Times of one forward beside one backward chunk of `layers` MoE layers, of one sequence each, experts over `ep` GPUs.

    Parameters
    ----------
    config, accelerator : ModelConfig and Accelerator
        What is trained, and on what
    layers : int
        Of each chunk
    seq_len : int
        Of the one sequence of a micro-batch [tokens]
    ep : int
        Over how many GPUs the experts are spread
    fp8 : bool
        Whether products of low precision run in FP8, and dispatch sends FP8
    running : Running
        What runs at the same time
    recompute : tuple
        What is computed again, names of :data:`moecalc.training.activation_policy.RECOMPUTABLE`
    found : StepParameters, optional
        In place of the fitted ones
    """
    whole("layers", layers, most=MAX_LAYERS)
    whole("seq_len", seq_len, most=MAX_SEQ_LEN)
    anatomy, hidden, found = config.anatomy, config.hidden_size, found or step_parameters()
    places = [at for at, layer in enumerate(anatomy.layers) if layer.num_routed_experts > 1]
    if len(places) < layers:
        raise InputError(
            f"layers must be at most the {len(places)} layers of {config.name} with routed experts; found {layers}"
        )
    block = anatomy.layers[places[-1]]
    divisor("ep", ep, block.num_routed_experts, f"routed experts of {config.name}")
    dtypes = recipe("deepseek-v3" if fp8 else "bf16")
    taken = taken_sms(running, accelerator)
    timer = timer_of(accelerator, fp8_type(dtypes), taken, running.fused, running.eager, found, running.cores)
    domain = running.gpus_per_node or accelerator.scale_up_domain_gpus or 1
    network = network_of(config, accelerator, running, dtypes, domain, found)
    sizes = Sizes(1, seq_len, 1, 1, ep, 1, True, 1, fp8, recompute, running.graphs)
    one, layer = computing(block, sizes, timer, hidden), layer_of(block, sizes, timer, network, hidden)
    plain = _WithoutCasts(timer)
    bare, dense = (computing(part, sizes, plain, hidden) for part in (block, _without_experts(block)))
    of_experts = bare.total.weight - dense.total.weight
    kinds = (
        one.products - dense.total.weight,
        one.experts - of_experts,
        bare.total.weight,
        one.elementwise - bare.elementwise,
        one.attention,
        bare.elementwise,
        layer.host,
        layer.sending.dispatch,
        layer.sending.combine_backward,
        layer.sending.combine,
        layer.sending.dispatch_backward,
    )
    of_chunk = Stage(range(places[-layers], places[-1] + 1), False, range(0), False)
    chunk = stage_work(config, of_chunk, sizes, timer, network, Hidden(True, True, True))
    return Pair(*(layers * time for time in kinds), pair_s(chunk, chunk, True))


class _WithoutCasts(Timer):
    """The same timer, for which casts to FP8 take no time: what they take is the difference."""

    def __init__(self, timer: Timer):
        self.__dict__ = timer.__dict__

    def quantise(self, numbers: float, along_tokens: bool = False) -> float:
        """None."""
        return 0.0


def _without_experts(block: Block) -> Block:
    """The block with its dense products alone."""
    return Block(block.name, [tensor for tensor in block.tensors if tensor.component != "routed_experts"], block.scores)
