"""A report as sections of sentences, tables and bars, which text and HTML show alike."""

from typing import NamedTuple

from ...base.units import si
from .gather import TRAINING_LIMITS


class Table(NamedTuple):
    """Rows under headings; the first column names a row."""

    caption: str
    heads: tuple
    rows: tuple


class Bar(NamedTuple):
    """A labelled bar of parts, with what stands beside it, and the interval of its whole where there is one."""

    label: str
    parts: tuple  #: numbers
    says: str
    low: float | None = None
    high: float | None = None


class Bars(NamedTuple):
    """A picture of bars on one scale."""

    title: str  #: what it shows, also its text alternative
    names: tuple  #: of the parts
    bars: tuple
    limit: float | None = None  #: a line across all bars
    limit_says: str = ""


class Section(NamedTuple):
    title: str
    lines: tuple  #: sentences
    shown: tuple = ()  #: of :class:`Table` and :class:`Bars`


class Page(NamedTuple):
    title: str
    made: str  #: version and date of the data
    key: tuple  #: (what, value) of the first glance
    sections: tuple


def page_of(found: dict) -> Page:
    """The page that tells what was gathered."""
    chip, number = found["accelerator"]["name"], found["num_gpus"]
    made = found["made_with"]
    sections = [model(found), training(found), ranks(found), run(found), serving(found), lacking(found)]
    return Page(
        f"{found['model']} on {number:,} x {chip}",
        f"Made with moecalc {made['version']}; the newest row of its data is of {made['data']}. Every time, throughput and "
        f"price is an estimate; its interval is where measurements are expected.",
        tuple(key(found)),
        tuple(one for one in sections if one),
    )


def key(found: dict):
    """What is read first."""
    if parameters := found["parameters"]:
        yield "parameters", si(parameters["total"])
        yield "activated", si(parameters["activated"]) if parameters["activated"] is not None else "not known"
    if training := found["training"]:
        best = training["best"]
        yield "training step", f"{best['step_s']:.3g} s ({span(best['low_s'], best['high_s'])} s)"
    if ran := found["run"]:
        days = span(ran["wall_days_low"], ran["wall_days_high"])
        yield f"{si(ran['num_tokens'], 'tokens', 3)}", f"{ran['wall_days']:,.3g} days ({days})"
    if serving := found["serving"]:
        best = serving["layouts"][0]
        rate = span(best["low_tokens_per_s_per_gpu"], best["high_tokens_per_s_per_gpu"])
        yield "served, a GPU", f"{best['tokens_per_s_per_gpu']:,.0f} tokens/s ({rate})"
        if best["usd_per_million_output_tokens"] is not None:
            cost = span(best["usd_low"], best["usd_high"])
            yield "a million output tokens", f"{best['usd_per_million_output_tokens']:.3g} USD ({cost})"


def span(low: float | None, high: float | None) -> str:
    """An interval in words."""
    return f"{short(low)} to {'more' if high is None else short(high)}"


def short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def model(found: dict) -> Section:
    """Parameters, FLOPs, cache."""
    lines, shown = [], []
    if parameters := found["parameters"]:
        activated = parameters["activated"]
        lines.append(
            f"{parameters['total']:,} parameters"
            + (f", of which {activated:,} are activated by a token." if activated is not None else ".")
        )
        rows = tuple(
            (name.replace("_", " "), f"{value:,}", f"{value / parameters['total']:.2%}")
            for name, value in parameters["components"].items()
        )
        shown.append(Table("Parameters by component", ("component", "parameters", "share"), rows))
    if (stored := found["storage"]) and stored["total"] is not None:
        lines.append(f"As its config stores them the weights take {si(stored['total'], 'bytes')}.")
    if flops := found["flops"]:
        each = si(flops["training_per_token"], "FLOPs")
        lines.append(f"A token of {flops['seq_len']:,} takes {each} of training, causal, three times its forward pass.")
    if cache := found["cache"]:
        lines.append(
            f"The cache of a request of {cache['context']:,} tokens takes {si(cache['bytes'], 'bytes')} in BF16, "
            f"{si(cache['bytes_per_token'], 'bytes', 5)} a token."
        )
    return Section("The model", tuple(lines), tuple(shown))


