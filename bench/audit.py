"""The built site as a phone on a slow network meets it: python -m bench.audit [--quick] [--folder SITE]

Lighthouse, the time to the first answer, and how a figure answers once its engine runs.
The exit code is 1 when a goal is missed. Lighthouse is installed on first use.
"""

import argparse
import functools
import gzip
import itertools
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from moebook.site.build import SITE
from moebook.site.scripts import node
from moebook.site.serve import Handler
from moecalc.explorers import answer, explorer

LIGHTHOUSE = "lighthouse@12.8.2"
ENVIRONMENT = Path("_build", "audit-env")
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = ("gpu", "quic", "background-networking", "component-update", "sync")
FLAGS = ["--headless=new", "--no-sandbox", "--no-first-run", *(f"--disable-{what}" for what in QUIET)]

#: network -> (bit/s, round trip [ms], goal for the first answer [s])
NETWORKS = {"10 Mbit/s, 40 ms": (10e6, 40, 1.5), "slow 4G": (1.6e6, 150, 3.5)}
#: Goals once the engine runs [ms]
LONGEST_STALL, LONGEST_WAIT = 100, 100
#: Moves of two controls at once, which no page has stored
MOVES = 8
#: The figure whose computation takes longest, its largest state, and what that may take [s]
LONG, LARGEST, LONGEST_COMPUTATION = "balancing", {"experts": 64, "tokens": 1000, "steps": 100}, 3


class Row(NamedTuple):
    """One line of the table."""

    what: str
    measured: float
    unit: str
    goal: float
    least: bool = False  #: whether the goal is the least, rather than the most

    @property
    def passes(self) -> bool:
        return self.measured >= self.goal if self.least else self.measured <= self.goal

    def __str__(self) -> str:
        goal = f"{'>=' if self.least else '<='} {self.goal:g} {self.unit}".rstrip()
        return f"{self.what:66} {goal:>10}  {self.measured:>8.3g} {self.unit:2}  {'pass' if self.passes else 'FAIL'}"


# --- the server ------------------------------------------------------------------------------------------------------


class Packed(Handler):
    """Text and the engine gzipped, kept for ten minutes and over one connection: as a static host serves them."""

    protocol_version = "HTTP/1.1"
    PACKED = ("text/", "application/json", "application/javascript", "application/wasm", "image/svg+xml")

    def do_GET(self):
        file = Path(self.translate_path(self.path))
        if file.is_dir():
            file = file / "index.html"
        kind = self.guess_type(str(file))
        if not file.is_file() or not kind.startswith(self.PACKED):
            return super().do_GET()
        body = packed(file)
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def end_headers(self):
        self.send_header("Cache-Control", "max-age=600")
        super().end_headers()


