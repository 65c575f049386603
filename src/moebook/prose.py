"""Numbers, tables and claims for prose: a sentence calls them where it is read, with the role ``eval``."""

import functools

from IPython.display import HTML

from moecalc.base.units import show as shown
from moecalc.explorers import Metric
from moecalc.facts import tables

from . import html


class Said(str):
    """A text that the role ``eval`` puts into a sentence as it is: its ``repr`` has no quotes."""

    def __repr__(self):
        return str(self)

    def _repr_html_(self):
        """What JupyterLab shows for the same role."""
        return html.text(self)


def num(value, unit: str = "", digits: int = 4) -> Said:
    """A number as a sentence says it: ``{eval}`num(states["per_gpu_bytes"], "bytes")` ``.

    Parameters
    ----------
    value : float, str or None
        The number; a text stays as it is [`unit`]
    unit, digits
        As :func:`moecalc.base.units.show` takes them

    Returns
    -------
    Said
    """
    return Said(shown(value, unit, digits))


def span(values, unit: str = "", digits: int = 4) -> Said:
    """The least and the greatest of some numbers as a sentence says them: "3.1 % to 5.5 %"; one where they read alike."""
    values = list(values)
    low, high = (shown(value, unit, digits) for value in (min(values), max(values)))
    return Said(low if low == high else f"{low} to {high}")


def printed(claim_id: str) -> Said:
    """What the talk prints for a claim of the ledger, with its unit."""
    row = _claim_row(claim_id)
    return Said(_with_unit(row["printed"], row["unit"]))


def found(claim_id: str) -> Said:
    """What we find for a claim of the ledger."""
    return Said(_claim_row(claim_id)["recomputed"] or "nothing")


def exact(claim_id: str) -> Said:
    """What we find for a claim of the ledger from exact inputs, where the talk's are rounded."""
    return Said(_claim_row(claim_id)["own_value"] or "nothing")


def _claim_row(claim_id: str) -> dict:
    return _claim_rows()[claim_id]


@functools.cache
def _claim_rows() -> dict:
    from moecalc.claims import ledger

    return {row["id"]: row for row in ledger()}


def table(rows, columns: dict, caption: str = "", source: str = "", raw: tuple = (), folded: bool = False) -> HTML:
    """Rows as a table of the page.

    Parameters
    ----------
    rows : sequence of dict
        One a line [-]
    columns : dict
        Key of a row -> heading, or (heading, unit, digits) [-]
    caption : str, optional
        Said above it [-]
    source : str, optional
        HTML said below it, such as a :func:`source_link` [-]
    raw : tuple of str, optional
        Keys whose values are HTML already [-]
    folded : bool, optional
        Behind its caption, which unfolds it [-]

    Returns
    -------
    HTML
    """
    rows = list(rows)
    metrics = {key: Metric(*((head,) if isinstance(head, str) else head)) for key, head in columns.items()}
    below = f'<p class="table-source">Source: {source}.</p>' if source else ""
    inner = html.table(rows, metrics, caption, raw) + below
    return HTML(_folded(f"{caption} ({len(rows)} rows)", inner) if folded else inner)


def together(*tables) -> HTML:
    """Tables below one another, as what one cell shows."""
    return HTML("\n".join(one.data for one in tables))


def _folded(summary: str, inner: str) -> str:
    return f"<details>\n<summary>{html.text(summary)}</summary>\n{inner}\n</details>"


def still(name: str, title: str, caption: str, **controls) -> HTML:
    """The picture of an explorer in one state, without its numbers and controls.

    Parameters
    ----------
    name : str
        The explorer [-]
    title, caption : str
        What this state shows [-]
    **controls
        Those that are not at their defaults [-]

    Returns
    -------
    HTML
    """
    from moecalc.explorers import explorer

    from . import figure

    chosen = explorer(name)
    titled = chosen._replace(title=title, description=caption)
    drawn = figure.picture(titled, chosen.run(controls), caption=f"{title}. {caption}")
    return HTML(f'<div class="explorer">\n{drawn}\n</div>')


def source_link(key: str, locator: str = "") -> str:
    """A link to a source, as HTML: its title, and where in it; no link where it has no address."""
    source = tables.sources()[key]
    title = html.text(source["title"])
    where = f", {html.text(locator)}" if locator else ""
    return f'<a href="{html.text(source["url"])}">{title}</a>{where}' if source["url"] else title + where


def fact_table(rows, caption: str = "Facts that this page uses") -> HTML:
    """Facts with value, unit, status, date and a link to the source, folded.

    Parameters
    ----------
    rows : iterable of moecalc.facts.tables.Fact
        What to list [-]
    caption : str, optional
        Said where it unfolds [-]

    Returns
    -------
    HTML
    """
    listed = [
        {
            "subject": fact.subject,
            "quantity": fact.quantity.replace("_", " "),
            "value": _fact_value(fact),
            "status": fact.status,
            "date": fact.date,
            "source": source_link(fact.source, fact.locator),
            "note": fact.note,
        }
        for fact in rows
    ]
    columns = {key: Metric(key.capitalize()) for key in ("subject", "quantity", "value", "status", "date", "source", "note")}
    inner = html.table(listed, columns, caption, raw=("source",))
    return HTML(_folded(f"{caption} ({len(listed)})", inner))


