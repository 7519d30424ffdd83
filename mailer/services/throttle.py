"""Counters that slow guessing down and then refuse it. They live in the database: a restart forgives nothing."""

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mailer.models import Throttle

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries per window. A short window slows down, a long one refuses."""

    name: str
    windows: tuple[tuple[int, timedelta], ...]


SIGN_IN_ACCOUNT = Limit("sign-in-account", ((5, MINUTE), (20, HOUR)))
SIGN_IN_ADDRESS = Limit("sign-in-address", ((30, MINUTE), (200, HOUR)))
# a browser from which the owner has signed in before: strangers cannot use its tries up
SIGN_IN_KNOWN = Limit("sign-in-known", ((10, MINUTE), (50, HOUR)))
PASSWORD_ASKED = Limit("password-asked", ((5, MINUTE), (20, HOUR)))
SIGN_UP_ADDRESS = Limit("sign-up-address", ((10, 10 * MINUTE), (60, DAY)))
LETTER_MAILBOX = Limit("letter-mailbox", ((3, 10 * MINUTE), (10, DAY)))
# of a storm of refusals one is written into the audit
REFUSAL_NOTED = Limit("refusal-noted", ((1, 10 * MINUTE),))
LETTER_ADDRESS = Limit("letter-address", ((10, 10 * MINUTE), (60, DAY)))


def hit(session: Session, limit: Limit, subject: str, *, now: datetime) -> int:
    """Count one try of `subject`; 0 when it may go on, else the seconds after which it may come back."""
    return max(_count(session, limit, part, subject, now) for part in range(len(limit.windows)))


def _count(session: Session, limit: Limit, part: int, subject: str, now: datetime) -> int:
    most, window = limit.windows[part]
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    is_over = Throttle.resets_at <= now
    fresh = {"key": _key(limit, part, subject), "hits": 1, "resets_at": now + window}
    # one statement counts and tells: a hundred tries at once are a hundred
    statement = (
        dialect.insert(Throttle)
        .values(fresh)
        .on_conflict_do_update(
            index_elements=[Throttle.key],
            set_={
                "hits": case((is_over, 1), else_=Throttle.hits + 1),
                "resets_at": case((is_over, now + window), else_=Throttle.resets_at),
            },
        )
        .returning(Throttle.hits, Throttle.resets_at)
    )
    hits, resets_at = session.execute(statement).one()
    return 0 if hits <= most else max(1, math.ceil((resets_at - now).total_seconds()))


def forgive(session: Session, limit: Limit, subject: str) -> None:
    """Forget all tries: the owner has proved to be the owner."""
    session.execute(delete(Throttle).where(Throttle.key.in_(_keys(limit, subject))))


def give_back(session: Session, limit: Limit, subject: str) -> None:
    """Take back the last try: it was no guess."""
    mine = Throttle.key.in_(_keys(limit, subject))
    session.execute(update(Throttle).where(mine, Throttle.hits > 0).values(hits=Throttle.hits - 1))


def sweep(session: Session, *, now: datetime) -> None:
    """Drop counters whose window is over."""
    session.execute(delete(Throttle).where(Throttle.resets_at <= now))


def _keys(limit: Limit, subject: str) -> list[bytes]:
    return [_key(limit, part, subject) for part in range(len(limit.windows))]


def _key(limit: Limit, part: int, subject: str) -> bytes:
    # a hash: the table tells nobody which addresses were tried
    return hashlib.sha256(f"{limit.name}\x00{part}\x00{subject}".encode()).digest()
