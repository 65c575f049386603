"""In which types a served model's products run: from its checkpoint, or from a word such as fp8 or fp4."""

from typing import NamedTuple

from ..base.checks import one_of
from ..hardware.accelerator import Accelerator
from ..hardware.kernels.attention import TYPES as ATTENTION_TYPES
from ..hardware.kernels.experts import TYPES as EXPERT_TYPES
from ..hardware.kernels.experts import ExpertType
from ..model.anatomy import Tensor
from ..model.config import ModelConfig

#: Types of experts: those that were measured, and two that take the parameters of the nearest that was.
EXPERTS = {
    **EXPERT_TYPES,
    "nvfp4": ExpertType(0.5625, "fp4", True, "w4a8_mxfp4_mxfp8"),
    "int4_wo": ExpertType(0.53, "bf16", False, "bfloat16"),
    "int8_wo": ExpertType(1, "bf16", False, "bfloat16"),
}
#: Words for the weights of a served model.
WEIGHTS = ("bf16", "fp8", "fp4", "int4", "mxfp4")
#: Components that stay in BF16 in every checkpoint.
KEPT = ("router", "lm_head", "embedding", "hyper_connections", "mtp_projection")
FEED_FORWARD = ("dense_mlp", "shared_experts")


class ServedTypes(NamedTuple):
    """Names of types of products, of :data:`moecalc.hardware.kernels.gemm.TYPES` or :data:`EXPERTS`, and of the cache."""

    mixers: str  #: matrices around attention, and of what stands in its place
    feed_forward: str  #: dense feed-forwards and shared experts
    experts: str
    cache: str  #: bfloat16 or fp8
    cast_on_load: bool = False  #: products narrow their input as they load it, so that no kernel does it before

    def of(self, tensor: Tensor) -> str:
        """The type in which a tensor is multiplied; absorbed projections stay in BF16, as in vLLM and SGLang."""
        if tensor.component in KEPT or tensor.name.endswith(("kv_b_proj", "conv1d")):
            return "bfloat16"
        if tensor.component == "routed_experts":
            return self.experts
        return self.feed_forward if tensor.component in FEED_FORWARD else self.mixers


def served_types(
    config: ModelConfig, accelerator: Accelerator, weights: str | None = None, cache: str | None = None
) -> ServedTypes:
    """Types of a model on an accelerator: `weights` is of :data:`WEIGHTS`, the checkpoint's own if None.

    Mixtures of experts keep attention wide where their experts have four bits; dense models do not. What an accelerator
    has no peak for is widened to BF16 as it is read. The `cache` is BF16 if it is not given.

    >>> from ..model.config import load_model
    >>> from ..hardware.accelerator import load_accelerator
    >>> served_types(load_model("deepseek-v3"), load_accelerator("h800-sxm"))
    ServedTypes(mixers='fp8_block', feed_forward='fp8_block', experts='fp8_block', cache='bfloat16', cast_on_load=False)
    """
    if weights is not None:
        one_of("weights", weights, WEIGHTS)
    cache = one_of("kv_cache_dtype", cache or "bfloat16", ATTENTION_TYPES)
    word = weights or _own(config)
    routed = config.anatomy.num_routed_experts > 1
    fp8, fp4 = accelerator.peak_dense_fp8_flops_per_s, accelerator.peak_dense_fp4_flops_per_s
    block = "fp8_block" if routed else "fp8"
    wide = (block if fp8 else "int8_wo") if word == "fp8-mxfp4" else "bfloat16"
    if word == "bf16":
        return ServedTypes("bfloat16", "bfloat16", "bfloat16", cache)
    if word == "fp8":
        found = block if fp8 else "int8_wo"
        return ServedTypes(found, found, found, cache)
    if word in ("mxfp4", "fp8-mxfp4") or word == "fp4" and _own(config) == "mxfp4":
        return ServedTypes(wide, wide, "w4a8_mxfp4_mxfp8" if fp4 else "w4a16_mxfp4", cache)
    if word == "int4":
        return ServedTypes("bfloat16" if routed else "int4_wo", "bfloat16" if routed else "int4_wo", "int4_wo", cache)
    narrow = "nvfp4" if fp4 else "int4_wo"
    return ServedTypes("bfloat16" if routed else narrow, narrow, narrow, cache)


def _own(config: ModelConfig) -> str:
    """The word for what a config says of its checkpoint."""
    quantised = config.raw.get("quantization_config") or {}
    method = str(quantised.get("quant_method") or "").casefold()
    if config.raw.get("expert_dtype") == "fp4":
        return "fp8-mxfp4"
    if "mxfp4" in method:
        return "mxfp4"
    if "fp8" in method:
        return "fp8"
    if method in ("compressed-tensors", "gptq", "awq", "bitsandbytes"):
        return "int4"
    return "fp4" if "fp4" in method or method == "modelopt" else "bf16"
