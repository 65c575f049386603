"""Dtype recipes: how many bytes training keeps of each parameter."""

from typing import NamedTuple

from ..base.checks import whole
from ..base.errors import InputError, quoted
from ..base.limits import MAX_BYTES_PER_ELEMENT
from ..model.anatomy import Tensor
from ..model.checkpoint import KEPT_TENSORS, dtype_of
from ..model.config import ModelConfig

#: What holds the products that low-precision recipes run in FP8, but for few tensors that published FP8 checkpoints keep.
#: The rest stays wider: embedding, head, router, norms, recurrences, and the projection into an MTP module, which
#: DeepSeek publishes in BF16.
LOW_PRECISION_COMPONENTS = {
    "attention",
    "attention_indexer",
    "linear_attention",
    "latent_projections",
    "routed_experts",
    "shared_experts",
    "dense_mlp",
}

BLOCK = 128  #: rows and columns of a weight that share one scale factor
SCALE_BYTES = 4  #: of a scale factor: FP32


class Recipe(NamedTuple):
    """Bytes per parameter of each model state."""

    name: str
    title: str
    weight: int  #: of the products in `LOW_PRECISION_COMPONENTS`, with all their copies
    kept_weight: int  #: of everything else
    gradient: int
    master_weight: int  #: 0 where the weights are their own master copy
    moments: int  #: both of Adam's together
    source: str  #: key of data/sources.json
    note: str
    ema: int = 0  #: of a moving average of the parameters, in the memory of the CPU
    scale: int = 0  #: beside each block of 128 x 128 of the products' weights; 0 where they have no scale factors

    @property
    def optimizer(self) -> int:
        """Bytes of the optimizer's states, the master copy included."""
        return self.master_weight + self.moments

    @property
    def total(self) -> int:
        """Bytes of one parameter of the products on the GPU, all states together, without scale factors."""
        return self.weight + self.gradient + self.optimizer

    def weight_bytes(self, tensor: Tensor) -> int:
        """Bytes of one of the tensor's weights."""
        return self.weight if is_low_precision(tensor) else self.kept_weight


def is_low_precision(tensor: Tensor) -> bool:
    """Whether low-precision recipes run the tensor's product in FP8."""
    return tensor.multiplied and tensor.component in LOW_PRECISION_COMPONENTS and tensor.name not in KEPT_TENSORS


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
            note="Sections 3.2.3, 3.3.1 to 3.3.3. That the weights are held in FP8 between steps, and that the moving "
            "average is in FP32, are our assumptions.",
            ema=4,
            scale=SCALE_BYTES,
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

#: How weights may be held -> (bytes of a product's weight, of any other, bytes of a scale factor).
WEIGHTS = {"bf16": (2, 2, 0), "fp8": (1, 2, SCALE_BYTES), "fp8+bf16": (3, 2, SCALE_BYTES), "fp32": (4, 4, 0)}

#: Other keys of a recipe that is spelt out -> field of :class:`Recipe`.
SPELT = {"gradients": "gradient", "master": "master_weight", "moments": "moments", "ema": "ema"}

ACCEPTED = f"weights={'|'.join(WEIGHTS)},gradients=4,master=4,moments=8,ema=0"


def recipe(name: str | Recipe) -> Recipe:
    """A dtype recipe by its name, a key of :data:`RECIPES`, or spelt out in bytes of a parameter.

    ``fp8+bf16`` holds both copies of a product's weight. Only ``ema`` may be left out: a state that is forgotten would
    make a GPU look empty.

    >>> recipe("deepseek-v3").optimizer
    8
    >>> recipe("weights=fp8+bf16,gradients=4,master=4,moments=4").total
    15
    """
    if isinstance(name, Recipe):
        return name
    if isinstance(name, str) and "=" in name:
        return _spelt(name)
    if name not in RECIPES:
        raise InputError(f"recipe must be one of {', '.join(RECIPES)}, or {ACCEPTED}; found {quoted(name)}")
    return RECIPES[name]


def _spelt(text: str) -> Recipe:
    given = {}
    for part in text.split(","):
        key, _, value = (word.strip() for word in part.partition("="))
        if key not in ("weights", *SPELT):
            raise InputError(f"recipe has the keys weights, {', '.join(SPELT)}; found {quoted(key)}")
        if key in given:
            raise InputError(f"recipe must give {key} once; found {quoted(text)}")
        given[key] = value
    missing = [key for key in ("weights", "gradients", "master", "moments") if key not in given]
    if missing:
        raise InputError(f"recipe lacks {', '.join(missing)}; accepted is such as {ACCEPTED}; found {quoted(text)}")
    weights = given.pop("weights")
    if weights not in WEIGHTS:
        raise InputError(f"weights of a recipe must be one of {', '.join(WEIGHTS)}; found {quoted(weights)}")
    weight, kept, scale = WEIGHTS[weights]
    states = {SPELT[key]: _bytes(key, value) for key, value in given.items()}
    return Recipe(text, "as spelt out", weight, kept, source="", note="", scale=scale, **states)


def _bytes(key: str, text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
    return whole(f"{key} of a recipe, in bytes of a parameter,", number, 0, MAX_BYTES_PER_ELEMENT)


def recipe_of(config: ModelConfig) -> str:
    """The recipe for a model where none is named: ``fp32`` where its config gives that dtype, else ``bf16``.

    >>> recipe_of(load_model("deepseek-v3"))
    'bf16'
    """
    return "fp32" if dtype_of(config.raw) == "float32" else "bf16"
