"""A sender that says how much memory it has ever had.

    python -m tests.engine.weighing

Each line that it reads is answered, once everything due was sent, by its peak in KiB: VmHWM, which begins anew with the
program, for the usual figure (ru_maxrss) counts the process that it was forked from, here pytest.
"""

import re
import sys
from pathlib import Path

from mailer.app import create_app
from mailer.clock import utcnow
from mailer.dispatch.engine import Engine, build_engine
from mailer.dispatch.tick import tick

SLICE_S = 20.0
PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)


def peak_kib() -> int:
    """The most that was ever resident."""
    found = PEAK.search(Path("/proc/self/status").read_text("utf-8"))
    assert found is not None
    return int(found[1])


def send(engine: Engine) -> None:
    """The minute's tick, and everything that it opens."""
    tick(engine.parts.ledger, now=utcnow(), folder=engine.parts.folder)
    while not engine.work(SLICE_S).is_over:
        pass


if __name__ == "__main__":
    sender = build_engine(create_app())
    for _line in sys.stdin:
        send(sender)
        sys.stdout.write(f"{peak_kib()}\n")
        sys.stdout.flush()
    sender.close()
