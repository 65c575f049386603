"""How GPUs share a model that is served: tensor, data, expert and pipeline parallel sizes."""

from functools import lru_cache
from typing import NamedTuple

from ..base.checks import divisor, whole
from ..base.errors import InputError
from ..base.limits import MAX_PARALLEL_SIZE
from ..model.config import ModelConfig


class ServingLayout(NamedTuple):
    """Sizes of one instance of a served model: TP x DP GPUs are a stage, PP stages follow each other."""

    tp: int = 1  #: GPUs that share attention, dense feed-forward, and the heads of the cache
    dp: int = 1  #: groups of TP GPUs, each with attention of its own and the cache of its own sequences
    ep: int = 1  #: GPUs of a stage among which whole experts are dealt out; what is left of the stage cuts each expert
    pp: int = 1  #: stages of layers
    redundant_experts: int = 0  #: copies of experts beside the model's own, in each layer

    @property
    def stage_gpus(self) -> int:
        return self.tp * self.dp

    @property
    def num_gpus(self) -> int:
        return self.tp * self.dp * self.pp

    @property
    def expert_tp(self) -> int:
        """GPUs that share the matrices of one expert."""
        return self.stage_gpus // self.ep


def check_layout(config: ModelConfig, layout: ServingLayout) -> ServingLayout:
    """`layout`, if the model can be laid out so.

    Raises
    ------
    InputError
        Where EP does not divide the GPUs of a stage or the experts, or there are more stages than layers.

    >>> check_layout(load_model("deepseek-v3"), ServingLayout(tp=8, ep=3))
    Traceback (most recent call last):
    moecalc.base.errors.InputError: ep must divide the 8 GPUs of a stage, tp x dp; found 3, 2 and 4 divide them
    """
    for name in ("tp", "dp", "ep", "pp"):
        whole(name, getattr(layout, name), most=MAX_PARALLEL_SIZE)
    whole("redundant_experts", layout.redundant_experts, least=0, most=MAX_PARALLEL_SIZE)
    experts = num_experts(config)
    if experts == 1 and (layout.ep > 1 or layout.redundant_experts):
        name = "ep" if layout.ep > 1 else "redundant_experts"
        raise InputError(f"{name} needs routed experts; {config.name or 'this model'} has none")
    divisor("ep", layout.ep, layout.stage_gpus, "GPUs of a stage, tp x dp")
    spare = f", {layout.redundant_experts} of them redundant" if layout.redundant_experts else ""
    divisor("ep", layout.ep, experts + layout.redundant_experts, f"routed experts{spare}")
    if layout.pp > len(config.anatomy.layers):
        raise InputError(f"pp must be at most the {len(config.anatomy.layers)} layers; found {layout.pp}")
    return layout


@lru_cache(maxsize=64)
def num_experts(config: ModelConfig) -> int:
    """Routed experts of a layer, 1 of a dense model [experts]."""
    return config.anatomy.num_routed_experts


def layers_of_stages(num_layers: int, pp: int) -> tuple:
    """Layers of each of `pp` stages, as vLLM deals them out [1]_: those left over go to the stages before the last.

    >>> layers_of_stages(61, 4)
    (15, 15, 16, 15)

    .. [1] vLLM, vllm/distributed/utils.py, get_pp_indices.
    """
    each, left = divmod(whole("layers", num_layers), whole("pp", pp, most=num_layers))
    sizes = [each] * pp
    for place in range(left):
        sizes[-2 - place] += 1
    return tuple(sizes)
