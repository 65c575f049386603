"""Chromium, that prints a document of a served site into a PDF."""

import contextlib
import shutil
import threading
from pathlib import Path

#: One with windows first: its letters are as wide as a reader's.
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chromium-headless-shell")
NEEDED = (
    "Printing needs Chromium: apt-get install chromium, or .venv/bin/playwright install chromium "
    "(and the extra print of the package, which make installs)."
)
#: Where the document is served from: no file of the site.
DOCUMENT = "/print-document"
_QUIET = ("background-networking", "component-update", "sync", "gpu", "quic")
#: Width of what is printed on a page of A4 between the margins of ``print.css`` [px]
WIDTH, HEIGHT = 680, 1000
#: Make each table that is wider than the page as small as the page needs.
FIT = """() => {
  for (const table of document.querySelectorAll(".print-page table")) {
    const room = table.parentElement.clientWidth, width = table.getBoundingClientRect().width;
    if (width > room) table.style.zoom = Math.floor(100 * room / width) / 100;
  }
}"""


class NoBrowserError(Exception):
    """There is nothing that could print."""

    def __init__(self):
        super().__init__(NEEDED)


@contextlib.contextmanager
def printer(site: Path, programs=PROGRAMS):
    """What opens a document and prints it.

    Parameters
    ----------
    site : Path
        The folder that is served meanwhile, for styles and fonts
    programs : sequence of str, optional
        Names of browsers; where there is none, Playwright's own is tried

    Yields
    ------
    Printer

    Raises
    ------
    NoBrowserError
        If none can be started.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise NoBrowserError from None
    from ..site.serve import server

    args = ["--no-sandbox", "--no-first-run", *(f"--disable-{what}" for what in _QUIET)]
    program = next(filter(None, map(shutil.which, programs)), None)
    with server(0, site) as serving, sync_playwright() as playwright:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        try:
            chromium = playwright.chromium.launch(executable_path=program, args=args)
        except Error:
            serving.shutdown()
            raise NoBrowserError from None
        try:
            yield Printer(chromium, f"http://127.0.0.1:{serving.server_port}")
        finally:
            chromium.close()
            serving.shutdown()


class Printer:
    """A tab with a document, that can be printed again with other numbers in its contents."""

    def __init__(self, chromium, address: str):
        self.tab = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        self.tab.set_default_timeout(120_000)
        self.address = address

    def open(self, text: str) -> None:
        """Show a document, with every font and image loaded and no table wider than the page."""
        self.tab.route(f"**{DOCUMENT}", lambda route: route.fulfill(body=text, content_type="text/html; charset=utf-8"))
        self.tab.emulate_media(media="print", color_scheme="light")
        self.tab.goto(self.address + DOCUMENT, wait_until="load")
        self.tab.evaluate("() => document.fonts.ready.then(() => null)")
        self.tab.evaluate(FIT)

    def number(self, numbers: dict) -> None:
        """Write the page of each slug into the contents."""
        self.tab.evaluate(
            "([places, numbers]) => { for (const place of document.querySelectorAll(places)) "
            "place.textContent = numbers[place.dataset.of]; }",
            [".print-number", numbers],
        )

    def print(self, path: Path) -> None:
        """The document as a PDF, with an outline of its headings."""
        self.tab.pdf(path=path, prefer_css_page_size=True, print_background=True, outline=True, tagged=True)
