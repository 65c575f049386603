"""Bytes that a checkpoint's weights take: each tensor in the width that the config gives it, scales included."""

from collections.abc import Callable

from ..base.errors import InputError, quoted
from .anatomy import add, count_blocks, in_order
from .config import ModelConfig
from .params import num_mtp_params, num_total_params
from .schemes import GGUF, METHODS, NAMED, Scheme, kept_words, published_scheme

#: Name in ``torch_dtype`` or ``dtype`` -> bytes of a number.
DTYPES = {"float64": 8, "float32": 4, "bfloat16": 2, "float16": 2, "float8_e4m3fn": 1, "float8_e5m2": 1}

#: What quantised checkpoints keep as it was, whether the config says so or not.
KEPT_COMPONENTS = ("embedding", "lm_head", "router", "mtp_projection")
KEPT_TENSORS = ("indexer.weights_proj", "conv1d")

CORRECTION_BIAS_BYTES = 4  #: of the router's: FP32
FP8_SCALE_BYTES = 4

#: Names of plain widths that may be asked for -> bytes of a number.
PLAIN = {"fp32": 4, "bf16": 2, "fp16": 2}

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


def storage_bytes(config: ModelConfig, weights: str | None = None) -> dict:
    r"""Bytes of the weights as the config stores them, by component.

    .. math:: M = \sum_{\text{kept}} b \, n + \sum_{\text{quantised}} \left( q \, n + s \, n_{\text{blocks}} \right)

    b is read from ``torch_dtype`` or ``dtype``. ``quantization_config`` says which tensors are quantised, to q bytes a
    number with s bytes beside each block: the schemes are in :mod:`moecalc.model.schemes`. `weights` asks for another width
    than the config's: bf16, fp16, fp32, a scheme by its name, or a type of GGUF, whose bits are published for one model.

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
    Embedding, head, norms, router and the projection of the MTP modules are kept in every scheme, as DeepSeek does.
    An entry of ``modules_to_not_convert`` holds for every layer. Leaves out the headers of the files, and scales of
    activations.

    Examples
    --------
    Published as a checkpoint of 60.8 GiB [1]_:

    >>> round(storage_bytes(load_model("gpt-oss-120b"))["total"] / 2**30, 1)
    60.8

    References
    ----------
    .. [1] OpenAI, gpt-oss-120b & gpt-oss-20b Model Card, arXiv:2508.10925, Table 1.
    """
    if weights in GGUF:
        return _gguf(config, weights)
    scheme, kept, width, note = _asked(config, weights)
    method = _method(config) if weights is None else scheme and scheme.method
    if method and scheme is None:
        return {"method": method} | dict.fromkeys(PARTS) | {"note": _unknown(method)}

    def stored(counted) -> tuple:
        sums, scales = {}, 0
        for one, count in counted:
            for tensor in one.tensors:
                num_bytes, beside = _tensor_bytes(tensor, scheme, kept, width) if tensor.owned else (0, 0)
                add(sums, tensor.component, (num_bytes + beside) * count)
                scales += beside * count
        return sums, scales

    components, scales = stored(config.anatomy.counted)
    modules, _ = stored(count_blocks(config.anatomy.mtp))
    biases = sum(one.num_correction_biases * count for one, count in config.anatomy.counted)
    return {
        "method": method,
        "total": sum(components.values()),
        "components": in_order(components),
        "scales": scales,
        "mtp": None if config.anatomy.mtp_note else sum(modules.values()),
        "correction_biases": biases * CORRECTION_BIAS_BYTES,
        "note": note,
    }


def tensor_storage(config: ModelConfig, weights: str | None = None) -> Callable:
    """A function from a tensor of the config's anatomy to its stored bytes, scales included, of all its copies [bytes].

    What GPUs hold of a tensor is a part of these. `weights` as in :func:`storage_bytes`.

    Raises
    ------
    InputError
        Where the config names a method that is not described here, or `weights` a type of GGUF, which mixes them.

    >>> config = load_model("deepseek-v3")
    >>> stored, blocks = tensor_storage(config), config.anatomy.counted
    >>> sum(stored(tensor) * n for block, n in blocks for tensor in block.tensors) == storage_bytes(config)["total"]
    True
    """
    if weights in GGUF:
        raise InputError(f"weights {weights} mixes types from tensor to tensor: what one GPU holds of them is not known")
    scheme, kept, width, _ = _asked(config, weights)
    if weights is None and _method(config) and scheme is None:
        raise InputError(_unknown(_method(config)))
    return lambda tensor: sum(_tensor_bytes(tensor, scheme, kept, width)) if tensor.owned else 0


def _unknown(method: str) -> str:
    return f"how {quoted(method)} stores weights is not described here; {METHODS} and plain dtypes are"


