"""What owners and moderators do to runs: hold, release, cancel. Each is one conditional UPDATE; callers commit."""

from datetime import datetime

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from mailer.models import HeldReason, Run, RunState
from mailer.rules.outcome import SkipReason


def of_mailing(mailing_id: int) -> Select[Run]:
    """A mailing's runs, newest first."""
    return select(Run).where(Run.mailing_id == mailing_id).order_by(Run.due_on.desc(), Run.id.desc())


def hold(session: Session, mailing_id: int, reason: HeldReason, *, now: datetime) -> None:
    """The mailing's open runs wait; one that waits for a graver reason keeps it."""
    session.execute(
        update(Run)
        .where(Run.mailing_id == mailing_id, Run.state == RunState.OPEN)
        .where(Run.held_reason.is_(None) | Run.held_reason.in_([HeldReason.SERVER, HeldReason.PAUSED]))
        .values(held_reason=reason, held_at=now, held_until=None)
    )


def release(session: Session, mailing_id: int, reason: HeldReason, *, now: datetime) -> None:
    """Runs held for this reason go on where they stopped."""
    session.execute(
        update(Run)
        .where(Run.mailing_id == mailing_id, Run.state == RunState.OPEN, Run.held_reason == reason)
        .values(held_reason=None, held_at=None, held_until=None)
    )


def cancel_open_runs(
    session: Session,
    reason: SkipReason,
    *,
    now: datetime,
    mailing_id: int | None = None,
    owner_id: int | None = None,
) -> None:
    """Whoever is not claimed yet is written down as skipped for `reason`; by mailing or by owner."""
    statement = update(Run).where(Run.state == RunState.OPEN, Run.drain_reason.is_(None))
    if mailing_id is not None:
        statement = statement.where(Run.mailing_id == mailing_id)
    if owner_id is not None:
        statement = statement.where(Run.owner_id == owner_id)
    session.execute(statement.values(drain_reason=reason, held_reason=None, held_at=None, held_until=None))
