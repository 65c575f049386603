"""Why a layout cannot run, before anything is timed: by its numbers alone, or by the memory that it needs.

The rules are those of :func:`moecalc.training.layout.check_layout`, of the schedules and of ``moecalc memory``, asked in an
order in which the cheap ones come first and each settles many layouts at once.
"""

from ...base.limits import MAX_CHUNKS
from ..activation_policy import ActivationPolicy, recompute_of
from ..activations import ActivationCut, tokens_on_gpu
from ..layout import Layout, num_routed_experts
from ..memory import FRAGMENTATION, FRAMEWORK_SHARE, gathered_bytes, peaks_of_ranks
from ..pipeline.orders import Pipeline
from ..programs import ANY, policy_of
from ..rank_states import filled_stages, held_by_rank, kept_by_rank, zero_group
from ..recipes import recipe
from .question import Question, Setting
from .space import INTERLEAVED, Candidate
from .splits import split_sizes

#: Reason -> a sentence; in the order in which they are asked: a layout counts under the first that holds.
REASONS = {
    "heads": "TP does not divide the attention heads",
    "experts": "EP does not divide the routed experts",
    "groups": "EP x ETP does not divide the TP x CP x DP GPUs of a pipeline rank",
    "sequence": "CP is more than the tokens of a sequence",
    "stages": "there are more stages than layers",
    "schedule": "dualpipe pairs the ranks from both ends, so that PP must be even",
    "same": "another layout of the space is the same: a pipeline of one rank, or a split that deals out the same layers",
    "batch": "DP x micro-batch does not divide the global batch",
    "micro-batches": "the schedule cannot run so few micro-batches, or their number",
    "length": f"the schedule would have more than {MAX_CHUNKS:,} chunks",
    "gradients": "ZeRO-2 keeps shards of gradients, but a pipeline adds up whole ones over its micro-batches",
    "states": "weights, gradients and optimizer states alone do not fit in memory",
    "memory": "states, activations and buffers together do not fit in memory",
}


class Rules:
    """What a question's layouts must hold, asked quickly."""

    def __init__(self, question: Question, setting: Setting):
        self.question, self.config = question, setting.config
        anatomy = setting.config.anatomy
        self.heads = getattr(setting.config, "num_attention_heads", None)
        self.experts = num_routed_experts(setting.config)
        self.num_layers = len(anatomy.layers)
        self.with_mtp = bool(anatomy.mtp) and question.mtp is not False

    def reason(self, one: Candidate) -> str:
        """Why a layout cannot run by its numbers alone; empty if it can."""
        return self.shape_reason(one) or self.batch_reason(one) or self.zero_reason(one)

    def shape_reason(self, one: Candidate) -> str:
        """Why no layout of these sizes, schedule and split can be; empty if one can."""
        if self.heads and self.heads % one.tp:
            return "heads"
        if any(number % one.ep for number in self.experts):
            return "experts"
        if one.tp * one.cp * one.dp % (one.ep * one.etp):
            return "groups"
        if one.cp > self.question.seq_len:
            return "sequence"
        if num_stages(one) > self.num_layers:
            return "stages"
        if one.schedule == "dualpipe" and one.pp % 2:
            return "schedule"
        if (one.pp == 1 and one.schedule in (INTERLEAVED, "zb1p")) or self.sizes(one) is None:
            return "same"
        return ""

    def batch_reason(self, one: Candidate) -> str:
        """Why the schedule cannot run these micro-batches; empty if it can."""
        count, rest = divmod(self.question.global_batch, one.dp * one.micro_batch)
        if rest or not count:
            return "batch"
        if one.schedule in ("dualpipe", "dualpipev") and count < 2 * one.pp or one.schedule == "dualpipe" and count % 2:
            return "micro-batches"
        if one.schedule == INTERLEAVED and count % one.pp:
            return "micro-batches"
        directions = {"dualpipe": 2, "dualpipev": 2, INTERLEAVED: one.vpp}.get(one.schedule, 1)
        return "length" if one.pp * count * directions > MAX_CHUNKS else ""

    def zero_reason(self, one: Candidate) -> str:
        """Why the ZeRO stage cannot be had: memory counts a shard, where a step's time counts that whole ones are summed."""
        return "gradients" if one.zero == 2 and one.pp > 1 else ""

    def sizes(self, one: Candidate) -> tuple | None:
        """Layers of each stage, None where another split says the same."""
        return split_sizes(self.config, num_stages(one), one.split, self.question.seq_len, self.with_mtp)

    def layout(self, one: Candidate) -> Layout:
        """The layout as the calculators take it."""
        return Layout(one.tp, one.pp, one.ep, one.dp, one.zero, one.schedule, one.etp, self.sizes(one), one.cp, one.vpp)

    def policy(self, recompute: str) -> ActivationPolicy:
        """What is kept for the backward pass."""
        asked = self.question
        return ActivationPolicy(recompute_of(recompute), asked.activations, asked.weight_before_down)


