"""The way of one token from its GPU to those of its experts, over nodes and planes."""

from ...base.checks import whole
from ...base.errors import InputError
from ...hardware.cluster import load_cluster
from ...hardware.paths import SCALE_OUT, SCALE_UP, dispatched, path
from ...hardware.topology import multi_plane_fat_tree
from ...mechanisms.routing import drawn_affinities, route
from ...model.catalog import counted_slugs
from ...model.config import load_model
from .._choices import model_choice
from .._define import Choice, Explorer, Metric, Number

OWN, OVER_IB, OVER_NVLINK, IDLE, CHOSEN = (
    "the token's GPU", "reached over InfiniBand", "reached over NVLink", "not reached", "chosen expert",
)  # fmt: skip
FORWARDING = {SCALE_OUT: "one a node, then over NVLink (V3)", SCALE_UP: "one a GPU, NVLink before it"}
AS_MODEL = 0
LIMITS = (1, 2, 3, 4, 6, 8)
TOP_KS = (1, 2, 4, 6, 8, 10, 12, 16)
SIZES = (8, 16, 32, 64, 128)
NODES = (2, 4, 8, 16, 32, 64)


def routed_experts(config) -> tuple:
    """(routed experts of a layer, those that a token uses); (1, 1) where there are none."""
    tensors = [tensor for block in dict.fromkeys(config.anatomy.layers) for tensor in block.tensors]
    return max((tensor.copies, tensor.used) for tensor in tensors)


def models_with_experts() -> list:
    """Models whose experts can be spread over the least GPUs that are offered."""
    return [slug for slug in counted_slugs() if not routed_experts(load_model(slug))[0] % SIZES[0]]


def _groups(config, num_nodes: int, limit: int) -> tuple:
    """(groups that the gate chooses among, how many of them a token may use): the model's own, or else the nodes."""
    own = getattr(config, "n_group", None) or 1
    groups = own if own > 1 else num_nodes
    may_use = limit or (getattr(config, "topk_group", None) if own > 1 else None) or groups
    return groups, min(may_use, groups)


