"""A run is closed when nothing is left and the rows add up, and not before."""

import logging

import pytest
from sqlalchemy import delete, update

from mailer.dispatch.ledger.types import Settlement
from mailer.models import Attempt, RunState
from mailer.rules.outcome import Outcome
from tests.ledger.play import AT, DEFER, REFUSE, Play, fate, settled

pytestmark = pytest.mark.both_databases


def play_to_the_end(play: Play, n: int = 3) -> None:
    play.open(n)
    assert play.turn(settled(play.take())).is_dry


def test_a_complete_run_is_closed(play: Play) -> None:
    play_to_the_end(play)
    assert play.ledger.finish_complete(AT) == [play.run_id]
    assert (play.run().state, play.run().finished_at) == (RunState.DONE, AT)
    assert play.ledger.finish_complete(AT) == []


def test_every_final_outcome_counts(play: Play) -> None:
    play.open(4)
    window = play.take()
    fates = (fate(), REFUSE, fate(Outcome.UNANSWERED), fate(Outcome.DEFERRED))
    finished = tuple(say(one) for say, one in zip(fates, window.recipients, strict=True))
    play.turn(Settlement(window.claim_id, window.run_id, finished))
    assert play.counters() == {"total": 4, "accepted": 1, "refused": 1, "unanswered": 1, "skipped": 1}
    assert play.ledger.finish_complete(AT) == [play.run_id]


def test_a_run_with_somebody_still_to_come_stays_open(play: Play) -> None:
    play.open(3)
    play.turn(settled(play.take(size=1)), size=1)
    assert play.ledger.finish_complete(AT) == []


def test_a_run_with_a_claim_stays_open(play: Play) -> None:
    play.open(3)
    play.take()
    play.turn(worker="w2")
    assert play.run().is_exhausted
    assert play.ledger.finish_complete(AT) == []


def test_a_run_with_a_retry_stays_open(play: Play) -> None:
    play.open(3)
    play.settle(settled(play.take(), DEFER))
    play.turn(settled(play.take(), fate(Outcome.DEFERRED, retry_at=play.in_a_moment())))
    assert play.ledger.finish_complete(AT) == []


def cries(play: Play, caplog: pytest.LogCaptureFixture) -> bool:
    with caplog.at_level(logging.ERROR):
        assert play.ledger.finish_complete(AT) == []
    assert play.run().state is RunState.OPEN
    return f"ALARM run {play.run_id} stays open" in caplog.text


def test_a_lost_row_keeps_the_run_open_and_is_cried_about(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    play_to_the_end(play)
    first = play.log()[0].client_id
    play.session.execute(delete(Attempt).where(Attempt.client_id == first))
    play.session.commit()
    assert cries(play, caplog)


def test_a_wrong_total_keeps_the_run_open(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    play_to_the_end(play)
    play.set(play.run(), total=4)
    assert cries(play, caplog)


def test_a_wrong_outcome_keeps_the_run_open(play: Play, caplog: pytest.LogCaptureFixture) -> None:
    play_to_the_end(play)
    first = play.log()[0].client_id
    play.session.execute(update(Attempt).where(Attempt.client_id == first).values(outcome=Outcome.REFUSED))
    play.session.commit()
    assert cries(play, caplog)


def test_a_row_sent_again_by_hand_is_not_counted_twice(play: Play) -> None:
    play.open(1)
    play.turn(settled(play.take(), fate(Outcome.UNANSWERED)))
    play.session.execute(update(Attempt).values(resent_at=AT))
    play.session.commit()
    play.set(play.run(), unanswered=0, total=0)
    assert play.ledger.finish_complete(AT) == [play.run_id]


def test_one_that_does_not_add_up_keeps_no_other_open(play: Play) -> None:
    play_to_the_end(play)
    play.set(play.run(), total=9)
    wrong = play.run_id
    play_to_the_end(play)
    assert play.run_id != wrong
    assert play.ledger.finish_complete(AT) == [play.run_id]