def training(found: dict) -> Section | None:
    """The best layouts with their steps."""
    if not (one := found["training"]):
        return None
    layouts = one["layouts"]
    same = sum(layout["not_told_apart_from_best"] for layout in layouts)
    axes = ", ".join(name.replace("_", "-") for name in TRAINING_LIMITS)
    lines = (
        f"Steps of {one['global_batch']:,} sequences of {one['seq_len']:,} tokens, recipe {one['recipe']}. Of "
        f"{one['num_considered']:,} layouts {one['num_fitting']:,} run.",
        f"{same} of the {len(layouts)} shown are not told apart: their intervals overlap that of the best.",
        f"Held to few values here, so that a report takes seconds: {axes}; moecalc plan searches all of them.",
        *(note[0].upper() + note[1:] + "." for note in one["notes"]),
    )
    heads = ("layout", "schedule", "recompute", "a GPU holds", "step [s]", "expected [s]", "MFU", "tokens/s/GPU")
    rows = tuple(
        (
            layout_words(layout),
            layout["schedule"] + (f", VPP {layout['vpp']}" if layout["vpp"] > 1 else ""),
            layout["recompute"].replace(",", ", "),
            f"{si(layout['per_gpu_bytes'], 'bytes', 3)}, up to {si(layout['most_bytes'], 'bytes', 3)}",
            f"{layout['step_s']:.4g}",
            span(layout["low_s"], layout["high_s"]),
            "not known" if layout["mfu"] is None else f"{layout['mfu']:.1%}",
            f"{layout['tokens_per_s_per_gpu']:,.0f}",
        )
        for layout in layouts
    )
    bars = tuple(
        Bar(f"{layout_words(at)}, {at['schedule']}", (at["step_s"],), f"{at['step_s']:.4g} s", at["low_s"], at["high_s"])
        for at in layouts
    )
    picture = Bars("Time of a training step [s] of the best layouts, with its interval", ("step",), bars)
    return Section("Training: the best layouts", lines, (picture, Table("The best layouts", heads, rows)))


def layout_words(one: dict) -> str:
    """Sizes of a layout of training."""
    sizes = [f"{name.upper()} {one[name]}" for name in ("tp", "pp", "ep", "dp") if one[name] > 1 or name == "dp"]
    return " ".join(sizes) + f", batch {one['micro_batch']}"


PARTS = ("weights", "gradients", "optimizer_states", "activations", "buffers")


def ranks(found: dict) -> Section | None:
    """Memory of the best layout by pipeline rank."""
    if not (one := found["training"]):
        return None
    limit = one["memory_bytes"]
    fullest = max(one["ranks"], key=lambda rank: rank["most"])
    lines = (
        f"The best layout. Rank {fullest['rank']} is the fullest: {si(fullest['total'], 'bytes')} as counted, up to "
        f"{si(fullest['most'], 'bytes')} with a framework's copies and fragmentation, of {si(limit, 'bytes')}.",
    )
    names = tuple(name.replace("_", " ") for name in PARTS)
    bars = tuple(
        Bar(
            f"rank {rank['rank']}",
            tuple(rank[name] for name in PARTS),
            si(rank["total"], "bytes", 3),
            rank["total"],
            rank["most"],
        )
        for rank in one["ranks"]
    )
    picture = Bars(
        "Memory of the fullest GPU of each pipeline rank", names, bars, limit, f"a GPU has {si(limit, 'bytes', 3)}"
    )
    rows = tuple(
        (
            f"rank {rank['rank']}",
            *(si(rank[name], "bytes", 3) for name in PARTS),
            si(rank["total"], "bytes", 4),
            si(rank["most"], "bytes", 4),
        )
        for rank in one["ranks"]
    )
    return Section(
        "Training: memory by rank",
        lines,
        (picture, Table("Memory by pipeline rank", ("rank", *names, "counted", "at most"), rows)),
    )


