"""Which kernels are timed: few shapes that tell launches, products, attention, memory and links apart."""

#: A case is a row of measured kernels: the columns of its kind, as ``moecalc kernels`` reads them, and op, its kind.
KINDS = ("gemm", "attention_prefill", "attention_decode", "elementwise", "collectives")
#: (m, n, k): large ones compute, with few rows they read weights, small ones launch.
PRODUCTS = (
    *((8192, 8192, 8192), (4096, 7168, 2048), (16384, 4096, 4096), (4096, 4096, 14336), (2048, 8192, 8192)),
    *((1024, 7168, 4096), (512, 4096, 7168), (1, 8192, 8192), (8, 16384, 4096), (32, 7168, 16384), (64, 8192, 8192)),
    *((16, 14336, 4096), (1, 512, 512), (64, 256, 256), (128, 1024, 512), (16, 768, 1024)),
)
#: (sequences, tokens of each, heads, heads of keys and values, numbers of a head)
PREFILLS = (
    *((1, 8192, 32, 8, 128), (4, 4096, 16, 4, 128), (8, 2048, 32, 32, 128), (1, 16384, 16, 2, 128)),
    *((16, 1024, 16, 8, 128), (2, 4096, 64, 8, 64), (1, 512, 8, 8, 128), (1, 128, 16, 16, 128)),
)
#: (sequences, cached tokens, heads, heads of keys and values, numbers of a head)
DECODES = (
    *((64, 8192, 32, 8, 128), (128, 4096, 16, 4, 128), (16, 16384, 32, 8, 128), (32, 4096, 32, 32, 128)),
    *((4, 32768, 16, 2, 128), (1, 4096, 8, 8, 128)),
)
#: Bytes that a copy reads and writes together.
COPIES = (2**12, 2**16, 2**20, 2**28, 2**30, 2**31)
#: Numbers of a message, in BF16.
MESSAGES = (2**10, 2**16, 2**20, 2**24, 2**27, 2**29)
COLLECTIVES = ("all_reduce", "all_gather", "reduce_scatter", "alltoall")
#: Types of a product: their names in tables.
DTYPES = ("bfloat16", "fp8")
#: With --small these are so many times smaller: for a trial on a CPU.
SIZES, SMALL = ("m", "n", "k", "isl", "step", "num_bytes", "message_size"), 16


def cases(kinds=KINDS, dtypes=DTYPES, num_gpus: int = 1, small: bool = False) -> list:
    """The rows that are to be timed, without their times; collectives only on several GPUs."""
    found = []
    for dtype in dtypes:
        found += [_row("gemm", gemm_dtype=dtype, m=m, n=n, k=k) for m, n, k in PRODUCTS]
    found += [_row("attention_prefill", batch_size=b, isl=length, **_heads(*heads)) for b, length, *heads in PREFILLS]
    found += [_row("attention_decode", batch_size=b, step=length, **_heads(*heads)) for b, length, *heads in DECODES]
    found += [_row("elementwise", num_bytes=size) for size in COPIES]
    if num_gpus > 1:
        about = {"nccl_dtype": "bfloat16", "num_gpus": num_gpus}
        found += [_row("collectives", op_name=op, **about, message_size=size) for op in COLLECTIVES for size in MESSAGES]
    chosen = [row for row in found if row["op"] in kinds]
    return [_small(row) for row in chosen] if small else chosen


def _row(op: str, **values) -> dict:
    return {"op": op, **values}


def _heads(num_heads: int, shared: int, size: int) -> dict:
    types = {"attn_dtype": "bfloat16", "kv_cache_dtype": "bfloat16"}
    return {**types, "num_heads": num_heads, "num_key_value_heads": shared, "head_dim": size, "window_size": 0}


def _small(row: dict) -> dict:
    return {column: max(1, value // SMALL) if column in SIZES else value for column, value in row.items()}