class Server(ThreadingHTTPServer):
    """A browser that goes away in the middle of a file is no fault."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@functools.cache
def packed(file: Path) -> bytes:
    return gzip.compress(file.read_bytes(), 6)


@contextmanager
def serving(folder: Path):
    """The address of a folder while it is served."""
    with Server(("127.0.0.1", 0), functools.partial(Packed, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


# --- Lighthouse ------------------------------------------------------------------------------------------------------


def lighthouse() -> str:
    """The program, installed if it is not there."""
    program = ENVIRONMENT / "node_modules" / "lighthouse"
    manifest = program / "package.json"
    if not manifest.is_file() or json.loads(manifest.read_text())["version"] != LIGHTHOUSE.partition("@")[2]:
        ENVIRONMENT.mkdir(parents=True, exist_ok=True)
        npm = str(Path(sys.executable).with_name("npm"))
        npm = npm if os.path.exists(npm) else "npm"
        subprocess.run([npm, "install", "--no-save", "--silent", "--prefix", ENVIRONMENT, LIGHTHOUSE], check=True)
    return str(program / "cli" / "index.js")


def scores(address: str, program: str, runs: int, chromium: str) -> dict:
    """Category -> median score of some runs, and what the last of them found wanting."""
    command = [node(), program, address, "--quiet", "--output=json", f"--chrome-flags={' '.join(FLAGS)}"]
    command.append("--only-categories=performance,accessibility,best-practices")
    found = []
    for _ in range(runs):
        run = subprocess.run(command, env={**os.environ, "CHROME_PATH": chromium}, check=True, stdout=subprocess.PIPE)
        found.append(json.loads(run.stdout))
    medians = {
        key: statistics.median(round(100 * (one["categories"][key]["score"] or 0)) for one in found)
        for key in ("accessibility", "best-practices", "performance")
    }
    return {"scores": medians, "wanting": wanting(found[-1])}


def wanting(report: dict) -> list:
    """The audits that cost points."""
    told = []
    for category in report["categories"].values():
        for one in category["auditRefs"]:
            audit = report["audits"][one["id"]]
            if one["weight"] and audit["score"] is not None and audit["score"] < 0.9:
                told.append(f"{one['id']} {audit.get('displayValue', '')}".strip().replace("\N{NO-BREAK SPACE}", " "))
    return told


def audits(folder: Path, address: str, pages: list, runs: int, chromium: str):
    """Three rows for each page."""
    program = lighthouse()
    for page in pages:
        found = scores(address + page, program, runs, chromium)
        least = {"accessibility": 100, "best-practices": 100, "performance": 70 if has_figures(folder, page) else 80}
        for category, score in found["scores"].items():
            yield Row(f"{page}: {category}", score, "", least[category], least=True)
        if found["wanting"]:
            print(f"    {'; '.join(found['wanting'])}", file=sys.stderr)


# --- in the browser --------------------------------------------------------------------------------------------------

#: A stored move of the page's first figure that changes a number.
PICK = """async () => {
  const section = document.querySelector("section[data-explorer]"), { explorer } = section.dataset;
  const scripts = document.querySelector('script[src*="_static/explorer.js"]').src;
  const told = await (await fetch(new URL(`../explorers/${explorer}.json`, scripts))).json();
  const control = key => section.querySelector(`[data-control="${key}"]`);
  const text = key => control(key).type === "checkbox" ? String(control(key).checked) : control(key).value;
  const values = Object.fromEntries(told.controls.map(({ key }) => [key, text(key)]));
  const away = told.controls.filter(one => String(one.default) !== values[one.key]).map(one => one.key);
  const number = key => Number(section.querySelector(`output[data-metric="${key}"]`).dataset.value);
  for (const [key, moves] of Object.entries(told.moves)) {
    if (away.some(one => one !== key)) continue;
    for (const [value, { metrics }] of Object.entries(moves)) {
      if (metrics && value !== values[key] && Object.entries(metrics).some(([name, now]) => Number(now) !== number(name))) {
        return { explorer, values, key, value };
      }
    }
  }
  return { explorer, values, key: null };
}"""

#: Sets controls as a reader would, and resolves when the page shows other numbers: milliseconds since it was opened.
MOVE = """window.moveControls = (section, values, isDone) => new Promise(resolve => {
  const now = () => [...section.querySelectorAll("output[data-metric]")].map(one => one.dataset.value).join();
  const before = now(), started = performance.now();
  const watch = new MutationObserver(() => {
    if (isDone ? section.getAttribute("aria-busy") === "false" : now() !== before) {
      watch.disconnect();
      resolve({ started, ended: performance.now() });
    }
  });
  watch.observe(section, { attributes: true, subtree: true, attributeFilter: ["data-value", "aria-busy"] });
  let last;
  for (const [key, value] of Object.entries(values)) {
    last = section.querySelector(`[data-control="${key}"]`);
    if (last.type === "checkbox") last.checked = value === true || value === "true";
    else last.value = value;
  }
  for (const kind of ["input", "change"]) last.dispatchEvent(new Event(kind, { bubbles: true }));
});"""

#: Moves a control as soon as it can be moved.
AT_ONCE = """(([key, value]) => {
  const look = () => {
    const section = document.querySelector("section[data-explorer]");
    if (section?.querySelector("fieldset:not([disabled])")) {
      window.moveControls(section, { [key]: value }).then(({ ended }) => (window.firstAnswer = ended));
    } else setTimeout(look, 4);
  };
  look();
})"""

STALLS = """() => {
  window.stalls = [0];
  new PerformanceObserver(list => window.stalls.push(...list.getEntries().map(one => one.duration)))
    .observe({ type: "longtask" });
}"""

#: Notes every percentage that the status line of a figure shows.
PERCENTAGES = """section => {
  const status = section.querySelector(".explorer-status");
  window.percentages = new Set();
  new MutationObserver(() => status.textContent.includes("%") && window.percentages.add(status.textContent))
    .observe(status, { childList: true, characterData: true, subtree: true });
}"""


@contextmanager
def new_tab(browser, *scripts):
    context = browser.new_context(viewport={"width": 412, "height": 823})
    for script in scripts:
        context.add_init_script(script)
    yield context.new_page()
    context.close()


def first_answers(browser, address: str, pages: list, runs: int):
    """One row for each page with a figure and each network."""
    for page, (network, (bits, round_trip, goal)) in itertools.product(pages, NETWORKS.items()):
        with new_tab(browser) as tab:
            tab.goto(address + page)
            move = tab.evaluate(PICK)
        if move["key"] is None:
            continue
        seconds = []
        for _ in range(runs):
            with new_tab(browser, MOVE, f"{AT_ONCE}({json.dumps([move['key'], move['value']])})") as tab:
                slow = tab.context.new_cdp_session(tab)
                slow.send("Network.enable")
                rates = {"downloadThroughput": bits / 8, "uploadThroughput": bits / 8}
                slow.send("Network.emulateNetworkConditions", {"offline": False, "latency": round_trip, **rates})
                tab.goto(address + page, wait_until="commit")
                tab.wait_for_function("window.firstAnswer", timeout=60_000)
                seconds.append(tab.evaluate("window.firstAnswer") / 1000)
        yield Row(f"{page}: first answer, {network}", statistics.median(seconds), "s", goal)


def with_engine(browser, address: str, pages: list, runs: int):
    """Two rows for each figure: its answers once the engine runs, and how long the page stalls meanwhile."""
    for page in pages:
        waits, stalls = [], []
        for _ in range(runs):
            with new_tab(browser, MOVE) as tab:
                tab.goto(address + page)
                told = tab.evaluate(PICK)
                section = tab.locator("section[data-explorer]").first
                tab.evaluate(STALLS)
                start_engine(section)
                for values in two_at_once(told["explorer"], told["values"]):
                    taken = section.evaluate("(section, values) => window.moveControls(section, values, true)", values)
                    waits.append(taken["ended"] - taken["started"])
                    tab.wait_for_timeout(400)  # its picture is drawn meanwhile
                stalls.append(tab.evaluate("Math.max(...window.stalls)"))
        yield Row(f"{page}: numbers after a move, engine ready", statistics.median(waits), "ms", LONGEST_WAIT)
        yield Row(f"{page}: longest stall while computing", max(stalls), "ms", LONGEST_STALL)


def at_its_largest(browser, folder: Path, address: str, pages: list, runs: int):
    """Three rows for the longest computation: what it takes, what is told of it, and how long the page stalls meanwhile."""
    for page in pages:
        if f'data-explorer="{LONG}"' not in (folder / page).read_text(encoding="utf-8"):
            continue
        seconds, told, stalls = [], [], []
        for _ in range(runs):
            with new_tab(browser, MOVE) as tab:
                tab.goto(address + page)
                section = tab.locator(f'section[data-explorer="{LONG}"]')
                start_engine(section)
                tab.evaluate(STALLS)
                section.evaluate(PERCENTAGES)
                taken = section.evaluate("(section, values) => window.moveControls(section, values, true)", LARGEST)
                seconds.append((taken["ended"] - taken["started"]) / 1000)
                tab.wait_for_timeout(400)  # its picture is drawn meanwhile
                told.append(tab.evaluate("window.percentages.size"))
                stalls.append(tab.evaluate("Math.max(...window.stalls)"))
        yield Row(f"{page}: {LONG} at its largest", statistics.median(seconds), "s", LONGEST_COMPUTATION)
        yield Row(f"{page}: percentages shown meanwhile", statistics.median(told), "", 2, least=True)
        yield Row(f"{page}: longest stall meanwhile", max(stalls), "ms", LONGEST_STALL)


def start_engine(section) -> None:
    """Touch a figure, and wait until its engine is there."""
    section.locator("[data-control]").first.focus()
    section.page.wait_for_function("document.querySelector('section[data-engine=ready]')", timeout=120_000)


def two_at_once(name: str, shown: dict) -> list:
    """Values of all controls, two of them moved, that the calculators accept; the same at every run, no state twice."""
    draw, one = random.Random(name), explorer(name)
    found = []
    movable = [control for control in one.controls if control.stops()]
    for _ in range(10_000):
        moved = draw.sample(movable, 2)
        values = {**one.read(shown), **{control.key: draw.choice(control.stops()) for control in moved}}
        # a move to where the page is already would be waited for in vain
        if values not in [one.read(shown), *found] and "error" not in json.loads(answer(name, json.dumps(values))):
            found.append(values)
        if len(found) == MOVES:
            break
    return found


# --- all of it -------------------------------------------------------------------------------------------------------


def has_figures(folder: Path, page: str) -> bool:
    return "<section" in (text := (folder / page).read_text(encoding="utf-8")) and "data-explorer=" in text


def all_pages(folder: Path) -> list:
    """Every page but the front door, which leads to the first one, and the one for addresses that are not there."""
    files = (file.relative_to(folder).as_posix() for file in folder.rglob("*.html"))
    return sorted(page for page in files if page not in ("index.html", "404.html") and not page.startswith("_static/"))


def measure(folder: Path, pages: list, runs: int):
    from playwright.sync_api import sync_playwright

    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    figures = [page for page in pages if has_figures(folder, page)]
    with serving(folder) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield from first_answers(browser, address, figures, runs)
        yield from with_engine(browser, address, figures, runs)
        yield from at_its_largest(browser, folder, address, figures, runs)
        browser.close()
        yield from audits(folder, address, pages, runs, chromium or playwright.chromium.executable_path)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.audit", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one run of two pages")
    parser.add_argument("--folder", type=Path, default=SITE, help="a site built elsewhere")
    args = parser.parse_args()
    folder = args.folder.resolve()
    if not (folder / "index.html").is_file():
        print("There is no site yet: make site builds it.", file=sys.stderr)
        return 2
    pages = all_pages(folder)
    if args.quick:
        figures = [has_figures(folder, page) for page in pages]
        pages = [pages[figures.index(False)], pages[figures.index(True)]]
    failed = 0
    for row in measure(folder, pages, 1 if args.quick else 5):
        print(row, flush=True)
        failed += not row.passes
    print(f"{failed} goals missed." if failed else "All goals met.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
