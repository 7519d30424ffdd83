"""What owners and moderators do to runs: open one now, hold, release, cancel, send the unanswered again.

Each is one conditional UPDATE that says what it expects; callers commit, and then wake the engine.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mailer.models import Attempt, Client, HeldReason, Mailing, Retry, Run, RunState, User
from mailer.rules import schedule as rules
from mailer.rules.errors import Conflict
from mailer.rules.outcome import Outcome, SkipReason
from mailer.services import mailings, summaries, versions

_GO_ON: dict[str, Any] = {"held_reason": None, "held_at": None, "held_until": None}


def of_mailing(mailing_id: int) -> Select[Run]:
    """A mailing's runs, newest first."""
    return select(Run).where(Run.mailing_id == mailing_id).order_by(Run.due_on.desc(), Run.id.desc())


def open_now(session: Session, mailing: Mailing, *, now: datetime) -> Run:
    """Today's run (local date), now; it stands for today's occurrence. Raises Conflict("sent_today").

    A row that says "missed" for today becomes the run: nobody was written to under it, and its owner, told of
    the miss, has yet to hear what became of the letters.
    """
    schedule = mailings.schedule_of(mailing)
    due = rules.due_now(schedule, now)
    coming = rules.next_run_at(schedule, now, sent_on=due.due_on)
    is_still = Mailing.next_run_at.is_not_distinct_from(mailing.next_run_at)
    moved = update(Mailing).where(Mailing.id == mailing.id, is_still).values(next_run_at=coming).returning(Mailing.id)
    if session.execute(moved.execution_options(synchronize_session=False)).first() is None:
        raise Conflict("status")
    session.expire(mailing, ["next_run_at"])
    facts = _facts_of(session, mailing, due, now=now)
    return _missed_today(session, mailing, due, facts) or _added(session, mailing, due, facts)


def _facts_of(session: Session, mailing: Mailing, due: rules.Due, *, now: datetime) -> dict[str, Any]:
    last = select(func.max(Client.id)).where(Client.owner_id == mailing.owner_id)
    return {
        "version_id": versions.freeze(session, mailing.message, mailing.owner, now=now).id,
        "scheduled_for": due.scheduled_for,
        "give_up_at": due.give_up_at,
        "opened_at": now,
        "upto_client_id": session.scalar(last) or 0,
        "state": RunState.OPEN,
        "is_exhausted": False,
        "finished_at": None,
        "noticed_at": None,
    }


def _missed_today(session: Session, mailing: Mailing, due: rules.Due, facts: dict[str, Any]) -> Run | None:
    missed = update(Run).where(
        Run.mailing_id == mailing.id, Run.due_on == due.due_on, Run.state == RunState.MISSED
    )
    return session.scalar(missed.values(**facts).returning(Run))


def _added(session: Session, mailing: Mailing, due: rules.Due, facts: dict[str, Any]) -> Run:
    run = Run(mailing_id=mailing.id, owner_id=mailing.owner_id, due_on=due.due_on, **facts)
    try:
        with session.begin_nested():
            session.add(run)
    except IntegrityError:
        raise Conflict("sent_today", due_on=due.due_on) from None
    return run


def hold(session: Session, mailing_id: int, reason: HeldReason, *, now: datetime) -> None:
    """The mailing's open runs wait; one that waits for a graver reason keeps it."""
    session.execute(
        update(Run)
        .where(Run.mailing_id == mailing_id, Run.state == RunState.OPEN)
        .where(Run.held_reason.is_(None) | Run.held_reason.in_([HeldReason.SERVER, HeldReason.PAUSED]))
        .values(held_reason=reason, held_at=now, held_until=None)
    )


def release(session: Session, mailing_id: int, reason: HeldReason, *, now: datetime) -> None:
    """Runs held for this reason go on where they stopped; those whose time is over are written down as too late."""
    held = update(Run).where(
        Run.mailing_id == mailing_id, Run.state == RunState.OPEN, Run.held_reason == reason
    )
    is_over = Run.give_up_at <= now
    session.execute(held.where(is_over, Run.drain_reason.is_(None)).values(drain_reason=SkipReason.TOO_LATE, **_GO_ON))
    session.execute(held.values(**_GO_ON))


def release_brake(session: Session, run: Run, *, now: datetime) -> None:
    """Somebody looked at the refusals: the run goes on and the brake does not stop it again; if its time is over,
    the rest is written down as too late. Raises Conflict."""
    braked = update(Run).where(Run.id == run.id, Run.state == RunState.OPEN, Run.held_reason == HeldReason.BRAKE)
    is_over = Run.give_up_at <= now
    session.execute(braked.where(is_over, Run.drain_reason.is_(None)).values(drain_reason=SkipReason.TOO_LATE))
    if session.execute(braked.values(brake_released_at=now, **_GO_ON).returning(Run.id)).first() is None:
        raise Conflict("status")
    session.expire(run)


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
    session.execute(statement.values(drain_reason=reason, **_GO_ON))


def resend_unanswered(session: Session, run: Run, *, now: datetime) -> int:
    """Have the unanswered ones sent again, as their next attempts; how many. Again at once: 0.

    Raises Conflict("status") while the mailing or its owner is off, or the rest of the run is being written off.
    """
    # the row's lock: the ledger counts under it too
    session.refresh(run, with_for_update=True)
    if _is_off(session, run) or (run.state is RunState.OPEN and run.drain_reason is not None):
        raise Conflict("status")
    unanswered = Attempt.run_id == run.id, Attempt.outcome == Outcome.UNANSWERED, Attempt.resent_at.is_(None)
    found = session.execute(
        update(Attempt)
        .where(*unanswered)
        .values(resent_at=now)
        .returning(Attempt.client_id, Attempt.number, Attempt.address)
        .execution_options(synchronize_session=False)
    ).all()
    if found:
        again = [
            {"run_id": run.id, "client_id": client_id, "number": number + 1, "address": address, "due_at": now}
            for client_id, number, address in found
        ]
        session.execute(insert(Retry), again)
        _reopen(session, run, len(found), now=now)
    return len(found)


def _is_off(session: Session, run: Run) -> bool:
    off = or_(
        Mailing.paused_at.is_not(None),
        Mailing.stopped_at.is_not(None),
        Mailing.disabled_at.is_not(None),
        Mailing.archived_at.is_not(None),
        User.blocked_at.is_not(None),
        User.deleted_at.is_not(None),
    )
    whose = select(off).select_from(Mailing).join(User, User.id == Mailing.owner_id)
    return bool(session.scalar(whose.where(Mailing.id == run.mailing_id)))


def _reopen(session: Session, run: Run, n: int, *, now: datetime) -> None:
    give_up_at = rules.give_up_at(mailings.schedule_of(run.mailing), now)
    run.unanswered -= n
    run.deferred += n
    run.state, run.finished_at, run.drain_reason = RunState.OPEN, None, None
    run.give_up_at = max(give_up_at, run.give_up_at) if run.give_up_at else give_up_at
    summaries.forget(session, run)
