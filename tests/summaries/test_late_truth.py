"""A truth that is learned after a run was counted has it counted anew."""

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from mailer.dispatch import summaries
from mailer.dispatch.ledger import open_ledger
from mailer.models import Run, RunReason
from mailer.rules.outcome import Outcome
from tests.ledger.play import AT, REFUSE, Play, fate, settled


def count(session: Session) -> list[tuple[str, int]]:
    """Count what wants it; the reasons that are kept then."""
    session.commit()
    summaries.keep(session, now=AT, commit=session.commit)
    found = [(one.outcome.value, one.n) for one in session.scalars(select(RunReason))]
    session.rollback()
    session.expire_all()
    return found


@pytest.mark.both_databases
def test_a_truth_learned_late_is_in_the_reports_too(session: Session, engine: Engine) -> None:
    play = Play(session, open_ledger(engine))
    play.open(2)
    window = play.take()
    play.turn(settled(window, fate(Outcome.UNANSWERED)))
    assert play.ledger.finish_complete(AT) == [play.run_id]
    assert count(session) == [("unanswered", 2)]
    play.settle(settled(window, REFUSE))
    assert session.scalar(select(Run.summarised_at)) is None
    assert count(session) == [("refused", 2)]
