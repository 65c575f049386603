"""How often a token is copied on its way to its experts: over the network between nodes, and inside them."""

from functools import lru_cache

from ...base.errors import InputError
from ...hardware.all_to_all.gate import Placement, dispatched_width, gate_of
from ...hardware.all_to_all.links import Links
from ...hardware.all_to_all.plan import all_to_all, tokens_chosen
from ...hardware.all_to_all.scores import Scores
from ...hardware.all_to_all.traffic import copies_per_token, transfer, wire_bytes
from ...model.config import load_model
from .._choices import NOTES, model_choice, notes
from .._define import Choice, Explorer, Guess, Metric, Number

#: Simulated tokens: a standard error below 0.01 nodes for DeepSeek-V3, in a few hundredths of a second.
NUM_SAMPLES = 800
SCORES = {"uniform": "uniform", "normal": "normal logits", "zipf": "some liked more (Zipf)"}
GROUPS = ((0, "as the model has"), *((number, str(number)) for number in range(1, 9)))
#: Kinds of what becomes of a copy.
OUT, UP, STAYS = "between nodes", "inside a node", "stays where it is"
EACH_EXPERT, EACH_NODE, AS_CHOSEN = "a copy for each expert", "a copy for each node, no limit", "a copy for each node"


@lru_cache(maxsize=4)
def drawn(gate, law, seed: int) -> list:
    """The simulated tokens: kept, since most controls do not change them."""
    return tokens_chosen(gate, law, NUM_SAMPLES, seed)


def lane(name, copies, arrived, num_tokens, wire, links, skew):
    """Rows of one way: what crosses each network of the `arrived` copies at nodes and at GPUs, and what stays.

    A ribbon goes from a share of what was there to a share of what arrives, in copies from the middle.
    """
    nodes, gpus = arrived
    rows, before = [], 1.0
    for stage, (kind, crossing, total) in enumerate(((OUT, copies[0], nodes), (UP, copies[1], gpus))):
        rate = links.scale_out_bytes_per_s if kind == OUT else links.scale_up_bytes_per_s
        sent = wire.times(crossing)
        times = [transfer(num_tokens, one, 0, rate, None, skew).scale_out_s if crossing else 0.0 for one in sent]
        left = right = 0.0
        for what, number in ((kind, crossing), (STAYS, total - crossing)):
            share = before * number / total
            rows.append(
                {
                    "way": name,
                    "what": what,
                    "copies": number,
                    "dispatch_bytes": sent.dispatch if what == kind else None,
                    "combine_bytes": sent.combine if what == kind else None,
                    "ms": 1e3 * sum(times) if what == kind else None,
                    "stage": stage,
                    "left": left - before / 2,
                    "left_to": left + share - before / 2,
                    "right": right - total / 2,
                    "right_to": right + number - total / 2,
                }
            )
            left, right = left + share, right + number
        before = total
    return [row for row in rows if row["copies"] > 1e-9]


def compute(model, ep, groups, gpus_per_node, scores, exponent, num_tokens, seed, out_gb_per_s, up_gb_per_s):
    config = load_model(model)
    gate = gate_of(config)
    if groups:
        if groups > gate.n_group:
            raise InputError(f"groups kept must be at most the {gate.n_group} of {config.name}; found {groups}")
        gate = gate._replace(topk_group=groups)
    placement, law = Placement(ep, gpus_per_node), Scores(scores, exponent=exponent)
    links, wire = Links(up_gb_per_s * 1e9, out_gb_per_s * 1e9), wire_bytes(dispatched_width(config))
    chosen = drawn(gate, law, seed)
    found = all_to_all(gate, placement, links, wire, num_tokens, law, chosen)
    where = found.reach
    how = num_tokens, wire, links, found.skew
    free = copies_per_token(where.nodes_without_limit, where.gpus_without_limit, where.num_experts, placement)
    own = where.num_experts / placement.num_nodes
    # sent to each expert's GPU over the network, a copy needs the inside of a node only where it starts
    straight = free.scale_out_per_expert, own * (1 - 1 / placement.gpus_on_node)
    ways = [lane(EACH_EXPERT, straight, (where.num_experts, where.num_experts), *how)]
    if gate.limited:
        arrived = where.nodes_without_limit, where.gpus_without_limit
        ways.append(lane(EACH_NODE, (free.scale_out, free.scale_up), arrived, *how))
    kept = f"{AS_CHOSEN}, {gate.topk_group} of {gate.n_group} groups" if gate.limited else EACH_NODE
    ways.append(lane(kept, (found.copies.scale_out, found.copies.scale_up), (where.nodes.mean, where.gpus.mean), *how))
    out_s, up_s = (found.dispatch[at] + found.combine[at] for at in (0, 1))
    metrics = {
        "nodes": where.nodes.mean,
        "nodes_error": where.nodes.standard_error,
        "nodes_without_limit": where.nodes_without_limit,
        "most_nodes": where.most_nodes,
        "missed": 1 - where.nodes.mean / where.most_nodes,
        "num_nodes": placement.num_nodes,
        "gpus": where.gpus.mean,
        "layer_ms": 1e3 * max(out_s, up_s),
        "dispatch_ms": 1e3 * found.dispatch.longer_s,
        "combine_ms": 1e3 * found.combine.longer_s,
        "bound_by": found.dispatch.bound_by,
        "up_over_out": up_s / out_s if out_s else None,
        "fullest": found.fullest.per_gpu / found.fullest.mean_per_gpu,
    }
    rows = [{**row, "order": order} for order, way in enumerate(ways) for row in way]
    return metrics | {"notes": notes(config)}, rows