def num_stages(one: Candidate) -> int:
    """Stages of the pipeline [stages]."""
    return one.pp * {"dualpipev": 2}.get(one.schedule, one.vpp)


class Fit:
    """Memory of the layouts that differ in ZeRO, micro-batch and recompute alone: what they share is counted once.

    The numbers are those of :func:`moecalc.training.memory.memory`.
    """

    def __init__(self, rules: Rules, shape: Candidate):
        question = rules.question
        self.rules, self.shape, self.config = rules, shape, rules.config
        self.layout = rules.layout(shape)
        held = held_by_rank(self.config, self.layout._replace(dp=1, cp=1, zero=0), question.mtp)
        self.kinds = {kind: place for place, kind in enumerate(dict.fromkeys(kind for _, kind in held))}
        self.kind_of_rank = [self.kinds[kind] for _, kind in held]
        self.replicas, self.dtypes = zero_group(self.layout), recipe(question.recipe)
        self.stages = filled_stages(self.config, self.layout, question.mtp)
        self.cut = ActivationCut(shape.tp, shape.cp, self.layout.expert_tp)
        self.known_states, self.known_peaks, self.known_least_s = {}, {}, {}

    def states(self, zero: int) -> tuple:
        """(bytes of states of each kind of rank, the most of them with fragmentation, what ZeRO gathers)."""
        if zero not in self.known_states:
            kept = [kept_by_rank(kind, self.replicas, self.dtypes, zero) for kind in self.kinds]
            sums = [sum(row[4:9]) for row in kept]  # weights, scales, gradients, master weights and moments
            cut = (self.shape.tp, self.shape.ep, self.layout.expert_tp)
            gathered = gathered_bytes(self.config.anatomy, *cut, zero) if zero > 1 else 0
            self.known_states[zero] = sums, round(max(sums) * (1 + FRAGMENTATION[2])), gathered
        return self.known_states[zero]

    def peaks(self, micro_batch: int, recompute: str) -> dict:
        """(kind of rank, activations, buffers but what ZeRO gathers), each once, in the order of the ranks [bytes]."""
        key = micro_batch, recompute
        if key not in self.known_peaks:
            shape, asked = self.shape, self.rules.question
            count = asked.global_batch // (shape.dp * micro_batch)
            tokens = tokens_on_gpu(micro_batch, asked.seq_len, shape.cp)
            pipeline = Pipeline(shape.schedule, shape.pp, count, shape.vpp)
            policy = policy_of(ANY, self.rules.policy(recompute), shape.tp)
            found = peaks_of_ranks(self.config, self.stages, pipeline, policy, tokens, self.cut, ANY)
            self.known_peaks[key] = dict.fromkeys(
                (kind, one[0], one[3].peak) for kind, one in zip(self.kind_of_rank, found, strict=True)
            )
        return self.known_peaks[key]

    def needed(self, zero: int, micro_batch: int, recompute: str) -> tuple:
        """(as counted, with a framework's copies and fragmentation) of the fullest GPU [bytes]."""
        states, _, gathered = self.states(zero)
        largest = -1
        for kind, activations, buffers in self.peaks(micro_batch, recompute):
            counted = states[kind] + activations + buffers + gathered
            needed = counted + FRAMEWORK_SHARE * activations
            if needed > largest:
                largest, fullest, kept = needed, counted, activations
        return fullest, round((fullest + FRAMEWORK_SHARE * kept) * (1 + FRAGMENTATION[2]))
