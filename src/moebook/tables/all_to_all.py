"""Tables of the page on dispatch and combine."""

from moecalc.claims.registry import config_fact
from moecalc.explorers.training.communication_sms import V2_SUBJECT
from moecalc.explorers.training.deepep import V2_SUBJECTS
from moecalc.facts import tables as facts
from moecalc.hardware.all_to_all.sms import FOUR_NODES, measured_kernels
from moecalc.hardware.all_to_all.traffic import Wire, bus_bandwidth

from ..prose import fact_table, table

#: Figures of the page, by table and subject.
_REPORT = (
    "nvlink_bandwidth", "infiniband_bandwidth", "avg_experts_per_node_free", "max_experts_same_cost", "communication_sms",
    "comm_channels", "dispatch", "combine", "l2_cache", "comm_compute_ratio_without_overlap", "gpus_per_node",
)  # fmt: skip
_LINKS = (
    "scale_up_bandwidth", "scale_up_bandwidth_effective", "scale_out_bandwidth", "scale_out_bandwidth_effective", "num_sms",
)  # fmt: skip


def by_size(uniform: list, normal: list):
    """Nodes of a token by size of the group, without and with the limit, under two laws of scores."""
    rows = [
        {
            "ep": one.ep,
            "num_nodes": one.num_nodes,
            "free": one.reach.nodes_without_limit,
            "most": one.reach.most_nodes,
            "uniform": one.reach.nodes.mean,
            "error": one.reach.nodes.standard_error,
            "normal": other.reach.nodes.mean,
            "out": one.copies.scale_out,
            "up": one.copies.scale_up,
        }
        for one, other in zip(uniform, normal, strict=True)
    ]
    columns = {
        "ep": "EP",
        "num_nodes": "Nodes",
        "free": ("No limit, exact", "", 6),
        "most": "Allowed",
        "uniform": ("Uniform scores", "", 4),
        "error": ("± one error", "", 2),
        "normal": ("Normal logits", "", 4),
        "out": ("Copies between", "", 3),
        "up": ("Copies inside", "", 3),
    }
    return table(rows, columns, "Nodes that a token's experts lie on, and its copies between and inside nodes")


def normal_kernels():
    """DeepEP's published bandwidths, and what of them crosses the network card."""
    known, rows = facts.by_subject("serving"), []
    subjects = {
        "V1, 2025-02": "DeepEP V1 normal kernels (initial)",
        "V1, 2025-04": "DeepEP V1 normal kernels (April 2025)",
        "V1, 2025-06": "DeepEP V1 normal kernels",
    }
    for version, subject in subjects.items():
        for ep in (16, 32, 64):
            published = [known[subject].get(f"{name}_ep{ep}") for name in Wire._fields]
            if all(published):
                rows.append(_published(version, ep, [one.to("GB/s") for one in published]))
    for ep, subject in V2_SUBJECTS.items():
        rows.append(_published("V2, 2026-04", ep, [known[subject][f"{name}_bw"].to("GB/s") for name in Wire._fields]))
    columns = {
        "version": "Version",
        "ep": "EP",
        "dispatch": ("Dispatch, as published", "GB/s", 3),
        "dispatch_card": ("Over the card", "GB/s", 3),
        "combine": ("Combine, as published", "GB/s", 3),
        "combine_card": ("Over the card", "GB/s", 3),
    }
    return table(rows, columns, "Bandwidth of DeepEP's normal kernels between nodes, counted in two ways", folded=True)


def _published(version, ep, rates) -> dict:
    row = {"version": version, "ep": ep}
    for name, rate in zip(Wire._fields, rates, strict=True):
        row |= {name: rate, f"{name}_card": bus_bandwidth(rate * 1e9, ep // 8) / 1e9}
    return row


def measured():
    """Bandwidth of measured kernels by SMs."""
    by_sms = {}
    for one in measured_kernels(FOUR_NODES):
        row = by_sms.setdefault(one.num_sms, {"num_sms": one.num_sms})
        row |= {f"{one.direction}_us": one.time_s * 1e6, one.direction: one.bytes_per_s / 1e9}
    columns = {
        "num_sms": "SMs",
        "dispatch_us": ("Dispatch", "us", 4),
        "dispatch": ("Dispatch, over the card", "GB/s", 3),
        "combine_us": ("Combine", "us", 4),
        "combine": ("Combine, over the card", "GB/s", 3),
    }
    return table(by_sms.values(), columns, "DeepEP V1 measured on four nodes of H100, by SMs", folded=True)


def facts_used():
    """Facts that the page uses."""
    report, serving, accelerators = (facts.by_subject(name) for name in ("v3_report", "serving", "accelerators"))
    used = [report["training system"][name] for name in _REPORT]
    used += [report["model"]["node_limit"], report["hardware suggestions"]["communication"]]
    used += [accelerators["h800-sxm"][name] for name in _LINKS]
    used += [serving[V2_SUBJECT][name] for name in ("dispatch_bw", "combine_bw", "sms")]
    used += list(serving["DeepEP V1 normal kernels"].values())
    used += list(serving["DeepEP V1 low-latency EP8"].values())
    keys = ("hidden_size", "n_routed_experts", "num_experts_per_tok", "n_group", "topk_group")
    return fact_table(used + [config_fact("deepseek-v3", key) for key in keys])
