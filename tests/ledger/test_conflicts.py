"""Rows that recovery finds written already: a COMMIT whose answer was lost, or another pen."""

from pathlib import Path

import pytest

from mailer.clock import utcnow
from mailer.dispatch.journal import ACCEPTED, Journal
from mailer.dispatch.recovery import recover
from mailer.models import Attempt
from mailer.rules.outcome import Outcome
from tests.ledger.play import AT, Play


@pytest.mark.both_databases
def test_a_row_that_is_there_already_is_skipped_and_counted_in_the_log(
    play: Play, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ids = play.open(3)
    window = play.take()
    journal = Journal.open(tmp_path, "w1")
    slot = journal.begin(window.claim_id, 3)
    for place in range(2):
        journal.mark(slot + place, ACCEPTED, 250)
    journal.close()
    one = window.recipients[0]
    play.session.add(
        Attempt(
            run_id=window.run_id, client_id=one.client_id, number=1, address=one.address, started_at=AT,
            took_ms=1, outcome=Outcome.ACCEPTED, reply_text="the words",
        )
    )  # fmt: skip
    play.session.commit()
    recover(play.ledger, tmp_path, now=utcnow())
    assert [row.reply_text for row in play.log()] == ["the words", ""]
    assert play.counters() == {"total": 3, "accepted": 1}
    assert play.retries() == [(ids[2], 1)]
    assert play.claims() == 0
    counted = f"run {window.run_id}, claim {window.claim_id}: 1 of 2 rows are there already, 0 of 1 that go back wait"
    assert [said for said in caplog.messages if counted in said]
    assert f"client {one.client_id} attempt 1 is accepted in the log, not written again as accepted" in caplog.text
    assert f"claim {window.claim_id} of dead worker w1 is settled: 1 go back, 2 have an outcome" in caplog.text
