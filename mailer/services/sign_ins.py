"""Signing in, and the table of sessions: a row gone makes every copy of its cookie worthless."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.orm import Session

from mailer.config import Config
from mailer.models import SignIn, User
from mailer.services.passwords import NO_PASSWORD, hash_password, is_cheaper, is_right


class Refusal(StrEnum):
    """Why nobody was let in; only BLOCKED may be told, and only after the right password."""

    WRONG = "wrong"
    UNCONFIRMED = "unconfirmed"
    BLOCKED = "blocked"


def check(session: Session, user: User | None, password: str, *, method: str, now: datetime) -> Refusal | None:
    """Whether this is `user`'s password and they may come in: None. Takes the same work for nobody.

    Ends the transaction first: hashing takes long, and no lock may be held meanwhile.
    """
    kept = user.password_hash if user else NO_PASSWORD
    may_enter = user is not None and _standing(user) is None
    session.rollback()
    if not is_right(kept, password, method=method) or user is None:
        return Refusal.WRONG
    renewed = hash_password(password, method=method) if may_enter and is_cheaper(kept, method) else kept
    if not is_still(session, user, kept):
        return Refusal.WRONG
    if refusal := _standing(user):
        return refusal
    user.password_hash, user.last_sign_in_at = renewed, now
    return None


def is_still(session: Session, user: User, kept: str) -> bool:
    """Whether the password kept as `kept` is this person's even now; none can be chosen before the transaction ends."""
    session.refresh(user, with_for_update={"of": User, "key_share": True})
    return user.password_hash == kept


def _standing(user: User) -> Refusal | None:
    if not user.is_active:
        return Refusal.BLOCKED
    return Refusal.UNCONFIRMED if user.confirmed_at is None else None


def of(session: Session, user: User, *, config: Config, now: datetime) -> Sequence[SignIn]:
    """This person's sessions that are not over, the last used first."""
    mine = select(SignIn).where(SignIn.user_id == user.id, ~_is_over(config, now))
    return session.scalars(mine.order_by(SignIn.last_seen_at.desc())).all()


def end(session: Session, user: User, id_hash: str) -> bool:
    """End one session of this person; False when it is not theirs or over."""
    ended = session.execute(
        delete(SignIn).where(SignIn.user_id == user.id, SignIn.id_hash == id_hash).returning(SignIn.id_hash)
    )
    return ended.first() is not None


def end_all(session: Session, user_id: int, *, keep: str = "") -> None:
    """End all sessions of a person but the one with this hash: a new password, a role, a block."""
    session.execute(delete(SignIn).where(SignIn.user_id == user_id, SignIn.id_hash != keep))


def sweep(session: Session, *, config: Config, now: datetime) -> None:
    """Drop rows that are over by age, or for want of use."""
    session.execute(delete(SignIn).where(_is_over(config, now)))


def _is_over(config: Config, now: datetime) -> ColumnElement[bool]:
    idle, whole = timedelta(minutes=config.session_idle_minutes), timedelta(minutes=config.session_max_minutes)
    return or_(SignIn.last_seen_at < now - idle, SignIn.created_at < now - whole)
