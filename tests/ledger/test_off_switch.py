"""The off-switch goes on reading, whatever goes wrong with a reading."""

import threading
from collections.abc import Collection
from datetime import datetime

import pytest
from sqlalchemy import Engine

from mailer.clock import utcnow
from mailer.dispatch import offswitch
from mailer.dispatch.ledger import open_driver
from mailer.dispatch.ledger.interface import LedgerUnavailable
from mailer.dispatch.ledger.ledger import SqlLedger
from mailer.dispatch.ledger.limits import Limits
from mailer.dispatch.ledger.types import OffReading
from mailer.dispatch.offswitch import OffSwitch
from tests.ledger.play import AT, Play


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
