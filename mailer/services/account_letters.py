"""Letters of the service that wait to be sent. What is asked for here is found out, written and sent elsewhere
(dispatch/account_mail.py), so that asking takes the same time for known and unknown addresses."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from mailer.models import AccountLetter, User

LEASE = timedelta(minutes=2)
KEPT_FOR = timedelta(hours=24)
MOST_AT_ONCE = 50


class Kind(StrEnum):
    """What a letter says."""

    SIGN_UP = "sign_up"  # to an address: confirm it, or, confirmed already, that there is an account
    RESET = "reset"  # to an address: choose a new password
    CHANGE_EMAIL = "change_email"  # to the new address of a person
    EMAIL_CHANGED = "email_changed"  # to the old one
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a kind of letter
    POST_READ = "post_read"  # to the author and to the site: the post has had its hundredth reader
    BLOCKED = "blocked"  # to an owner: a moderator has closed the account
    MAILING_OFF = "mailing_off"  # to an owner: a moderator has switched mailings off
    BRAKE = "brake"  # to a moderator: runs wait for them
    RUN = "run"  # to an owner: a run was missed, waits for a broken server, or ended with refusals


# these carry a link that must not outlive a change of password or address
_WITH_LINK = (Kind.CHANGE_EMAIL,)


def ask(
    session: Session, kind: Kind, *, email: str, now: datetime, user: User | None = None, about_id: int | None = None
) -> None:
    """Put one letter to `email` into the outbox; `about_id` is the post or run it speaks of."""
    user_id = user.id if user else None
    session.add(AccountLetter(kind=kind, email=email, user_id=user_id, about_id=about_id, created_at=now, due_at=now))


def due(session: Session, *, now: datetime) -> Sequence[int]:
    """The ids of letters whose time has come, oldest first."""
    statement = select(AccountLetter.id).where(AccountLetter.due_at <= now).order_by(AccountLetter.due_at)
    return session.scalars(statement.limit(MOST_AT_ONCE)).all()


def take(session: Session, letter_id: int, *, now: datetime) -> AccountLetter | None:
    """Claim one letter for a while; None when somebody else has it. Each try pushes the next one further away."""
    seen = session.get(AccountLetter, letter_id)
    if seen is None:
        return None
    pause = LEASE * 2 ** min(seen.tries, 6)
    mine = (AccountLetter.id == letter_id, AccountLetter.due_at <= now)
    mark = update(AccountLetter).where(*mine).values(due_at=now + pause, tries=AccountLetter.tries + 1)
    return session.scalar(mark.returning(AccountLetter).execution_options(populate_existing=True))


def drop(session: Session, letter_id: int) -> None:
    """It was sent, or there is nothing to send."""
    session.execute(delete(AccountLetter).where(AccountLetter.id == letter_id))


def forget_links(session: Session, user: User) -> None:
    """Drop waiting letters that would bring a new link after the password or the address has changed."""
    mine = (AccountLetter.user_id == user.id, AccountLetter.kind.in_(_WITH_LINK))
    session.execute(delete(AccountLetter).where(*mine))


def sweep(session: Session, *, now: datetime) -> int:
    """Give up letters that could not be sent for a day; how many."""
    stale = select(AccountLetter.id).where(AccountLetter.created_at < now - KEPT_FOR)
    ids = session.scalars(stale.limit(1000)).all()
    session.execute(delete(AccountLetter).where(AccountLetter.id.in_(ids)))
    return len(ids)
