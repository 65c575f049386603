"""The least number of GPUs that serve so many users, and what binds there.

Examples use ``v3 = load_model("deepseek-v3")``.
"""

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from ..base.checks import divisor, whole
from ..base.errors import InputError
from ..base.limits import MAX_PARALLEL_SIZE
from ..hardware.accelerator import Accelerator
from ..model.checkpoint import storage_bytes, tensor_storage
from ..model.config import ModelConfig
from ..model.kv_cache import cache_elements_of_rank
from .capacity import Instance, check_context, instance, longest_of_model
from .layout import ServingLayout, check_layout, num_experts
from .workspace import UTILISATION, default_max_seqs, workspace

MOST_USERS = 10**9
#: Most pipeline stages that the search tries where none are given.
MOST_STAGES = 16
#: Layouts, those of most GPUs, among which the one that lacks least is looked for where nothing fits.
MOST_NEAREST = 20
#: GPUs that tensor parallelism spans where the accelerator's scale-up domain is not known.
USUAL_DOMAIN = 8


class Fit(NamedTuple):
    """What serves the users: copies of one instance, and what is on the fullest GPU of it."""

    found: Instance
    copies: int  #: 0 where not one user fits
    users_of_group: int  #: sequences on the data parallel group that has most
    users: int
    context: int  #: [tokens]
    bound_by: str  #: weights, cache, or the layout where the sizes that are given need as many

    @property
    def num_gpus(self) -> int:
        return self.copies * self.found.layout.num_gpus

    @property
    def components(self) -> dict:
        """Bytes on the GPU that is fullest, by what they are for; their sum is what an engine needs there [bytes]."""
        return max((self._of_stage(stage) for stage in self.found.stages), key=lambda parts: sum(parts.values()))

    def _of_stage(self, stage) -> dict:
        cache = self.users_of_group * stage.sequence_bytes(self.context)
        paged = self.users_of_group * stage.sequence_bytes(self.found.paged(self.context))
        parts = {"weights": sum(stage.weights.values()), "cache": cache, "paging_slack": paged - cache}
        return parts | {"activation_workspace": self.found.taken.sampling, "overhead": self.found.taken.overhead}

    @property
    def sequences_that_fit(self) -> int:
        return self.copies * self.found.sequences(self.context)

    @property
    def tokens_that_fit(self) -> int:
        return self.copies * self.found.tokens(self.context)


