"""Print the built report into one PDF: ``python -m moebook.printing``, or ``make pdf``."""

import argparse
import os
import sys
import time
from pathlib import Path

import moecalc

from ..site.build import ROOT, SITE
from ..site.build_date import build_date
from ..site.downloads import PRINTED
from .browser import PROGRAMS, NoBrowserError, printer
from .document import Front, document
from .numbered import compact, pages_of
from .offer import offer
from .order import entries

TITLE = "DeepSeek-V3, Recomputed"
AUTHOR = f"the authors of {TITLE}"
LINES = (
    "A talk about a frontier model, computed again: each of its claims has a verdict, each reported figure its source.",
    "A figure is printed in the state in which it opens. On the site it can be moved.",
)
#: The contents take as much room with numbers as without, so the second print says where everything is.
MOST_PRINTS = 3


def print_book(site: Path, source: Path, output: Path, front: Front, programs=PROGRAMS) -> int:
    """Print a site into a file.

    Parameters
    ----------
    site : Path
        The folder of the built site
    source : Path
        The folder of its ``_toc.yml``
    output : Path
        The file to write
    front : Front
        What the title page says
    programs : sequence of str, optional
        Names of browsers

    Returns
    -------
    int
        Pages of the file [pages]
    """
    pages = entries(source)
    text = document(site, pages, front)
    output.parent.mkdir(parents=True, exist_ok=True)
    with printer(site, programs) as tab:
        tab.open(text)
        numbers = dict.fromkeys((entry.slug for entry in pages), 0)
        for _ in range(MOST_PRINTS):
            told = numbers
            tab.number(told)
            tab.print(output)
            numbers = pages_of(output, told)
            if numbers == told:
                break
        else:
            raise RuntimeError(f"the contents of {output} do not settle: {told}, then {numbers}")
    return compact(output, front.title, AUTHOR)


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(prog="python -m moebook.printing", description=__doc__)
    parser.add_argument("--site", type=Path, default=SITE, help="a site built elsewhere")
    parser.add_argument("--source", type=Path, default=ROOT, help="the folder of its _toc.yml")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--output", type=Path, help=f"the file to write, if not {PRINTED} beside the site")
    where.add_argument("--into-site", action="store_true", help="put it into the site, and a link to it on the front page")
    told = parser.parse_args(argv)
    started = time.monotonic()
    if not (told.site / "index.html").is_file():
        print(f"There is no site in {told.site}: make site builds it.", file=sys.stderr)
        return 2
    output = told.output or (told.site if told.into_site else told.site.parent) / PRINTED
    lines = (*LINES, f"moecalc {moecalc.__version__}, printed {build_date()}.")
    try:
        pages = print_book(told.site, told.source, output, Front(TITLE, lines, os.environ.get("SITE_URL", "")))
    except NoBrowserError as error:
        print(error, file=sys.stderr)
        return 2
    if told.into_site:
        offer(told.site / f"{entries(told.source)[0].page}.html", output)
    size = output.stat().st_size / 1e6
    print(f"Printed {output}, {pages} pages, {size:.1f} MB, in {time.monotonic() - started:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
