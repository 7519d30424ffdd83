"""What the off-switch reads, and that it goes on reading, whatever goes wrong."""

import threading
from collections.abc import Collection
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from mailer.clock import utcnow
from mailer.dispatch import offswitch
from mailer.dispatch.ledger import open_driver
from mailer.dispatch.ledger.interface import LedgerUnavailable
from mailer.dispatch.ledger.ledger import SqlLedger
from mailer.dispatch.ledger.limits import Limits
from mailer.dispatch.ledger.types import OffReading
from mailer.dispatch.offswitch import OffSwitch
from mailer.models import Client
from mailer.orm import BUSY_TIMEOUT_MS
from tests.ledger.play import AT, Play, settled
from tests.support import world


class OddLedger(SqlLedger):
    """The real one, whose first readings go wrong."""

    def __init__(self, engine: Engine, *errors: Exception) -> None:
        super().__init__(open_driver(engine), Limits())
        self.errors = list(errors)
        self.since: list[datetime] = []

    def read_off(self, run_ids: Collection[int], since: datetime) -> OffReading:
        self.since.append(since)
        if self.errors:
            raise self.errors.pop(0)
        return super().read_off(run_ids, since)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offswitch, "PERIOD_S", 0.01)


@pytest.mark.both_databases
def test_whoever_was_suppressed_while_a_claim_was_on_its_way_is_told_for_as_long_as_it_stands(play: Play) -> None:
    """Its page may have been read half a minute before anybody here knew of the claim, and read on past meanwhile."""
    ids = play.open(2)
    window = play.take()
    world.make_suppression(play.session, play.owner, window.recipients[1].address, created_at=utcnow())
    play.session.commit()
    later = utcnow() + timedelta(minutes=1)
    assert play.ledger.read_off([play.run_id], later).clients == {ids[1]}
    play.settle(settled(window))
    assert play.ledger.read_off([play.run_id], later).clients == frozenset()


@pytest.mark.both_databases
def test_a_suppression_that_waited_for_the_database_is_read_all_the_same(play: Play) -> None:
    ids = play.open(1)
    stamped_at = utcnow()
    email = play.session.scalars(select(Client.email)).one()
    world.make_suppression(play.session, play.owner, email, created_at=stamped_at)
    play.session.commit()
    since = stamped_at + timedelta(milliseconds=BUSY_TIMEOUT_MS)
    assert play.ledger.read_off([play.run_id], since).clients == {*ids}


ERRORS = {"unavailable": LedgerUnavailable("gone"), "another": RuntimeError("a mistake of ours")}


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_off_is_seen_by_the_next_reading_that_succeeds(
    play: Play, engine: Engine, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    play.open(1, mailing={"paused_at": AT})
    ledger, seen, heard = OddLedger(engine, error, error), list[OffReading](), threading.Event()

    def report(reading: OffReading) -> None:
        seen.append(reading)
        heard.set()

    switch = OffSwitch(ledger, lambda: {play.run_id}, report, utcnow)
    is_heard = heard.wait(5)
    switch.close()
    assert is_heard, "the thread has died"
    assert seen[0].closed == {play.run_id}
    # what was suppressed while nothing could be read is read then
    assert ledger.since[0] == ledger.since[1] == ledger.since[2]
    assert len([record for record in caplog.records if record.name == offswitch.log.name]) == 2
