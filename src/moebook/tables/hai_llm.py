"""Tables of the page on HAI-LLM, HAI-Platform and Fire-Flyer."""

from moecalc.base.units import show
from moecalc.claims.registry import report_fact, run_fact
from moecalc.facts import models
from moecalc.facts import tables as facts
from moecalc.hardware.cluster_value import Offer, scaling_efficiency, value_over
from moecalc.hardware.host_reduce import (
    CLUSTER,
    DGX,
    RESOURCES,
    TABLE,
    WAYS,
    all_reduce_bound,
    fire_flyer_host,
    measured_all_reduces,
)
from moecalc.model.config import load_model
from moecalc.training.checkpoints import checkpoint_bytes, write_time_s
from moecalc.training.layout import Layout
from moecalc.training.memory_examples import V3_LAYOUT

from ..prose import fact_table, source_link, table

PAPER = "fire-flyer-paper"
THREE_LAYERS = "PCIe A100, three layers"
RUNS = ("HaiScale LLaMA-13B", "HaiScale DeepSeekMoE-16B")


def fact(subject: str, quantity: str):
    """A fact of Fire-Flyer's table."""
    return facts.by_subject(TABLE)[subject][quantity]


def known():
    """What each of the three names stands for, and how much of it is published."""
    rows = [
        {
            "name": "HAI-LLM",
            "does": "trains: pipeline, experts and data in parallel, FP8, DualPipe",
            "known": f"named in the report ({report_fact('training system', 'framework').locator}); schedule, layout and "
            "kernels described there, DualPipe, DeepEP and DeepGEMM as code",
            "lacks": "its code, its measured kernels, how recompute and copies are scheduled",
        },
        {
            "name": "HAI-Platform",
            "does": "shares a cluster out in time: tasks are interrupted, saved, and go on later",
            "known": "code, and rules: "
            + fact("HAI-Platform", "unit").value
            + "; "
            + fact("HAI-Platform", "across_zones").value,
            "lacks": "what its utilisation counts, how often tasks are interrupted, what ran V3's cluster",
        },
        {
            "name": "Fire-Flyer AI-HPC",
            "does": "the cluster, HFReduce, HaiScale and 3FS",
            "known": "a paper on Fire-Flyer 2, of A100 with PCIe; 3FS as code",
            "lacks": "the same of the H800 cluster that trained V3",
        },
    ]
    columns = {"name": "Name", "does": "What it does", "known": "What is public", "lacks": "What is not"}
    return table(rows, columns, "Three names on the talk's slide")


def all_reduces():
    """Measured all-reduces beside what their narrowest links allow."""
    host = fire_flyer_host()
    rows = []
    for one in measured_all_reduces():
        bound = all_reduce_bound(one.way, host, one.num_gpus)
        same = show(bound.low, "bytes/s", 3) == show(bound.high, "bytes/s", 3)
        span = show(bound.high, "bytes/s", 3) if same else f"{bound.low / 1e9:.3g} to {show(bound.high, 'bytes/s', 3)}"
        rows.append(
            {
                "way": WAYS[one.way],
                "gpus": one.num_gpus,
                "measured": one.bytes_per_s,
                "bound": span,
                "share": one.bytes_per_s / bound.high,
                "narrowest": RESOURCES[bound.narrowest],
            }
        )
    columns = {
        "way": "Way",
        "gpus": "GPUs",
        "measured": ("Measured", "bytes/s", 3),
        "bound": "At most",
        "share": ("Measured, of the most", "%", 0),
        "narrowest": "Narrowest link",
    }
    where = source_link(PAPER, "Fig. 7")
    return table(rows, columns, "Measured beside what links allow", source=where, folded=True)


def offers(measure: str = "fp16_gemm") -> tuple:
    """:class:`Offer` of Fire-Flyer 2 and of DGX-A100: performance of a GPU, price of a whole cluster, power of a node."""
    return tuple(
        Offer(fact(one, measure).value, fact(one, "total_price").value, fact(one, "power").value) for one in (CLUSTER, DGX)
    )


def cluster_value(measure: str = "fp16_gemm"):
    """Fire-Flyer 2 over DGX-A100, whole clusters of as many GPUs."""
    return value_over(*offers(measure))


