"""Build the report into ``_build/html``: ``python -m moebook.site.build``, or ``make site``.

A warning, a cell that raises or a missing reference fails the build, and nothing that
an earlier build left behind is published.
"""

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SITE = ROOT / "_build" / "html"
#: Jupyter Book with this package imported first, which spares it seconds: see the top of `moebook`.
JUPYTER_BOOK = "import moebook; from jupyter_book.cli.main import main; main(prog_name='jupyter-book')"


def build(source: Path = ROOT, output: Path | None = None) -> int:
    """Build a book; the exit code is 0 when its site is whole.

    Parameters
    ----------
    source : Path, optional
        The folder of ``_config.yml`` and ``_toc.yml`` [-]
    output : Path, optional
        The folder in which ``_build/html`` is made, if not `source` [-]

    Returns
    -------
    int
    """
    started = time.monotonic()
    output = source if output is None else output
    site = output / "_build" / "html"
    for left in (site, site.with_name(".doctrees"), site.with_name("jupyter_execute")):
        shutil.rmtree(left, ignore_errors=True)
    command = [sys.executable, "-c", JUPYTER_BOOK, "build", "-W", "-n", "--keep-going", "--path-output", output, "."]
    code = subprocess.run(command, cwd=source, check=False).returncode
    if code:
        # a half-built site must not be mistaken for one
        shutil.rmtree(site, ignore_errors=True)
        print("The site was not built: see the errors above.", file=sys.stderr)
        return 1
    print(f"Built {site.relative_to(source) if source == output else site} in {time.monotonic() - started:.0f} s.")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, default=ROOT, help="another book than this one")
    parser.add_argument("--output", type=Path, help="where its _build goes, if not beside its _config.yml")
    told = parser.parse_args()
    return build(told.source.resolve(), told.output and told.output.resolve())


if __name__ == "__main__":
    sys.exit(main())
