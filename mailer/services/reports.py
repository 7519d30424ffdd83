"""What reports read of runs: kept counters and a few rows by index, never a count of the log. Owners come first."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Select, bindparam, select
from sqlalchemy.orm import Session, joinedload, load_only

from mailer.models import Attempt, DailyTotal, Mailing, MessageVersion, Run, RunState
from mailer.rules.errors import NotFound
from mailer.rules.outcome import Outcome

# said literally, so that both databases see that the index of the few open runs holds the answer
IS_OPEN: ColumnElement[bool] = Run.state == bindparam("open", RunState.OPEN, Run.state.type, literal_execute=True)
WAITING_SHOWN, LATEST_SHOWN = 20, 8


def owned_by(owner_id: int) -> Select[Run]:
    """All runs of an owner, those of deleted mailings too."""
    return select(Run).where(Run.owner_id == owner_id)


def get(session: Session, owner_id: int, run_id: int) -> Run:
    """The owner's run with its mailing and the subject it sends; raises NotFound."""
    statement = owned_by(owner_id).where(Run.id == run_id)
    found = session.scalar(
        statement.options(
            joinedload(Run.mailing), joinedload(Run.version).options(load_only(MessageVersion.subject, raiseload=True))
        )
    )
    if found is None:
        raise NotFound
    return found


def row(session: Session, owner_id: int, run_id: int) -> Run:
    """The run's row and nothing else, for the page that asks each second; raises NotFound."""
    found = session.scalar(owned_by(owner_id).where(Run.id == run_id))
    if found is None:
        raise NotFound
    return found


def mailing(session: Session, owner_id: int, mailing_id: int) -> Mailing:
    """The owner's mailing, even a deleted one: its log stays; raises NotFound."""
    found = session.scalar(select(Mailing).where(Mailing.owner_id == owner_id, Mailing.id == mailing_id))
    if found is None:
        raise NotFound
    return found


def latest(session: Session, owner_id: int, *, most: int = LATEST_SHOWN) -> Sequence[Run]:
    """The newest runs with their mailings."""
    statement = owned_by(owner_id).options(joinedload(Run.mailing))
    return session.scalars(statement.order_by(Run.scheduled_for.desc(), Run.id.desc()).limit(most)).all()


def waiting(session: Session, owner_id: int) -> Sequence[Run]:
    """Open runs that are held, the longest first."""
    statement = owned_by(owner_id).where(IS_OPEN, Run.held_reason.is_not(None)).options(joinedload(Run.mailing))
    return session.scalars(statement.order_by(Run.held_at).limit(WAITING_SHOWN)).all()


def per_day(session: Session, owner_id: int, *, until: date, days: int) -> dict[date, dict[Outcome, int]]:
    """The kept counters of the last `days` local days, oldest first; a day without letters is all zeros."""
    first = until - timedelta(days=days - 1)
    found = {first + timedelta(days=n): dict.fromkeys(Outcome, 0) for n in range(days)}
    statement = select(DailyTotal.counted_on, DailyTotal.outcome, DailyTotal.n).where(
        DailyTotal.owner_id == owner_id, DailyTotal.counted_on >= first, DailyTotal.counted_on <= until
    )
    for on, outcome, n in session.execute(statement):
        found[on][outcome] = n
    return found


def furthest(session: Session, run_id: int, *, most: int) -> Sequence[Attempt]:
    """The attempts at the recipients that a run reached last, the furthest first."""
    statement = select(Attempt).where(Attempt.run_id == run_id)
    return session.scalars(statement.order_by(Attempt.client_id.desc(), Attempt.number.desc()).limit(most)).all()
