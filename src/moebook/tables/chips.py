"""Tables of the page on what chips should look like."""

from moecalc.explorers import explore
from moecalc.explorers.industry.chip_wishes import DOMAIN
from moecalc.facts import tables as facts
from moecalc.hardware.accelerator import load_accelerator
from moecalc.industry.balance import ANNOUNCED, announced_chips, balance, is_other_reading
from moecalc.industry.chip_wishes import TOGETHER, WISHES, decoding_bought, training_bought

from .. import html
from ..prose import fact_table, source_link, table

TABLE = "chip_wishes"
PAPERS = {
    "asked_in_v3_report": "V3 report",
    "asked_in_insights": "insights paper",
    "asked_in_v4_report": "V4 report, by notes",
}
NOT_PRICED = "why it is not priced: "
#: Wishes that are asked for and not priced -> what a reader calls them.
OTHERS = {
    "balance": "balance instead of bandwidth",
    "compression": "compression units",
    "synchronisation": "synchronisation in hardware",
    "priorities": "classes of traffic",
    "nic_in_package": "network card in the package",
    "cpu_link": "CPUs in the scale-up network",
    "multi_plane": "several planes",
    "ethernet": "better RoCE",
    "error_detection": "detection of silent errors",
    "memory_on_logic": "memory on logic",
}
#: Chips of the first table of balance points, listed ones first.
LISTED = (
    "h800-sxm",
    "gb200-nvl72",
    "rubin-nvl72",
    "mi355x",
    "mi455x",
    "tpu-v7",
    "trainium3",
    "ascend-950dt",
    "ascend-950pr",
)
#: Wishes that have a column; what else a chip has stands in the last one.
COLUMNS = ("engine", "one_network", "accumulation", "cast", "transposed", "in_network", "domain")


def _wishes() -> dict:
    return facts.by_subject(TABLE)


def asked():
    """Who asks for what, in which section, and whether it is priced here."""
    rows = []
    for wish, words in (WISHES | OTHERS).items():
        for quantity, fact in _wishes()[wish].items():
            why = fact.note.removeprefix(NOT_PRICED) if fact.note.startswith(NOT_PRICED) else ""
            row = {
                "wish": words,
                "by": PAPERS[quantity],
                "section": fact.locator.removeprefix("section "),
                "date": fact.date,
            }
            rows.append(row | {"asked": fact.value, "priced": "yes" if wish in WISHES else f"no: {why}" if why else "no"})
    columns = {
        "wish": "Wish",
        "by": "Who asks",
        "section": "Section",
        "date": "Date",
        "asked": "For what",
        "priced": "Priced",
    }
    return table(rows, columns, "What DeepSeek's papers ask makers of chips for", folded=True)


def bought():
    """What each priced wish takes off a training step and a token of decode, on a chip like V3's."""
    chip = load_accelerator("h800-sxm")
    steps = training_bought(chip, domain=DOMAIN), decoding_bought(chip, domain=DOMAIN)
    rows = []
    for train, decode in zip(*steps, strict=True):
        row = {"wish": WISHES.get(train.wish, TOGETHER), "train": train.saved_s, "low": train.low_s, "high": train.high_s}
        row |= {"of": train.saved, "most": train.most, "decode": decode.saved_s * 1e3}
        if not decode.most:
            rows.append(row | {"decode": None})
            continue
        row |= {"dlow": decode.low_s * 1e3, "dhigh": decode.high_s * 1e3, "dof": decode.saved, "dmost": decode.most}
        rows.append(row)
    columns = {
        "wish": "Wish",
        "train": ("Off a training step", "s", 3),
        "low": ("from", "s", 3),
        "high": ("to", "s", 3),
        "of": ("of the step", "%", 1),
        "most": ("it touches", "%", 1),
        "decode": ("Off a token of decode", "ms", 3),
        "dlow": ("from", "ms", 3),
        "dhigh": ("to", "ms", 3),
        "dof": ("of the token", "%", 1),
        "dmost": ("it touches", "%", 1),
    }
    return table(
        rows, columns, f"V3 on an H800 that has the wish, its scale-up domain {DOMAIN} chips where that is the wish"
    )


