"""Everything that SQLite's service writes is on a disk that gets really full in the middle of a run, and then has room.

The database, the queue and the journal: what a small machine has in one place. Where a process may not have a disk of
its own these are skipped; `test_full_disk.py` does the same without.
"""

import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from mailer.bench.crash_count import Count
from mailer.clock import utcnow
from mailer.dispatch.ledger.interface import LedgerUnavailable
from mailer.dispatch.recovery import recover
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
from tests.support.disks import fill, small_disk
from tests.support.smtp_server import SmtpServer

Build = Callable[..., Room]
Counted = Callable[[Room], Count]
LINES = 5
CLIENTS = 1500
SIZE = 8_000_000
FULL = "database or disk is full"
pytestmark = pytest.mark.fault


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Of this test's own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    with small_disk(folder, size=SIZE):
        yield folder


@pytest.fixture
def sqlite_url(sqlite_template: Path, disk: Path) -> str:
    """A database there, in the place of the usual one."""
    shutil.copy(sqlite_template, disk / "mailer.db")
    return f"sqlite:///{disk / 'mailer.db'}"


@pytest.fixture
def app(make_app: Callable[..., Flask], disk: Path) -> Flask:
    """Whose other files are there too."""
    return make_app(instance_dir=disk, var_dir=disk / "var", media_dir=disk / "var" / "media")


def test_the_run_waits_says_why_and_goes_on_when_there_is_room_again(
    room: Build, app: Flask, smtp: SmtpServer, start: Start, counted: Counted, words: Path, disk: Path
) -> None:
    here = room(clients=CLIENTS)
    worker = sending_slowly(smtp, start, lines=LINES)
    ballast = fill(disk)
    wait_until(lambda: f"results wait for the database: {FULL}" in words.read_text(), what="the reason")
    all_in_hand_sent(here, smtp)
    assert accepted_rows(here) < len(smtp.letters) < CLIENTS
    found = app.test_client().get("/health").get_json()
    assert (found["database"], found["open_runs"]) == (True, 1)
    ballast.unlink()
    smtp.script.delay_s = 0
    wait_until(lambda: is_done(here), what="the run to be done")
    assert worker.poll() is None
    assert counted(here).letters == CLIENTS
    assert is_true(counted(here))
    assert here.outcomes() == ["accepted"] * CLIENTS
    assert here.adds_up()


def test_what_was_sent_while_there_was_no_room_is_read_from_the_journal_of_the_dead(
    room: Build, smtp: SmtpServer, start: Start, counted: Counted, disk: Path
) -> None:
    here = room(clients=CLIENTS)
    worker = sending_slowly(smtp, start, lines=LINES)
    ballast = fill(disk)
    all_in_hand_sent(here, smtp)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    unwritten = len(smtp.letters) - accepted_rows(here)
    assert unwritten > LINES, "the disk was not full"
    parts = here.engine.parts
    with pytest.raises(LedgerUnavailable, match=FULL):
        recover(parts.ledger, parts.folder, now=utcnow())
    ballast.unlink()
    smtp.script.delay_s = 0
    finish(here)
    assert is_true(counted(here))
    assert sum(row.is_rebuilt and row.outcome == "accepted" for row in here.log()) >= unwritten - LINES
    assert here.outcomes().count("unanswered") <= LINES
    assert here.adds_up()
