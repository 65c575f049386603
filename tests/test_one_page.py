"""One page with its figure, built and opened in a browser: the quick loop's look at the site."""

import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from site_helpers import ROOT

import moecalc
from moebook.site.build import JUPYTER_BOOK

PAGE, FIGURE = "notebooks/1-overview/cost", "cost"
REPOSITORY = "https://github.com/example/report"
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
    config = (book / "_config.yml").read_text(encoding="utf-8")
    assert config.count('repository_url: ""') == 1
    config = config.replace('repository_url: ""', f'repository_url: "{REPOSITORY}"')
    (book / "_config.yml").write_text(config, encoding="utf-8")
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


def test_a_number_that_is_wrong_can_be_reported(page, chromium):
    tab = chromium.new_page(viewport={"width": 1280, "height": 720})
    tab.goto(page)
    number = tab.locator("a.computed").first
    tab.locator(".computed-from").wait_for(state="attached")
    number.hover()
    one = tab.locator(".computed-from a", has_text="This number is wrong")
    told = urlsplit(one.get_attribute("href"))
    fields = {key: value for key, (value,) in parse_qs(told.query).items()}
    assert f"{told.scheme}://{told.netloc}{told.path}" == f"{REPOSITORY}/issues/new"
    assert fields.pop("template") == "number.yml" and (ROOT / ".github" / "ISSUE_TEMPLATE" / "number.yml").is_file()
    assert fields["page"] == PAGE and fields["value"] == number.inner_text()
    assert fields["expression"] == tab.locator(".computed-from .mark-name").inner_text()
    assert fields["version"].startswith(f"{moecalc.__version__}, built ")
    form = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / "number.yml").read_text(encoding="utf-8"))
    assert set(fields) < {field["id"] for field in form["body"]}
    # by keys it comes behind the number, and without a number in view the page offers it too
    number.focus()
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "This number is wrong"
    whole = tab.locator("footer a.report").get_attribute("href")
    assert whole.startswith(f"{REPOSITORY}/issues/new?") and "expression" not in whole
    tab.close()
