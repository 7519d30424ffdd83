"""A loop that breaks off, or cannot begin, inside a process that lives on: the service recovers by itself."""

import gc
import resource
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from huey import Huey
from sqlalchemy import Engine as Database
from sqlalchemy.orm import Session

from mailer.clock import utcnow
from mailer.dispatch.engine import Engine
from mailer.dispatch.journal import FIRST, REGION_SIZE, REGIONS
from mailer.dispatch.ledger import LedgerUnavailable, open_driver
from mailer.dispatch.ledger.ledger import SqlLedger
from mailer.dispatch.ledger.limits import Limits
from mailer.dispatch.ledger.types import Order, Recipients, Settlement, Turn
from mailer.dispatch.recovery import Recovered
from mailer.dispatch.tick import tick
from mailer.models import Heartbeat, RunState
from tests.engine.conftest import Room
from tests.support.smtp_server import SmtpServer

Build = Callable[..., Room]
pytestmark = pytest.mark.fault
LINES = 5
CLIENTS = 300


class Clock:
    """Falls off the wall when told to; whoever looks at it in the loop's thread falls over."""

    is_there = True

    def __call__(self) -> float:
        if not self.is_there and threading.current_thread().name == "shift":
            raise RuntimeError("where is the clock?")
        return time.monotonic()


class MisreadLedger(SqlLedger):
    """The real one; what it says of one claim, when told to, is more than any journal has room for."""

    may_misread = False

    def turns(self, settlements: Sequence[Settlement], orders: Sequence[Order], *, worker: str) -> list[Turn]:
        turns = super().turns(settlements, orders, worker=worker)
        for place, turn in enumerate(turns):
            if self.may_misread and turn.window is not None:
                self.may_misread = False
                people = Recipients(*(list(column) * 100 for column in turn.window.recipients.columns))
                turns[place] = replace(turn, window=replace(turn.window, recipients=people))
        return turns


def recover(here: Room) -> Recovered:
    """The next minute's tick, in this process."""
    parts = here.engine.parts
    return tick(parts.ledger, now=utcnow(), folder=parts.folder).recovered


def sends_the_rest(here: Room, smtp: SmtpServer) -> None:
    """The same engine goes on as if nothing had happened, and the log tells the truth."""
    smtp.script.delay_s = 0
    assert here.work().is_over
    assert here.run().state is RunState.DONE
    assert here.adds_up()
    outcomes, to = here.outcomes(), smtp.recipients()
    assert outcomes.count("accepted") + outcomes.count("unanswered") == CLIENTS
    assert len(to) == len(set(to))
    assert {row.address for row in here.log() if row.outcome == "accepted"} <= set(to)
    assert outcomes.count("unanswered") <= LINES


@pytest.mark.both_databases
def test_what_a_loop_held_when_it_broke_off_in_disorder_is_recovered_from_its_journal(
    room: Build, smtp: SmtpServer, caplog: pytest.LogCaptureFixture
) -> None:
    smtp.script.delay_s = 0.02
    here = room(clients=CLIENTS, connections=LINES)
    clock = Clock()
    here.restart(monotonic=clock)
    here.engine.begin()
    smtp.wait_for(30)
    clock.is_there = False
    report = here.work()
    assert (report.is_over, report.trouble) == (True, "the sending loop broke off")
    assert "did not end in good order" in caplog.text
    assert here.claims(), "it broke off when nothing was in hand"
    assert gc.isenabled()
    clock.is_there = True
    found = recover(here)
    assert found.claims
    assert found.unanswered <= LINES
    sends_the_rest(here, smtp)