def fewest_gpus(
    config: ModelConfig,
    accelerator: Accelerator,
    context: int,
    users: int,
    bytes_per_element: float = 2,
    sizes: dict | None = None,
    weights: str | None = None,
    utilisation: float = UTILISATION,
    max_seqs: int | None = None,
) -> Fit:
    r"""The layout with the fewest GPUs on which all users have their `context` [tokens] cached at once.

    .. math:: N = \min_{\text{layouts}} \text{TP} \cdot \text{DP} \cdot \text{PP} \left\lceil \frac{u}{n} \right\rceil

    n sequences fit on an instance (:func:`moecalc.serving.capacity.instance`), u = `users` are there. `sizes` are those of
    tp, dp, ep, pp and redundant_experts that are given; the others are searched: TP over powers of two within the scale-up
    domain, DP over what divides the experts, PP up to 16. Of equal numbers of GPUs the layout with most room is taken. Where
    not one user fits on any of them the answer has 0 copies, of the layout that lacks least.
    `bytes_per_element` [bytes] are those of a cached number; `weights`, `utilisation` and `max_seqs` are as in
    :func:`moecalc.serving.workspace.workspace` and :func:`moecalc.model.checkpoint.storage_bytes`.

    Raises
    ------
    InputError
        Where a size that is given cannot be, the context is beyond the model's, or how weights are stored is not known.

    >>> fewest_gpus(v3, load_accelerator("h200-sxm"), 4096, 1, 1, {"pp": 1, "tp": 8}).num_gpus
    8
    """
    whole("users", users, most=MOST_USERS)
    check_context(config, context)
    memory = accelerator.needed("memory_bytes")
    if max_seqs is None:
        max_seqs = default_max_seqs(memory, accelerator)
    tensor_storage(config, weights)  # says where the width of a tensor is not known
    total = storage_bytes(config, weights)["total"]
    tried = sorted(layouts(config, accelerator, sizes or {}), key=lambda layout: layout.num_gpus)

    def laid_out(layout) -> Instance:
        taken = workspace(config, memory, layout.num_gpus, utilisation, max_seqs)
        return instance(config, layout, memory, taken, bytes_per_element, weights)

    best = least = None
    for layout in tried:
        if best and layout.num_gpus > best[0][0]:
            break  # one copy of it is more than is needed
        if layout.num_gpus * memory < total:
            continue  # its GPUs hold the weights at least once
        found = laid_out(layout)
        if least is None and found.sequences_of_group(1):
            least = layout.num_gpus
        if n := found.sequences(context):
            copies = -(-users // n)
            rank = (copies * layout.num_gpus, -copies * n, layout.pp, -layout.tp)
            if best is None or rank < best[0]:
                best = rank, found, copies
    if best is None:
        found = min(map(laid_out, tried[-MOST_NEAREST:]), key=lambda one: one.lacks(context))
        return Fit(found, 0, 1, users, context, "cache" if found.sequences_of_group(1) else "weights")
    (num_gpus, *_), found, copies = best
    each = -(-users // (copies * found.layout.dp))
    bound = "weights" if num_gpus == least else "cache"
    given = math.prod((sizes or {}).get(name, 1) for name in ("tp", "dp", "pp"))
    if num_gpus == given > 1:
        bound = "the layout that is given"
    return Fit(found, copies, each, users, context, bound)


def layouts(config: ModelConfig, accelerator: Accelerator, sizes: dict) -> Iterator:
    """Every :class:`~moecalc.serving.layout.ServingLayout` of the search in which the `sizes` that are given are kept."""
    for name, size in sizes.items():
        whole(name, size, least=0 if name == "redundant_experts" else 1, most=MAX_PARALLEL_SIZE)
    experts, redundant = num_experts(config), sizes.get("redundant_experts", 0)
    check_layout(config, ServingLayout(pp=sizes.get("pp", 1)))
    if "ep" in sizes:
        if experts > 1:
            divisor("ep", sizes["ep"], experts + redundant, "routed experts")
        if "tp" in sizes and "dp" in sizes:
            check_layout(config, ServingLayout(sizes["tp"], sizes["dp"], sizes["ep"], 1, redundant))
    tried = set()
    for pp in _sizes(sizes, "pp", range(1, min(MOST_STAGES, len(config.anatomy.layers)) + 1)):
        for tp in _sizes(sizes, "tp", _tensor_sizes(config, accelerator)):
            for dp in _sizes(sizes, "dp", _data_sizes(experts + redundant, tp, sizes.get("ep"))):
                ep = sizes.get("ep") or (math.gcd(tp * dp, experts + redundant) if experts > 1 else 1)
                layout = ServingLayout(tp, dp, ep, pp, redundant)
                if layout in tried or (tp * dp) % ep:
                    continue
                tried.add(layout)
                yield layout
    if not tried:
        given = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise InputError(f"no layout of {config.name or 'this model'} has {given}")


def _sizes(sizes: dict, name: str, otherwise) -> tuple:
    return (sizes[name],) if name in sizes else tuple(otherwise)


def _tensor_sizes(config: ModelConfig, accelerator: Accelerator) -> list:
    """Powers of two within the scale-up domain that cut the query heads and the cache evenly."""
    heads = getattr(config, "num_attention_heads", None)
    found, tp = [], 1
    while tp <= (accelerator.scale_up_domain_gpus or USUAL_DOMAIN):
        if (not isinstance(heads, int) or heads % tp == 0) and cuts_cache(config, tp):
            found.append(tp)
        tp *= 2
    return found or [1]


@lru_cache(maxsize=256)
def cuts_cache(config: ModelConfig, tp: int) -> bool:
    """Whether tensor parallel GPUs can share every cache of a model.

    >>> cuts_cache(load_model("llama-3.1-8b"), 8), cuts_cache(load_model("llama-3.1-8b"), 3)
    (True, False)
    """
    try:
        for cache, _ in config.anatomy.caches:
            cache_elements_of_rank(cache, tp)
    except InputError:
        return False
    return True


def _data_sizes(experts: int, tp: int, ep: int | None) -> set:
    """Data parallel groups to try: a dense model's are copies of all of it, which are counted as such."""
    if experts == 1:
        return {1}
    stages = {size for size in range(1, experts + 1) if experts % size == 0}
    return {size // tp for size in stages if size % tp == 0} | {1} | ({ep // math.gcd(ep, tp)} if ep else set())


def told(fit: Fit, config: ModelConfig, accelerator: Accelerator) -> dict:
    """A :class:`Fit` as ``moecalc fit`` prints it: bytes on the fullest GPU, what fits on all of them, what binds.

    Where not one user fits ``num_gpus`` is None, and the bytes are those that one user would need.
    """
    parts, found, most = fit.components, fit.found, longest_of_model(config)
    held = max((stage.weights for stage in found.stages), key=lambda one: sum(one.values()))
    reach = found.longest(fit.users_of_group, most or max(1, fit.tokens_that_fit)) if fit.copies else 0
    return {
        "num_gpus": fit.num_gpus or None,
        "per_gpu_bytes": sum(parts.values()),
        "components": parts,
        "weights": held,
        "tokens_that_fit": fit.tokens_that_fit,
        "sequences_that_fit": fit.sequences_that_fit,
        "longest_context": reach,
        "longest_context_bound_by": "the model" if reach == most else "memory",
        "bound_by": fit.bound_by,
        "layout": {**found.layout._asdict(), "instances": fit.copies},
        "usable_bytes_per_gpu": accelerator.memory_bytes - found.taken.not_used,
        "cache_bytes_per_user": sum(found.layout.tp * stage.sequence_bytes(fit.context) for stage in found.stages),
        "users_per_group": fit.users_of_group,
    }
