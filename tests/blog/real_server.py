"""The app behind a real gunicorn, and a browser that sends slowly: what its worker holds meanwhile can be looked at."""

import http.client
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from mailer.config import ROOT
from tests.engine.processes import environment
from tests.support.processes import wait_until

EDGE = "the-edge-of-a-part"


class Gunicorn:
    """One worker process, as production runs it."""

    def __init__(self, process: subprocess.Popen[bytes], address: tuple[str, int]) -> None:
        self.process, self.address = process, address

    @property
    def worker(self) -> Path:
        """The worker's folder in /proc."""
        master = Path("/proc", str(self.process.pid))
        wait_until(lambda: bool(children(master)), what="the worker to be there")
        return Path("/proc", children(master)[0])

    def peak(self) -> int:
        """The most bytes of memory that the worker ever had."""
        line = next(one for one in (self.worker / "status").read_text().splitlines() if one.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    def on_disk(self) -> int:
        """The bytes of its open temporary files, which have no name."""
        return sum(size_of(link) for link in (self.worker / "fd").iterdir())

    def page(self, web: FlaskClient, path: str) -> int:
        """The status of a page, as `web` sees it."""
        with closing(http.client.HTTPConnection(*self.address, timeout=60)) as connection:
            connection.request("GET", path, headers={"Cookie": cookie(web)})
            return connection.getresponse().status

    def send(self, web: FlaskClient, path: str, body: Iterable[bytes], length: int) -> tuple[int, str]:
        """Post a form piece by piece; status and page."""
        kind = f"multipart/form-data; boundary={EDGE}"
        headers = {"Cookie": cookie(web), "Content-Type": kind, "Content-Length": str(length)}
        with closing(http.client.HTTPConnection(*self.address, timeout=60)) as connection:
            connection.request("POST", path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()


@contextmanager
def running_gunicorn(app: Flask, listener: socket.socket, log: Path) -> Iterator[Gunicorn]:
    """Serve the app's database at this socket."""
    command = [sys.executable, "-m", "gunicorn", "-w", "1", "--threads", "2", "--no-control-socket"]
    command += ["--bind", f"fd://{listener.fileno()}", "wsgi:app"]
    env = environment(app, DEFAULT_LOCALE="en")
    with log.open("ab") as words:
        process = subprocess.Popen(command, cwd=ROOT, env=env, pass_fds=[listener.fileno()], stdout=words, stderr=words)
    try:
        yield Gunicorn(process, listener.getsockname())
    finally:
        process.terminate()
        process.wait(30)


def children(process: Path) -> list[str]:
    """The ids of the processes that it has started."""
    return (process / "task" / process.name / "children").read_text().split()


def size_of(link: Path) -> int:
    """Of an open file without a name; of any other nothing."""
    try:
        return link.stat().st_size if str(link.readlink()).endswith("(deleted)") else 0
    except FileNotFoundError:
        return 0


def cookie(web: FlaskClient) -> str:
    """The session of `web`, as a header."""
    found = web.get_cookie("mailer_session")
    return f"{found.key}={found.value}" if found else ""


def form(fields: dict[str, str], file: str) -> tuple[bytes, bytes]:
    """What a browser sends before and after the content of the file in the field `file`."""
    parts = [
        f'--{EDGE}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    head = f'--{EDGE}\r\nContent-Disposition: form-data; name="{file}"; filename="x.jpg"\r\n\r\n'
    return ("".join(parts) + head).encode(), f"\r\n--{EDGE}--\r\n".encode()


def watched(pieces: Iterable[bytes], look: Callable[[], None]) -> Iterator[bytes]:
    """The pieces, with a look before each of them."""
    for piece in pieces:
        look()
        yield piece
