"""One token's affinities by node: which nodes and experts are chosen, and with what weights."""

import math
from random import Random

from ...mechanisms.routing import copies_sent, drawn_affinities, groups_touched, route
from .._define import Choice, Explorer, Metric, Number

#: Best experts of each node that are drawn; no more can be chosen.
DRAWN = 8
#: How a node's score is made: its best K/M affinities summed, or its best one.
GROUP_SCORES = {"sum": "its best K/M, summed (V3)", "best": "its best one (V2)"}
LIMITS = (1, 2, 3, 4, 6, 8)


def compute(gate, experts, nodes, limit, top_k, node_score, bias, scaling, seed):
    limit = min(limit, nodes)
    scores = drawn_affinities(experts, seed, gate)
    draw = Random(seed).random
    biases = [round(bias * (2 * draw() - 1), 6) for _ in range(experts)]
    if gate == "softmax":  # affinities are so much smaller on average
        biases = [one / experts for one in biases]
    best = 1 if node_score == "best" else None
    found = route(scores, top_k, nodes, limit, best, biases, routed_scaling_factor=scaling)
    free = route(scores, top_k, biases=biases, routed_scaling_factor=scaling)
    uniform = groups_touched(experts, nodes, top_k)
    size = experts // nodes
    weights = dict(zip(found["experts"], found["weights"], strict=True))
    unlimited = set(free["experts"])
    touched_free = len({expert // size for expert in unlimited})

    def affinity(chosen):
        return math.fsum(scores[expert] for expert in chosen)

    metrics = {
        "touched": found["touched"],
        "touched_free": touched_free,
        "expected_free": uniform["expected"],
        "within_limit": math.fsum(uniform["probabilities"][:limit]),
        "copies_per_expert": copies_sent(found["touched"], top_k, nodes)["per_expert"],
        "copies_free": copies_sent(uniform["expected"], top_k, nodes)["per_node"],
        "copies": copies_sent(found["touched"], top_k, nodes)["per_node"],
        "kept": len(unlimited & set(found["experts"])),
        "affinity_kept": affinity(found["experts"]) / affinity(free["experts"]),
        "largest_weight": max(found["weights"]),
        "smallest_weight": min(found["weights"]),
        "weight_sum": math.fsum(found["weights"]),
    }
    rows = []
    for node in range(nodes):
        by_score = sorted(range(node * size, (node + 1) * size), key=lambda expert: -(scores[expert] + biases[expert]))
        rows += [
            {
                "node": node,
                "node_score": round(found["group_scores"][node], 6),
                "node_chosen": node in found["groups"],
                "expert": expert,
                "affinity": scores[expert],
                "score": round(scores[expert] + biases[expert], 6),
                "what": "chosen" if expert in weights else "lost to the limit" if expert in unlimited else "other",
                "weight": round(weights[expert], 6) if expert in weights else None,
            }
            for expert in by_score[:DRAWN]
        ]
    return metrics, rows


EXPLORER = Explorer(
    name="routing",
    title="Where one token goes",
    description="A line for each node, and on it a mark for each of its best eight experts, placed by affinity plus bias. "
    "Full discs are the chosen experts; hollow ones, large, are lost to the limit on nodes. Nodes in bold are "
    "those that the token may use; behind each stands its score. The affinities are made up.",
    lead=("experts", "nodes", "limit", "top_k", "bias", "seed"),
    headline=("touched", "touched_free", "affinity_kept"),
    controls=(
        Choice("gate", "Gate", "sigmoid", (("sigmoid", "sigmoid (V3)"), ("softmax", "softmax (V2)"))),
        Choice("experts", "Routed experts", 256, tuple((one, str(one)) for one in (64, 128, 160, 256, 512))),
        Choice("nodes", "Nodes", 8, tuple((one, str(one)) for one in (1, 2, 4, 8, 16))),
        Choice("limit", "Nodes a token may use", 4, tuple((one, f"at most {one}") for one in LIMITS)),
        Choice("top_k", "Experts a token", 8, tuple((one, str(one)) for one in (1, 2, 4, 6, 8))),
        Choice("node_score", "Score of a node", "sum", tuple(GROUP_SCORES.items())),
        Choice("bias", "Biases up to", 0.02, tuple((one, str(one)) for one in (0, 0.01, 0.02, 0.05, 0.1, 0.3))),
        Choice("scaling", "Scaling of the weights", 2.5, tuple((one, str(one)) for one in (1, 2.5, 16))),
        Number("seed", "Token", 1, 1, 20, 1),
    ),
    metrics={
        "touched": Metric("This token", "nodes"),
        "touched_free": Metric("This token without the limit", "nodes"),
        "expected_free": Metric("Without the limit, on average", "nodes", 3),
        "within_limit": Metric("Tokens that would keep to it anyway", "%", 1),
        "copies_per_expert": Metric("Copies sent, one an expert", "", 3),
        "copies_free": Metric("One a node, without the limit", "", 3),
        "copies": Metric("One a node, this token", "", 3),
        "kept": Metric("Experts that the limit leaves", "experts"),
        "affinity_kept": Metric("Affinity that it leaves", "%", 1),
        "largest_weight": Metric("Largest weight", "", 4),
        "smallest_weight": Metric("Smallest weight", "", 4),
        "weight_sum": Metric("Sum of the weights", "", 3),
    },
    columns={
        "node": Metric("Node"),
        "expert": Metric("Expert"),
        "affinity": Metric("Affinity", "", 6),
        "score": Metric("With bias", "", 6),
        "what": Metric("What"),
        "weight": Metric("Weight", "", 4),
    },
    compute=compute,
)
