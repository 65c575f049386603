"""A timer that times nothing: it says what a made-up accelerator would take, so that a dry run needs no PyTorch."""

#: FLOP/s, bytes/s of memory and of a link, and the launch [s] of an accelerator that nobody makes.
FLOPS_PER_S, BYTES_PER_S, LINK_BYTES_PER_S, LAUNCH_S = 100e12, 1e12, 100e9, 10e-6


class FakeTimer:
    """Times by a roofline of the made-up accelerator."""

    about = {"accelerator": "dry run", "version": "no kernel ran"}

    def seconds(self, row: dict) -> float:
        """Time of a case [s]."""
        flops, num_bytes, sent = _work(row)
        return LAUNCH_S + max(flops / FLOPS_PER_S, num_bytes / BYTES_PER_S) + sent / LINK_BYTES_PER_S


def _work(row: dict) -> tuple:
    """(FLOPs, bytes of memory, bytes over links) of a case."""
    op = row["op"]
    if op == "gemm":
        m, n, k = row["m"], row["n"], row["k"]
        width = 1 if row["gemm_dtype"] == "fp8" else 2
        return 2 * m * n * k, width * k * (m + n) + 2 * m * n, 0
    if op == "elementwise":
        return 0, row["num_bytes"], 0
    if op == "collectives":
        share = (row["num_gpus"] - 1) / row["num_gpus"] * (2 if row["op_name"] == "all_reduce" else 1)
        return 0, 0, 2 * row["message_size"] * share
    batch, heads, shared, size = (row[name] for name in ("batch_size", "num_heads", "num_key_value_heads", "head_dim"))
    if op == "attention_prefill":
        length = row["isl"]
        return 2 * batch * heads * length**2 * size, 4 * batch * length * (heads + shared) * size, 0
    return 4 * batch * heads * row["step"] * size, 4 * batch * row["step"] * shared * size, 0