#: What :func:`storage_bytes` counts.
PARTS = ("total", "components", "scales", "mtp", "correction_biases")


def hub_elements(config: ModelConfig) -> int | None:
    """Numbers in a checkpoint's files, which hubs show as parameters; None where they are packed or not known [numbers].

    To the total come the MTP modules, their own copies of embedding and head, as DeepSeek publishes them, FP8 scales and
    router correction biases. V3's "685B":

    >>> hub_elements(load_model("deepseek-v3"))
    684531386000
    """
    scheme, kept, width, _ = _asked(config, None)
    modules = num_mtp_params(config)
    if modules is None or _method(config) not in (None, "fp8") or (scheme and scheme.experts):  # FP4 is packed in pairs
        return None
    blocks = _published(config)
    tensors = [(tensor, count) for block, count in blocks for tensor in block.tensors if tensor.owned]
    scales = sum(_tensor_bytes(tensor, scheme, kept, width)[1] * count for tensor, count in tensors) // FP8_SCALE_BYTES
    biases = sum(block.num_correction_biases * count for block, count in blocks)
    return num_total_params(config) + modules + _mtp_copies(config) + scales + biases


def hub_bytes(config: ModelConfig) -> int | None:
    """Bytes of a checkpoint's files with all that :func:`hub_elements` counts; None where they are not known [bytes].

    V3's are published as 640 GB of 2^30 bytes, to two digits:

    >>> round(hub_bytes(load_model("deepseek-v3")) / 2**30)
    641
    """
    stored = storage_bytes(config)
    if stored["total"] is None or stored["mtp"] is None:
        return None
    biases = sum(block.num_correction_biases * count for block, count in _published(config))
    copies = _mtp_copies(config) * _width(config.raw)[0]
    return stored["total"] + stored["mtp"] + copies + biases * CORRECTION_BIAS_BYTES


def _published(config: ModelConfig) -> tuple:
    """The blocks of a published checkpoint, each with how many there are: the model's and those of MTP."""
    return (*config.anatomy.counted, *count_blocks(config.anatomy.mtp))


def _mtp_copies(config: ModelConfig) -> int:
    """Numbers of the embedding and the head that each MTP module of a published checkpoint holds once more."""
    return 2 * config.vocab_size * config.hidden_size * len(config.anatomy.mtp)


def _method(config: ModelConfig) -> str | None:
    """The method that a config names; None where nothing is quantised."""
    given = config.raw.get("quantization_config")
    return given and given["quant_method"]


def _asked(config: ModelConfig, weights: str | None) -> tuple:
    """(scheme or None, words of the modules that are kept, bytes of a number that is not quantised, what is assumed)."""
    given = config.raw.get("quantization_config")
    if weights is None:
        width, note = _width(config.raw)
        if given is None:
            return None, frozenset(), width, note
        if not isinstance(given, dict):
            raise InputError(f"quantization_config must be an object with quant_method; found {quoted(given)}")
        scheme = published_scheme(given)
        if scheme and config.raw.get("expert_dtype") == "fp4":  # DeepSeek-V4: the experts alone, in blocks of 32
            scheme = scheme._replace(experts=NAMED["mxfp4"]())
        return scheme, kept_words(given), width, note
    if weights in PLAIN:
        return None, frozenset(), PLAIN[weights], None
    if weights not in NAMED:
        accepted = ", ".join((*PLAIN, *NAMED))
        raise InputError(f"weights must be one of {accepted} or a type of GGUF such as q4_k_m; found {quoted(weights)}")
    note = "quantised are the routed experts alone" if weights in ("mxfp4", "int4") else None
    return NAMED[weights](), frozenset(), 2, note


def _gguf(config: ModelConfig, weights: str) -> dict:
    """Bytes by the bits a weight that are published for one model."""
    note = f"{weights} takes {GGUF[weights]} bits a weight in Llama 3.1 8B; in another model types are mixed in other shares"
    total = round(num_total_params(config) * GGUF[weights] / 8)
    return {"method": weights} | dict.fromkeys(PARTS) | {"total": total, "note": note}


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


def _tensor_bytes(tensor, scheme: Scheme | None, kept: frozenset, width: int) -> tuple:
    """(bytes of the numbers, bytes of what is beside them) of all copies of a tensor."""
    plain = tensor.inputs * tensor.outputs * tensor.copies * width, 0
    if scheme is None or not tensor.multiplied or tensor.component in KEPT_COMPONENTS or tensor.name in KEPT_TENSORS:
        return plain
    if tensor.name.split(".")[-1] in kept or any(tensor.component in MODULES.get(word, ()) for word in kept):
        return plain
    return scheme.stored(tensor) if not scheme.only or tensor.component in scheme.only else plain
