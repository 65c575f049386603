"""Every page in JupyterLab: opened by a double click, run from top to bottom, each figure moved once.

Not part of the tests: it takes a minute, and JupyterLab's own pages change. Run it by hand:

    .venv/bin/python tests/lab_check.py --shots FOLDER [PAGE ...]
"""

import argparse
import os
import secrets
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import expect, sync_playwright
from site_fixtures import CHROMIUM
from site_helpers import CHAPTER_PAGES, ROOT, shown


def start_lab(port: int, token: str) -> subprocess.Popen:
    """JupyterLab as ``make lab`` starts it, without a browser of its own."""
    return subprocess.Popen(
        [Path(sys.executable).with_name("jupyter"), "lab", "--notebook-dir=.", "--no-browser", "--allow-root"]
        + [f"--ServerApp.port={port}", f"--IdentityProvider.token={token}"],
        cwd=ROOT,
        env={**os.environ, "JUPYTER_CONFIG_PATH": str(ROOT / ".jupyter")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def move(control):
    """Move a control of whatever kind as a reader would; the answer is a function that moves it back."""
    if control.locator("select").count():
        box = control.locator("select")
        chosen, options = box.evaluate("e => [e.selectedIndex, e.options.length]")
        box.select_option(index=options - 1 if chosen < options - 1 else 0)
        return lambda: box.select_option(index=chosen)
    if control.locator("textarea").count():
        box = control.locator("textarea")
        fill(box, "num_hidden_layers=30")
        return lambda: fill(box, "")
    if control.locator("input[type=number]").count():
        box = control.locator("input[type=number]")
        value = box.input_value()
        fill(box, f"{2 * float(value):f}".rstrip("0").rstrip(".") if float(value) else "1")
        return lambda: fill(box, value)
    if control.locator("input[type=checkbox]").count():
        box = control.locator("input[type=checkbox]")
        box.click()
        return box.click
    handle = control.locator(".noUi-handle")
    handle.press("ArrowRight")
    return lambda: handle.press("ArrowLeft")


def fill(box, text) -> None:
    box.fill(text)
    box.blur()


def answer(tab, figure, control) -> str:
    """What a figure makes of a move, in words; it is moved back afterwards."""
    below = figure.locator("> .widget-html > .widget-html-content")
    before = below.text_content()
    back = move(control)
    changed = turns(tab, below, lambda text: text != before)
    after = below.text_content()
    figure_error = after.rpartition("}")[2].strip()  # behind the styles
    back()
    returned = "" if turns(tab, below, lambda text: text == before) else ", AND DID NOT COME BACK"
    told = "DID NOT MOVE" if not changed else "moved" if "Data table" in after else f"refused: {figure_error}"
    return told + returned


def turns(tab, below, wanted) -> bool:
    """Whether a text becomes what is wanted within some seconds."""
    for _ in range(150):
        if wanted(below.text_content()):
            return True
        tab.wait_for_timeout(100)
    return False


def check(tab, page: str, shots: Path | None) -> None:
    """Open a page from the list of files, run it, move each of its figures."""
    folder, name = f"{page}.md".rsplit("/", 1)
    tab.goto(f"{tab.lab}/lab/tree/{folder}?reset")
    tab.locator(".jp-DirListing-item", has_text=name).dblclick()
    notebook = tab.locator(".jp-NotebookPanel:visible")
    notebook.locator(".jp-CodeCell").first.wait_for()
    tab.get_by_text("(ipykernel) | Idle").wait_for()
    if tab.locator(".jp-Dialog").count():
        tab.locator(".jp-Dialog .jp-mod-accept").click()
    tab.get_by_role("menuitem", name="Run", exact=True).click()
    tab.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    figures = notebook.locator(".widget-vbox:has(> .widget-html)")
    expect(figures).to_have_count(len(shown(page)), timeout=120_000)
    expect(notebook.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']")).to_have_count(0)
    for figure, (explorer, _) in zip(figures.all(), shown(page), strict=True):
        figure.scroll_into_view_if_needed()
        for fold in figure.locator(".jupyter-widget-Collapse-header").all():
            fold.click()
        for control in figure.locator(".widget-inline-hbox:not(.widget-html)").all():
            label = control.locator("label").last.text_content()
            print(f"{explorer}: {label}: {answer(tab, figure, control)}", flush=True)
        if shots:
            shots.mkdir(parents=True, exist_ok=True)
            tab.screenshot(path=shots / f"{page.replace('/', '-')}-{explorer}.png")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("page", nargs="*", help="such as notebooks/1-overview/cost; all, if none is named")
    parser.add_argument("--shots", type=Path, help="folder for pictures of each figure after it was moved")
    told = parser.parse_args()
    port, token = free_port(), secrets.token_hex(16)
    lab = start_lab(port, token)
    try:
        with sync_playwright() as playwright:
            program = next(filter(None, map(shutil.which, CHROMIUM)), None)
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
            tab = browser.new_page(viewport={"width": 1280, "height": 1000})
            tab.lab = f"http://127.0.0.1:{port}"
            for _ in range(100):
                try:
                    tab.goto(f"{tab.lab}/lab?token={token}")
                    break
                except Exception:
                    tab.wait_for_timeout(300)
            for page in told.page or CHAPTER_PAGES:
                check(tab, page, told.shots)
            browser.close()
    finally:
        lab.terminate()
        lab.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
