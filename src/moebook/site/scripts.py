"""The page's own scripts: a few ES modules of ``web/``, bundled during the build."""

import subprocess
import sys
from pathlib import Path

#: Every page with a figure loads this one; it loads the others when they are needed.
MAIN = "explorer.js"
#: Every page with a figure that asks for a guess, this one: it covers the answer.
GUESS = "guess.js"
#: Every page, this one: its numbers say where they come from.
PAGE = "page.js"


def node() -> str:
    """Node of this environment, or else the machine's."""
    own = Path(sys.executable).with_name("node")
    return str(own) if own.exists() else "node"


def build_scripts(root: Path, folder: Path) -> None:
    """Bundle the modules of ``web/`` into a folder.

    Parameters
    ----------
    root : Path
        The project, with its installed npm packages [-]
    folder : Path
        Gets the bundles [-]
    """
    command = [node(), "web/build.mjs", str(folder)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the scripts were not built:\n{done.stdout}{done.stderr}")
