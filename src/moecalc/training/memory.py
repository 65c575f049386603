"""Does training fit: model states, activations of the schedule's peak, buffers, and a band for what no rule counts.

Examples use ``v3 = load_model("deepseek-v3")``.
"""

from functools import lru_cache
from operator import mul
from typing import NamedTuple

from ..base.checks import whole
from ..base.limits import MAX_PARALLEL_SIZE, MAX_SEQ_LEN
from ..base.units import si
from ..model.config import ModelConfig
from .activation_policy import ActivationPolicy
from .activations import ActivationCut, activation_bytes, activations_by_block, check_cut, kept_of_block, tokens_on_gpu
from .held_params import held_of_block
from .layout import Layout
from .memory_buffers import Buffers, layer_buffers, logits_bytes, pipeline_bytes
from .pipeline.live import live_combinations
from .pipeline.orders import Pipeline
from .programs import ANY, Program, buffers_of, policy_of, program_of
from .rank_states import RankStates, filled_stages, rank_states

#: Beyond the rules frameworks keep copies and alignment, a share of activations, and allocators leave gaps, a share of all
#: that is allocated: fitted on the runs of data/memory_measured.csv that are marked so.
FRAMEWORK_SHARE = 0.09
FRAGMENTATION = (0.028, 0.038, 0.065)  #: least, mean and most


class Batch(NamedTuple):
    """What runs through the pipeline in one step."""

    micro_batch: int = 1  #: sequences
    seq_len: int = 4096  #: [tokens]
    num_micro_batches: int | None = None  #: of one pipeline in a step; None takes as many as its peak needs


ONE_SEQUENCE = Batch()
PLAIN = ActivationPolicy()


class RankMemory(NamedTuple):
    """Memory of one GPU of a pipeline rank at its peak."""

    rank: int
    states: RankStates
    activations: int  #: kept of all micro-batches that are live at the peak [bytes]
    layer_activations: int  #: those of layers alone, without embedding, head, loss and MTP modules [bytes]
    peak_micro_batches: int  #: chunks, a micro-batch on one stage, that are live at the peak
    buffers: Buffers
    beyond: float = FRAMEWORK_SHARE  #: of activations, that a framework may keep beyond the rules; 0 with a named program

    @property
    def counted(self) -> int:
        """States, activations and buffers [bytes]."""
        return self.states.gpu_total + self.activations + self.buffers.peak

    @property
    def band(self) -> tuple:
        """The least and the most that the GPU may need: as counted; with a framework's copies and fragmentation [bytes]."""
        return self.counted, round((self.counted + self.beyond * self.activations) * (1 + FRAGMENTATION[2]))


class Memory(NamedTuple):
    """Memory of every pipeline rank, and whether it fits."""

    ranks: tuple
    fullest: RankMemory  #: the rank that needs most
    num_micro_batches: int
    fits: bool | None  #: None where the memory of a GPU is not given
    why_not: str  #: one sentence; empty where it fits


