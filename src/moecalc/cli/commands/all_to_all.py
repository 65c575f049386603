"""moecalc all-to-all"""

from ..arguments import add_accelerator, add_model, amount, length, notes, read_model, whole

HELP = "dispatch and combine of routed experts: nodes a token goes to, bytes and time over both networks"
EXAMPLE = "moecalc all-to-all --model deepseek-v3 --ep 64 --gpus-per-node 8 --gpu h800-sxm"

#: What is sent -> bytes of a number.
WIDTHS = {"fp8": 1, "bf16": 2, "fp32": 4}


def add_arguments(parser):
    add_model(parser)
    add_accelerator(parser)
    parser.add_argument("--ep", type=whole, required=True, metavar="N", help="expert parallel size, in GPUs")
    parser.add_argument(
        "--gpus-per-node", type=whole, metavar="G", help="GPUs of a scale-up domain; else as the accelerator has, or 8"
    )
    parser.add_argument("--no-limit", action="store_true", help="the best experts of all, whatever groups they are in")
    parser.add_argument("--scores", default="uniform", help="law of the scores: uniform, normal (logits) or zipf")
    parser.add_argument("--sigma", type=amount("1"), default=1.0, metavar="S", help="of normal logits")
    parser.add_argument("--exponent", type=amount("1"), default=1.0, metavar="S", help="popularity (rank + 1)^-S of zipf")
    parser.add_argument("--arrangement", default="spread", help="popular experts of zipf: spread, or clustered in order")
    parser.add_argument(
        "--skew", type=amount("1.2"), metavar="X", help="tokens of the fullest GPU over the mean; else as the scores have it"
    )
    parser.add_argument("--seed", type=whole, default=1, metavar="S", help="of the simulated tokens")
    parser.add_argument("--samples", type=whole, metavar="N", help="simulated tokens")
    parser.add_argument("--tokens", type=length, default=4096, metavar="N", help="tokens that each GPU dispatches")
    parser.add_argument("--dispatch-dtype", default="fp8", help="fp8 with FP32 scales, bf16 or fp32")
    parser.add_argument("--combine-dtype", default="bf16", help="bf16, fp8 or fp32")
    parser.add_argument("--sms", type=whole, metavar="N", help="SMs given to communication; else as many as fill the links")
    for name in ("scale-up", "scale-out"):
        parser.add_argument(
            f"--{name}-bytes-per-s", type=amount("160e9"), metavar="B", help=f"{name} bandwidth of a GPU that arrives"
        )


def run(args):
    from ...base.checks import one_of
    from ...base.checks import whole as check_whole
    from ...hardware.accelerator import Accelerator, read_accelerator
    from ...hardware.all_to_all import plan
    from ...hardware.all_to_all.gate import Placement, dispatched_width, gate_of
    from ...hardware.all_to_all.links import links_of
    from ...hardware.all_to_all.scores import Scores
    from ...hardware.all_to_all.traffic import free_experts, wire_bytes

    config = read_model(args)
    gate = gate_of(config)
    gate = gate.without_limit() if args.no_limit else gate
    accelerator = Accelerator("", "no accelerator", *[None] * 9) if args.gpu is None else read_accelerator(args.gpu)
    on_node = accelerator.scale_up_domain_gpus or 8 if args.gpus_per_node is None else args.gpus_per_node
    placement = Placement(args.ep, on_node)
    for name in ("dispatch_dtype", "combine_dtype"):
        one_of(name, getattr(args, name), WIDTHS)
    wire = wire_bytes(dispatched_width(config), WIDTHS[args.dispatch_dtype], WIDTHS[args.combine_dtype])
    links = links_of(accelerator, args.scale_up_bytes_per_s, args.scale_out_bytes_per_s)
    if args.sms is not None:
        check_whole("sms", args.sms, 0, accelerator.needed("num_sms"))
    scores = Scores(args.scores, args.sigma, args.exponent, args.arrangement)
    samples = plan.NUM_SAMPLES if args.samples is None else args.samples
    plan.check_placement(placement, gate)
    chosen = plan.tokens_chosen(gate, scores, samples, args.seed)
    found = plan.all_to_all(gate, placement, links, wire, args.tokens, scores, chosen, args.skew, args.sms)
    reach, full = found.reach, found.fullest
    shares = found.dispatch.scale_up_s / found.dispatch.scale_out_s if found.dispatch.scale_out_s else None
    result = {
        "model": config.name,
        "gate": gate._asdict(),
        "ep": args.ep,
        "num_nodes": placement.num_nodes,
        "gpus_per_node": on_node,
        "expected_nodes": reach.nodes.mean,
        "expected_nodes_standard_error": reach.nodes.standard_error,
        "expected_nodes_without_limit": reach.nodes_without_limit,
        "most_nodes": reach.most_nodes,
        "node_distribution": list(reach.nodes.distribution),
        "expected_gpus": reach.gpus.mean,
        "expected_gpus_standard_error": reach.gpus.standard_error,
        "expected_gpus_without_limit": reach.gpus_without_limit,
        "copies_per_token": found.copies._asdict(),
        "scale_out_bytes_per_token": found.scale_out_bytes._asdict(),
        "scale_up_bytes_per_token": found.scale_up_bytes._asdict(),
        "dispatch_s": found.dispatch.longer_s,
        "combine_s": found.combine.longer_s,
        "bound_by": found.dispatch.bound_by,
        "seconds": {"dispatch": found.dispatch._asdict(), "combine": found.combine._asdict()},
        "scale_up_over_scale_out_time": shares,
        "scale_up_bytes_per_s": links.scale_up_bytes_per_s,
        "scale_out_bytes_per_s": links.scale_out_bytes_per_s,
        "max_tokens_per_gpu": full.per_gpu,
        "max_tokens_per_gpu_standard_error": full.per_gpu_error,
        "mean_tokens_per_gpu": full.mean_per_gpu,
        "max_tokens_per_node": full.per_node,
        "max_tokens_per_node_standard_error": full.per_node_error,
        "mean_tokens_per_node": full.mean_per_node,
        "skew": found.skew,
        "tokens_per_gpu": args.tokens,
        "samples": samples,
        "seed": args.seed,
    }
    if links.scale_up_bytes_per_s and links.scale_out_bytes_per_s:
        free = free_experts(links.scale_up_bytes_per_s, links.scale_out_bytes_per_s, reach.most_nodes)
        result["experts_at_same_cost"] = free._asdict()
    if found.copies.scale_out:
        result["algorithm_bytes_per_s"] = _algorithm(found, wire, args.tokens)
    if args.sms is not None:
        _take_sms(result, args.sms, accelerator.num_sms, found)
    return {**result, **notes(args, config, *_notes(gate, placement, links, found))}


