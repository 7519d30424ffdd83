"""SQLite's disk has no room left in the middle of a run, and then it has.

A limit on the size of the process's files makes the kernel refuse its writes, as a full disk does, without the rights
that a small disk of one's own would need.
"""

import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask

from mailer.bench.crash_count import Count
from tests.engine.conftest import Room
from tests.engine.faults.conftest import (
    CONSUMER,
    PATIENCE_S,
    Start,
    accepted_rows,
    all_in_hand_sent,
    finish,
    is_done,
    is_true,
    wait_until,
)
from tests.support.smtp_server import SmtpServer

Build = Callable[..., Room]
Counted = Callable[[Room], Count]
LINES = 5
NARROW = {"SEND_CONNECTIONS": str(LINES), "SEND_WINDOW": "100"}
CLIENTS = 600
pytestmark = [
    pytest.mark.fault,
    pytest.mark.skipif(sys.platform == "darwin", reason="the limits of another process are set by Linux only"),
]


@contextmanager
def no_room_left(process: subprocess.Popen[bytes], database: Path) -> Iterator[None]:
    """From now on the write-ahead log cannot grow; afterwards it can."""
    full = database.with_name(f"{database.name}-wal").stat().st_size
    _soft, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (full, hard))
    try:
        yield
    finally:
        if process.poll() is None:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (hard, hard))


def test_the_run_waits_says_why_and_goes_on_when_there_is_room_again(
    room: Build, app: Flask, smtp: SmtpServer, start: Start, counted: Counted, words: Path, tmp_path: Path
) -> None:
    here = room(clients=CLIENTS)
    worker = sending_slowly(smtp, start)
    with no_room_left(worker, tmp_path / "mailer.db"):
        all_in_hand_sent(here, smtp)
        wait_until(lambda: "results wait for the database: disk I/O error" in words.read_text(), what="the reason")
        assert accepted_rows(here) < len(smtp.letters) < CLIENTS
        found = app.test_client().get("/health").get_json()
        assert (found["database"], found["open_runs"]) == (True, 1)
    smtp.script.delay_s = 0
    wait_until(lambda: is_done(here), what="the run to be done")
    assert counted(here).letters == CLIENTS
    assert is_true(counted(here))
    assert here.outcomes() == ["accepted"] * CLIENTS
    assert here.adds_up()


def test_killed_while_there_is_no_room(
    room: Build, smtp: SmtpServer, start: Start, counted: Counted, words: Path, tmp_path: Path
) -> None:
    here = room(clients=CLIENTS)
    worker = sending_slowly(smtp, start)
    with no_room_left(worker, tmp_path / "mailer.db"):
        all_in_hand_sent(here, smtp)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    assert accepted_rows(here) < len(smtp.letters)
    smtp.script.delay_s = 0
    finish(here)
    assert is_true(counted(here))
    assert here.outcomes().count("unanswered") <= LINES
    assert here.adds_up()


def sending_slowly(smtp: SmtpServer, start: Start) -> subprocess.Popen[bytes]:
    """A consumer in the middle of a run."""
    smtp.script.delay_s = 0.02
    worker = start(*CONSUMER, **NARROW)
    smtp.wait_for(50, timeout_s=PATIENCE_S)
    return worker
