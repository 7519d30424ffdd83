"""Receivers to measure against: `smtp-sink` where it is installed, else our own; each told what it cost afterwards."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mailer.bench.running import Child, Spent, free_port, is_listening, wait_until

SBIN = "/usr/sbin:/usr/libexec/postfix:/usr/local/sbin"
NO_SINK = (
    "smtp-sink is not installed (Debian: postfix): our own Python receiver stands in for it, "
    "which is slower than the senders and limits every figure of speed."
)
NO_SOURCE = "smtp-source is not installed (Debian: postfix): the comparison with it is missing."


@dataclass
class Receiver:
    """A running one. `spent` and `said` are there once it has ended."""

    port: int
    spent: Spent = field(default_factory=lambda: Spent(0.0, 0.0))
    said: dict[str, list[float] | float] = field(default_factory=dict)

    def load(self, during_s: float) -> float:
        """The share of one processor that it took while something was measured for so long."""
        return self.spent.cpu_s / during_s if during_s else 0.0

    @property
    def marks_s(self) -> list[float]:
        """Our own only: when each twentieth of the letters was answered, monotonic."""
        marks = self.said.get("marks_s", [])
        return marks if isinstance(marks, list) else []

    @property
    def thought_ms(self) -> float:
        """Our own only: how long a letter really waited for its answer, in the mean."""
        thought = self.said.get("thought_ms", 0.0)
        return 0.0 if isinstance(thought, list) else thought


def tool(name: str) -> str | None:
    """Where a program of postfix is."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SBIN}")


@contextmanager
def fastest() -> Iterator[Receiver]:
    """`smtp-sink`, or what there is."""
    program = tool("smtp-sink")
    if program is None:
        with own() as receiver:
            yield receiver
        return
    receiver = Receiver(free_port())
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    command = [program, *user, "-m", "1000", f"127.0.0.1:{receiver.port}", "1000"]
    yield from _run(receiver, Child(command))


@contextmanager
def own(*, delay_ms: float = 0.0, keep: Path | None = None) -> Iterator[Receiver]:
    """Our own: `delay_ms` before each final reply; `keep` is written and synced before it."""
    receiver = Receiver(free_port())
    command = [sys.executable, "-m", "mailer.bench.receiver", "--port", str(receiver.port)]
    command += ["--delay-ms", str(delay_ms), "--keep", str(keep or "")]
    yield from _run(receiver, Child(command, is_asked=True))


def _run(receiver: Receiver, child: Child) -> Iterator[Receiver]:
    try:
        wait_until(lambda: is_listening(receiver.port), what="the receiver to listen")
        yield receiver
    finally:
        words = _last_words(child)
        receiver.spent = child.end()
        receiver.said = json.loads(words) if words else {}


def _last_words(child: Child) -> str:
    if child.process.stdout is None:
        return ""
    child.tell(signal.SIGTERM)
    return str(child.process.stdout.read())
