"""Fixtures of the tests of the site, a pytest plugin: the site, built once, and Chromium, started once.

PYTEST_DONT_REWRITE: the search for doctests imports this module before pytest learns that it is a plugin.
"""

import os
import shutil
import threading
from pathlib import Path

import pytest
import site_build
from visits import Visit

WINDOWED = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: The first has no window to draw, and the same engine: it needs a fourth less time. Its letters are as wide as no reader's.
CHROMIUM = ("chromium-headless-shell", *WINDOWED)
QUIET = ("background-networking", "component-update", "sync", "gpu", "quic")


#: The build of the site, if this process has begun it.
builds = []


def pytest_collection_finish(session):
    """Begin to build the site as soon as it is known that a test needs it: the tests that need none run meanwhile."""
    first = os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0" and not session.config.option.collectonly
    if first and not os.environ.get("SITE") and any("site" in getattr(item, "fixturenames", ()) for item in session.items):
        builds.append(site_build.begin(site_build.folder(session.config._tmp_path_factory)))


def pytest_sessionfinish():
    for build in builds:
        site_build.stop(build)


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The folder of the whole site, built with warnings fatal; ``SITE=_build/html`` takes one that is built already."""
    if os.environ.get("SITE"):
        built = Path(os.environ["SITE"]).resolve()
        assert (built / "index.html").is_file(), f"no site in {built}"
        return built
    output = site_build.folder(tmp_path_factory)
    site_build.begin(output)
    return site_build.wait(output)


@pytest.fixture(scope="session")
def address(site) -> str:
    """Where the site is served while the tests run."""
    from moebook.site.serve import server

    with server(0, site) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{serving.server_port}/"
        serving.shutdown()


@pytest.fixture(scope="session")
def launch():
    """A function that starts the first browser that is there; its tests are skipped, or fail where there should be one."""
    from playwright.sync_api import Error, sync_playwright

    args = ["--no-sandbox", "--no-first-run", *(f"--disable-{what}" for what in QUIET)]
    # no host is there but this machine
    args.append("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost")

    def start(programs):
        program = next(filter(None, map(shutil.which, programs)), None)
        try:
            return playwright.chromium.launch(executable_path=program, args=args)
        except Error:
            # without a program Playwright looks for its own
            if program or os.environ.get("CI") == "true":
                raise
            pytest.skip("no Chromium: apt-get install chromium, or .venv/bin/playwright install chromium")

    with sync_playwright() as playwright:
        yield start


@pytest.fixture(scope="session")
def chromium(launch):
    """The browser of this worker."""
    browser = launch(CHROMIUM)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def tabs(chromium, address):
    """A function that gives the tab of a size in which this worker goes through the pages."""
    tabs = {}

    def tab(size) -> Visit:
        if size not in tabs:
            tabs[size] = Visit(chromium, address, size)
        return tabs[size]

    yield tab
    for one in tabs.values():
        one.close()


@pytest.fixture
def visit(request, tabs) -> Visit:
    """A page that is open, in the state in which it opens; see `visits`.

    Nothing may go wrong in it, whatever a test does: no error or warning in the console, no request to another host.
    """
    page, size = request.param
    one = tabs(size).at(page)
    yield one
    if one.wrong:
        one.page = None  # the next test opens it anew
    assert one.wrong == []
