"""Where a model's parameters sit, for any model of the project and any change to its counts."""

from ...model.anatomy import title
from ...model.config import load_model
from ...model.flops import forward_flops_per_token
from ...model.kv_cache import kv_cache_elements_per_token
from ...model.params import num_total_params, params_report
from .._choices import NOTES, model_choice, notes, read_changes
from .._define import Explorer, Guess, Metric, Number, Text

SEQ_LEN = 4096
BF16_BYTES = 2
#: Decimals of a share in the rows; the counts that it follows from stand beside it.
SHARE_DIGITS = 10


def compute(model, changes, **counts):
    published = load_model(model)
    # what is typed as text comes last, so it wins
    changed = {key: value for key, value in counts.items() if value} | read_changes(changes)
    config = published.replace(**changed) if changed else published
    counted = params_report(config)
    components, activated = counted["components"], counted["activated_components"]
    metrics = {
        "total": counted["total"],
        "total_ratio": counted["total"] / num_total_params(published),
        "activated": counted["activated"],
        "activated_without_embedding": counted["activated_without_embedding"],
        "activated_without_embedding_and_head": counted["activated_without_embedding_and_head"],
        "mtp": counted["mtp"],
        "routed_share": components.get("routed_experts", 0) / counted["total"],
        "activated_share": counted["activated"] / counted["total"],
        "kv_bytes_per_token": BF16_BYTES * kv_cache_elements_per_token(config),
        "forward_flops_per_token": forward_flops_per_token(config, SEQ_LEN),
    }
    rows = [
        {
            "component": title(name),
            "total": total,
            "total_share": round(total / counted["total"], SHARE_DIGITS),
            "activated": activated[name],
            "activated_share": round(activated[name] / counted["activated"], SHARE_DIGITS),
        }
        for name, total in components.items()
    ]
    return metrics | {"notes": notes(config)}, rows


def _count(key, label, high, step):
    return Number(key, label, 0, 0, high, step, zero="as in the config")


EXPLORER = Explorer(
    name="parameters",
    title="Where the parameters sit",
    description="Two bars for each component: its share of all parameters, and its share of those that one token "
    "uses. In a mixture of experts the routed experts have nearly all of the first and far less of the second.",
    headline=("total", "activated", "activated_share"),
    controls=(
        model_choice(),
        _count("n_routed_experts", "Routed experts a layer", 1024, 16),
        _count("num_experts_per_tok", "Experts that a token is sent to", 64, 1),
        _count("num_hidden_layers", "Layers", 200, 1),
        _count("hidden_size", "Width (hidden_size)", 20_480, 256),
        Text("changes", "Any other key of its config", "", "one key=value a line, such as moe_intermediate_size=1536"),
    ),
    metrics={
        "total": Metric("Total parameters"),
        "total_ratio": Metric("of the published config's", "%", 1),
        "activated": Metric("Activated, all"),
        "activated_without_embedding": Metric("without embedding"),
        "activated_without_embedding_and_head": Metric("without embedding and head"),
        "mtp": Metric("MTP modules, apart"),
        "routed_share": Metric("Routed experts, of the total", "%", 2),
        "activated_share": Metric("Activated, of the total", "%", 2),
        "kv_bytes_per_token": Metric("Cache a token, BF16", "bytes", 5),
        "forward_flops_per_token": Metric(f"Forward, a token at {SEQ_LEN:,}", "FLOPs"),
        "notes": NOTES,
    },
    columns={
        "component": Metric("Component"),
        "total": Metric("Parameters"),
        "total_share": Metric("Share", "%", 3),
        "activated": Metric("Activated"),
        "activated_share": Metric("Share of activated", "%", 3),
    },
    compute=compute,
    guess=Guess(
        "activated_share",
        "Of all parameters of this model, what share does one token use?",
        *(0.5, 100, "%", 0.01, "log"),
        formula="{activated} ÷ {total} = {activated_share}",
    ),
)
