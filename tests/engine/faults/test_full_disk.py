"""SQLite has no room left in the middle of a run, and then it has; without the rights that a small disk would need.

A limit on the size of the process's files makes the kernel refuse its writes: "disk I/O error". A limit on the number
of pages makes SQLite refuse them: "database or disk is full", as on a disk that is (`test_small_disk.py`).
"""

import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine as Database
from sqlalchemy import event

from mailer.bench.crash_count import Count
from mailer.models import RunState
from tests.engine.conftest import Room
from tests.engine.faults.conftest import (
    Start,
    accepted_rows,
    all_in_hand_sent,
    finish,
    is_done,
    is_true,
    sending_slowly,
    wait_until,
)
from tests.support.smtp_server import SmtpServer

Build = Callable[..., Room]
Counted = Callable[[Room], Count]
LINES = 5
CLIENTS = 600
MANY = 2500  # windows of 500
MOST_PAGES = 2**30
pytestmark = pytest.mark.fault
of_linux = pytest.mark.skipif(sys.platform == "darwin", reason="the limits of another process are set by Linux only")


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


@of_linux
def test_the_run_waits_says_why_and_goes_on_when_there_is_room_again(
    room: Build, app: Flask, smtp: SmtpServer, start: Start, counted: Counted, words: Path, tmp_path: Path
) -> None:
    here = room(clients=CLIENTS)
    worker = sending_slowly(smtp, start, lines=LINES)
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


@of_linux
def test_killed_while_there_is_no_room(
    room: Build, smtp: SmtpServer, start: Start, counted: Counted, words: Path, tmp_path: Path
) -> None:
    here = room(clients=CLIENTS)
    worker = sending_slowly(smtp, start, lines=LINES)
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


@contextmanager
def no_page_left(database: Database) -> Iterator[None]:
    """From now on the file cannot grow, whichever of the app's connections writes; afterwards it can."""
    most = [1]  # or as many as there are

    def narrow(connection: sqlite3.Connection, _record: object, _proxy: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {most[0]}")

    event.listen(database, "checkout", narrow)
    try:
        yield
    finally:
        most[0] = MOST_PAGES


def test_sqlite_itself_says_that_it_is_full(
    room: Build, app: Flask, smtp: SmtpServer, counted: Counted, caplog: pytest.LogCaptureFixture
) -> None:
    smtp.script.delay_s = 0.01
    here = room(clients=MANY, connections=LINES)
    here.engine.begin()
    smtp.wait_for(50)
    with no_page_left(here.database):
        wait_until(lambda: "results wait for the database: database or disk is full" in caplog.text, what="the reason")
        all_in_hand_sent(here, smtp)
        assert accepted_rows(here) < len(smtp.letters) < MANY
        found = app.test_client().get("/health").get_json()
        assert (found["database"], found["open_runs"]) == (True, 1)
    smtp.script.delay_s = 0
    here.send()
    assert here.run().state is RunState.DONE
    assert counted(here).letters == MANY
    assert is_true(counted(here))
    assert here.outcomes() == ["accepted"] * MANY
    assert here.adds_up()