@pytest.mark.both_databases
def test_a_claim_that_the_loop_broke_off_over_is_sent_and_called_unanswered_by_nobody(
    room: Build, smtp: SmtpServer, until: Callable[..., None]
) -> None:
    smtp.script.delay_s = 0.02
    here = room(clients=CLIENTS, connections=LINES)
    ledger = MisreadLedger(open_driver(here.database), Limits())
    here.restart(ledger=ledger, config=small_windows(here))
    here.engine.begin()
    smtp.wait_for(30)
    ledger.may_misread = True
    until(lambda: not ledger.may_misread, what="the next claim")
    assert here.work().is_over
    assert len(here.claims()) == 1  # the one that nobody heard of: the others were settled in good order
    written = here.outcomes()
    found = recover(here)
    assert (found.claims, found.rebuilt, found.unanswered) == (1, 0, 0)
    assert found.back > 0
    assert here.outcomes() == written
    sends_the_rest(here, smtp)


def small_windows(here: Room) -> Any:
    """Settings by which a run is not claimed in one go."""
    config = here.engine.parts.config
    return replace(config, sending=replace(config.sending, window=100, connections=LINES))


@contextmanager
def no_room_left() -> Iterator[None]:
    """For a new journal, that is: no file of this process may be as big as one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FIRST + REGIONS * REGION_SIZE - 1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def tasks(app: Flask) -> Iterator[Callable[[], list[str]]]:
    """Rings for a tick and does what is in the queue, as a worker would; the names of what was done, at most ten."""
    huey: Huey = app.extensions["huey"]

    def work() -> list[str]:
        app.extensions["mailer.bell"]()
        done: list[str] = []
        while len(done) < 10 and (task := huey.dequeue()) is not None:
            done.append(task.name)
            huey.execute(task)
        return done

    yield work
    app.extensions["mailer.room"].close()


def has_ticked(database: Database) -> bool:
    """The tick came to its end: forgets that it did."""
    with Session(database) as session:
        found = session.get(Heartbeat, "tick")
        if found is not None:
            session.delete(found)
            session.commit()
    return found is not None


@pytest.mark.both_databases
def test_without_room_for_a_journal_the_tick_goes_on_and_sending_begins_when_there_is_room(
    room: Build,
    smtp: SmtpServer,
    engine: Database,
    tasks: Callable[[], list[str]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    here = room(clients=20)
    with no_room_left():
        assert tasks() == ["tick", "slice"]
        assert tasks() == ["tick", "slice"]  # the first try keeps nobody from trying again at once
        here.engine.begin()
        report = here.work()
    assert caplog.text.count("sending cannot begin: [Errno 28] No space left on device") == 4
    assert (report.is_over, report.is_stuck) == (True, True)
    assert has_ticked(engine)
    assert here.claims() == []
    assert not list(here.engine.parts.folder.iterdir())
    assert tasks() == ["tick", "slice"]
    assert here.outcomes() == ["accepted"] * 20


def test_without_a_thread_for_the_loop_nothing_is_left_behind_and_the_next_try_sends(
    room: Build, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = room(clients=20)
    before = set(threading.enumerate())
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "shift":
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert here.work().trouble == "sending cannot begin: can't start new thread"
    assert set(threading.enumerate()) <= before
    assert not list(here.engine.parts.folder.iterdir())
    monkeypatch.undo()
    assert here.work().is_over
    assert here.outcomes() == ["accepted"] * 20


class DeafLedger(SqlLedger):
    """The real one, but for one verb."""

    def take_sender(self, worker: str) -> bool:
        raise LedgerUnavailable("disk I/O error")


def test_a_slice_that_finds_no_database_does_not_run_in_circles(
    room: Build, app: Flask, smtp: SmtpServer, tasks: Callable[[], list[str]]
) -> None:
    here = room(clients=3)
    queue = app.extensions["mailer.room"]
    parts = queue.engine().parts
    queue._engine = Engine(replace(parts, ledger=DeafLedger(open_driver(here.database), Limits())))
    assert tasks() == ["tick", "slice"]
    queue._engine = Engine(parts)
    assert tasks() == ["tick", "slice"]
    assert here.outcomes() == ["accepted"] * 3