EXPLORER = Explorer(
    name="all-to-all",
    title="Copies of a token on the way to its experts",
    description="Ribbons that start at one token and widen with its copies, first between nodes, then inside them; a ribbon "
    "is as wide as the copies are many. Below one another: a copy for each expert, one for each node, and that with the "
    "limit on groups.",
    lead=("model", "ep", "groups", "scores", "out_gb_per_s", "up_gb_per_s"),
    headline=("nodes", "layer_ms", "up_over_out"),
    controls=(
        model_choice(),
        Number("ep", "Expert parallel", 64, 1, 512, 1, "GPUs", "powers"),
        Choice("groups", "Groups kept", 0, GROUPS),
        Number("gpus_per_node", "GPUs a node", 8, 1, 64, 1, "GPUs", "powers"),
        Choice("scores", "Scores of experts", "uniform", tuple(SCORES.items())),
        Number("exponent", "Zipf's exponent", 1.0, 0.0, 2.0, 0.25),
        Number("num_tokens", "Tokens of a GPU", 4096, 64, 16384, 1, "tokens", "powers"),
        Number("seed", "Seed", 1, 1, 10, 1),
        Number("out_gb_per_s", "Network card, arriving", 40, 10, 100, 5, "GB/s"),
        Number("up_gb_per_s", "NVLink, arriving", 160, 20, 800, 20, "GB/s"),
    ),
    metrics={
        "nodes": Metric("Nodes of a token", "", 3),
        "nodes_error": Metric("standard error of it (0: exact)", "", 2),
        "nodes_without_limit": Metric("Without a limit, exact", "", 4),
        "most_nodes": Metric("Most that the limit allows"),
        "missed": Metric("of these without an expert of it", "%", 1),
        "num_nodes": Metric("Nodes of the group"),
        "gpus": Metric("GPUs of a token", "", 3),
        "layer_ms": Metric("Dispatch and combine, a layer", "ms", 3),
        "dispatch_ms": Metric("of which dispatch", "ms", 3),
        "combine_ms": Metric("combine", "ms", 3),
        "bound_by": Metric("Bound by the network"),
        "up_over_out": Metric("Scale-up's time, of scale-out's", "%", 0),
        "fullest": Metric("Fullest GPU over the mean", "", 3),
        "notes": NOTES,
    },
    columns={
        "what": Metric("What"),
        "way": Metric("Way"),
        "copies": Metric("Copies of a token", "", 3),
        "dispatch_bytes": Metric("Dispatch, a token", "bytes", 3),
        "combine_bytes": Metric("Combine, a token", "bytes", 3),
        "ms": Metric("Both, all tokens", "ms", 3),
    },
    compute=compute,
    guess=Guess(
        "nodes",
        "To how many nodes do the experts of one token send it, on average?",
        *(1, 8, "nodes"),
        formula="{most_nodes} nodes that the limit allows × (100 % − {missed} that hold none of its experts) = {nodes}",
    ),
)
