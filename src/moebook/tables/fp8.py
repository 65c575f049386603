"""Tables of the page on FP8."""

from moecalc.claims.registry import config_fact
from moecalc.explorers.training.fp8_accumulation import LAWS
from moecalc.facts import tables as facts
from moecalc.numerics.formats import BF16, E4M3, E5M6, FORMATS
from moecalc.numerics.scaling import GRANULARITIES

from ..prose import fact_table, table

#: What is kept how, as facts of the report: (what, subject, quantity, why).
_KEPT = (
    ("Inputs of the three products", "FP8 training", "gemms", "most of the FLOPs; a half of the bytes"),
    (
        "Input of attention's output projection",
        "FP8 training",
        "attention_output_format",
        "backward of attention needs it too",
    ),
    ("Tokens on their way to experts", "FP8 training", "dispatch", "a power of two rounds nothing when the scale changes"),
    ("Experts' outputs on their way back", "FP8 training", "combine", "they are added up: rounding would stay"),
    ("Kept wider", "FP8 training", "kept_high_precision", "few FLOPs, and everything depends on them"),
    ("Master weights, weight gradients", "optimizer", "master_weights_and_grads", "sums over many steps and micro-batches"),
    ("Moments of AdamW", "optimizer", "moments", "averages that forget; their range counts, not their digits"),
)


def formats():
    """Formats by what rounding to them costs."""
    rows = [
        {
            "name": one.name.upper(),
            "bits": one.num_bits,
            "largest": f"{one.largest:.6g}",
            "range": f"{one.largest / one.smallest_normal:.3g}",
            "error": 2.0 ** -(one.mantissa_bits + 1),
        }
        for one in FORMATS.values()
    ]
    columns = {
        "name": "Format",
        "bits": "Bits",
        "largest": "Largest",
        "range": "Largest over smallest normal",
        "error": ("Rounding, at most", "%", 3),
    }
    return table(rows, columns, "Formats of the recipe")


def outliers(cases: dict):
    """Errors by the size of outliers and the granularity of scales; `cases` are (losses, errors of the product) by size."""
    rows = [
        {"size": f"{size:,.0f}" if size else "none"}
        | {name: lost[name].error for name in ("tensor", "row", "block", "tile")}
        | {f"product_{name}": of_product[name] for name in ("tensor", "tile")}
        for size, (lost, of_product) in cases.items()
    ]
    columns = {
        "size": "Outliers, in deviations",
        "tensor": ("The others: one scale", "%", 1),
        "row": ("a token", "%", 1),
        "block": ("a block", "%", 1),
        "tile": ("a tile", "%", 1),
        "product_tensor": ("Product: one scale", "%", 1),
        "product_tile": ("tiles and blocks", "%", 1),
    }
    caption = (
        "Relative error in E4M3 with outliers in one channel: of the other activations, and of their product with weights"
    )
    return table(rows, columns, caption)


def sums(found: list, inner: int):
    """Errors of sums by law and accumulator."""
    rows = [{**one._asdict(), "law": LAWS[one.law]} for one in found]
    columns = {
        "law": "Numbers",
        "aligned": ("Truncated", "%", 3),
        "aligned_promoted": ("promoted", "%", 3),
        "rounded": ("Rounded only", "%", 4),
        "rounded_promoted": ("promoted", "%", 4),
    }
    return table(rows, columns, f"Mean relative error of a sum of {inner:,} products of E4M3 numbers")


def kept():
    """What is kept in which format, and why."""
    report = facts.by_subject("v3_report")
    rows = [{"what": what, "how": report[of][name].value.replace(";", ","), "why": why} for what, of, name, why in _KEPT]
    columns = {"what": "What", "how": "How", "why": "Why"}
    return table(rows, columns, "What DeepSeek-V3 keeps in which format; the reasons are ours")


def stored(scale_bytes: int = 4):
    """Bytes of a stored number with its share of a scale."""
    ways = (
        ("BF16", BF16, None, 0),
        ("E4M3, tiles", E4M3, "tile", scale_bytes),
        ("E4M3, blocks", E4M3, "block", scale_bytes),
        ("E5M6, tiles, powers of two", E5M6, "tile", 1),
    )
    rows = []
    for name, fmt, granularity, of_scale in ways:
        shared = GRANULARITIES[granularity].rows * GRANULARITIES[granularity].columns if granularity else 1
        size = fmt.num_bits / 8 + of_scale / shared
        rows.append({"name": name, "bytes": size, "saved": 1 - size * 8 / BF16.num_bits})
    columns = {"name": "Stored as", "bytes": ("A number", "bytes", 5), "saved": ("Saved", "%", 1)}
    return table(rows, columns, "Bytes of a number with its share of a scale")


def gains(found: list):
    """What FP8 gains in throughput, by what is believed."""
    rows = [one._asdict() for one in found]
    columns = {
        "name": "If what counts is",
        "speed_up": ("A product is faster, times", "", 3),
        "share": ("Share of products", "%", 0),
        "gain": ("Throughput gained", "%", 0),
    }
    return table(rows, columns, "What FP8 gains over BF16")


def facts_used():
    """Facts that the page uses."""
    report, serving = facts.by_subject("v3_report"), facts.by_subject("serving")
    used = [*report["FP8 training"].values()]
    used += [report["optimizer"][name] for name in ("moments", "master_weights_and_grads")]
    used += [report["model"]["init_std"], report["learning rate"]["last"], report["learning rate"]["peak"]]
    used += [one for name, one in serving["Published profiles"].items() if name.startswith("train")]
    used += list(serving["GEMM kernels"].values())
    return fact_table([*used, config_fact("deepseek-v3", "hidden_size")])
