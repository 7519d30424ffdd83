"""Runs that the brake of refused letters holds: telling moderators once, and letting one go on. Callers commit."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from mailer.models import AuditEntry, HeldReason, Run, RunState
from mailer.rules.errors import Conflict
from mailer.services import account_letters, audit, oversight, runs
from mailer.services.account_letters import Kind
from mailer.services.reports import IS_OPEN

TOLD = "run.brake"


def require_held(run: Run) -> None:
    """Raises Conflict when no brake holds this run."""
    if run.state is not RunState.OPEN or run.held_reason is not HeldReason.BRAKE:
        raise Conflict("status")


def release(session: Session, run: Run, *, now: datetime) -> None:
    """Let a run that the brake holds go on; it is not held for its refused share again. Raises Conflict."""
    runs.release_brake(session, run, now=now)
    if run.drain_reason is not None:
        return  # its time was over: the rest is written down, and needs no mail server
    if run.mailing.paused_at is not None:
        runs.hold(session, run.mailing_id, HeldReason.PAUSED, now=now)
    if run.mailing.disabled_at is not None:
        runs.hold(session, run.mailing_id, HeldReason.DISABLED, now=now)


def has_untold(session: Session) -> bool:
    """Whether the brake holds a run that no moderator was told of."""
    return bool(_untold(session))


def tell(session: Session, *, now: datetime) -> int:
    """Write to moderators about the runs that nobody was told of yet; how many runs."""
    new = _untold(session)
    for run in new:
        audit.record(session, TOLD, now=now, user_id=run.owner_id, object_kind="run", object_id=run.id)
    if new:
        for moderator in oversight.moderators(session):
            account_letters.ask(session, Kind.BRAKE, email=moderator.email, user=moderator, now=now)
    return len(new)


def _untold(session: Session) -> Sequence[Run]:
    told = exists().where(AuditEntry.user_id == Run.owner_id, AuditEntry.verb == TOLD, AuditEntry.object_id == Run.id)
    statement = select(Run).where(IS_OPEN, Run.held_reason == HeldReason.BRAKE, ~told.correlate(Run))
    return session.scalars(statement.order_by(Run.id)).all()
