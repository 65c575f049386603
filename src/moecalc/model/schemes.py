"""How checkpoints store a quantised matrix: bits of a number, and what is kept beside a block of them."""

import re
from typing import NamedTuple

from ..base.checks import one_of, whole
from ..base.errors import InputError, quoted
from .anatomy import Tensor

ROUTED = ("routed_experts",)


class Scheme(NamedTuple):
    """One way to store matrices."""

    method: str
    bits: int  #: of a number
    block: tuple | None  #: (outputs, inputs) that share a scale; None for one scale a matrix
    scale_bits: int  #: of a block: its scale, its zero point
    matrix_bytes: int = 0  #: beside them, once a matrix
    input_bytes: int = 0  #: beside them, for each input
    only: tuple = ()  #: the components that are quantised; all products where empty
    is_padded: bool = False  #: whether the last block of a row is filled up
    experts: "Scheme | None" = None  #: how the routed experts are stored, where otherwise

    def stored(self, tensor: Tensor) -> tuple:
        """(bytes of the numbers, bytes of scales and what else is beside them) of all copies of a tensor."""
        if self.experts and tensor.component in ROUTED:
            return self.experts.stored(tensor)
        outputs, inputs = self.block or (tensor.outputs, tensor.inputs)
        in_row = -(-tensor.inputs // inputs)
        width = in_row * inputs if self.is_padded else tensor.inputs
        numbers = tensor.outputs * -(-width * self.bits // 8)
        scales = -(-in_row * -(-tensor.outputs // outputs) * self.scale_bits // 8)
        beside = scales + self.matrix_bytes + self.input_bytes * tensor.inputs
        return numbers * tensor.copies, beside * tensor.copies


def fp8(block=None) -> Scheme:
    """FP8 as DeepSeek-V3 stores it [1]_: one FP32 scale for a block of weights, or a matrix.

    .. [1] DeepSeek-AI, DeepSeek-V3, README_WEIGHTS.md: "FP8 weight documentation".
    """
    return Scheme("fp8", 8, block, 32)


def mxfp4() -> Scheme:
    """MXFP4 as gpt-oss stores its experts [1]_, [2]_: 4 bits, and an 8-bit exponent for 32 numbers; 4.25 bits in all.

    .. [1] Open Compute Project, OCP Microscaling Formats (MX) Specification 1.0, sec. 5.3.
    .. [2] OpenAI, gpt-oss-120b & gpt-oss-20b Model Card, arXiv:2508.10925, sec. 2.1.
    """
    return Scheme("mxfp4", 4, (1, 32), 8, only=ROUTED, is_padded=True)


def nvfp4() -> Scheme:
    """NVFP4 [1]_: 4 bits, an FP8 scale for 16 numbers, an FP32 scale for the matrix; 4.5 bits in all.

    .. [1] NVIDIA, Introducing NVFP4 for Efficient and Accurate Low-Precision Inference, 2025.
    """
    return Scheme("nvfp4", 4, (1, 16), 8, matrix_bytes=4, is_padded=True)


def gptq(bits: int = 4, group: int | None = 128) -> Scheme:
    """GPTQ [1]_ as its programs pack it: an FP16 scale and a zero point for a group, the group of every input in an INT32.

    .. [1] Frantar et al., GPTQ, arXiv:2210.17323.
    """
    return Scheme("gptq", bits, group and (1, group) or _COLUMN, 16 + bits, input_bytes=4)


def awq(bits: int = 4, group: int | None = 128) -> Scheme:
    """AWQ [1]_ as its programs pack it: an FP16 scale and a zero point for a group.

    .. [1] Lin et al., AWQ, arXiv:2306.00978.
    """
    return Scheme("awq", bits, group and (1, group) or _COLUMN, 16 + bits)


def int4(group: int = 32) -> Scheme:
    """INT4 as Kimi-K2-Thinking stores its routed experts [1]_: a BF16 scale for a group of inputs.

    .. [1] compressed-tensors, format pack-quantized; Moonshot AI, Kimi-K2-Thinking, config.json: groups of 32.
    """
    return Scheme("int4", 4, (1, group), 16, only=ROUTED)


#: One scale for all inputs of an output.
_COLUMN = (1, 10**9)

#: What may be asked for by name.
NAMED = {"fp8": lambda: fp8((128, 128)), "mxfp4": mxfp4, "nvfp4": nvfp4, "gptq": gptq, "awq": awq, "int4": int4}
METHODS = ", ".join(name for name in NAMED if name != "int4")  # a name that is asked for, no method of a config


def published_scheme(given: dict) -> Scheme | None:
    """The scheme of a ``quantization_config``; None where it is not described here."""
    method = given.get("quant_method")
    if not isinstance(method, str):
        raise InputError(f"quant_method of quantization_config must be a name such as fp8; found {quoted(method)}")
    if method == "fp8":
        return fp8(_block(given.get("weight_block_size")))
    if method == "mxfp4":
        return mxfp4()
    if method in ("gptq", "awq"):
        bits = one_of("bits", given.get("bits", 4), (2, 3, 4, 8))
        group = given.get("group_size", 128)
        return NAMED[method](bits, None if group == -1 else whole("group_size", group, most=10**8))
    return nvfp4() if _weights(given) == ("float", 4, 16) else None


def kept_words(given: dict) -> frozenset:
    """The last word of each module that a ``quantization_config`` keeps as it was."""
    named = []
    for key in ("modules_to_not_convert", "ignore"):
        entries = given.get(key) or []
        if not isinstance(entries, (list, tuple)) or not all(isinstance(one, str) for one in entries):
            raise InputError(f"{key} must be a list of names; found {quoted(entries)}")
        named += entries
    return frozenset((re.findall(r"\w+", one) or [""])[-1] for one in named)


def _block(block) -> tuple | None:
    if block is None:
        return None
    if not isinstance(block, (list, tuple)) or len(block) != 2:
        raise InputError(f"weight_block_size must be two sizes such as [128, 128]; found {quoted(block)}")
    return tuple(whole("weight_block_size", side, most=10**8) for side in block)


def _weights(given: dict):
    """(type, bits, group) of the weights in the only one of ``config_groups``, as ModelOpt and compressed-tensors write."""
    groups = given.get("config_groups")
    one = next(iter(groups.values())) if isinstance(groups, dict) and len(groups) == 1 else None
    weights = one.get("weights") if isinstance(one, dict) else None
    return tuple(weights.get(key) for key in ("type", "num_bits", "group_size")) if isinstance(weights, dict) else None


#: GGUF type -> bits a weight of Llama 3.1 8B, embedding and head included: llama.cpp, tools/quantize/README.md (311c2c9).
GGUF = {
    "iq1_s": 2.0042,
    "iq1_m": 2.1460,
    "iq2_xxs": 2.3824,
    "iq2_xs": 2.5882,
    "iq2_s": 2.7403,
    "iq2_m": 2.9294,
    "iq3_xxs": 3.2548,
    "iq3_xs": 3.4977,
    "iq3_s": 3.6606,
    "iq3_m": 3.7628,
    "iq4_xs": 4.4597,
    "iq4_nl": 4.6818,
    "q2_k_s": 2.9697,
    "q2_k": 3.1593,
    "q3_k_s": 3.6429,
    "q3_k_l": 4.2979,
    "q4_k_s": 4.6672,
    "q4_k_m": 4.8944,
    "q5_k_s": 5.5704,
    "q5_k_m": 5.7036,
    "q6_k": 6.5633,
    "q8_0": 8.5008,
}
