"""Processes of a benchmark: started, waited for, their CPU time taken from the kernel, and always ended."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mailer.config import ROOT

READY_S = 30.0


class BenchError(Exception):
    """Something that a figure needs did not work; the message is for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a finished process has cost: seconds on the clock and on processors."""

    wall_s: float
    cpu_s: float


class Child:
    """One process of ours; `end` may be called again and again."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        log: Path | None = None,
        cwd: Path = ROOT,
        user: str | None = None,
        is_asked: bool = False,
    ) -> None:
        """Start it. `is_asked`: its input and output are pipes for whoever asks it questions."""
        pipe = subprocess.PIPE if is_asked else None
        with (log or Path(os.devnull)).open("ab") as words:
            self.process = subprocess.Popen(  # noqa: S603 - our own programs
                [*command],
                cwd=cwd,
                env=dict(env) if env is not None else None,
                stdin=pipe or subprocess.DEVNULL,
                stdout=pipe or words,
                stderr=words,
                user=user,
                text=is_asked,
                start_new_session=True,  # Ctrl-C reaches us first, and we end our children
            )
        self._begun_s = time.monotonic()
        self._spent: Spent | None = None

    @property
    def is_running(self) -> bool:
        """It has not ended by itself."""
        if self._spent is None:
            self._collect(os.WNOHANG)
        return self._spent is None

    def wait(self, timeout_s: float) -> Spent:
        """Until it ends by itself; raises BenchError when it does not, or ends badly."""
        wait_until(lambda: not self.is_running, what=f"{self.process.args!r} to end", timeout_s=timeout_s)
        if self.process.returncode:
            raise BenchError(f"{self.process.args!r} ended with {self.process.returncode}")
        return self.end()

    def tell(self, how: int) -> None:
        """Send a signal, if it still runs. Popen's own way collects one that has ended, and its figures with it."""
        if self.is_running:
            os.kill(self.process.pid, how)

    def halt(self) -> None:
        """Have it stand still until SIGCONT, and wait until it does; raises BenchError when it has ended instead."""
        if self.is_running:
            self.tell(signal.SIGSTOP)
            self._collect(os.WUNTRACED)
        if self._spent is not None:
            raise BenchError(f"{self.process.args!r} ended by itself")

    def end(self, how: int = signal.SIGTERM, timeout_s: float = 20.0) -> Spent:
        """Send the signal, wait, and kill what does not go."""
        if self.is_running:
            self.tell(how)
            if not self._ends_within(timeout_s):
                self.tell(signal.SIGKILL)
                self._collect(0)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        return self._spent or Spent(0.0, 0.0)

    def _ends_within(self, timeout_s: float) -> bool:
        until_s = time.monotonic() + timeout_s
        while self.is_running:
            if time.monotonic() > until_s:
                return False
            time.sleep(0.002)
        return True

    def _collect(self, options: int) -> None:
        """wait4 is the one call that tells the CPU time of just this child."""
        pid, status, usage = os.wait4(self.process.pid, options)
        if pid and not os.WIFSTOPPED(status):
            self.process.returncode = os.waitstatus_to_exitcode(status)
            self._spent = Spent(time.monotonic() - self._begun_s, usage.ru_utime + usage.ru_stime)


def wait_until(is_so: Callable[[], bool], *, what: str, timeout_s: float = READY_S, pause_s: float = 0.002) -> None:
    """Poll until true; raises BenchError with `what` when it never becomes so."""
    until_s = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > until_s:
            raise BenchError(f"waited {timeout_s:g} s in vain for {what}")
        time.sleep(pause_s)


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def is_listening(port: int) -> bool:
    """Somebody answers at this loopback port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
