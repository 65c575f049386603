"""Python for the reader's browser: Pyodide's core and this project's wheel, served by the site itself."""

import gzip
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

#: What Pyodide's core consists of; nothing else of it is fetched.
CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")


def add_engine(root: Path, site: Path) -> None:
    """Put the engine into a built site, with a note of its size and version for the page.

    Parameters
    ----------
    root : Path
        The project, with its installed npm packages [-]
    site : Path
        The built site; gets a folder ``engine`` [-]
    """
    engine = site / "engine"
    engine.mkdir(exist_ok=True)
    for name in CORE:
        shutil.copy(root / "node_modules" / "pyodide" / name, engine / name)
    wheel = build_wheel(root, engine)
    files = [engine / name for name in CORE] + [wheel]
    contents = [file.read_bytes() for file in files]
    note = {
        "wheel": wheel.name,
        # what a reader downloads: hosts send text and WebAssembly packed, and a zip is no smaller for it
        "bytes": sum(min(len(content), len(gzip.compress(content, compresslevel=6))) for content in contents),
        "plain_bytes": sum(len(content) for content in contents),
        "version": hashlib.sha256(b"".join(contents)).hexdigest()[:16],
    }
    (engine / "engine.json").write_text(json.dumps(note), encoding="utf-8")


def build_wheel(root: Path, folder: Path) -> Path:
    """The project's wheel, with data/ inside: what a downloaded notebook installs, and what the browser runs."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the wheel was not built:\n{done.stdout}{done.stderr}")
    return next(folder.glob("*.whl"))