def _fact_value(fact) -> str:
    def number(value):
        return f"{value:,}" if isinstance(value, (int, float)) else str(value)

    unit = "" if fact.unit in ("text", "date", "count", "score") else f" {fact.unit}"
    return number(fact.value) + ("" if fact.high is None else f" to {number(fact.high)}") + unit


def claims_list(*ids: str, links: bool = False) -> HTML:
    """Rows of the claims ledger with their verdicts.

    Parameters
    ----------
    *ids : str
        Such as "C05"; none for all [-]
    links : bool, optional
        Whether to say of each on which slide it stands, and to link to the page that settles it and to its code [-]

    Returns
    -------
    HTML
    """
    from moecalc.claims import ledger

    items = [_claim(row, links) for row in ledger() if not ids or row["id"] in ids]
    return HTML('<ul class="claims">\n' + "\n".join(items) + "\n</ul>")


def claims_filter() -> HTML:
    """What chooses which claims of the page are shown: a bar of verdicts, and a list of chapters.

    Returns
    -------
    HTML
        With the styles that do it; it works without scripts. A link to ``#verdict-differs`` opens the page with those
        that differ.
    """
    from moecalc.claims import ledger

    from .ledger import VERDICTS, anchor_of, verdict_bar

    rows = ledger()
    chapters = {row["chapter"]: row["chapter"].partition("-")[2] for row in rows}
    options = "".join(f'<option value="{value}">{words}</option>' for value, words in chapters.items())
    hidden = [
        f'main:has(#{anchor_of(verdict)}:target) .claims > li:not([data-verdict="{verdict}"])' for verdict in VERDICTS
    ] + [
        f'main:has(#claims-chapter option[value="{value}"]:checked) .claims > li:not([data-chapter="{value}"])'
        for value in chapters
    ]
    return HTML(
        f"<style>{', '.join(hidden)} {{ display: none; }}</style>\n{verdict_bar(here=True)}\n"
        f'<p class="claims-filter control"><a id="verdict-all" href="#verdict-all">All {len(rows)} claims</a> '
        f'<label for="claims-chapter">Chapter</label> '
        f'<select id="claims-chapter" autocomplete="off"><option value="">all</option>{options}</select></p>'
    )


def verdict_word(verdict: str) -> str:
    """A verdict as HTML, in its colour."""
    return f'<span class="verdict verdict-{verdict.replace(" ", "-")}">{verdict}</span>'


def claim_link(claim_id: str) -> str:
    """A link, as HTML, to a claim that the same page lists."""
    return f'<a href="#{claim_id.lower()}">{claim_id}</a>'


def _claim(row: dict, links: bool) -> str:
    verdict, number = row["verdict"], row["id"]
    found = [("The talk prints", _with_unit(row["printed"], row["unit"]))] if row["printed"] else []
    ours = {"we find": row["recomputed"], "from exact inputs": row["own_value"]}
    found += [(label, value) for label, value in ours.items() if value]
    values = " ".join(f"<span><i>{label}</i> <b>{html.text(value)}</b></span>" for label, value in found)
    why = [html.text(row["note"])] if row["note"] else []
    if row["convention"]:
        why.append(f"Convention: {html.text(row['convention'])}.")
    if row["source"]:
        why.append(f"Source: {source_link(row['source'], row['locator'])}.")
    if links:
        why += _ways(row)
    label = f"{row['subject']}: {row['claim']}"
    return (
        f'<li id="{number.lower()}" data-verdict="{verdict}" data-chapter="{row["chapter"]}">'
        f'<p class="claim-head"><b>{number}</b> {html.text(label)} {verdict_word(verdict)}</p>'
        + (f'<p class="claim-values">{values}</p>' if values else "")
        + (f'<p class="claim-why">{" ".join(why)}</p>' if why else "")
        + "</li>"
    )


def _ways(row: dict) -> list:
    """Where a claim leads: to its slide by name, its page, and the code of its check."""
    from .site import checks

    where = f", {row['where']}" if row["where"] else ""
    ways = [f"Slide: {html.text(row['slide'] + where)}."]
    if row["page"]:
        # the list of all claims stands beside the chapters
        page = row["page"].removeprefix("notebooks/")
        words = "answers" if row["verdict"] == "question" else "settles"
        ways.append(f'<a href="{page}.html#{row["id"].lower()}">The page that {words} it</a>.')
    if row["id"] in checks.places():
        ways.append(f'<a href="../{checks.PAGE}.html#{checks.anchor(row["id"])}">The code of its check</a>.')
    return ways


#: Words in the unit column of the claims that are no units.
_NO_UNITS = {"ratio", "ranking", "statement", "formula", "question", "equation"}


def _with_unit(printed: str, unit: str) -> str:
    return f"{printed} {'' if unit in _NO_UNITS else unit}".strip()
