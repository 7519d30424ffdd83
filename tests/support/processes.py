"""Private servers for tests: started, waited for, and ended by their process object. No port or folder is shared."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest


def missing(part: str) -> NoReturn:
    """Skip with the reason; where all parts must be there (CI), fail instead."""
    sentence = f"{part} is not installed on this machine"
    if os.environ.get("MAILER_REQUIRE_PARTS") == "1":
        pytest.fail(f"{sentence}, and MAILER_REQUIRE_PARTS=1 says it must be", pytrace=False)
    pytest.skip(sentence)


@contextmanager
def short_folder(owner: str | None = None) -> Iterator[Path]:
    """A temporary folder with a short path: a unix socket's may have 107 bytes at most."""
    folder = Path(tempfile.mkdtemp(prefix="m-", dir="/tmp"))
    if owner:
        shutil.chown(folder, owner)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def wait_until(is_so: Callable[[], bool], *, what: str, timeout_s: float = 30) -> None:
    """Poll until true; fail the test with `what` when it never becomes so."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > deadline:
            pytest.fail(f"waited {timeout_s:g} s in vain: {what}", pytrace=False)
        time.sleep(0.02)


class Server:
    """One process with its log file; `is_ready` tells when it may be used."""

    def __init__(
        self, command: Sequence[str], *, folder: Path, is_ready: Callable[[], bool], user: str | None = None
    ) -> None:
        self.command = list(command)
        self.folder = folder
        self.is_ready = is_ready
        self.user = user
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """All it has said since it was first started."""
        return (self.folder / "log").read_text(errors="replace")

    def start(self) -> None:
        """Start and wait until it can be used."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=self.folder, stdout=log, stderr=log, user=self.user, start_new_session=True
            )
        wait_until(self._has_begun, what=f"{self.command[0]} to be ready")

    def _has_begun(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            pytest.fail(f"{self.command[0]} ended at its start:\n{self.log}", pytrace=False)
        return self.is_ready()

    def stop(self, how: int = signal.SIGTERM, *, timeout_s: float = 20) -> None:
        """Send the signal and wait for the end; what does not end is killed with all it started."""
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None

    def restart(self, how: int = signal.SIGTERM) -> None:
        """Stop and start again with the same data."""
        self.stop(how)
        self.start()
