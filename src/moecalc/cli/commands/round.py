"""moecalc round"""

HELP = "numbers rounded to a format of few bits, and their codes"
EXAMPLE = 'moecalc round --format e4m3 --values "[0.3, 17, -1000]"'

ACCEPTED = "a JSON list of numbers, such as [0.3, 17], is accepted"


def add_arguments(parser):
    parser.add_argument("--format", required=True, metavar="NAME", help="e4m3, e5m2, e5m6, bf16 or fp32")
    parser.add_argument(
        "--values", required=True, metavar="FILE", help="a JSON list of numbers: a file, - for stdin, or the list itself"
    )


def run(args):
    from ...numerics.formats import check_values, codes, float_format, rounded
    from ..json_list import read_list

    fmt = float_format(args.format)
    values = [float(value) for value in check_values(read_list(args.values, "--values", "values", ACCEPTED))]
    beyond = sum(abs(value) > fmt.largest for value in values)
    said = [f"{beyond:,} of {len(values):,} values lie beyond {fmt.largest:g}, the largest, and saturate"] if beyond else []
    return {
        "format": fmt.name,
        "bits": fmt.num_bits,
        "largest": fmt.largest,
        "values": values,
        "rounded": rounded(values, fmt),
        "codes": codes(values, fmt),
        "notes": said,
    }


def show(result):
    from ..text import noted, table

    rows = [
        {"value": value, "rounded": f"{number:.9g}", "code": f"{code:0{-(-result['bits'] // 4)}x}"}
        for value, number, code in zip(result["values"], result["rounded"], result["codes"], strict=True)
    ]
    columns = {"value": "value", "rounded": "rounded", "code": "code (hex)"}
    return noted(
        [f"{result['format']}: {result['bits']} bits, at most {result['largest']:g}", "", table(rows, columns)], result
    )
