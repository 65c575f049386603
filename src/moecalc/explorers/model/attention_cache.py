"""Kinds of attention at the same width: what a sequence keeps, and how many sequences fit."""

from ...mechanisms.attention import grouped_query, latent
from ...model.config import load_model
from ...model.kv_cache import kv_cache_report
from ...serving.capacity import sequences_that_fit
from .._choices import (
    NOTES,
    accelerator_choice,
    accelerator_numbers,
    cached_width_choice,
    chosen_accelerator,
    model_choice,
    notes,
)
from .._define import Explorer, Metric, Number

OWN = "as it is"


def head_size(config) -> int:
    """Width of a head's values."""
    given = getattr(config, "v_head_dim", None) or getattr(config, "head_dim", None)
    return given or config.hidden_size // config.num_attention_heads


def compute(
    model,
    heads,
    head_dim,
    kv_heads,
    kv_rank,
    rope_dim,
    context,
    bytes_per_element,
    accelerator,
    accelerator_numbers,
    taken,
):
    config = load_model(model)
    a, d = heads or config.num_attention_heads, head_dim or head_size(config)
    # those that mix tokens: some models have layers of a feed-forward alone
    hidden, layers = config.hidden_size, sum(bool(layer.cache) for layer in config.anatomy.layers)
    kinds = [
        grouped_query(hidden, a, d, a, "MHA"),
        grouped_query(hidden, a, d, kv_heads, "GQA"),
        grouped_query(hidden, a, d, 1, "MQA"),
        latent(hidden, a, d, kv_rank, rope_dim),
    ]
    gpu = chosen_accelerator(accelerator, accelerator_numbers)
    memory_bytes = gpu.needed("memory_bytes")
    room = max(0.0, memory_bytes - taken * 1e9)

    def row(name, per_token, sequence, **known):
        return {
            "kind": name,
            "bytes_per_token": per_token,
            "bytes_per_sequence": sequence,
            "of_mha": per_token / (kinds[0].cache_elements * layers * bytes_per_element),
            "sequences": sequences_that_fit(memory_bytes, taken * 1e9, sequence),
            "intensity": None,
            "room": room,
            **known,
        }

    rows = [
        row(
            kind.name,
            per_token := kind.cache_elements * layers * bytes_per_element,
            per_token * context,
            intensity=kind.intensity(bytes_per_element),
        )
        for kind in kinds
    ]
    own = kv_cache_report(config, context, bytes_per_element)
    rows.append(row(OWN, own["bytes_per_token"], own["bytes"]))
    by_kind = {one["kind"]: one for one in rows}
    metrics = {
        **{f"{name.lower()}_bytes_per_token": by_kind[name]["bytes_per_token"] for name in ("MHA", "GQA", "MQA", "MLA")},
        "own_bytes_per_token": own["bytes_per_token"],
        "mla_sequences": by_kind["MLA"]["sequences"],
        "gqa_sequences": by_kind["GQA"]["sequences"],
        "same_kv_heads": kinds[3].cache_elements / (2 * d),
        "mla_intensity": by_kind["MLA"]["intensity"],
        "gqa_intensity": by_kind["GQA"]["intensity"],
        "ridge": gpu.ridge if gpu.peak_dense_bf16_flops_per_s and gpu.memory_bandwidth_bytes_per_s else None,
    }
    return metrics | {"notes": notes(config)}, rows


EXPLORER = Explorer(
    name="attention-cache",
    title="The cache of a sequence, by kind of attention",
    description="A mark for each kind of attention, at the same number of layers and heads: the bytes that one sequence "
    "keeps, on a logarithmic scale; the last is the model as it is. Beside it stand the bytes and the number of such "
    "sequences that fit; a dashed line is the memory that a GPU has left for its cache.",
    lead=("model", "kv_heads", "kv_rank", "context", "bytes_per_element", "accelerator"),
    headline=("mla_bytes_per_token", "gqa_bytes_per_token", "mla_sequences"),
    controls=(
        model_choice(),
        Number("heads", "Heads", 0, 0, 256, 8, "", zero="as the model has"),
        Number("head_dim", "Size of a head", 0, 0, 512, 32, "", zero="as the model has"),
        Number("kv_heads", "Key-value heads of GQA", 8, 1, 128, 1, "", "powers"),
        Number("kv_rank", "Latent width of MLA", 512, 64, 2048, 64),
        Number("rope_dim", "Rotary key of MLA", 64, 0, 256, 16),
        Number("context", "Context", 32768, 1, 1_048_576, 1, "tokens", "powers"),
        cached_width_choice(),
        accelerator_choice(),
        accelerator_numbers(),
        Number("taken", "Taken by weights and the rest", 40, 0, 400, 5, "GB"),
    ),
    metrics={
        "mha_bytes_per_token": Metric("MHA, a token", "bytes", 5),
        "gqa_bytes_per_token": Metric("GQA, a token", "bytes", 6),
        "mqa_bytes_per_token": Metric("MQA, a token", "bytes", 5),
        "mla_bytes_per_token": Metric("MLA, a token", "bytes", 5),
        "own_bytes_per_token": Metric("The model as it is, a token", "bytes", 6),
        "mla_sequences": Metric("Sequences that fit, MLA", "sequences"),
        "gqa_sequences": Metric("Sequences that fit, GQA", "sequences"),
        "same_kv_heads": Metric("MLA keeps as much as GQA with", "key-value heads", 3),
        "mla_intensity": Metric("Decoding, MLA", "FLOPs a byte"),
        "gqa_intensity": Metric("Decoding, GQA", "FLOPs a byte"),
        "ridge": Metric("The GPU can do", "FLOPs a byte"),
        "notes": NOTES,
    },
    columns={
        "kind": Metric("Attention"),
        "bytes_per_token": Metric("Cache of a token", "bytes", 6),
        "of_mha": Metric("Of MHA's", "%", 2),
        "bytes_per_sequence": Metric("Of a sequence", "bytes"),
        "sequences": Metric("Sequences that fit"),
        "intensity": Metric("FLOPs a byte of cache"),
    },
    compute=compute,
)
