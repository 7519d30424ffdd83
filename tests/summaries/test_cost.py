"""A minute in which no run was closed costs one look into a small index."""

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from mailer.dispatch import summaries
from mailer.models import User
from mailer.rules.outcome import Outcome
from tests.reports.logbook import finished_run
from tests.summaries.test_counting import NOW, keep


def statements(session: Session) -> list[tuple[str, object]]:
    """What an idle minute asks, on a connection of the test's own session."""
    said: list[tuple[str, object]] = []
    event.listen(session.get_bind(), "before_cursor_execute", lambda *facts: said.append(facts[2:4]))
    assert summaries.keep(session, now=NOW, commit=session.commit) == 0
    return [one for one in said if one[0] != "BEGIN"]


@pytest.mark.both_databases
def test_an_idle_minute_asks_one_question(session: Session, owner: User) -> None:
    finished_run(session, owner, [Outcome.ACCEPTED])
    assert keep(session) == 1
    assert len(statements(session)) == 1


def test_sqlite_answers_it_from_the_small_index(session: Session, engine: Engine, owner: User) -> None:
    finished_run(session, owner, [Outcome.ACCEPTED])
    assert keep(session) == 1
    [(statement, parameters)] = statements(session)
    with engine.connect() as connection:
        plan = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters).all()  # type: ignore[arg-type]
    assert "INDEX ix_run_unsummarised" in str(plan[0])


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_postgres_answers_it_from_the_small_index(session: Session, engine: Engine, owner: User) -> None:
    finished_run(session, owner, [Outcome.ACCEPTED])
    assert keep(session) == 1
    [(statement, parameters)] = statements(session)
    with engine.connect() as connection:
        connection.exec_driver_sql("SET enable_seqscan = off")
        plan = connection.exec_driver_sql("EXPLAIN " + statement, parameters).all()  # type: ignore[arg-type]
    assert any("ix_run_unsummarised" in str(line) for line in plan)