def run(found: dict) -> Section | None:
    """Days and dollars."""
    if not (one := found["run"]):
        return None
    tokens = si(one["num_tokens"], "tokens", 3)
    rows = [
        ("GPU-hours", short(one["gpu_hours"]), span(one["gpu_hours_low"], one["gpu_hours_high"])),
        ("days", short(one["wall_days"]), span(one["wall_days_low"], one["wall_days_high"])),
    ]
    lines = [f"{tokens} by the best layout, with no GPU ever idle and no run lost."]
    if found["usd_per_gpu_hour"]:
        low, high = found["usd_per_gpu_hour"]
        paid = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        lines.append(f"The price is {paid} USD a GPU-hour; rent is the only cost.")
        rows.append(("USD", short(one["usd"]), span(one["usd_low"], one["usd_high"])))
    return Section("A whole run", tuple(lines), (Table(f"{tokens}", ("what", "estimate", "expected"), tuple(rows)),))


def serving(found: dict) -> Section | None:
    """Fit, deployments, throughput and price."""
    lines, shown, asked = [], [], found["asked"]
    if fit := found["fit"]:
        gpus = "one GPU" if fit["num_gpus"] == 1 else f"{fit['num_gpus']:,} GPUs"
        lines.append(
            f"One user of {fit['context']:,} tokens fits on {gpus} at least, on which "
            f"{fit['tokens_that_fit']:,} tokens of cache fit; {fit['bound_by']} decides how many."
        )
    if one := found["serving"]:
        lines += [
            f"Requests of {asked['input_tokens']:,} and {asked['output_tokens']:,} tokens, at most "
            f"{1e3 * asked['tpot_s']:g} ms a token and {asked['ttft_s']:g} s to the first. Of {one['num_considered']:,} "
            f"deployments {one['num_fitting']:,} keep that; moecalc plan-serving searches more.",
            *(note[0].upper() + note[1:] + "." for note in one["notes"]),
        ]
        heads = ("decode", "prefill", "GPUs prefill : decode", "tokens/s/GPU", "expected", "tokens/s/user",
                 "USD a million output tokens")  # fmt: skip
        rows = tuple(
            (
                deployed(at),
                f"TP {at['prefill_tp']} of {at['prefill_unit']}",
                f"{at['prefill_gpus']:,} : {at['decode_gpus']:,}",
                f"{at['tokens_per_s_per_gpu']:,.0f}",
                span(at["low_tokens_per_s_per_gpu"], at["high_tokens_per_s_per_gpu"]),
                f"{at['tokens_per_s_per_user']:.1f}",
                "no price" if at["usd_low"] is None else
                f"{at['usd_per_million_output_tokens']:.3g} ({span(at['usd_low'], at['usd_high'])})",
            )
            for at in one["layouts"]
        )  # fmt: skip
        bars = tuple(
            Bar(
                f"{at['tokens_per_s_per_user']:.0f} tokens/s a user",
                (at["tokens_per_s_per_gpu"],),
                f"{at['tokens_per_s_per_gpu']:,.0f}",
                at["low_tokens_per_s_per_gpu"],
                at["high_tokens_per_s_per_gpu"],
            )
            for at in one["front"]
        )
        title = "Output tokens/s of a GPU by tokens/s of a user: deployments that no other beats in both"
        shown = [Bars(title, ("tokens/s/GPU",), bars), Table("The best deployments", heads, rows)]
    return Section("Serving", tuple(lines), tuple(shown)) if lines else None


def deployed(one: dict) -> str:
    """Sizes of an instance of decode."""
    sizes = [f"{name.upper()} {one[name]}" for name in ("tp", "dp", "ep") if one[name] > 1]
    drafts = ", MTP" if one["mtp"] == "yes" else ""
    return f"{' '.join(sizes) or 'one GPU'}, batch {one['batch']}{drafts}"


def lacking(found: dict) -> Section | None:
    """What could not be told, and what the model or the accelerator does not have."""
    said = tuple(f"{one}." for one in found["missing"])
    return Section("What is not here, and why", said) if said else None
