"""The ledger of claims as a bar of verdicts, whose parts lead to their claims."""

#: From what holds to what is left to do.
VERDICTS = ("reproduced", "reported", "in part", "differs", "contradicted", "unverified", "question", "open")
#: Words longer than this need more room in the bar [characters].
LONG_WORD = 8


def verdict_bar(page: str = "", here: bool = False) -> str:
    """Every verdict with the number of its claims, as a bar whose parts are as long as they are many.

    Parameters
    ----------
    page : str, optional
        The page to whose anchor of its verdict each part leads; this one where empty
    here : bool, optional
        Whether these are the anchors themselves

    Returns
    -------
    str
        HTML
    """
    from moecalc.claims import counts_by_verdict

    counts = counts_by_verdict()
    parts = "\n".join(_part(verdict, counts[verdict], page, here) for verdict in VERDICTS if counts[verdict])
    return f'<ul class="ledger" aria-label="Claims by verdict">\n{parts}\n</ul>\n{verdict_key(counts)}'


def verdict_key(counts: dict) -> str:
    """What the colours stand for: a part may be too short for its word, which only its link then says."""
    words = " ".join(f'<span><i class="{colour_of(one)}"></i>{one}</span>' for one in VERDICTS if counts[one])
    return f'<p class="ledger-key" aria-hidden="true">{sum(counts.values())} claims, by verdict: {words}</p>'


def colour_of(verdict: str) -> str:
    """The class that paints a verdict."""
    return "ledger-" + verdict.replace(" ", "-")


def _part(verdict: str, count: int, page: str, here: bool) -> str:
    anchor = anchor_of(verdict)
    ident = f' id="{anchor}"' if here else ""
    length = " ledger-long" if len(verdict) > LONG_WORD else ""
    return (
        f'<li class="{colour_of(verdict)}{length}" style="flex-grow: {count}">'
        f'<a{ident} href="{page}#{anchor}" title="{count} {verdict}"><b>{count}</b> <span>{verdict}</span></a></li>'
    )


def anchor_of(verdict: str) -> str:
    """The anchor on the page of all claims at which it shows those of a verdict."""
    return "verdict-" + verdict.replace(" ", "-")
