"""The big table is asked through its small index: whatever the size of a run, its few troubles are found at once."""

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from mailer.rules.outcome import Outcome
from mailer.services import log_pages, troubles
from mailer.services.log_pages import Wanted
from tests.reports.logbook import finished_run
from tests.support.world import make_user


def plans(session: Session, engine: Engine) -> list[str]:
    """How the database would find what the log's pages and the reasons ask of the attempts."""
    owner = make_user(session)
    run = finished_run(session, owner, [*Outcome] * 3)
    session.commit()
    said: list[tuple[str, tuple[object, ...]]] = []
    event.listen(engine, "before_cursor_execute", lambda *facts: said.append(facts[2:4]))
    for outcome in (Outcome.REFUSED, Outcome.UNANSWERED):
        log_pages.page(session, Wanted(owner.id, outcome=outcome))
        log_pages.page(session, Wanted(owner.id, run_id=run.id, outcome=outcome))
        log_pages.page(session, Wanted(owner.id, run_id=run.id, outcome=outcome, part="x"))
    troubles.of_run(session, run)
    session.commit()
    found = []
    with engine.connect() as connection:
        for statement, parameters in [one for one in said if "!= 'accepted'" in one[0]]:
            rows = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters).all()
            found.append("\n".join(str(row[-1]) for row in rows))
    return found


def test_sqlite_finds_what_was_not_accepted_through_its_index(session: Session, engine: Engine) -> None:
    found = plans(session, engine)
    assert len(found) >= 8
    assert all("INDEX ix_attempt_troubled" in plan for plan in found)
    assert not any("PRIMARY KEY (run_id=?)" in plan for plan in found)
