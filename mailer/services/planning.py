"""Changing plans: create, edit, pause, resume, stop, delete, switch off and on.

Every change of state is one conditional UPDATE that carries what it expects to find; when the row has moved
on in the meantime it raises Conflict and changes nothing. The caller commits and then wakes the engine.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from mailer.models import Audience, Client, HeldReason, Mailing, MailingClient, MailingTag, Message, Tag, User
from mailer.rules import schedule as rules
from mailer.rules.errors import Conflict, Invalid, NotFound
from mailer.rules.lifecycle import Verb
from mailer.rules.outcome import SkipReason
from mailer.rules.schedule import MissedRun, Schedule
from mailer.services import mailings, runs

BATCH = 5000


@dataclass(frozen=True, slots=True)
class Plan:
    """What a form says about a mailing."""

    title: str
    message_id: int
    audience: Audience
    schedule: Schedule
    missed_run: MissedRun
    client_ids: tuple[int, ...] = ()
    tag_ids: tuple[int, ...] = ()
    is_draft: bool = False


def create(session: Session, owner_id: int, plan: Plan, *, now: datetime) -> Mailing:
    """Add a mailing; one whose start is past and whose end is not is due at once."""
    mailing = Mailing(owner_id=owner_id, created_at=now)
    _write(session, mailing, plan, now=now)
    mailing.next_run_at = None if plan.is_draft else rules.first_run_at(plan.schedule, now)
    session.add(mailing)
    session.flush()
    _write_audience(session, mailing, plan)
    return mailing


def change(session: Session, mailing: Mailing, plan: Plan, *, now: datetime) -> None:
    """Save an edited mailing; never opens a second run for a day that has one. Raises Conflict."""
    standing = require(session, mailing, Verb.EDIT, now=now)
    if plan.is_draft and not mailing.is_draft:  # "nothing is sent yet" can be promised no more: an old page said it
        raise Conflict("status", status=standing.status)
    seen, is_same = mailing.next_run_at, mailings.keeps_schedule(mailing, plan.schedule)
    _write(session, mailing, plan, now=now)
    session.flush()
    _write_audience(session, mailing, plan)
    rests = mailing.is_draft or mailing.paused_at is not None
    coming = seen if is_same else None if rests else _coming(session, mailing, now=now)
    _compare_and_set(session, standing.mailing, {"next_run_at": seen}, {"next_run_at": coming})


def _coming(session: Session, mailing: Mailing, *, now: datetime) -> datetime | None:
    schedule = mailings.schedule_of(mailing)
    last = mailings.last_day(session, mailing)
    return rules.first_run_at(schedule, now) if last is None else rules.next_run_at(schedule, now, sent_on=last)


def pause(session: Session, mailing: Mailing, *, now: datetime) -> None:
    """Send nothing more until resumed; an open run is held and goes on if its time is not over by then."""
    require(session, mailing, Verb.PAUSE, now=now)
    _compare_and_set(session, mailing, {"paused_at": None}, {"paused_at": now, "next_run_at": None})
    runs.hold(session, mailing.id, HeldReason.PAUSED, now=now)


def resume(session: Session, mailing: Mailing, *, now: datetime) -> None:
    """Go on; the next time is computed from now, so that nothing missed comes in a burst."""
    require(session, mailing, Verb.RESUME, now=now)
    seen, coming = mailing.paused_at, _resumed_at(session, mailing, now=now)
    _compare_and_set(session, mailing, {"paused_at": seen}, {"paused_at": None, "next_run_at": coming})
    runs.release(session, mailing.id, HeldReason.PAUSED, now=now)


def _resumed_at(session: Session, mailing: Mailing, *, now: datetime) -> datetime | None:
    return rules.next_run_at(mailings.schedule_of(mailing), now, sent_on=mailings.last_day(session, mailing))


def stop(session: Session, mailing: Mailing, *, now: datetime) -> None:
    """End it for good; whoever was not written to yet is written down as skipped."""
    require(session, mailing, Verb.STOP, now=now)
    _compare_and_set(session, mailing, {"stopped_at": None}, {"stopped_at": now, "next_run_at": None})
    runs.cancel_open_runs(session, SkipReason.STOPPED, mailing_id=mailing.id, now=now)


def send_now(session: Session, mailing: Mailing, *, now: datetime) -> None:
    """Open today's run now; it stands for today's occurrence. Raises Conflict when today has one."""
    require(session, mailing, Verb.SEND_NOW, now=now)
    runs.open_now(session, mailing, now=now)


def remove(session: Session, mailing: Mailing, *, now: datetime) -> None:
    """Delete a mailing; one that has runs is archived, for its log stays. Raises NotFound when it is gone already."""
    # PostgreSQL: else a tick that opens its first run just now would lose the run, and its log, to the deletion
    if session.scalar(select(Mailing.id).where(Mailing.id == mailing.id).with_for_update()) is None:
        raise NotFound
    require(session, mailing, Verb.DELETE, now=now)
    if mailings.last_day(session, mailing) is None:
        session.delete(mailing)
        session.flush()
        return
    _compare_and_set(session, mailing, {"archived_at": None}, {"archived_at": now, "next_run_at": None})
    runs.cancel_open_runs(session, SkipReason.CANCELLED, mailing_id=mailing.id, now=now)


def disable(session: Session, mailing: Mailing, *, by: User, reason: str, now: datetime) -> None:
    """Switch it off as a moderator; an open run is held."""
    require(session, mailing, Verb.DISABLE, now=now)
    off = {"disabled_at": now, "disabled_by_id": by.id, "disabled_reason": reason, "next_run_at": None}
    _compare_and_set(session, mailing, {"disabled_at": None}, off)
    runs.hold(session, mailing.id, HeldReason.DISABLED, now=now)


def enable(session: Session, mailing: Mailing, *, now: datetime) -> None:
    """Switch it on again; a held run goes on where it stopped if its time is not over."""
    require(session, mailing, Verb.ENABLE, now=now)
    rests = mailing.is_draft or mailing.paused_at is not None or mailing.stopped_at is not None
    coming = None if rests else _resumed_at(session, mailing, now=now)
    on = {"disabled_at": None, "disabled_by_id": None, "disabled_reason": "", "next_run_at": coming}
    _compare_and_set(session, mailing, {"disabled_at": mailing.disabled_at}, on)
    runs.release(session, mailing.id, HeldReason.DISABLED, now=now)
    if mailing.paused_at is not None:
        runs.hold(session, mailing.id, HeldReason.PAUSED, now=now)


def require(session: Session, mailing: Mailing, verb: Verb, *, now: datetime) -> mailings.Standing:
    """The mailing's standing if `verb` fits it; raises Conflict("status")."""
    standing = mailings.standing(session, mailing, now=now)
    if verb not in standing.verbs:
        raise Conflict("status", status=standing.status)
    return standing


