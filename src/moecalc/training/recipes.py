"""Dtype recipes: how many bytes training keeps of each parameter."""

from typing import NamedTuple

from ..base.checks import one_of
from ..model.anatomy import Tensor
from ..model.checkpoint import dtype_of
from ..model.config import ModelConfig

#: Products that low-precision recipes run in FP8; the rest (embedding, head, router, norms) stays wider.
LOW_PRECISION_COMPONENTS = {"attention", "routed_experts", "shared_experts", "dense_mlp", "mtp_projection"}


class Recipe(NamedTuple):
    """Bytes per parameter of each model state."""

    name: str
    title: str
    weight: int  #: of the products in `LOW_PRECISION_COMPONENTS`
    kept_weight: int  #: of everything else
    gradient: int
    master_weight: int  #: 0 where the weights are their own master copy
    moments: int  #: both of Adam's together
    source: str  #: key of data/sources.json
    note: str

    @property
    def optimizer(self) -> int:
        """Bytes of the optimizer's states, the master copy included."""
        return self.master_weight + self.moments

    @property
    def total(self) -> int:
        """Bytes of one parameter of the products, all states together."""
        return self.weight + self.gradient + self.optimizer

    def weight_bytes(self, tensor: Tensor) -> int:
        """Bytes of one of the tensor's weights."""
        low = tensor.multiplied and tensor.component in LOW_PRECISION_COMPONENTS
        return self.weight if low else self.kept_weight


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "deepseek-v3",
            "FP8 products, BF16 moments",
            weight=1,
            kept_weight=2,
            gradient=4,
            master_weight=4,
            moments=2 + 2,
            source="deepseek-v3-report",
            note="Sections 3.3.1 and 3.3.3. That the weights are held in FP8 between steps is our assumption; "
            "their block scales (one FP32 per 128 x 128) are left out.",
        ),
        Recipe(
            "bf16",
            "BF16 products, FP32 gradients and optimizer",
            weight=2,
            kept_weight=2,
            gradient=4,
            master_weight=4,
            moments=4 + 4,
            source="megatron-lm",
            note="18 bytes a parameter: the usual mixed-precision training with FP32 gradient accumulation.",
        ),
        Recipe(
            "zero-16",
            "FP16 products and gradients, FP32 optimizer",
            weight=2,
            kept_weight=2,
            gradient=2,
            master_weight=4,
            moments=4 + 4,
            source="zero",
            note="16 bytes a parameter, as the ZeRO paper counts.",
        ),
        Recipe(
            "fp32",
            "everything in FP32",
            weight=4,
            kept_weight=4,
            gradient=4,
            master_weight=0,
            moments=4 + 4,
            source="zero",
            note="16 bytes a parameter, no separate master copy.",
        ),
    )
}


def recipe(name: str) -> Recipe:
    """A dtype recipe by its name, a key of :data:`RECIPES`.

    >>> recipe("deepseek-v3").optimizer
    8
    """
    return RECIPES[one_of("recipe", name, RECIPES)]


def recipe_of(config: ModelConfig) -> str:
    """The recipe for a model where none is named: ``fp32`` where its config gives that dtype, else ``bf16``.

    >>> recipe_of(load_model("deepseek-v3"))
    'bf16'
    """
    return "fp32" if dtype_of(config.raw) == "float32" else "bf16"
