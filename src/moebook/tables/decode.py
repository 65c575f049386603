"""Tables of the page on decode."""

from moecalc import load_model
from moecalc.claims.deployment import DECODE, unit_fact
from moecalc.explorers.serving.decode_pareto import REDUNDANT, SIZES
from moecalc.facts import tables as facts
from moecalc.serving.throughput import expert_parallel
from moecalc.serving.tpot_bound import ROUNDED_HIDDEN, TOKENS, most_tokens, tokens_per_expert, tpot_bound

from ..prose import fact_table, table

#: Quantities of the report's unit that the page uses.
UNIT = ("nodes", "gpus", "attention_parallelism", "moe_parallelism", "gpus_for_redundant_and_shared", "batch_per_expert")
#: Name of a bound in data/serving.csv -> link, bytes a second.
LINKS = {"CX7 400G IB": ("InfiniBand, 400 Gb/s", 50e9), "GB200 NVL72": ("NVLink of GB200 NVL72", 900e9)}


def units():
    """Sizes of the group: what a GPU holds, and how many tokens it may have."""
    v3, limit = load_model("deepseek-v3"), unit_fact(DECODE, "batch_per_expert").value
    rows = []
    for layout in expert_parallel(v3, SIZES, 1, REDUNDANT):
        of_expert = tokens_per_expert(v3, TOKENS, layout.ep, layout.redundant_experts)
        rows.append(
            {
                "ep": layout.ep,
                "redundant": layout.redundant_experts,
                "held": (v3.n_routed_experts + layout.redundant_experts) // layout.ep,
                "mean": of_expert.mean,
                "fullest": of_expert.fullest,
                "most": most_tokens(v3, limit, layout.ep, layout.redundant_experts),
            }
        )
    columns = {
        "ep": "GPUs",
        "redundant": "Redundant experts",
        "held": "Routed experts of a GPU",
        "mean": (f"Tokens of an expert, {TOKENS} of a GPU", "", 3),
        "fullest": ("the fullest, by chance", "", 3),
        "most": (f"Tokens of a GPU that give {limit}", "", 3),
    }
    return table(rows, columns, "Units of decode by size, at least as many redundant experts as the online service has")


def bounds():
    """The published bound beside ours: as printed, and with the model's own sizes."""
    v3, rows = load_model("deepseek-v3"), []
    for name, (link, bandwidth) in LINKS.items():
        known = facts.by_subject("serving")[f"TPOT bound, {name}"]
        ways = {
            "as printed": tpot_bound(v3, bandwidth, layers=v3.num_hidden_layers, hidden_size=ROUNDED_HIDDEN),
            "layers with experts": tpot_bound(v3, bandwidth, hidden_size=ROUNDED_HIDDEN),
            "and the exact width": tpot_bound(v3, bandwidth),
        }
        for way, one in ways.items():
            said = known if way == "as printed" else {}
            rows.append(
                {
                    "link": link,
                    "way": way,
                    "layers": one.layers,
                    "pass": one.pass_s * 1e6,
                    "tpot": one.tpot_s * 1e3,
                    "rate": one.tokens_per_s,
                    "said": said["tokens_per_s"].value if said else None,
                }
            )
    columns = {
        "link": "Link",
        "way": "Counted",
        "layers": "Layers",
        "pass": ("Dispatch and combine", "us", 5),
        "tpot": ("A token", "ms", 4),
        "rate": ("Tokens of a user", "tokens/s", 4),
        "said": ("Printed", "tokens/s", 4),
    }
    return table(rows, columns, "The bound on the time of an output token, step by step")


def facts_used():
    """Facts that the page uses."""
    served = facts.by_subject("serving")
    used = [unit_fact(DECODE, name) for name in UNIT]
    online = served["DeepSeek V3/R1 online service"]
    used += [online[name] for name in ("decode_unit", "output_speed_per_user", "decode_throughput_per_node")]
    steps = ("comm_time_per_ep_step", "tpot", "tokens_per_s")
    used += [served[f"TPOT bound, {name}"][key] for name in LINKS for key in steps]
    used += [served["DeepSeek profile on H800"][name] for name in ("decode", "decode_tpot")]
    used += [served["SGLang 96x H100 DeepSeek-V3"]["decode_2k_batch_256"]]
    cloud = served["CloudMatrix-Infer DeepSeek-R1 on Ascend 910C"]
    used += [cloud[name] for name in ("decode", "decode_tpot", "decode_within_15_ms", "decode_within_15_ms_tpot")]
    used += [served["DeepSeek-V3 API"][name] for name in ("output_speed", "output_speed_over_v2")]
    return fact_table([*used, facts.lookup("v3_report", "deployment", "generation_speed_over_v2")])
