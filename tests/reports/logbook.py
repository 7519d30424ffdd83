"""Runs with a log for the tests of the reports: counters and rows that agree, as the ledger writes them."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from mailer.models import Attempt, Mailing, Run, RunState, User
from mailer.rules.outcome import Outcome
from tests.support.world import make_mailing, make_run

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
WORDS = {
    Outcome.ACCEPTED: (250, "2.0.0 Ok: queued as 4ZX"),
    Outcome.REFUSED: (550, "5.1.1 No such user here"),
    Outcome.DEFERRED: (451, "4.7.1 Greylisted, come back later"),
    Outcome.UNANSWERED: (None, ""),
    Outcome.SKIPPED: (None, ""),
}


def row(run: Run, client_id: int, outcome: Outcome = Outcome.ACCEPTED, **facts: Any) -> dict[str, Any]:
    """One row of the log."""
    code, words = WORDS[outcome]
    usual: dict[str, Any] = {
        "run_id": run.id,
        "client_id": client_id,
        "number": 1,
        "address": f"c{client_id}@example.org",
        "started_at": AT + timedelta(milliseconds=client_id % 100_000),
        "took_ms": 12,
        "outcome": outcome,
        "reason": None,
        "reply_code": code,
        "reply_text": words,
        "is_rebuilt": False,
        "resent_at": None,
    }
    return usual | facts


def write(session: Session, run: Run, rows: Sequence[dict[str, Any]]) -> None:
    """Put rows into the log and count them on the run."""
    if rows:
        session.execute(insert(Attempt), list(rows))
    counts = Counter(one["outcome"] for one in rows)
    for outcome in (Outcome.ACCEPTED, Outcome.REFUSED, Outcome.SKIPPED, Outcome.UNANSWERED):
        setattr(run, outcome.value, getattr(run, outcome.value) + counts[outcome])
    run.total = run.accepted + run.refused + run.skipped + run.unanswered + run.deferred
    session.flush()


def finished_run(
    session: Session, owner: User, outcomes: Sequence[Outcome], *, mailing: Mailing | None = None, **facts: Any
) -> Run:
    """A run that is done, with one recipient per outcome; client ids from 1."""
    day = facts.pop("due_on", date(2026, 3, 2))
    usual = {"state": RunState.DONE, "is_exhausted": True, "finished_at": AT + timedelta(minutes=2)}
    at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    run = make_run(
        session, mailing or make_mailing(session, owner), due_on=day, scheduled_for=at, opened_at=AT, **(usual | facts)
    )
    write(session, run, [row(run, client_id, outcome) for client_id, outcome in enumerate(outcomes, start=1)])
    return run
