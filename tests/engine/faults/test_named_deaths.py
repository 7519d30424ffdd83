"""`kill -9` at each point of a letter's way. The receiver says when: it knows what it has read and answered."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from sqlalchemy import text

from mailer.bench.crash_count import Count
from tests.engine.conftest import Room
from tests.engine.faults.conftest import (
    FLASK_SEND,
    PATIENCE_S,
    Start,
    accepted_rows,
    all_in_hand_sent,
    finish,
    is_true,
    wait_until,
)
from tests.support.smtp_server import SmtpServer

Build = Callable[..., Room]
Counted = Callable[[Room], Count]
pytestmark = [pytest.mark.fault, pytest.mark.both_databases]
LINES = 5
NARROW = {"SEND_CONNECTIONS": str(LINES), "SEND_WINDOW": "100"}
ROOM = 65_536
LARGER_THAN_BUFFERS = 6_000_000  # ours, that is; the receiver's is ROOM


@dataclass(frozen=True)
class Point:
    """Where every line stands still; of the letters there, how many the receiver has kept, and how many are unknown."""

    step: str
    kept: bool = False
    size: int = 10
    skip: int = 40
    arrive_later: bool = False
    unknown: int = LINES


POINTS = {
    "before the first byte of the body": Point("data", unknown=0),
    "inside the body": Point("body", size=LARGER_THAN_BUFFERS, skip=2),
    "after the dot, not kept yet": Point("dot", arrive_later=True),
    "after the dot, kept already": Point("dot", kept=True),
}


@pytest.mark.parametrize("point", POINTS.values(), ids=POINTS)
def test_killed_with_every_line_at_this_point(
    room: Build, smtp: SmtpServer, start: Start, counted: Counted, point: Point
) -> None:
    clients = 2 * point.skip + 2 * LINES
    here = room(clients=clients, version={"text": "x" * point.size})
    smtp.script.room = ROOM
    smtp.add(point.step, do="hang", skip=point.skip, kept=point.kept)
    worker = start(*FLASK_SEND, **NARROW)
    smtp.wait_for(faults=LINES, timeout_s=PATIENCE_S)
    answered = len(smtp.letters) - (LINES if point.kept else 0)
    wait_until(lambda: accepted_rows(here) == answered, what="every answered letter to have its row")
    assert here.claims(), "the kill struck when nothing was in hand"
    worker.kill()
    worker.wait()
    smtp.clear()
    if point.arrive_later:
        smtp.wait_for(answered + LINES)
    finish(here)
    found = counted(here)
    assert is_true(found), found
    assert here.outcomes().count("unanswered") == point.unknown <= LINES
    assert found.arrived == (LINES if point.kept or point.arrive_later else 0)
    assert found.letters == clients - point.unknown + found.arrived
    assert here.adds_up()


def test_killed_after_the_reply_and_before_the_row(
    room: Build, smtp: SmtpServer, start: Start, counted: Counted
) -> None:
    here = room(clients=400)
    smtp.script.delay_s = 0.01
    worker = start(*FLASK_SEND, **NARROW)
    smtp.wait_for(30, timeout_s=PATIENCE_S)
    with database_held(here):
        all_in_hand_sent(here, smtp)
        worker.kill()
        worker.wait()
        unwritten = len(smtp.letters) - accepted_rows(here)
        assert unwritten > LINES, "the rows were written before the kill"
    smtp.script.delay_s = 0
    finish(here)
    found = counted(here)
    assert is_true(found), found
    rebuilt = [row for row in here.log() if row.is_rebuilt]
    assert {(row.outcome, row.reply_code, row.reply_text) for row in rebuilt} <= {
        ("accepted", 250, ""),
        ("unanswered", None, ""),
    }
    # all answers were read but, perhaps, the last of each line
    assert unwritten - LINES <= sum(row.outcome == "accepted" for row in rebuilt) <= unwritten
    assert here.outcomes().count("unanswered") <= LINES
    assert here.adds_up()


@contextmanager
def database_held(here: Room) -> Iterator[None]:
    """Nobody else can write while this lasts: SQLite's one write lock, or the run's row."""
    with here.database.connect() as connection:
        connection.execute(text("UPDATE run SET held_count = held_count"))
        try:
            yield
        finally:
            connection.rollback()
