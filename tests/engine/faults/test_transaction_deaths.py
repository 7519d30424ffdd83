"""`kill -9` inside the transaction that writes a window's results and claims the next one."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from mailer.bench.crash_count import Count
from tests.engine.conftest import Room
from tests.engine.faults.conftest import FLASK_SEND, PATIENCE_S, Start, accepted_rows, finish, is_true, wait_until
from tests.support.smtp_server import SmtpServer

Build = Callable[..., Room]
Counted = Callable[[Room], Count]
pytestmark = pytest.mark.fault
LINES = 5
NARROW = {"SEND_CONNECTIONS": str(LINES), "SEND_WINDOW": "100"}
BLOCKED = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active'"""

# the first is waited for before anything is written, the second when all but the answer is on its way
HELD = {
    "at its beginning": "SELECT id FROM run FOR UPDATE",
    "at its rows": "LOCK TABLE attempt IN SHARE MODE",
}


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("held", HELD.values(), ids=HELD)
def test_killed_while_postgresql_carries_the_window_out(
    room: Build, smtp: SmtpServer, start: Start, counted: Counted, held: str
) -> None:
    smtp.script.delay_s = 0.01
    here = room(clients=500)
    worker = start(*FLASK_SEND, **NARROW)
    smtp.wait_for(30, timeout_s=PATIENCE_S)
    with holding(here, held):
        wait_until(lambda: number(here, BLOCKED) > 0, what="the window to wait inside its transaction")
        claimed = number(here, "SELECT total FROM run")
        assert len(smtp.letters) < claimed - LINES, "nothing was left to be answered"
        smtp.script.delay_s = 0
        # the transaction may yet be carried out: what it brings is not all that was answered
        wait_until(lambda: len(smtp.letters) == claimed, what="answers that no transaction knows of")
        worker.kill()
        worker.wait()
        assert here.claims()
    # what is still on its way in the server may be carried out now, after the death
    finish(here)
    judge(here, counted(here))
    assert was_rebuilt(here)


# COMMIT: the window is written and not committed. BEGIN: committed, and nobody has heard of it
@pytest.mark.parametrize("word", ["COMMIT", "BEGIN"])
def test_killed_at_the_commit_of_a_window_in_sqlite(
    room: Build, smtp: SmtpServer, start: Start, counted: Counted, word: str
) -> None:
    smtp.script.delay_s = 0.005
    here = room(clients=500)
    worker = start("-m", "tests.engine.faults.dying", word, "3", **NARROW)
    assert worker.wait(PATIENCE_S) == -signal.SIGKILL, "it lived on"
    assert here.claims(), "the death struck when nothing was in hand"
    assert accepted_rows(here) <= len(smtp.letters) < 500
    smtp.script.delay_s = 0
    finish(here)
    judge(here, counted(here))
    assert was_rebuilt(here) or word == "BEGIN"


def judge(here: Room, found: Count) -> None:
    """Nothing doubled, lost or untrue; at most a letter per line unknown."""
    assert is_true(found), found
    assert here.outcomes().count("unanswered") <= LINES
    assert here.adds_up()


def was_rebuilt(here: Room) -> bool:
    """Answers without a row were read from the dead worker's journal."""
    return any(row.is_rebuilt and row.outcome == "accepted" for row in here.log())


@contextmanager
def holding(here: Room, statement: str) -> Iterator[None]:
    """A lock that the worker's transaction runs into."""
    with here.database.connect() as connection:
        connection.execute(text(statement))
        try:
            yield
        finally:
            connection.rollback()


def number(here: Room, question: str) -> int:
    """One number, from a connection of its own."""
    with here.database.connect() as connection:
        return int(connection.scalar(text(question)) or 0)
