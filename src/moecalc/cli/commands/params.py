"""moecalc params"""

from ..arguments import add_model, check_model, notes, read_model

HELP = "parameters: total, activated in three conventions, by component"
EXAMPLE = "moecalc params --model deepseek-v3"


def add_arguments(parser):
    add_model(parser)
    parser.add_argument("--layers", action="store_true", help="also list every layer")
    parser.add_argument("--tensors", action="store_true", help="also list every tensor with its shape")
    parser.add_argument("--storage", action="store_true", help="also the bytes of the checkpoint")
    parser.add_argument("--weights", metavar="WIDTH", help="with --storage: bf16, fp8, mxfp4, nvfp4, gptq, awq, q4_k_m, ...")


def run(args):
    from ...model.params import params_by_layer, params_by_tensor, params_report

    if args.model is not None and not (args.layers or args.tensors or args.storage or args.weights or args.set):
        published = published_figures(args)
        if published:
            return published
    config = read_model(args)
    result = {"model": config.name, "counted": True, **params_report(config), **notes(args, config)}
    if args.layers:
        result["layers"] = params_by_layer(config)
    if args.tensors:
        result["tensors"] = params_by_tensor(config)
    if args.storage or args.weights is not None:
        result["storage"] = storage(config, args.weights)
    return result


def published_figures(args) -> dict | None:
    """What is published of a model that is listed but cannot be counted; None of any other."""
    from ...model.catalog import model_row, why_not_counted

    check_model(args.model)
    reason = why_not_counted(args.model)
    if reason is None:
        return None
    row = model_row(args.model)
    said = f"published figures, not counted: {reason}; their status is {row['params_status']}"
    figures = {"total": row["total_params"], "activated": row["activated_params"], "params_status": row["params_status"]}
    return {"model": row["slug"], "counted": False, **figures, **notes(args, None, said)}


def storage(config, weights) -> dict:
    """Bytes of the checkpoint, and the parameters that a hub shows for it."""
    from ...model.checkpoint import hub_bytes, hub_elements, storage_bytes

    stored = storage_bytes(config, weights and weights.lower())
    if weights is not None:
        return stored
    return {**stored, "hub_elements": hub_elements(config), "hub_bytes": hub_bytes(config)}


def show(result):
    from ..text import noted, parts, table

    if not result["counted"]:
        figures = {"total, published": result["total"], "activated, published": result["activated"]}
        told = {title: "not known" if value is None else f"{value:,}" for title, value in figures.items()}
        lines = [f"{title:45} {figure:>21}" for title, figure in told.items()]
        return noted(lines, result)
    lines = [parts(result["components"], "parameters"), ""]
    for key, title in {
        "activated": "activated, embedding and head included",
        "activated_without_embedding": "activated, without embedding",
        "activated_without_embedding_and_head": "activated, without embedding and head",
        "mtp": "MTP modules, not in the total",
        "router_correction_bias": "router correction biases, not in the total",
    }.items():
        counted = "not known" if result[key] is None else f"{result[key]:,}"
        lines.append(f"{title:45} {counted:>21}")
    if "storage" in result:
        lines += ["", *storage_lines(result["storage"])]
    if "layers" in result:
        columns = {"layer": "layer", "kind": "kind", "total": "total", "activated": "activated"}
        lines += ["", table(result["layers"], columns)]
    if "tensors" in result:
        rows = [{**row, "shape": " x ".join(map(str, row["shape"]))} for row in result["tensors"]]
        columns = {
            "block": "block",
            "blocks": "blocks",
            "tensor": "tensor",
            "shape": "inputs x outputs",
            "copies": "copies",
            "total": "parameters",
        }
        lines += ["", table(rows, columns)]
    return noted(lines, result)


def storage_lines(stored: dict) -> list:
    """The bytes of a checkpoint as a text."""
    from ...base.units import si

    titles = {
        "total": "stored weights",
        "scales": "of them scales and zero points",
        "mtp": "MTP modules, not in these",
        "correction_biases": "router correction biases, not in these",
        "hub_bytes": "files with MTP and its copies of embedding, head",
    }
    lines = [f"stored as: {stored['method'] or 'plain numbers'}"]
    for key, title in titles.items():
        if stored.get(key):
            lines.append(f"{title:48} {stored[key]:>18,} bytes  {si(stored[key], 'bytes')}")
    if stored.get("hub_elements"):
        lines.append(f"{'numbers in them, as hubs show parameters':48} {stored['hub_elements']:>18,}")
    return [*lines, *([stored["note"]] if stored["note"] else [])]
