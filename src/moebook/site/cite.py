"""How a page is cited: BibTeX with its title, version and day, from CITATION.cff."""

import functools
import re

import yaml

import moecalc

from .build import ROOT
from .build_date import build_date


@functools.cache
def citation() -> dict:
    """What CITATION.cff says."""
    return yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


def bibtex(page: str, title: str, address: str = "") -> str:
    """An entry for one page of the report.

    Parameters
    ----------
    page : str
        Such as ``notebooks/claims`` [-]
    title : str
        The page's title, as text [-]
    address : str, optional
        Of the published page [-]

    Returns
    -------
    str
    """
    told, day = citation(), build_date()
    authors = " and ".join(f"{{{escaped(one['name'])}}}" for one in told["authors"])
    fields = {
        "title": f"{{{escaped(title)}}}",
        "author": authors,
        "howpublished": f"{escaped(told['title'])}, version {moecalc.__version__}",
        "note": f"Page {escaped(page)}, built {day}",
        "year": day[:4],
        "url": address,
    }
    lines = "\n".join(f"  {key} = {{{value}}}," for key, value in fields.items() if value)
    return f"@misc{{deepseek-v3-recomputed:{page.rpartition('/')[2]},\n{lines}\n}}"


def escaped(text: str) -> str:
    """A text in which BibTeX and LaTeX find no signs of their own."""
    return re.sub(r"([&%$#_{}])", r"\\\1", text)
