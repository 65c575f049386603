"""Fixtures of the tests of the site, a pytest plugin: the site, built once, and Chromium, started once.

PYTEST_DONT_REWRITE: the search for doctests imports this module before pytest learns that it is a plugin.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from site_helpers import ROOT

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = ("background-networking", "component-update", "sync", "gpu", "quic")


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The folder of the whole site, built with warnings fatal; ``SITE=_build/html`` takes one that is built already."""
    if os.environ.get("SITE"):
        built = Path(os.environ["SITE"]).resolve()
        assert (built / "index.html").is_file(), f"no site in {built}"
        return built
    folder = tmp_path_factory.getbasetemp()
    # pytest-xdist gives each of its workers a folder in that of the run: the first builds, the others wait for it
    output = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "site"
    output.mkdir(exist_ok=True)
    with open(output / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (output / "_build" / "html" / "index.html").is_file():
            build(output)
    return output / "_build" / "html"


def build(output: Path) -> None:
    command = [sys.executable, "-m", "moebook.site.build", "--source", ROOT, "--output", output]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert run.returncode == 0, run.stdout


@pytest.fixture(scope="session")
def address(site) -> str:
    """Where the site is served while the tests run."""
    from moebook.site.serve import server

    with server(0, site) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}/"
        serving.shutdown()


@pytest.fixture(scope="module")
def chromium():
    """A browser; its tests are skipped where there is none, and fail where there should be one."""
    from playwright.sync_api import Error, sync_playwright

    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    args = ["--no-sandbox", "--no-first-run", *(f"--disable-{what}" for what in QUIET)]
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=program, args=args)
        except Error:
            # without a program Playwright looks for its own
            if program or os.environ.get("CI") == "true":
                raise
            pytest.skip("no Chromium: apt-get install chromium, or .venv/bin/playwright install chromium")
        yield browser
        browser.close()
