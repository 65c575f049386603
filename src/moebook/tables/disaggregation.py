"""Tables of the page on prefill and decode apart."""

from moecalc.economics.service_account import SUBJECT, deepseek_day, deepseek_nodes, deepseek_service, printed
from moecalc.explorers import explore
from moecalc.facts import models
from moecalc.facts import tables as facts
from moecalc.model.config import load_model
from moecalc.serving.kv_transfer import kv_transfer, link_share

from ..prose import fact_table, table

MODELS = ("llama-3.1-405b", "qwen3-235b-a22b", "deepseek-v3", "deepseek-v3.2", "kimi-k2", "deepseek-v4-flash")
CARD = 50e9  # bytes/s
PROMISES = (100, 50, 40, 35, 30, 20)


def nodes():
    """Nodes of both kinds: by what DeepSeek printed, and as estimated."""
    day, divided, shown = deepseek_day(), deepseek_nodes(), explore("disaggregation")["metrics"]
    given = day.cached_input_tokens + day.computed_input_tokens
    tokens = {"prefill": given, "decode": day.output_tokens}
    rows = [
        {
            "kind": kind,
            "tokens": tokens[kind],
            "rate": printed(f"{kind}_throughput_per_node").to("tokens/s per node"),
            "nodes": divided[kind],
            "estimated": shown[f"{kind}_nodes"],
        }
        for kind in divided
    ]
    rows.append({"kind": "both", "nodes": sum(divided.values()), "estimated": shown["nodes_mean"]})
    rows.append({"kind": "both, as printed", "nodes": day.nodes})
    columns = {
        "kind": "Nodes of",
        "tokens": ("Tokens of a day, cached ones included", "tokens"),
        "rate": ("Throughput printed [tokens/s of a node]", "", 6),
        "nodes": ("Nodes that follow", "", 5),
        "estimated": ("Nodes as we estimate, mean", "", 4),
    }
    return table(rows, columns, "DeepSeek's nodes over its day, of both kinds")


def transfers(context: int):
    """What models hand over from prefill to decode."""
    rate, rows = deepseek_service().prefill_tokens_per_s_per_gpu, []
    for slug in MODELS:
        config = load_model(slug)
        sent = kv_transfer(config, context, CARD)
        share = link_share(config, rate, CARD, deepseek_service().cache_hit)
        row = {"model": models.model(slug)["name"], "token": sent.bytes / context, "bytes": sent.bytes}
        rows.append(row | {"ms": 1e3 * sent.time_s, "share": share})
    columns = {
        "model": "Model",
        "token": ("Cache of a token", "bytes", 4),
        "bytes": ("of the mean request", "bytes", 4),
        "ms": ("Over one network card", "ms", 3),
        "share": ("Of the card, at DeepSeek's rate of prefill", "%", 1),
    }
    return table(rows, columns, f"From prefill to decode, in BF16, {context:,} tokens of a request")


def share_of_trace() -> float:
    """What a GPU of prefill computed in the service, of what it computes in DeepSeek's trace [a ratio]."""
    known = facts.by_subject("serving")["SGLang 96x H100 DeepSeek-V3"]
    trace = known["deepseek_profile_prefill_as_computed_by_sglang"].to("tokens/s per node")
    return deepseek_service().prefill_tokens_per_s_per_gpu * deepseek_day().gpus_per_node / trace


def promises():
    """What a faster token costs in nodes, down to what nobody can keep."""
    rows = []
    for promised in PROMISES:
        shown = explore("disaggregation", tpot=promised)["metrics"]
        rows.append({"promised": promised, **shown})
    columns = {
        "promised": ("A token every", "ms"),
        "tpot_ms": ("It comes every", "ms", 3),
        "batch": ("Sequences on a GPU", "", 3),
        "decode_nodes": ("Nodes of decode, mean", "", 4),
        "nodes_mean": ("Both", "", 4),
        "kept": "Promises kept",
    }
    return table(rows, columns, "DeepSeek's day under other promises")


def facts_used():
    """Facts that the page uses."""
    return fact_table(facts.by_subject("serving")[SUBJECT].values())
