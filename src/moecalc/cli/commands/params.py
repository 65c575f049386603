"""moecalc params"""

from ..arguments import add_model, notes, read_model

HELP = "parameters: total, activated in three conventions, by component"
EXAMPLE = "moecalc params --model deepseek-v3"


def add_arguments(parser):
    add_model(parser)
    parser.add_argument("--layers", action="store_true", help="also list every layer")
    parser.add_argument("--tensors", action="store_true", help="also list every tensor with its shape")


def run(args):
    from ...model.params import params_by_layer, params_by_tensor, params_report

    config = read_model(args)
    result = {"model": config.name, **params_report(config), **notes(args, config)}
    if args.layers:
        result["layers"] = params_by_layer(config)
    if args.tensors:
        result["tensors"] = params_by_tensor(config)
    return result


def show(result):
    from ..text import noted, parts, table

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
