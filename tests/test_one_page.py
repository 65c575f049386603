"""One page with its figure, built and opened in a browser: the quick loop's look at the site."""

import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from site_helpers import ROOT

from moebook.site.build import JUPYTER_BOOK

PAGE, FIGURE = "notebooks/1-overview/cost", "cost"
pytest_plugins = ["site_fixtures"]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The address of the page, in a site that holds nothing else."""
    book = tmp_path_factory.mktemp("one-page")
    for name in ("book", "data", "notebooks", "src", "web", "node_modules"):
        (book / name).symlink_to(ROOT / name)
    for name in ("_config.yml", "pyproject.toml", "README.md", "LICENSE", "CITATION.cff"):
        shutil.copy(ROOT / name, book / name)
    (book / "_toc.yml").write_text(f"{{format: jb-book, root: {PAGE}, chapters: [file: book/bibliography]}}")
    command = [sys.executable, "-c", JUPYTER_BOOK, "build", "-n", "--path-output", ".", "."]
    run = subprocess.run(command, cwd=book, capture_output=True, text=True, check=False)
    built = book / "_build" / "html" / f"{PAGE}.html"
    assert built.exists(), run.stdout[-3000:] + run.stderr[-3000:]
    with ThreadingHTTPServer(("localhost", 0), partial(Quiet, directory=book / "_build" / "html")) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}/{PAGE}.html"
        server.shutdown()


def test_a_page_says_its_numbers_and_its_figure_moves(page, chromium):
    tab = chromium.new_page(viewport={"width": 1280, "height": 720})
    wrong = []
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.goto(page)
    assert "GPU-hours" in tab.locator("article p").first.inner_text()
    figure = tab.locator(f'section[data-explorer="{FIGURE}"]')
    figure.locator("fieldset:enabled").first.wait_for()
    days = figure.locator('output[data-metric="wall_days"]')
    before = float(days.get_attribute("data-value"))
    figure.locator('[data-control="num_gpus"]').fill("1024")
    figure.locator('[data-control="num_gpus"]').blur()
    tab.wait_for_function(f"() => document.querySelector('[data-explorer={FIGURE}]').ariaBusy === 'false'")
    assert float(days.get_attribute("data-value")) == pytest.approx(2 * before)
    assert not wrong
    tab.close()
