"""FLOPs of a token by operator, as the sequence grows."""

from ...model.anatomy import title
from ...model.config import load_model
from ...model.flops import TRAINING_PASSES, forward_flops_by_component, training_flops_per_token
from .._choices import NOTES, model_choice, notes
from .._define import Explorer, Metric, Number, Switch

SEQ_LENS = (1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072)
SCORES = ("attention_scores", "attention_values", "indexer_scores")


def compute(model, seq_len, causal):
    config = load_model(model)
    chosen = forward_flops_by_component(config, seq_len, causal)
    total = sum(chosen.values())
    scores = sum(chosen.get(name, 0) for name in SCORES)
    metrics = {
        "forward_per_token": total,
        "training_per_token": TRAINING_PASSES * total,
        "training_per_token_with_mtp": training_flops_per_token(config, seq_len, causal, mtp=True),
        "training_per_sequence": TRAINING_PASSES * total * seq_len,
        "attention_share": scores / total,
        "router_share": chosen.get("router", 0) / total,
        # they grow in proportion to the sequence, all else stays
        "seq_len_at_half": (total - scores) / scores * seq_len,
    }
    rows = []
    for length in sorted({*SEQ_LENS, seq_len}):
        components = forward_flops_by_component(config, length, causal)
        whole = sum(components.values())
        rows += [
            {
                "seq_len": length,
                "component": title(name),
                "flops": components[name],
                "share": components[name] / whole,
                "grows": name in SCORES,
                "chosen": length == seq_len,
            }
            # what grows comes last, so that what stays lines up
            for name in sorted(components, key=lambda name: name in SCORES)
        ]
    return metrics | {"notes": notes(config)}, rows


EXPLORER = Explorer(
    name="flops",
    title="FLOPs of a token",
    description="Forward FLOPs of one token, one bar for each sequence length, stacked by operator. The two "
    "attention products stand last: they alone grow with the sequence. The chosen length is in bold.",
    headline=("forward_per_token", "training_per_token", "attention_share"),
    controls=(
        model_choice(flops=True),
        Number("seq_len", "Sequence length", 4096, 128, 1_048_576, 128, "tokens", "log"),
        Switch("causal", "Causal: half of the attention products", True),
    ),
    metrics={
        "forward_per_token": Metric("Forward, a token", "FLOPs", 5),
        "training_per_token": Metric("Training, three times that", "FLOPs", 6),
        "training_per_token_with_mtp": Metric("Training, with MTP modules", "FLOPs", 6),
        "training_per_sequence": Metric("Training, the whole sequence", "FLOPs"),
        "attention_share": Metric("Attention products, of forward", "%", 2),
        "router_share": Metric("Router, of forward", "%", 2),
        "seq_len_at_half": Metric("They are half at a length of", "tokens"),
        "notes": NOTES,
    },
    columns={
        "seq_len": Metric("Sequence length"),
        "component": Metric("Operator"),
        "flops": Metric("Forward FLOPs a token"),
        "share": Metric("Share", "%", 2),
    },
    compute=compute,
    says=("component", "seq_len", "flops", "share"),
    picks={"seq_len": "seq_len"},
)