def memory(
    config: ModelConfig,
    layout: Layout,
    recipe_name: str,
    batch: Batch = ONE_SEQUENCE,
    policy: ActivationPolicy = PLAIN,
    sequence_parallel: bool = True,
    skew: float = 1,
    optimizer_shard: str | None = None,
    mtp: bool | None = None,
    memory_bytes: float | None = None,
    program: str = "any",
) -> Memory:
    r""":class:`Memory` of a model laid out over GPUs: what ``moecalc memory`` prints.

    .. math:: M_r = S_r + \max_{t} \sum_{s \in r} n_s(t) \, a_s + B_r, \qquad
              M_r \le M \le (M_r + f A_r)(1 + g)

    S_r are the model states of rank r, a_s the activations of a micro-batch on stage s, n_s of which the schedule keeps at
    time t, A_r their sum at the peak, B_r buffers; f and g are :data:`FRAMEWORK_SHARE` and most of :data:`FRAGMENTATION`.
    It fits `memory_bytes` [bytes] if the upper end does.

    Parameters
    ----------
    config : ModelConfig
        The model
    layout, recipe_name : Layout and str
        As :func:`moecalc.training.rank_states.rank_states` takes them
    batch : Batch
        Micro-batches and their tokens
    policy : ActivationPolicy
        What is recomputed, and in which format the rest is kept
    sequence_parallel : bool
        Whether tensor parallelism cuts norms and the residual stream too
    skew : float
        Tokens that come to the experts of the fullest GPU, over the mean; the GPU is the fullest in every layer
    optimizer_shard, mtp : str and bool
        As :func:`moecalc.training.rank_states.rank_states` takes them
    memory_bytes : float
        Of a GPU [bytes]
    program : str
        What trains, one of :data:`moecalc.training.programs.PROGRAMS`; its own rules then stand in place of f

    Notes
    -----
    Leaves out what lies outside a framework's allocator: the driver's context, buffers of communication libraries, graphs.

    Examples
    --------
    >>> own = Layout(pp=16, ep=64, dp=128, schedule="dualpipe")
    >>> middle = memory(v3, own, "deepseek-v3", policy=ActivationPolicy(("norm", "mla-up", "swiglu"))).ranks[5]
    >>> middle.activations == 17 * 4 * 370500 * 4096  # 17 chunks of 4 MoE layers
    True
    """
    for name, value, most in (
        ("micro_batch", batch.micro_batch, MAX_PARALLEL_SIZE),
        ("seq_len", batch.seq_len, MAX_SEQ_LEN),
    ):
        whole(name, value, most=most)
    trained = program_of(program)
    policy = policy_of(trained, policy, layout.tp)
    held = rank_states(config, layout, recipe_name, optimizer_shard, mtp)
    cut = ActivationCut(layout.tp, layout.cp, layout.expert_tp, sequence_parallel, skew)
    if layout.cp > 1 or skew != 1:
        check_cut(cut, batch.seq_len, config, layout.ep)
    if not policy.flash_attention:
        policy = policy._replace(seq_len=batch.seq_len)
    pipeline = pipeline_of(layout, batch.num_micro_batches)
    tokens = tokens_on_gpu(batch.micro_batch, batch.seq_len, layout.cp)
    stages = filled_stages(config, layout, mtp)
    peaks = peaks_of_ranks(config, stages, pipeline, policy, tokens, cut, trained)
    gathered = gathered_bytes(config.anatomy, layout.tp, layout.ep, layout.expert_tp, layout.zero) if layout.zero > 1 else 0
    beyond = FRAMEWORK_SHARE if trained is ANY else 0
    ranks, fullest, largest = [], None, -1
    for states, (activations, layers, chunks, buffers) in zip(held, peaks, strict=True):
        if gathered:
            buffers = buffers._replace(gathered=gathered)
        if trained is not ANY:
            buffers = buffers_of(trained, config.anatomy, layout, [stages[index] for index in states.stages], buffers)
        one = RankMemory(states.rank, states, activations, layers, chunks, buffers, beyond)
        ranks.append(one)
        needed = one.counted + beyond * activations  # as the upper end of the band, but for a factor
        if needed > largest:
            fullest, largest = one, needed
    fits, why_not = _verdict(fullest, memory_bytes)
    return Memory(tuple(ranks), fullest, pipeline.micro_batches, fits, why_not)


def pipeline_of(layout: Layout, num_micro_batches: int | None = None) -> Pipeline:
    """The pipeline schedule of a layout; without a number of micro-batches, with as many as its peak needs.

    >>> pipeline_of(Layout(pp=16, schedule="dualpipe")).micro_batches
    34
    """
    needed = {"dualpipe": 2 * layout.pp + 2, "dualpipev": 2 * layout.pp + 1, "interleaved": 2 * layout.pp}
    if num_micro_batches is None:
        num_micro_batches = needed.get(layout.schedule, layout.pp)
    return Pipeline(layout.schedule, layout.pp, num_micro_batches, layout.vpp)


class StageActivations(NamedTuple):
    """What a GPU keeps of one micro-batch on one stage, and the largest buffers of its blocks [bytes]."""

    activations: int
    layer_activations: int
    logits: int
    gradients: int
    recomputed: int


