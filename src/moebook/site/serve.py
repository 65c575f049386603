"""Serve the built site on this machine: ``python -m moebook.site.serve``, or ``make serve``."""

import argparse
import functools
import http.server
import sys
from pathlib import Path

from .build import SITE


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files, and the site's own page where there is none."""

    def log_message(self, *args):
        pass

    def send_error(self, code, message=None, explain=None):
        page = Path(self.directory, "404.html")
        if code != 404 or not page.is_file():
            return super().send_error(code, message, explain)
        body = page.read_bytes()
        self.send_response(404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def server(port: int, folder: Path = SITE) -> http.server.ThreadingHTTPServer:
    """A server of a folder on this machine, at another port where this one is taken; port 0 takes any."""
    handler = functools.partial(Handler, directory=str(folder))
    try:
        return http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except (OSError, OverflowError):
        return http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--folder", type=Path, default=SITE, help="a site built elsewhere")
    told = parser.parse_args()
    if not (told.folder / "index.html").is_file():
        print("There is no site yet: make site builds it.", file=sys.stderr)
        return 2
    serving = server(told.port, told.folder)
    print(f"The report is at http://localhost:{serving.server_port}/ (Ctrl-C ends it)", flush=True)
    try:
        serving.serve_forever()
    except KeyboardInterrupt:
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
