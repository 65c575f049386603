"""Build the site once for all workers of a run, while they are still at the tests that need none."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

from site_helpers import ROOT


def folder(tmp_path_factory) -> Path:
    """Where the site of this run is built: pytest-xdist gives each worker a folder in that of the run."""
    base = tmp_path_factory.getbasetemp()
    output = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "site"
    output.mkdir(exist_ok=True)
    return output


def begin(output: Path):
    """Start the build unless somebody has; the process, if it was started here.

    The lock is held by the build and by what it starts: whoever gets it knows that the build has ended.
    """
    with open(output / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        log = output / "log"
        if log.exists():
            return None
        command = [sys.executable, "-m", "moebook.site.build", "--source", ROOT, "--output", output]
        with open(log, "w") as said:
            return subprocess.Popen(
                command, stdout=said, stderr=subprocess.STDOUT, pass_fds=[lock.fileno()], start_new_session=True
            )


def wait(output: Path) -> Path:
    """The folder of the site, once its build has ended."""
    with open(output / "lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
    site = output / "_build" / "html"
    assert (site / "index.html").is_file(), (output / "log").read_text(encoding="utf-8")
    return site


def stop(process) -> None:
    """End a build that nobody waits for any more."""
    if process and process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
