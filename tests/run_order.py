"""In which order tests run, what stays together in one worker, and what each figure adds: a pytest plugin.

Two workers share a run. Tests that look at the same page in the same size follow each other in one worker, so that the
page is opened once; the other tests of a file stay together. Tests that need the site come last: it is built meanwhile.
Within that, what takes long comes first, so that both workers are busy until the end.
"""

import functools
import time
from collections import Counter

import pytest
from site_helpers import NOTEBOOKS, shown

from moecalc.explorers import explorer_names

#: Tests of these files take long, whatever they look at.
LONG = ("test_build", "test_charts", "test_widgets", "test_explorers", "test_balancing")
#: What a further figure may add to the time of all tests, on two cores that do nothing else [s]
GOAL = 8


@functools.cache
def figures_of_page(page: str) -> tuple:
    return tuple(dict.fromkeys(name for name, _ in shown(page)))


def params(item) -> dict:
    return item.callspec.params if hasattr(item, "callspec") else {}


def figures_of(item) -> tuple:
    """The explorers that a test looks at, told by what it is run with: a name, a name with something, or else a page."""
    told = [value[0] if isinstance(value, tuple) and value else value for value in params(item).values()]
    words = [word for word in told if isinstance(word, str)]
    names = [word for word in words if word in explorer_names()]
    return tuple(names or [name for word in words if word in NOTEBOOKS for name in figures_of_page(word)])


def together(item) -> str:
    """The name of the group of a test: its page in one size, else the figure of which it asks the site, else its file."""
    if "visit" in params(item):
        return " ".join(params(item)["visit"])
    figures = figures_of(item)
    return f"numbers of {figures[0]}" if item.get_closest_marker("site") and len(figures) == 1 else item.path.stem


def when(item) -> tuple:
    """To sort by."""
    if "site" not in getattr(item, "fixturenames", ()):
        return 0, LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG)
    return 1, -len(figures_of(item))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    groups = {}
    for item in items:
        name = together(item)
        item.add_marker(pytest.mark.xdist_group(name))
        item.user_properties += [("figure", figure) for figure in figures_of(item)]
        groups.setdefault(name, []).append(item)
    # a group stays together also where one process runs everything
    items[:] = [item for group in sorted(groups.values(), key=lambda group: max(map(when, group))) for item in group]


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef, request):
    """Note how long a fixture of the whole session took: the test that asks first waits for the site and the browser."""
    began = time.monotonic()
    made = yield
    if fixturedef.scope == "session":
        request._pyfuncitem.user_properties.append(("shared", time.monotonic() - began))
    return made


def added(reports) -> Counter:
    """The seconds that each figure adds: of a test with several, each has its share."""
    seconds = Counter()
    for report in reports:
        told = getattr(report, "user_properties", ())
        names = [value for key, value in told if key == "figure"]
        shared = sum(value for key, value in told if key == "shared") if report.when == "setup" else 0
        for name in names:
            seconds[name] += (report.duration - shared) / len(names)
    return seconds


def pytest_terminal_summary(terminalreporter):
    reports = [one for some in terminalreporter.stats.values() for one in some if hasattr(one, "duration")]
    seconds = added(reports)
    if not seconds:
        return
    terminalreporter.section(f"seconds of testing that each figure adds (goal: {GOAL})")
    for name, took in seconds.most_common():
        terminalreporter.write_line(f"{took:6.1f} {name}")