def by_chip():
    """What is granted together on each chip of the figure, and what freed SMs are worth with power and without."""
    rows = []
    for slug in ("h800-sxm", "h100-sxm", "h20", "b200-sxm"):
        chip = load_accelerator(slug)
        alone = {one.wish: one.saved for one in training_bought(chip, domain=DOMAIN)}
        freed = explore("chip-wishes", chip=slug, together="freed")["metrics"]["training"]
        last = decoding_bought(chip, domain=DOMAIN)[-1]
        row = {"chip": chip.name, "engine": alone["engine"], "power": alone["power"], "freed": freed}
        rows.append(row | {"together": alone[TOGETHER], "decode": last.saved})
    columns = {
        "chip": "Chip",
        "engine": ("SMs freed", "%", 1),
        "power": ("Power head-room", "%", 1),
        "freed": ("Both", "%", 1),
        "together": ("All wishes, training", "%", 1),
        "decode": ("All wishes, decode", "%", 1),
    }
    return table(rows, columns, "The same wishes on other chips, as shares of V3's step there")


def balances():
    """Balance points of recent chips at their FP8 peak, with other readings of the same chip."""
    named = [load_accelerator(slug) for slug in LISTED] + list(announced_chips())
    rows = []
    for one in named:
        found, status = balance(one), "listed"
        if one.slug in facts.by_subject(ANNOUNCED):
            status = "other reading" if is_other_reading(one.slug) else "announced, secondary source"
        row = {"chip": one.name, "status": status, "domain": one.scale_up_domain_gpus}
        if any(found):
            rows.append(row | found._asdict() | {"source": _source_of(one.slug)})
    rows.sort(key=lambda row: row["scale_up"] or 1e9)
    columns = {
        "chip": "Chip",
        "memory": ("FLOPs a byte of memory", "", 3),
        "scale_up": ("of scale-up", "", 4),
        "scale_out": ("of scale-out", "", 4),
        "domain": "Domain",
        "status": "Status",
        "source": "Source",
    }
    return table(rows, columns, "Balance points at the dense FP8 peak; blank where a figure was not found", raw=("source",))


def _source_of(slug: str) -> str:
    known = facts.by_subject(ANNOUNCED).get(slug) or facts.by_subject("accelerators")[slug]
    fact = known.get("peak_dense_fp8") or known["name"]
    return source_link(fact.source)


def met():
    """Which chip has what is asked for: its words, whose text was read, or that nothing was found."""
    rows = []
    for known in _wishes().values():
        if "name" not in known:
            continue
        row = {"chip": known["name"].value}
        row |= {wish: _cell(known.get(wish)) for wish in COLUMNS}
        others = [f"{OTHERS[wish]}: {_cell(fact)}" for wish, fact in known.items() if wish in OTHERS]
        rows.append(row | {"others": "; ".join(others) or "not found"})
    headings = {wish: WISHES[wish][0].upper() + WISHES[wish][1:] for wish in COLUMNS}
    columns = {"chip": "Chip", **headings, "others": "Others"}
    return table(rows, columns, "Chips of 2025 and 2026 against the wishes", raw=(*COLUMNS, "others"))


def _cell(fact) -> str:
    """A fact in a table's cell, with the kind of its source, which links to it."""
    if fact is None:
        return "not found"
    said = f"{fact.value:,.0f} chips" if fact.unit == "GPUs" else str(fact.value)
    source = facts.sources()[fact.source]
    kind = html.text(source["kind"])
    if source["url"]:
        kind = f'<a href="{html.text(source["url"])}">{kind}</a>'
    return f"{html.text(said)} ({kind})"


def met_counts() -> dict:
    """Wish -> chips that have it, by a source that was read; of the domain, those of more than a node of eight."""
    found = dict.fromkeys((*COLUMNS, *OTHERS), 0)
    for known in _wishes().values():
        for wish, fact in known.items():
            if "name" in known and wish in found:
                found[wish] += fact.value > 8 if fact.unit == "GPUs" else str(fact.value).startswith(("yes", "mostly"))
    return found


def num_not_priced() -> int:
    """Wishes with a reason why they have no price."""
    return sum(any(fact.note.startswith(NOT_PRICED) for fact in _wishes()[wish].values()) for wish in OTHERS)


def num_chips() -> int:
    """Chips of :func:`met`."""
    return sum("name" in known for known in _wishes().values())


def facts_used():
    """Facts that the page uses."""
    return fact_table([*facts.facts(TABLE), *facts.facts(ANNOUNCED)])