def compute(model, limit, top_k, ep, gpus_per_node, forwarding, source, seed):
    config = load_model(model)
    experts, used = routed_experts(config)
    if experts % ep:
        would = max(size for size in SIZES if not experts % size)
        raise InputError(f"ep must divide the {experts} experts of {config.name}; found {ep}, {would} would do")
    source = whole("source", source, 1, ep) - 1
    held, per_node = experts // ep, min(gpus_per_node, ep)
    groups, may_use = _groups(config, ep // per_node, limit)
    # V2 scores a group by its best expert, V3 by the best ones together
    best = 1 if getattr(config, "topk_method", None) == "group_limited_greedy" else None
    found = route(drawn_affinities(experts, seed), top_k or used, groups, may_use, best)
    targets = [expert // held for expert in found["experts"]]
    copies = dispatched(source, targets, gpus_per_node, forwarding)
    # planes for the GPUs of a node, each a network of the switches that V3's cluster has
    v3 = load_cluster("deepseek-v3")
    network = multi_plane_fat_tree(gpus_per_node, v3.layers, v3.switch_ports, v3.num_gpus)
    away = {gpu for gpu in targets if gpu // gpus_per_node != source // gpus_per_node}
    ways = {pair: path(*pair, gpus_per_node, network, "planes").crosses for pair in copies.scale_out}
    metrics = {
        "scale_out": len(copies.scale_out),
        "scale_up": len(copies.scale_up),
        "one_each": len(away),
        "gpus": len(set(targets)),
        "nodes": len({gpu // gpus_per_node for gpu in targets}),
        "nodes_in_all": ep // per_node,
        "at_home": sum(gpu // gpus_per_node == source // gpus_per_node for gpu in targets),
        "planes": len({start % gpus_per_node for start, _ in copies.scale_out}),
        "switches": max((len(way) for way in ways.values()), default=0),
        "groups": f"{may_use} of {groups}",
    }
    arrived = {end: OVER_NVLINK for _, end in copies.scale_up} | {end: OVER_IB for _, end in copies.scale_out}
    arrived[source] = OWN
    rows = [_copy(pair, OVER_IB, ", ".join(ways[pair]), gpus_per_node) for pair in copies.scale_out]
    rows += [_copy(pair, OVER_NVLINK, "NVLink", gpus_per_node) for pair in copies.scale_up]
    rows += [_gpu(gpu, arrived.get(gpu, IDLE), held, found["experts"], gpus_per_node) for gpu in range(ep)]
    return metrics, rows


def _copy(pair, what, crosses, gpus_per_node) -> dict:
    (from_node, from_gpu), (node, gpu) = (divmod(one, gpus_per_node) for one in pair)
    name = f"copy from GPU {pair[0] + 1} to GPU {pair[1] + 1}"
    ends = {"from_node": from_node, "from_gpu": from_gpu, "node": node, "gpu": gpu}
    return {"part": "copy", "name": name, "what": what, "holds": None, "chosen": None, "crosses": crosses} | ends


def _gpu(gpu, what, held, experts, gpus_per_node) -> dict:
    first = gpu * held
    chosen = sorted(expert for expert in experts if first <= expert < first + held)
    node, local = divmod(gpu, gpus_per_node)
    return {
        "part": "gpu",
        "name": f"GPU {gpu + 1}, node {node + 1}",
        "what": what,
        "holds": f"E{first + 1}" + (f" to E{first + held}" if held > 1 else ""),
        "chosen": ", ".join(f"E{expert + 1}" for expert in chosen) or None,
        "crosses": None,
        # for the picture: which of its experts, from 0
        "slots": ",".join(str(expert - first) for expert in chosen) or None,
        "held": held,
        "node": node,
        "gpu": local,
        "source": gpu + 1,
    }


EXPLORER = Explorer(
    name="token-path",
    title="The way of one token to its experts",
    description="Two rows of nodes with lines between them. A node is a frame with its GPUs side by side, each a column of "
    "its experts; chosen experts are filled. Outside the GPUs lies NVLink, which joins those of a node; between the rows "
    "lies InfiniBand, one line a plane, which joins the GPUs that have the same place in their nodes. Thick lines with "
    "heads are the copies of the token. Which experts it chooses is made up.",
    lead=("limit", "top_k", "ep", "gpus_per_node", "forwarding", "seed"),
    headline=("scale_out", "scale_up", "one_each"),
    controls=(
        model_choice()._replace(
            options=tuple(option for option in model_choice().options if option[0] in models_with_experts())
        ),
        Choice(
            "limit",
            "Groups that it may use",
            AS_MODEL,
            ((AS_MODEL, "as the model's gate has it"), *((one, f"at most {one}") for one in LIMITS), (64, "any")),
        ),
        Choice("top_k", "Experts of a token", AS_MODEL, ((AS_MODEL, "as the model"), *((one, str(one)) for one in TOP_KS))),
        Choice("ep", "Expert parallel", 64, tuple((one, f"{one} GPUs") for one in SIZES)),
        Choice("gpus_per_node", "GPUs of a node", 8, tuple((one, str(one)) for one in NODES)),
        Choice("forwarding", "Copies sent", SCALE_OUT, tuple(FORWARDING.items())),
        Number("source", "The token is on GPU", 4, 1, 128, 1),
        Number("seed", "Token", 1, 1, 20, 1),
    ),
    metrics={
        "scale_out": Metric("Copies over InfiniBand"),
        "scale_up": Metric("Copies over NVLink"),
        "one_each": Metric("GPUs to reach on other nodes", "GPUs"),
        "gpus": Metric("GPUs that hold its experts", "GPUs"),
        "nodes": Metric("on", "nodes"),
        "nodes_in_all": Metric("Nodes that share the experts", "nodes"),
        "at_home": Metric("Experts on its own node", "experts"),
        "planes": Metric("Planes that it uses"),
        "switches": Metric("Switches that a copy crosses, at most"),
        "groups": Metric("Groups that it may use"),
    },
    columns={
        "name": Metric("What"),
        "what": Metric("How"),
        "holds": Metric("Holds"),
        "chosen": Metric("Of these chosen"),
        "crosses": Metric("Crosses"),
    },
    compute=compute,
    picks={"source": "source"},
)
