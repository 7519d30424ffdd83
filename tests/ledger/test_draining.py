"""The tick writes off the rest of runs that are stopped, and takes nobody who is to be written to."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mailer.dispatch.ledger import open_driver
from mailer.dispatch.ledger.ledger import SqlLedger
from mailer.dispatch.ledger.limits import Limits
from mailer.dispatch.ledger.types import RunFacts
from mailer.dispatch.tick import tick
from mailer.models import RunState
from mailer.rules.outcome import Outcome, SkipReason
from mailer.services import runs
from tests.ledger.play import AT, Play, fate, settled

pytestmark = pytest.mark.both_databases


class SlowReader(SqlLedger):
    """The real one; something happens between a reading of the open runs and what is done with it."""

    meanwhile: Callable[[], object]

    def open_runs(self, limit: int, *, mailing_id: int | None = None) -> list[RunFacts]:
        found = super().open_runs(limit, mailing_id=mailing_id)
        self.meanwhile()
        return found


@pytest.fixture
def stopped(play: Play) -> Play:
    """A run of three with one unanswered, stopped before the others' turn."""
    play.open(3)
    play.settle(settled(play.take(size=1), fate(Outcome.UNANSWERED)))
    play.set(play.run(), drain_reason=SkipReason.STOPPED)
    return play


def test_the_tick_writes_off_the_rest_of_a_stopped_run(stopped: Play, tmp_path: Path) -> None:
    assert tick(stopped.ledger, now=AT, folder=tmp_path).finished == (stopped.run_id,)
    assert stopped.counters() == {"total": 3, "unanswered": 1, "skipped": 2}


def test_a_tick_claims_nobody_of_a_run_that_was_opened_again_since_it_looked(stopped: Play, tmp_path: Path) -> None:
    ledger = SlowReader(open_driver(stopped.session.get_bind()), Limits())

    def send_again() -> None:
        stopped.turn()
        assert stopped.ledger.finish_complete(AT) == [stopped.run_id]
        run = stopped.session.get_one(type(stopped.run()), stopped.run_id)
        assert runs.resend_unanswered(stopped.session, run, now=AT) == 1
        stopped.session.commit()

    ledger.meanwhile = send_again
    tick(ledger, now=AT, folder=tmp_path)
    assert stopped.run().state is RunState.OPEN
    assert stopped.claims() == 0
    assert [one.number for one in stopped.take().recipients] == [2]


def test_what_is_not_to_be_drained_is_left_alone(play: Play) -> None:
    play.open(3)
    assert play.ledger.drain(play.run_id, 500).is_closed
    assert play.claims() == 0
    assert len(play.take().recipients) == 3
