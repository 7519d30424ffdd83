"""An owner's plans: reading them, and the one place that says what status one has. Changing them is in `planning`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import Session, contains_eager, selectinload

from mailer.models import Client, Mailing, MailingClient, Message, Run, RunState
from mailer.orm import to_change
from mailer.rules.errors import NotFound
from mailer.rules.lifecycle import MailingFacts, MailingStatus, Verb, status_of, verbs_of
from mailer.rules.schedule import Schedule
from mailer.services.clients import like

HAS_RUNS = exists().where(Run.mailing_id == Mailing.id).correlate(Mailing)
HAS_OPEN_RUN = exists().where(Run.mailing_id == Mailing.id, Run.state == RunState.OPEN).correlate(Mailing)


@dataclass(frozen=True, slots=True)
class Standing:
    """A mailing with what its runs say about it."""

    mailing: Mailing
    status: MailingStatus
    verbs: frozenset[Verb]
    has_open_run: bool


def schedule_of(mailing: Mailing) -> Schedule:
    """The stored plan as rules/schedule.py wants it."""
    return Schedule(
        starts_at=mailing.starts_at,
        time_zone=mailing.time_zone,
        frequency=mailing.frequency,
        interval=mailing.interval,
        ends_at=mailing.ends_at,
    )


def keeps_schedule(mailing: Mailing, schedule: Schedule) -> bool:
    """A planned mailing whose schedule is saved as it was: then its next time stays, whatever else is changed."""
    return not mailing.is_draft and schedule_of(mailing) == schedule


def owned_by(owner_id: int) -> Select[Mailing]:
    """The owner's mailings that are not deleted."""
    return select(Mailing).where(Mailing.owner_id == owner_id, Mailing.archived_at.is_(None))


def search(owner_id: int, *, q: str = "") -> Select[Mailing]:
    """The owner's mailings, newest first, with their messages; `q` narrows by title."""
    statement = (
        owned_by(owner_id)
        .join(Mailing.message)
        .options(contains_eager(Mailing.message))
        .order_by(Mailing.id.desc())
    )
    if not q:
        return statement
    spellings = sorted({q, q.lower(), q.upper(), q.capitalize(), q.title()})
    return statement.where(or_(*(like(Mailing.title, word) for word in spellings)))


def get(session: Session, owner_id: int, mailing_id: int) -> Mailing:
    """The owner's mailing with all that its page shows; raises NotFound."""
    return _found(session, owned_by(owner_id).where(Mailing.id == mailing_id))


def take(session: Session, mailing: Mailing) -> Mailing:
    """Read it anew; nobody else changes it until the end of the transaction. Raises NotFound when it is gone."""
    return _found(session, to_change(owned_by(mailing.owner_id).where(Mailing.id == mailing.id)))


def _found(session: Session, statement: Select[Mailing]) -> Mailing:
    found = session.scalar(statement.options(selectinload(Mailing.tags), selectinload(Mailing.message)))
    if found is None:
        raise NotFound
    return found


def standing(session: Session, mailing: Mailing, *, now: datetime) -> Standing:
    """One mailing's status and the verbs that fit it now."""
    return standings(session, [mailing], now=now)[0]


def standings(session: Session, mailings: Sequence[Mailing], *, now: datetime) -> list[Standing]:
    """The same for a page of them, in one query however many there are."""
    ids = [mailing.id for mailing in mailings]
    statement = select(Mailing.id, HAS_RUNS, HAS_OPEN_RUN).where(Mailing.id.in_(ids))
    runs = {mailing_id: (bool(any_), bool(open_)) for mailing_id, any_, open_ in session.execute(statement)}
    return [_standing(mailing, *runs[mailing.id], now=now) for mailing in mailings]


def _standing(mailing: Mailing, has_runs: bool, has_open_run: bool, *, now: datetime) -> Standing:
    facts = MailingFacts(
        is_draft=mailing.is_draft,
        paused_at=mailing.paused_at,
        stopped_at=mailing.stopped_at,
        disabled_at=mailing.disabled_at,
        archived_at=mailing.archived_at,
        next_run_at=mailing.next_run_at,
        has_runs=has_runs,
        has_open_run=has_open_run,
    )
    return Standing(mailing, status_of(facts, now), verbs_of(facts, now), has_open_run)


def last_day(session: Session, mailing: Mailing) -> date | None:
    """The last local day that has a run, sent or missed: no second one is ever opened for it."""
    return session.scalar(select(func.max(Run.due_on)).where(Run.mailing_id == mailing.id))


def picked_clients(session: Session, mailing: Mailing, most: int) -> Sequence[Client]:
    """The first `most` picked clients, by id."""
    statement = (
        select(Client)
        .join(MailingClient, MailingClient.client_id == Client.id)
        .where(MailingClient.mailing_id == mailing.id)
        .order_by(Client.id)
        .limit(most)
    )
    return session.scalars(statement).all()


def messages_to_choose(session: Session, owner_id: int) -> Sequence[tuple[int, str]]:
    """Id and subject of the owner's messages, last changed first."""
    statement = (
        select(Message.id, Message.subject)
        .where(Message.owner_id == owner_id, Message.deleted_at.is_(None))
        .order_by(Message.updated_at.desc())
    )
    return [(message_id, subject) for message_id, subject in session.execute(statement)]
