"""Which measured shapes are held out: a rule that was written down before anything was fitted.

A shape is what stands in the columns of :data:`SHAPE`, on whatever accelerator and in whatever type it was measured. Half of
all shapes are held out, by a checksum that knows nothing of times. No parameter may be fitted on a held-out shape.
"""

from collections.abc import Mapping

#: kind of kernel -> columns of its file whose values make a shape
SHAPE = {
    "gemm": ("n", "k"),
    "moe": ("hidden_size", "inter_size", "topk", "num_experts", "moe_tp_size", "moe_ep_size"),
    "attention_prefill": ("num_heads", "num_key_value_heads", "head_dim", "window_size"),
    "attention_decode": ("num_heads", "num_key_value_heads", "head_dim", "window_size"),
    "mla_prefill": ("batch_size", "isl"),
    "mla_decode": ("batch_size", "step"),
    "collectives": ("num_gpus", "message_size"),
    "deepep_ll": ("node_num", "hidden_size", "num_token", "num_topk", "num_experts"),
    "deepep_normal": ("node_num", "hidden_size", "num_token", "num_topk", "num_experts"),
}


def shape_of(kind: str, row: Mapping) -> str:
    """The shape of a measured row as one text.

    >>> shape_of("gemm", {"m": "128", "n": "7168", "k": "2048"})
    'gemm 7168 2048'
    """
    return " ".join([kind, *(str(int(row[column])) for column in SHAPE[kind])])


def is_held_out(shape: str) -> bool:
    """Whether no fit may use a shape, as :func:`shape_of` writes it: where the first byte of its SHA-256 is odd.

    >>> is_held_out("gemm 7168 2048"), is_held_out("gemm 7168 4096")
    (False, True)
    """
    from hashlib import sha256  # no calculator needs it

    return sha256(shape.encode()).digest()[0] % 2 == 1
