"""What moderators may see of other people's things, and what is counted beside it. Staff and those who left are
walled off here, at the beginning of every query, for everybody but an administrator."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, and_, exists, func, select
from sqlalchemy.orm import Session, contains_eager

from mailer.models import DailyTotal, HeldReason, Mailing, Message, Run, User, UserRole
from mailer.rules.access import may_administer
from mailer.rules.errors import NotFound
from mailer.rules.outcome import Outcome
from mailer.services.reports import IS_OPEN

_Row = TypeVar("_Row")

SHARE_DAYS = 30
HAS_ROLE = exists().where(UserRole.user_id == User.id).correlate(User)
ORDINARY: ColumnElement[bool] = and_(~HAS_ROLE, User.deleted_at.is_(None))


@dataclass(frozen=True, slots=True)
class Share:
    """How many letters were answered for or against; `refused` of `answered`."""

    refused: int = 0
    answered: int = 0


def within_sight(viewer: User) -> ColumnElement[bool]:
    """The condition on User: whom this moderator may see at all."""
    return User.deleted_at.is_(None) if may_administer(viewer.role_set) else ORDINARY


def users(viewer: User) -> Select[User]:
    """The accounts that this moderator may see."""
    return select(User).where(within_sight(viewer))


def user(session: Session, viewer: User, user_id: int) -> User:
    """One of them; raises NotFound."""
    return _one(session, users(viewer).where(User.id == user_id))


def mailings(viewer: User) -> Select[Mailing]:
    """Mailings of the people within sight with their owners and messages; deleted ones are gone here too."""
    return (
        select(Mailing)
        .join(Mailing.owner)
        .join(Mailing.message)
        .options(contains_eager(Mailing.owner), contains_eager(Mailing.message))
        .where(within_sight(viewer), Mailing.archived_at.is_(None))
    )


def mailing(session: Session, viewer: User, mailing_id: int) -> Mailing:
    """One of them; raises NotFound."""
    return _one(session, mailings(viewer).where(Mailing.id == mailing_id))


def messages(viewer: User) -> Select[Message]:
    """Messages of the people within sight with their owners."""
    seen = select(Message).join(Message.owner).options(contains_eager(Message.owner))
    return seen.where(within_sight(viewer), Message.deleted_at.is_(None))


def message(session: Session, viewer: User, message_id: int) -> Message:
    """One of them; raises NotFound."""
    return _one(session, messages(viewer).where(Message.id == message_id))


def run(session: Session, viewer: User, run_id: int) -> Run:
    """A run of a mailing within sight; raises NotFound."""
    within = mailings(viewer).with_only_columns(Mailing.id, maintain_column_froms=True)
    return _one(session, select(Run).where(Run.id == run_id, Run.mailing_id.in_(within)))


def held_by_brake(viewer: User) -> Select[Run]:
    """Open runs that wait for a moderator, the longest first."""
    return (
        select(Run)
        .join(Run.mailing)
        .join(Mailing.owner)
        .options(contains_eager(Run.mailing).contains_eager(Mailing.owner))
        .where(IS_OPEN, Run.held_reason == HeldReason.BRAKE, within_sight(viewer))
        .order_by(Run.held_at, Run.id)
    )


def mailing_counts(session: Session, user_ids: Collection[int]) -> dict[int, int]:
    """How many mailings each of these people has; one statement."""
    statement = select(Mailing.owner_id, func.count()).where(
        Mailing.owner_id.in_(user_ids), Mailing.archived_at.is_(None)
    )
    return dict(session.execute(statement.group_by(Mailing.owner_id)).all())


def user_shares(
    session: Session, user_ids: Collection[int], *, today: date, days: int = SHARE_DAYS
) -> dict[int, Share]:
    """Refused and answered letters of each of these people in the last `days`, today among them; one statement."""
    first = today - timedelta(days=days - 1)
    statement = (
        select(DailyTotal.owner_id, DailyTotal.outcome, func.sum(DailyTotal.n))
        .where(DailyTotal.owner_id.in_(user_ids), DailyTotal.counted_on >= first)
        .where(DailyTotal.outcome.in_((Outcome.ACCEPTED, Outcome.REFUSED)))
        .group_by(DailyTotal.owner_id, DailyTotal.outcome)
    )
    found: dict[int, Share] = {}
    for owner_id, outcome, n in session.execute(statement):
        was = found.get(owner_id, Share())
        refused = int(n) if outcome is Outcome.REFUSED else 0
        found[owner_id] = Share(was.refused + refused, was.answered + int(n))
    return found


@dataclass(frozen=True, slots=True)
class Sent:
    """What a mailing's runs say: the last day that has one, and the share of refused letters of all of them."""

    last_on: date | None = None
    share: Share = Share()


def mailing_sums(session: Session, mailing_ids: Collection[int]) -> dict[int, Sent]:
    """The same for a page of mailings; one statement."""
    statement = (
        select(Run.mailing_id, func.max(Run.due_on), func.sum(Run.refused), func.sum(Run.accepted + Run.refused))
        .where(Run.mailing_id.in_(mailing_ids))
        .group_by(Run.mailing_id)
    )
    return {
        mailing_id: Sent(last_on, Share(int(refused or 0), int(answered or 0)))
        for mailing_id, last_on, refused, answered in session.execute(statement)
    }


def staff() -> Select[User]:
    """Everybody with a role, by address."""
    # from the few roles to their people: asking every account for a role takes a tenth of a second at 100,000
    few = User.id.in_(select(UserRole.user_id))
    return select(User).where(few, User.deleted_at.is_(None)).order_by(User.email_key)


def moderators(session: Session) -> Sequence[User]:
    """Who looks after mailings and may be written to."""
    roles = exists().where(UserRole.user_id == User.id, UserRole.role.in_(("mail-moderator", "admin")))
    statement = select(User).where(roles, User.confirmed_at.is_not(None), User.blocked_at.is_(None))
    return session.scalars(statement.where(User.deleted_at.is_(None)).order_by(User.id)).all()


def _one(session: Session, statement: Select[_Row]) -> _Row:
    found = session.scalar(statement)
    if found is None:
        raise NotFound
    return found