def _compare_and_set(session: Session, mailing: Mailing, seen: dict[str, Any], new: dict[str, Any]) -> None:
    """Write `new` if the row still holds `seen`; raises Conflict when somebody else was quicker."""
    still = [getattr(Mailing, name).is_not_distinct_from(value) for name, value in seen.items()]
    change = update(Mailing).where(Mailing.id == mailing.id, *still).values(**new)
    found = session.execute(change.execution_options(synchronize_session=False))
    if found.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("status")
    session.expire(mailing, list(new))


def _write(session: Session, mailing: Mailing, plan: Plan, *, now: datetime) -> None:
    known = session.scalar(select(Message.owner_id).where(Message.id == plan.message_id, Message.deleted_at.is_(None)))
    if known != mailing.owner_id:
        raise Invalid("message", "unknown")
    mailing.title, mailing.message_id, mailing.audience = plan.title, plan.message_id, plan.audience
    mailing.starts_at, mailing.ends_at = plan.schedule.starts_at, plan.schedule.ends_at
    mailing.time_zone, mailing.frequency = plan.schedule.time_zone, plan.schedule.frequency
    mailing.interval, mailing.missed_run = plan.schedule.interval, plan.missed_run
    mailing.is_draft, mailing.updated_at = plan.is_draft, now


def _write_audience(session: Session, mailing: Mailing, plan: Plan) -> None:
    wants_tags, wants_clients = plan.audience is Audience.TAGS, plan.audience is Audience.PICKED
    session.execute(delete(MailingTag).where(MailingTag.mailing_id == mailing.id))
    session.execute(delete(MailingClient).where(MailingClient.mailing_id == mailing.id))
    for start in range(0, len(plan.tag_ids) if wants_tags else 0, BATCH):
        ids = own_ids(session, Tag, mailing.owner_id, plan.tag_ids[start : start + BATCH])
        session.execute(insert(MailingTag), [{"mailing_id": mailing.id, "tag_id": tag_id} for tag_id in ids])
    for start in range(0, len(plan.client_ids) if wants_clients else 0, BATCH):
        ids = own_ids(session, Client, mailing.owner_id, plan.client_ids[start : start + BATCH])
        session.execute(insert(MailingClient), [{"mailing_id": mailing.id, "client_id": one} for one in ids])
    session.expire(mailing, ["tags", "picked"])


def own_ids(session: Session, kind: type[Client] | type[Tag], owner_id: int, ids: Sequence[int]) -> Iterable[int]:
    """`ids` if all of them are the owner's; raises Invalid for a stranger's or a missing one."""
    wanted = set(ids)
    found = set(session.scalars(select(kind.id).where(kind.owner_id == owner_id, kind.id.in_(wanted))))
    if found != wanted:
        raise Invalid("clients" if kind is Client else "tags", "unknown")
    return sorted(found)
