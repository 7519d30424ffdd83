"""The one-use links of account letters: random, hashed at rest, bound to a purpose, a person and an address."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from mailer.models import AccountToken, User
from mailer.rules.errors import TokenExpired
from mailer.tokens import new_token, token_hash


class Purpose(StrEnum):
    """What a link is good for, and for nothing else."""

    CONFIRM = "confirm"
    RESET = "reset"
    CHANGE_EMAIL = "change_email"


LIFETIME = {
    Purpose.CONFIRM: timedelta(days=3),
    Purpose.RESET: timedelta(hours=1),
    Purpose.CHANGE_EMAIL: timedelta(days=3),
}


def issue(session: Session, user: User, purpose: Purpose, *, email: str, now: datetime) -> str:
    """A new token for a link that is sent to `email`; only its hash is kept."""
    token = new_token()
    session.add(
        AccountToken(
            user_id=user.id,
            purpose=purpose,
            token_hash=token_hash(token),
            email=email,
            created_at=now,
            expires_at=now + LIFETIME[purpose],
        )
    )
    return token


def look(session: Session, token: str, purpose: Purpose, *, now: datetime) -> AccountToken:
    """The link behind `token`, unused; raises TokenExpired for one that is used, old, dead or no link at all."""
    found = session.scalar(select(AccountToken).where(*_is_good(token, purpose, now)))
    return _alive(found)


def use(session: Session, token: str, purpose: Purpose, *, now: datetime) -> AccountToken:
    """The same, and the link is used up: of two uses at once one wins, the other gets TokenExpired."""
    mark = update(AccountToken).where(*_is_good(token, purpose, now)).values(used_at=now)
    used = session.scalar(mark.returning(AccountToken).execution_options(populate_existing=True))
    return _alive(used)


def kill(session: Session, user: User, *, now: datetime) -> None:
    """Make every link of this person useless: the address or the password has changed."""
    mine = (AccountToken.user_id == user.id, AccountToken.used_at.is_(None))
    session.execute(update(AccountToken).where(*mine).values(used_at=now))


def sweep(session: Session, *, now: datetime) -> None:
    """Drop links that died long ago."""
    session.execute(delete(AccountToken).where(AccountToken.expires_at < now - timedelta(days=30)))


def _is_good(token: str, purpose: Purpose, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        AccountToken.token_hash == token_hash(token),
        AccountToken.purpose == purpose,
        AccountToken.used_at.is_(None),
        AccountToken.expires_at > now,
    )


def _alive(link: AccountToken | None) -> AccountToken:
    if link is None or link.user.deleted_at is not None:
        raise TokenExpired
    if link.purpose != Purpose.CHANGE_EMAIL and link.email != link.user.email:
        raise TokenExpired
    return link
