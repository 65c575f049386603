"""Tables of the page on routing and balance."""

from moecalc.claims.registry import config_fact
from moecalc.facts import tables as facts
from moecalc.facts.benchmarks import balancing_ablation, validation_losses

from ..prose import fact_table, table

_KEYS = (
    "scoring_func", "topk_method", "n_group", "topk_group", "num_experts_per_tok", "norm_topk_prob", "routed_scaling_factor",
)  # fmt: skip
_COLUMNS = {
    "Small aux-loss": "Small, loss",
    "Small aux-loss-free": "Small, bias",
    "Large aux-loss": "Large, loss",
    "Large aux-loss-free": "Large, bias",
}


def gates(configs: dict, tokens: dict):
    """Two gates as published, and the weights of one made-up token in each."""
    rows = [{"what": f"{key}, published"} | {slug: str(raw[key]) for slug, raw in configs.items()} for key in _KEYS]
    for what, of in {"largest weight": max, "smallest weight": min, "sum of the weights": sum}.items():
        weights = {slug: f"{of(token['weights']):.3f}" for slug, token in tokens.items()}
        rows.append({"what": f"{what}, one made-up token"} | weights)
    columns = {"what": "What", "deepseek-v2": "V2", "deepseek-v3": "V3"}
    return table(rows, columns, "Two gates, and a token of random affinities in each")


def limits(limited: list, num_tokens: int, num_nodes: int, exact: float, hidden_size: int):
    """Nodes that a token touches, and copies that leave its own node, by the limit."""
    rows = [
        {
            "limit": f"at\u00a0most\u00a0{one.max_groups}" if one.max_groups < num_nodes else "none",
            "exact": exact if one.max_groups == num_nodes else None,
            **one._asdict(),
            "bytes": one.per_node * hidden_size,
        }
        for one in limited
    ]
    columns = {
        "limit": "Limit",
        "exact": ("Nodes, exact", "", 3),
        "touched": ("Simulated", "", 3),
        "per_expert": ("One an expert", "", 3),
        "per_node": ("One a node", "", 3),
        "bytes": ("In FP8, a layer", "bytes", 3),
    }
    caption = f"Nodes that a token touches, and copies that leave its own node ({num_tokens} made-up tokens)"
    return table(rows, columns, caption)


def step_and_batch(ends: dict, batches: tuple):
    """The busiest expert above the mean, by gamma and by batch."""
    rows = [
        {"gamma": gamma if isinstance(gamma, str) else f"{gamma:g}"}
        | {str(size): end["max_violation"] for size, end in by_batch.items()}
        for gamma, by_batch in ends.items()
    ]
    columns = {"gamma": "Gamma"} | {str(size): (f"{size:,} tokens a step", "%", 0) for size in batches}
    return table(rows, columns, "Busiest expert above the mean, over the last fifth of the steps")


def large(ends: dict, num_experts: int, top_k: int, num_tokens: int):
    """Methods of balancing with as many experts as V3 has."""
    columns = {
        "method": "Method",
        "max_violation": ("Above the mean", "%", 0),
        "max_violation_together": ("Together", "%", 0),
        "dropped": ("No room", "%", 2),
        "shift": ("Moved", "", 4),
        "offset": ("Bias", "", 4),
    }
    rows = [{"method": name} | end for name, end in ends.items()]
    return table(rows, columns, f"{num_experts} experts, {top_k} a token, {num_tokens:,} tokens a step")


def sequence_loss(affinities: list, worked: dict):
    """Terms of the loss of one short sequence, expert by expert."""
    rows = [
        {"expert": f"expert\u00a0{i}"}
        | {f"token {t}": row[i] for t, row in enumerate(affinities)}
        | {key: worked[key][i] for key in ("load", "share", "products")}
        for i in range(len(affinities[0]))
    ]
    columns = {"expert": ""} | {f"token {t}": (f"s, token {t}", "", 2) for t in range(len(affinities))}
    columns |= {"load": ("f", "", 3), "share": ("P", "", 4), "products": ("f P", "", 4)}
    return table(rows, columns, "Affinities of one short sequence, and the terms of the loss")


def validation():
    """Validation losses of two models by how their experts are balanced."""
    rows = [{"model": f"MoE of {size.upper()}"} | validation_losses(size) for size in ("1b", "3b")]
    headings = {"sequence_wise_loss": "Loss by sequence", "batch_wise_loss": "Loss by batch", "loss_free": "Bias"}
    columns = {"model": "Model"} | {key: (head, "", 4) for key, head in headings.items()}
    return table(rows, columns, "Validation loss, as reported")


def ablation():
    """Table 5 of the report."""
    rows = [
        {"test": one.test}
        | {model: f"{score:.{3 if 'BPB' in one.test else 1}f}" for model, score in one.scores.items()}
        for one in balancing_ablation()
    ]
    return table(rows, {"test": "Benchmark"} | _COLUMNS, "Table 5 of the report")


def facts_used():
    """Facts that the page uses."""
    report, scores = facts.by_subject("v3_report"), facts.by_subject("benchmarks")
    used = [fact for fact in report["load balancing"].values() if not fact.quantity.startswith("mtp")]
    used.append(report["model"]["node_limit"])
    links = ("nvlink_bandwidth", "infiniband_bandwidth", "avg_experts_per_node_free", "max_experts_same_cost")
    used += [report["training system"][key] for key in links]
    used += [scores[model][test] for model in _COLUMNS for test in scores[model]]
    slugs = ("deepseek-v2", "deepseek-v3")
    return fact_table(used + [config_fact(slug, key) for slug in slugs for key in ("n_routed_experts", *_KEYS)])