def _algorithm(found, wire, num_tokens) -> dict:
    """What a published figure would be: copies to the own node counted, over the time."""
    handed = num_tokens * found.reach.nodes.mean
    return {name: handed * getattr(wire, name) / getattr(found, name).longer_s for name in ("dispatch", "combine")}


def _take_sms(result, num_sms, total, found) -> None:
    from ...hardware.all_to_all.sms import FOUR_NODES, ONE_NODE, bytes_per_s_of_sm

    out = bool(found.copies.scale_out)
    key = "scale_out_bytes_per_s" if out else "scale_up_bytes_per_s"
    of_one = bytes_per_s_of_sm(FOUR_NODES if out else ONE_NODE)
    result["sms"] = {"communication": num_sms, "computing": total - num_sms, "share_computing": 1 - num_sms / total}
    result["sms"]["bytes_per_s"] = {
        name: min(num_sms * one, result[key] or 0) for name, one in zip(("dispatch", "combine"), of_one, strict=True)
    }
    if not found.dispatch.longer_s:
        return
    if not num_sms:
        result |= {"dispatch_s": None, "combine_s": None, "seconds": None, "algorithm_bytes_per_s": None}
    if num_sms * of_one.dispatch < result[key] and found.dispatch.bound_by == ("scale-out" if out else "scale-up"):
        result["bound_by"] = "SMs"


def _notes(gate, placement, links, found):
    if links.note:
        yield f"{links.note}; counted without traffic to oneself"
    if gate.limited and placement.num_nodes > 1:
        if placement.num_nodes > gate.n_group:
            yield (
                f"a group of {gate.num_scored // gate.n_group} experts spans {placement.num_nodes / gate.n_group:g} nodes: "
                f"the limit of {gate.topk_group} groups allows {found.reach.most_nodes} nodes"
            )
        elif placement.num_nodes < gate.n_group:
            groups = gate.n_group / placement.num_nodes
            yield f"a node holds {groups:g} groups of experts: the limit leaves out groups, not nodes"
    if gate.num_idle:
        yield f"{gate.num_idle} of the {gate.num_scored} experts that are scored hand a token through and lie on no GPU"


def milliseconds(time_s: float) -> str:
    """A time between microseconds and seconds."""
    return f"{1e3 * time_s:,.4g} ms"


def show(result):
    from ...base.units import si
    from ..text import noted, table

    limit = result["gate"]
    within = f", within {limit['topk_group']} of {limit['n_group']} groups" if limit["topk_group"] < limit["n_group"] else ""
    error = result["expected_nodes_standard_error"]
    lines = [
        f"{limit['num_chosen']} of {limit['num_experts']} experts a token{within}, on {result['ep']} GPUs, "
        f"nodes: {result['num_nodes']}",
        f"nodes of a token: {result['expected_nodes']:.4g}"
        + (f" (standard error {error:.2g})" if error else " (exact)")
        + f", without a limit {result['expected_nodes_without_limit']:.7g} (exact); GPUs: {result['expected_gpus']:.4g}",
        "",
    ]
    rows = []
    for name, title in (("scale_out", "scale-out"), ("scale_up", "scale-up")):
        sent, bandwidth = result[f"{name}_bytes_per_token"], result[f"{name}_bytes_per_s"]
        row = {"network": title, "copies": round(result["copies_per_token"][name], 4)}
        row |= {"bandwidth": si(bandwidth, "bytes/s") if bandwidth else None}
        for direction in ("dispatch", "combine"):
            row[direction] = si(sent[direction], "bytes")
            time = result["seconds"] and result["seconds"][direction][f"{name}_s"]
            row[f"{direction}_s"] = None if time is None else milliseconds(time)
        rows.append(row)
    columns = {
        "network": "network",
        "copies": "copies",
        "dispatch": "dispatch",
        "combine": "combine",
        "bandwidth": "bandwidth",
        "dispatch_s": "dispatch time",
        "combine_s": "combine time",
    }
    lines += [table(rows, columns), ""]
    if result["dispatch_s"] is not None:
        bound = f", bound by {result['bound_by']}" if result["bound_by"] else ""
        lines.append(f"dispatch {milliseconds(result['dispatch_s'])}, combine {milliseconds(result['combine_s'])}{bound}")
    lines.append(
        f"fullest GPU: {result['max_tokens_per_gpu']:,.0f} tokens where the mean is {result['mean_tokens_per_gpu']:,.0f}, "
        f"one for each expert; skew {result['skew']:.4g}"
    )
    if "sms" in result:
        one = result["sms"]
        lines.append(f"SMs: {one['communication']} for communication, {one['computing']} compute")
    return noted(lines, result)
