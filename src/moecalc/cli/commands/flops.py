"""moecalc flops"""

from ..arguments import add_model, length, notes, read_model

HELP = "FLOPs of a token, forward and training, by component"
EXAMPLE = "moecalc flops --model deepseek-v3 --seq-len 4096"


def add_arguments(parser):
    add_model(parser)
    parser.add_argument("--seq-len", type=length, required=True, metavar="N", help="length of the sequence [tokens]")
    parser.add_argument("--operators", action="store_true", help="also list every operator")


def run(args):
    from ...model.flops import flops_report, forward_flops_by_operator

    config = read_model(args)
    result = {"model": config.name, **flops_report(config, args.seq_len), **notes(args, config)}
    if args.operators:
        result["operators"] = forward_flops_by_operator(config, args.seq_len)
    return result


def show(result):
    from ..text import noted, parts, table

    lines = [parts(result["components"], "FLOPs"), ""]
    titles = {
        "forward_per_token_windowed": "forward, within the sliding windows",
        "forward_per_token_sparse": "forward, on the tokens chosen",
        "training_per_token": "training, causal (3 x forward)",
        "training_per_token_non_causal": "training, non-causal",
        "training_per_token_with_mtp": "training, causal, with MTP modules",
    }
    for key, title in titles.items():
        if result.get(key) is not None:
            lines.append(f"{title:45} {round(result[key]):>21,}")
    if "operators" in result:
        columns = {"component": "component", "operator": "operator", "flops": "FLOPs a token"}
        lines += ["", table(result["operators"], columns)]
    return noted(lines, result)
