"""What the talk says of how long a context V3 has, and of the GPUs that its service takes."""

from ..facts import tables
from .evidence import Evidence, Part
from .printed import items, numbers
from .registry import V3, check, config_fact, report_fact

#: Tokens of what is printed as 1K.
KI = 1024


def unit_fact(phase: str, quantity: str):
    """A fact of the report's unit for prefill or decode."""
    return tables.lookup("serving", f"V3 report {phase} unit", quantity)


@check("C02")
def context_lengths(claim):
    first = tables.lookup("training_runs", "dsv3-pretrain", "seq_len")
    stages = (first, *(report_fact("context extension", f"seq_len_phase_{phase}") for phase in (1, 2)))
    parts = [Part(text, None, fact.to("tokens") // KI, fact) for text, fact in zip(numbers("C02"), stages, strict=True)]
    longest = config_fact(V3, "max_position_embeddings").value
    return Evidence(
        tuple(parts),
        note=f"The config allows {longest:,} tokens, {longest // first.value:,} times the first stage as YaRN scales it. "
        "How many users of such a context fit is computed.",
        cite=stages[-1],
    )


@check("C83")
def prefill_layout(claim):
    nodes, gpus, attention, experts, spare, batches = (
        unit_fact("prefill", quantity)
        for quantity in (
            "nodes", "gpus", "attention_parallelism", "moe_parallelism", "redundant_experts", "micro_batches_overlapped",
        )
    )  # fmt: skip
    tensor, data = attention.value.split(", ")
    tp, _, sp = tensor.partition("+")
    product = int(tp.removeprefix("TP")) * int(data.removeprefix("DP"))
    printed_nodes, printed_gpus, *_ = numbers("C83")
    _, _, printed_attention, printed_data, printed_experts, *_ = items("C83")
    _, printed_tp, _, printed_sp = printed_attention.split()
    return Evidence(
        (
            Part(printed_nodes, None, nodes.value, nodes, "nodes"),
            Part(printed_gpus, product, gpus.value, gpus, "GPUs"),
            Part(printed_tp, None, tp, attention, "tensor parallel attention"),
            Part(printed_sp, None, sp, attention, "sequence parallel"),
            Part(printed_data, None, data, attention, "data parallel attention"),
            Part(printed_experts.split()[1], None, experts.value, experts, "expert parallel"),
            Part("True", None, spare.value > 0, spare, "redundant experts"),
            Part("True", None, batches.value == 2, batches, "micro-batches that overlap"),
        ),
        shown=f"{tp} x {data} = {product} GPUs on {nodes.value} nodes, {sp}; {experts.value} with {spare.value} redundant "
        f"experts; {batches.value} micro-batches",
        cite=gpus,
    )
