"""The server behind ``make serve``."""

import contextlib
import http.client
import re
import signal
import subprocess
import sys
import threading

import pytest

from moebook.site.serve import server


@pytest.fixture
def folder(tmp_path):
    """A site of three files."""
    (tmp_path / "deep").mkdir()
    for name in ("index.html", "404.html", "deep/page.html"):
        (tmp_path / name).write_text(f"<p>{name}: 中文</p>", encoding="utf-8")
    return tmp_path


@contextlib.contextmanager
def serving(folder, port=0):
    with server(port, folder) as one:
        threading.Thread(target=one.serve_forever, daemon=True).start()
        yield one.server_port
        one.shutdown()


def ask(port, path, method="GET"):
    """(status, type, text) of an answer."""
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    asked.request(method, path)
    answer = asked.getresponse()
    return answer.status, answer.headers["Content-Type"], answer.read().decode()


def test_files_are_served(folder):
    with serving(folder) as port:
        assert ask(port, "/") == (200, "text/html", "<p>index.html: 中文</p>")
        assert ask(port, "/deep/page.html?x=1") == (200, "text/html", "<p>deep/page.html: 中文</p>")
        assert ask(port, "/deep/page.html", "HEAD")[::2] == (200, "")


def test_what_is_not_there_is_the_sites_own_page(folder):
    with serving(folder) as port:
        for path in ("/nothing.html", "/deep/er/nothing/", "/../../etc/passwd"):
            assert ask(port, path) == (404, "text/html; charset=utf-8", "<p>404.html: 中文</p>")
        assert ask(port, "/nothing", "HEAD")[::2] == (404, "")
        assert ask(port, "/", "POST")[0] == 501


def test_without_a_page_of_its_own(folder):
    (folder / "404.html").unlink()
    with serving(folder) as port:
        status, _, text = ask(port, "/nothing.html")
        assert status == 404 and "File not found" in text


@pytest.mark.parametrize("port", [None, 99_999, -1])
def test_another_port_where_this_one_cannot_be_had(folder, port):
    with serving(folder) as taken, serving(folder, port or taken) as other:
        assert other not in (taken, port)
        assert ask(other, "/")[0] == ask(taken, "/")[0] == 200


def test_as_a_command(folder):
    command = [sys.executable, "-m", "moebook.site.serve", "--port", "0", "--folder", folder]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        told = process.stdout.readline()
        port = int(re.fullmatch(r"The report is at http://localhost:(\d+)/ \(Ctrl-C ends it\)\n", told)[1])
        assert ask(port, "/")[0] == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_without_a_site(tmp_path):
    command = [sys.executable, "-m", "moebook.site.serve", "--folder", tmp_path]
    run = subprocess.run(command, capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (2, "", "There is no site yet: make site builds it.\n")
