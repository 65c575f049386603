"""moecalc accelerators"""

HELP = "accelerators with dense peaks, memory and bandwidths, and whose document each number is from"
EXAMPLE = "moecalc accelerators h100-sxm tpu-v6e"


def add_arguments(parser):
    parser.add_argument("names", nargs="*", metavar="NAME", help="of these alone, with every number that is known")


def run(args):
    from ...facts import tables
    from ...hardware.accelerator import accelerator_facts, load_accelerator, load_accelerators

    chosen = [load_accelerator(name) for name in args.names] if args.names else load_accelerators()
    known = {one.slug: accelerator_facts(one.slug) for one in chosen}
    listed = [
        {**one._asdict(), "sources": {field: _source(fact, tables) for field, fact in known[one.slug].items()}}
        for one in chosen
    ]
    if args.names:
        return {"accelerators": listed}
    used = {fact.source for facts in known.values() for fact in facts.values()}
    return {"accelerators": listed, "sources": {key: one for key, one in tables.sources().items() if key in used}}


def _source(fact, tables) -> dict:
    """Whose document a number is from, and how sure it is."""
    document = tables.sources()[fact.source]
    told = {"source": fact.source, **{key: document[key] for key in ("title", "publisher", "kind")}}
    return {**told, "locator": fact.locator, "status": fact.status, "date": fact.date, "note": fact.note}


#: field -> heading and factor of the number in a table
NUMBERS = {
    "peak_dense_bf16_flops_per_s": ("BF16 TFLOP/s", 1e12),
    "peak_dense_fp16_flops_per_s": ("FP16 TFLOP/s", 1e12),
    "peak_dense_fp8_flops_per_s": ("FP8 TFLOP/s", 1e12),
    "peak_dense_fp4_flops_per_s": ("FP4 TFLOP/s", 1e12),
    "memory_bytes": ("GB", 1e9),
    "data_sheet_memory_bytes": ("GB, data sheet", 1e9),
    "memory_bandwidth_bytes_per_s": ("TB/s", 1e12),
    "scale_up_bandwidth_bytes_per_s": ("scale-up GB/s", 1e9),
    "scale_up_domain_gpus": ("scale-up domain", 1),
    "scale_out_bandwidth_bytes_per_s": ("scale-out GB/s", 1e9),
    "power_w": ("W", 1),
    "num_sms": ("SMs", 1),
}
#: How the fields begin that have a column where all accelerators are listed.
LISTED = ("peak_dense_bf16", "peak_dense_fp8", "memory_", "scale_up_bandwidth", "scale_out_bandwidth")


def show(result):
    from ..text import cell, table

    if "sources" not in result:
        return "\n\n".join(_details(one, table, cell) for one in result["accelerators"])
    numbers = {key: place for place, key in enumerate(result["sources"], start=1)}
    columns = {key: heading for key, (heading, _) in NUMBERS.items() if key.startswith(LISTED)}
    rows = [
        {"slug": one["slug"], "name": one["name"], **{key: _with_source(one, key, numbers, cell) for key in columns}}
        for one in result["accelerators"]
    ]
    legend = [{"place": f"[{place}]", "key": key, **result["sources"][key]} for key, place in numbers.items()]
    return "\n".join(
        (
            table(rows, {"slug": "slug", "name": "name", **columns}),
            "",
            "Behind a number stands whose document it is from, and its status where the document does not just state it:",
            "",
            table(legend, {"place": "", "key": "source", "publisher": "publisher", "kind": "kind", "title": "title"}),
        )
    )


def _with_source(one, key, numbers, cell) -> str:
    """A number with the place of its source, and its status where that is not ``reported``."""
    if one[key] is None:
        return "-"
    source = one["sources"][key]
    status = "" if source["status"] == "reported" else f", {source['status']}"
    return f"{_short(one, key, cell)} [{numbers[source['source']]}{status}]"


def _details(one, table, cell) -> str:
    rows = [
        {"number": heading, "value": _short(one, key, cell), "key": source["source"], **source}
        for key, (heading, _) in NUMBERS.items()
        if (source := one["sources"].get(key))
    ]
    columns = {
        "number": one["slug"],
        "value": one["name"],
        "status": "status",
        "key": "source",
        "publisher": "publisher",
        "kind": "kind",
        "title": "title",
        "locator": "place in it",
    }
    return table(rows, columns)


def _short(one, key, cell) -> str:
    value = one[key] / NUMBERS[key][1]
    return cell(float(f"{value:.6g}")) if value % 1 else cell(int(value))
