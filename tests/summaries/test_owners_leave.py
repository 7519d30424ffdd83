"""Whoever leaves leaves totals behind: no words, no domains, and nothing that is counted again by name."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.dispatch import summaries
from mailer.models import Run, RunDomain, RunReason, RunTime, User
from mailer.rules.outcome import Outcome
from mailer.services import departure
from tests.reports.logbook import finished_run
from tests.summaries.test_counting import keep

NOW = datetime(2026, 3, 4, tzinfo=UTC)
SOME = [Outcome.ACCEPTED] * 3 + [Outcome.REFUSED] * 2


def erase(session: Session) -> None:
    departure.erase_some(session, now=NOW, commit=session.commit)


@pytest.mark.both_databases
def test_kept_totals_outlive_their_owner_without_words_and_domains(session: Session, owner: User) -> None:
    finished_run(session, owner, SOME)
    assert keep(session) == 1
    departure.leave(session, owner, now=NOW)
    session.commit()
    erase(session)
    assert session.scalars(select(RunReason.words)).all() == [""]
    assert session.scalars(select(RunReason.n)).all() == [2]
    assert session.scalars(select(RunDomain)).all() == []
    assert {one.accepted for one in session.scalars(select(RunTime))} == {3}


@pytest.mark.both_databases
def test_what_was_not_counted_yet_is_counted_when_it_names_nobody(session: Session, owner: User) -> None:
    run = finished_run(session, owner, SOME)
    session.commit()
    seen = summaries._look(session)
    departure.leave(session, owner, now=NOW)
    assert keep(session) == 0
    erase(session)
    assert summaries.summaries.add(session, seen, now=NOW) == 0
    assert keep(session) == 1
    assert [(one.domain, one.accepted) for one in session.scalars(select(RunDomain))] == [("", 3)]
    assert session.get_one(Run, run.id).summarised_at
