"""How a token chooses its experts, and on which GPU and node each expert lies."""

from typing import NamedTuple

from ...base.checks import whole
from ...base.errors import InputError
from ...base.limits import MAX_PARALLEL_SIZE

#: Most experts of a layer, and most that a token chooses.
MAX_EXPERTS, MAX_CHOSEN = 8192, 64
#: How DeepSeek names a gate without groups, and one that scores a group by its best expert alone.
WITHOUT_GROUPS, BEST_ALONE = "greedy", "group_limited_greedy"


class Gate(NamedTuple):
    """A choice of `num_chosen` experts, within the best `topk_group` of `n_group` equal groups of them."""

    num_experts: int = 256
    num_chosen: int = 8
    n_group: int = 1
    topk_group: int = 1
    best_per_group: int = 2  #: experts whose scores make up a group's score
    num_idle: int = 0  #: further experts that hand a token through and lie on no GPU

    @property
    def limited(self) -> bool:
        """Whether some groups are left out."""
        return self.topk_group < self.n_group

    @property
    def num_scored(self) -> int:
        """Experts that the router scores."""
        return self.num_experts + self.num_idle

    def without_limit(self) -> "Gate":
        """The best experts of all."""
        return self._replace(n_group=1, topk_group=1)


class Placement(NamedTuple):
    """Expert e of N lies on GPU e // (N / EP) of the EP, GPU r on node r // `gpus_per_node`."""

    ep: int
    gpus_per_node: int = 8  #: GPUs of one scale-up domain

    @property
    def num_nodes(self) -> int:
        return max(1, self.ep // self.gpus_per_node)

    @property
    def gpus_on_node(self) -> int:
        """GPUs of the expert-parallel group on one node."""
        return min(self.ep, self.gpus_per_node)


def check_gate(gate: Gate) -> Gate:
    """The gate, if its sizes go together.

    >>> check_gate(Gate(256, 8, n_group=8, topk_group=4)).limited
    True
    """
    whole("num_experts", gate.num_experts, 1, MAX_EXPERTS)
    whole("num_idle", gate.num_idle, 0, MAX_EXPERTS)
    whole("n_group", gate.n_group, 1, gate.num_scored)
    whole("topk_group", gate.topk_group, 1, gate.n_group)
    if gate.num_scored % gate.n_group:
        raise InputError(f"n_group must divide the {gate.num_scored} experts; found {gate.n_group}")
    if gate.num_idle and gate.n_group > 1:
        raise InputError(f"groups of experts that lie on no GPU are not known; num_idle must be 0; found {gate.num_idle}")
    size = gate.num_scored // gate.n_group
    whole("best_per_group", gate.best_per_group, 1, MAX_CHOSEN)
    held = gate.topk_group * size
    if gate.num_chosen > held:
        raise InputError(
            f"a token must choose at most the {held} experts of {gate.topk_group} groups; found {gate.num_chosen}"
        )
    whole("experts per token", gate.num_chosen, 1, MAX_CHOSEN)
    return gate


def check_placement(placement: Placement, gate: Gate) -> Placement:
    """The placement, if EP divides the experts and fills whole nodes.

    >>> check_placement(Placement(64), Gate()).num_nodes
    8
    """
    whole("ep", placement.ep, most=MAX_PARALLEL_SIZE)
    whole("gpus_per_node", placement.gpus_per_node, most=MAX_PARALLEL_SIZE)
    if gate.num_experts % placement.ep:
        divisors = [one for one in range(1, gate.num_experts + 1) if gate.num_experts % one == 0]
        near = ", ".join(map(str, sorted(sorted(divisors, key=lambda one: abs(one - placement.ep))[:3])))
        raise InputError(f"ep must divide the {gate.num_experts} routed experts, such as {near}; found {placement.ep}")
    if placement.ep > placement.gpus_per_node and placement.ep % placement.gpus_per_node:
        raise InputError(
            f"ep must fill whole nodes, a multiple of gpus_per_node {placement.gpus_per_node}, or fit on one; "
            f"found {placement.ep}"
        )
    return placement


def gate_of(config) -> Gate:
    """The gate of a model, as its config describes it.

    >>> gate_of(load_model("deepseek-v3"))
    Gate(num_experts=256, num_chosen=8, n_group=8, topk_group=4, best_per_group=2, num_idle=0)
    >>> gate_of(load_model("mixtral-8x7b")).limited
    False

    Notes
    -----
    DeepSeek-V3's code scores a group by its two best experts, V2's (``group_limited_greedy``) by its best one.
    """
    num_experts, chosen = config.anatomy.num_routed_experts, getattr(config, "num_experts_per_tok", None)
    if num_experts <= 1 or not chosen:
        raise InputError(f"{config.name} has no routed experts, so nothing is dispatched; a mixture of experts is accepted")
    method = config.raw.get("topk_method")
    groups = 1 if method == WITHOUT_GROUPS else getattr(config, "n_group", None) or 1
    kept = (getattr(config, "topk_group", None) or groups) if groups > 1 else 1
    best = 1 if method == BEST_ALONE else 2
    return check_gate(Gate(num_experts, chosen, groups, kept, best, getattr(config, "zero_expert_num", 0) or 0))


def dispatched_width(config) -> int:
    """Numbers of a token that its experts take in: the hidden size, or a narrower latent before them [numbers].

    >>> dispatched_width(load_model("deepseek-v3"))
    7168
    """
    tensors = [tensor for layer in config.anatomy.layers for tensor in layer.tensors]
    return next(one.inputs for one in tensors if one.component == "routed_experts" and one.multiplied)