@lru_cache(maxsize=1024)
def peaks_of_ranks(config, stages, pipeline, policy, tokens, cut, program) -> tuple:
    """(activations, those of layers, live chunks, buffers) of each rank, for a micro-batch of `tokens` [tokens].

    Ranks that hold the same are counted once.
    """
    of_stage = [_stage(config, stage, policy, tokens, cut, program) for stage in stages]
    sent = 0
    if pipeline.ranks > 1:
        directions = 2 if pipeline.schedule in ("dualpipe", "dualpipev") else 1
        sent = pipeline_bytes(config.hidden_size, tokens, cut, directions)
    counted, ranks = {}, []
    for rank, live in enumerate(live_combinations(pipeline)):
        own = tuple([of_stage[stage] for stage in pipeline.stages_of_rank(rank)])
        if (own, live) not in counted:
            peaks = [max([sum(map(mul, numbers, [stage[kind] for stage in own])) for numbers in live]) for kind in (0, 1)]
            largest = max(own, key=lambda one: one.gradients + one.recomputed)
            buffers = Buffers(max([one.logits for one in own]), largest.gradients, largest.recomputed, sent)
            counted[own, live] = (*peaks, max(map(sum, live)), buffers)
        ranks.append(counted[own, live])
    return tuple(ranks)


@lru_cache(maxsize=256)
def gathered_bytes(anatomy, tp: int, ep: int, etp: int, zero: int) -> int:
    """Weights of the two largest layers in BF16 at ZeRO-3, and gradients of one from ZeRO-2 on [bytes]."""
    of_block = {block: held_of_block(block, tp, ep, etp) for block in set(anatomy.layers)}
    held = sorted([of_block[block].dense + of_block[block].experts for block in anatomy.layers], reverse=True)
    return 2 * (sum(held[:2]) if zero == 3 else 0) + 2 * held[0]


def _stage(config, stage, policy, tokens, cut, program) -> StageActivations:
    layers = config.anatomy.layers[stage.layers.start : stage.layers.stop]
    return _stage_of(config, layers, stage.embedding, stage.head, len(stage.mtp), policy, tokens, cut, program)


@lru_cache(maxsize=4096)
def _stage_of(config, layers, embedding, head, num_mtp, policy, tokens, cut, program) -> StageActivations:
    """The same, kept for other layouts with such a stage: a search asks for many of few."""
    anatomy = config.anatomy
    activations_by_block(config, policy)  # refuses what the model has not
    of_block = {block: _block(config, block, policy, tokens, cut, program) for block in set(layers)}
    ends = [anatomy.embedding] * embedding + [anatomy.head] * head + list(anatomy.mtp[:num_mtp])
    of_end = [_block(config, block, policy, tokens, cut, program) for block in ends]
    kept = sum(of_block[block][0] for block in layers)
    largest = max([*of_block.values(), *of_end], key=lambda one: one[2] + one[3], default=(0, 0, 0, 0))
    return StageActivations(
        kept + sum(one[0] for one in of_end), kept, max((one[1] for one in of_end), default=0), largest[2], largest[3]
    )


@lru_cache(maxsize=4096)
def _block(config, block, policy, tokens, cut, program: Program) -> tuple:
    """(activations, logits, gradients inside, recomputed) of a micro-batch [bytes]."""
    kept = activation_bytes(kept_of_block(config, block, policy), tokens, cut)
    logits = logits_bytes(block, tokens, cut, policy, program.head_gradient, program.whole_inputs)
    if block is config.anatomy.embedding or block is config.anatomy.head:
        return kept, logits, 0, 0
    return (kept, logits, *layer_buffers(config, block, policy, tokens, cut, program.released))


def _verdict(fullest, memory_bytes) -> tuple:
    """(fits, why not)"""
    if memory_bytes is None:
        return None, "no GPU is named, whose memory it would have to fit"
    least, most = fullest.band
    if most <= memory_bytes:
        return True, ""
    needs = f"a GPU of pipeline rank {fullest.rank} needs {si(least, 'bytes')}, up to {si(most, 'bytes')} with fragmentation"
    over = si(most - memory_bytes, "bytes")
    if least <= memory_bytes:
        over = f"{over} more than its {si(memory_bytes, 'bytes')} at the upper end"
    else:
        over = f"{si(least - memory_bytes, 'bytes')} to {over} more than its {si(memory_bytes, 'bytes')}"
    return False, f"{needs}: {over}"
