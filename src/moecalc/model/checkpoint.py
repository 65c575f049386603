"""Bytes that a checkpoint's weights take: each tensor in the width that the config gives it, scales included."""

import re

from ..base.checks import whole
from ..base.errors import InputError, quoted
from .anatomy import Tensor, add, count_blocks, in_order
from .config import ModelConfig

#: Name in ``torch_dtype`` or ``dtype`` -> bytes of a number.
DTYPES = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2, "float8_e4m3fn": 1, "float8_e5m2": 1}

#: What FP8 checkpoints keep as it was, whether the config says so or not.
KEPT_COMPONENTS = ("embedding", "lm_head", "router", "mtp_projection")
KEPT_TENSORS = ("indexer.weights_proj", "conv1d")

SCALE_BYTES = 4  #: of a block in FP8: FP32
CORRECTION_BIAS_BYTES = 4  #: of the router's: FP32
MXFP4_BLOCK = 32  #: numbers that share a scale
MXFP4_BLOCK_BYTES, MXFP4_SCALE_BYTES = 16, 1  #: of a block: 4 bits a number, and its exponent

#: Last word of an entry of ``modules_to_not_convert`` -> components; any other word names one tensor.
MODULES = {
    "self_attn": ("attention", "attention_indexer"),
    "linear_attn": ("linear_attention",),
    "mlp": ("dense_mlp", "routed_experts", "shared_experts"),
    "experts": ("routed_experts",),
    "shared_experts": ("shared_experts",),
    "shared_expert": ("shared_experts",),
    "gate": ("router",),
    "router": ("router",),
    "embed_tokens": ("embedding",),
    "lm_head": ("lm_head",),
}


def storage_bytes(config: ModelConfig) -> dict:
    r"""Bytes of the weights as the config stores them, by component.

    .. math:: M = \sum_{\text{kept}} b \, n + \sum_{\text{quantised}} \left( q \, n + s \, n_{\text{blocks}} \right)

    b is read from ``torch_dtype`` or ``dtype``. ``quantization_config`` says which tensors are quantised, to q bytes a
    number with a scale of s bytes a block: ``fp8`` (q = 1, s = 4, blocks of ``weight_block_size``, or one a matrix) or
    ``mxfp4`` (routed experts alone, q = 1/2, s = 1, blocks of 32).

    Returns
    -------
    dict
        ``total`` and the ``components`` that sum to it, MTP modules left out; ``scales``, their part of the total;
        ``mtp``, the modules without their copies of embedding and head (None where their form is not known);
        ``correction_biases``, beside the total [bytes]. ``method`` is None where nothing is quantised; ``note`` says
        what is assumed. With a method that is not supported ``total``, ``components``, ``scales`` and ``mtp`` are
        None, and ``note`` says why

    Notes
    -----
    FP8 is taken as DeepSeek uses it: embedding, head, norms, router and the projection of the MTP modules are kept.
    An entry of ``modules_to_not_convert`` holds for every layer. Leaves out the headers of the files.

    Examples
    --------
    Published as a checkpoint of 60.8 GiB [1]_:

    >>> round(storage_bytes(load_model("gpt-oss-120b"))["total"] / 2**30, 1)
    60.8

    References
    ----------
    .. [1] OpenAI, gpt-oss-120b & gpt-oss-20b Model Card, arXiv:2508.10925, Table 1.
    """
    width, assumed = _width(config.raw)
    method, block, kept = _quantisation(config.raw)
    result = {"method": method}
    if method not in (None, "fp8", "mxfp4"):
        unknown = f"how {quoted(method)} stores weights is not described here; fp8, mxfp4 and plain dtypes are"
        return result | dict.fromkeys(("total", "components", "scales", "mtp", "correction_biases")) | {"note": unknown}

    def stored(counted) -> tuple:
        weights, scales = {}, 0
        for one, count in counted:
            for tensor in one.tensors:
                num_bytes, scale_bytes = _tensor_bytes(tensor, method, block, kept, width) if tensor.owned else (0, 0)
                add(weights, tensor.component, (num_bytes + scale_bytes) * count)
                scales += scale_bytes * count
        return weights, scales

    components, scales = stored(config.anatomy.counted)
    modules, _ = stored(count_blocks(config.anatomy.mtp))
    biases = sum(one.num_correction_biases * count for one, count in config.anatomy.counted)
    return result | {
        "total": sum(components.values()),
        "components": in_order(components),
        "scales": scales,
        "mtp": None if config.anatomy.mtp_note else sum(modules.values()),
        "correction_biases": biases * CORRECTION_BIAS_BYTES,
        "note": assumed,
    }


def dtype_of(raw: dict) -> str | None:
    """The dtype that a config gives, a key of :data:`DTYPES`; None where it gives none."""
    key = next((key for key in ("torch_dtype", "dtype") if raw.get(key) is not None), None)
    if key is None:
        return None
    name = raw[key]
    if not isinstance(name, str) or name.removeprefix("torch.") not in DTYPES:
        raise InputError(f"{key} must be one of {', '.join(DTYPES)}; found {quoted(name)}")
    return name.removeprefix("torch.")


def _width(raw: dict) -> tuple:
    """(bytes of a number that is not quantised, what is assumed)."""
    name = dtype_of(raw)
    if name is None:
        return 2, "the config gives no dtype: BF16, 2 bytes a number, is assumed"
    return DTYPES[name], None


def _quantisation(raw: dict) -> tuple:
    """(method or None, [rows, columns] of a block or None, words of the modules that are kept)."""
    given = raw.get("quantization_config")
    if given is None:
        return None, None, frozenset()
    if not isinstance(given, dict):
        raise InputError(f"quantization_config must be an object with quant_method; found {quoted(given)}")
    method, block = given.get("quant_method"), given.get("weight_block_size")
    if not isinstance(method, str):
        raise InputError(f"quant_method of quantization_config must be a name such as fp8; found {quoted(method)}")
    if block is not None:
        if not isinstance(block, (list, tuple)) or len(block) != 2:
            raise InputError(f"weight_block_size must be two sizes such as [128, 128]; found {quoted(block)}")
        for side in block:
            whole("weight_block_size", side, most=10**8)
    named = given.get("modules_to_not_convert") or []
    if not isinstance(named, (list, tuple)) or not all(isinstance(one, str) for one in named):
        raise InputError(f"modules_to_not_convert must be a list of names; found {quoted(named)}")
    return method, block, frozenset((re.findall(r"\w+", one) or [""])[-1] for one in named)


def _tensor_bytes(tensor: Tensor, method, block, kept: frozenset, width: int) -> tuple:
    """(bytes of the numbers, bytes of the scales) of all copies of a tensor."""
    plain = tensor.inputs * tensor.outputs * tensor.copies * width, 0
    if not tensor.multiplied or tensor.component in KEPT_COMPONENTS or tensor.name in KEPT_TENSORS:
        return plain
    if tensor.name.split(".")[-1] in kept or any(tensor.component in MODULES.get(word, ()) for word in kept):
        return plain
    if method == "fp8":
        rows, columns = block or (tensor.outputs, tensor.inputs)
        num_blocks = -(-tensor.outputs // rows) * -(-tensor.inputs // columns)
        return tensor.inputs * tensor.outputs * tensor.copies, num_blocks * SCALE_BYTES * tensor.copies
    if method == "mxfp4" and tensor.component == "routed_experts":
        num_blocks = tensor.outputs * -(-tensor.inputs // MXFP4_BLOCK) * tensor.copies
        return num_blocks * MXFP4_BLOCK_BYTES, num_blocks * MXFP4_SCALE_BYTES
    return plain