def prices():
    """Prices of three clusters in the paper's unit, and what they buy."""
    base = fact(DGX, "fp16_gemm").value
    rows = []
    for name, like in ((CLUSTER, CLUSTER), (THREE_LAYERS, CLUSTER), (DGX, DGX)):
        performance = fact(like, "fp16_gemm").value
        one = value_over(Offer(performance, fact(name, "total_price").value), Offer(base, fact(DGX, "total_price").value))
        rows.append(
            {
                "name": name,
                "switches": fact(name, "switches").value,
                "network": fact(name, "network_price").value,
                "servers": fact(name, "server_price").value,
                "total": fact(name, "total_price").value,
                "share": fact(name, "network_price").value / fact(name, "total_price").value,
                "performance": one.performance,
                "value": one.performance_per_price,
            }
        )
    columns = {
        "name": "Cluster",
        "switches": "Switches",
        "network": "Network",
        "servers": "Servers",
        "total": "In all",
        "share": ("of it network", "%", 0),
        "performance": ("FP16 product, of DGX", "%", 0),
        "value": ("Performance for the price", "x", 3),
    }
    caption = "Prices in the paper's own unit; performance is of one product, on one GPU"
    return table(rows, columns, caption, source=source_link(PAPER, "Tables II and III"))


def scaling():
    """Printed step times of two models on more GPUs, and the efficiency that follows."""
    rows = []
    for name in RUNS:
        times = {
            int(quantity.split("_")[2]): one
            for quantity, one in facts.by_subject(TABLE)[name].items()
            if quantity.startswith("step")
        }
        first = min(times)
        said = {max(times): fact(name, "efficiency_said").to("ratio")}
        for gpus, one in times.items():
            rows.append(
                {
                    "name": name,
                    "gpus": gpus,
                    "s": one.value,
                    "found": scaling_efficiency(gpus, one.value, first, times[first].value),
                    "said": said.get(gpus),
                }
            )
    columns = {
        "name": "Run",
        "gpus": "GPUs",
        "s": ("A step takes", "s", 5),
        "found": ("Efficiency by these times", "%", 1),
        "said": ("Printed", "%", 1),
    }
    return table(rows, columns, "Strong scaling on Fire-Flyer 2", source=source_link(PAPER, "section V-B2 and Fig. 9"))


def scaled(name: str, gpus: int) -> float:
    """Efficiency on so many GPUs by the printed times, over the smallest number of them."""
    times = {int(q.split("_")[2]): one.value for q, one in facts.by_subject(TABLE)[name].items() if q.startswith("step")}
    return scaling_efficiency(gpus, times[gpus], min(times), times[min(times)])


#: Model -> layout whose nodes write; GPUs follow from it.
SAVED = {
    "deepseek-v3": (V3_LAYOUT, "deepseek-v3"),
    "llama-3.1-405b": (Layout(tp=8, pp=16, dp=128), "bf16"),
    "llama-3.1-8b": (Layout(dp=8), "bf16"),
}


def checkpoints():
    """Bytes of checkpoints, and the time to write them at the published rate of a node."""
    rate = fact("3FS on Fire-Flyer 2", "write_per_node").to("bytes/s")
    rows = []
    for slug, (layout, recipe_name) in SAVED.items():
        size = checkpoint_bytes(load_model(slug), layout, recipe_name)
        nodes = -(-layout.num_gpus // 8)
        rows.append(
            {
                "name": models.model(slug)["name"],
                "gpus": layout.num_gpus,
                "bytes": size,
                "per_gpu": size / layout.num_gpus,
                "s": write_time_s(size, nodes, rate),
                "one": write_time_s(size, 1, rate),
            }
        )
    columns = {
        "name": "Model",
        "gpus": "GPUs",
        "bytes": ("Checkpoint", "bytes", 3),
        "per_gpu": ("of one GPU", "bytes", 3),
        "s": ("Written by all nodes, at least", "s", 3),
        "one": ("by one node", "s", 3),
    }
    caption = "Master weights and moments, written at the published rate of a node"
    return table(rows, columns, caption, source=source_link(PAPER, "section VII-A"))


def reads():
    """What 3FS gives in all on a cluster of later date."""
    return facts.by_subject("serving")["3FS"]["aggregate_read"]


def facts_used():
    """Facts that the page uses."""
    used = [one for known in facts.by_subject(TABLE).values() for one in known.values()]
    serving = facts.by_subject("serving")["3FS"]
    used += [serving[name] for name in ("aggregate_read", "kvcache_peak_per_client")]
    used += [report_fact("training system", name) for name in ("framework", "recompute", "ema")]
    used += [run_fact("dsv3-mpft", "step_time")]
    used += [run_fact("llama31-405B", name) for name in ("num_gpus", "num_interruptions", "interruption_window")]
    used += [facts.lookup("accelerators", slug, "scale_up_bandwidth") for slug in ("h100-pcie", "a100-pcie")]
    return fact_table(used)
