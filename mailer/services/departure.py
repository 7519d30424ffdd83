"""Leaving: at once everything stops and the person is gone; then, little by little, what they owned is erased.

What stays is totals: runs with their counters, attempts with outcomes but without addresses and words.
"""

from collections.abc import Callable
from datetime import datetime
from time import monotonic

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from mailer.models import (
    AccountLetter,
    Attempt,
    AuditEntry,
    Client,
    Mailing,
    Message,
    MessageVersion,
    Post,
    Run,
    RunState,
    Suppression,
    Tag,
    User,
    UserRole,
)
from mailer.rules.outcome import SkipReason
from mailer.services import account_links, post_writing, runs, sign_ins, summaries
from mailer.services.passwords import NO_PASSWORD

WINDOW = 2000
SLICE_S = 5.0


def leave(session: Session, user: User, *, now: datetime) -> None:
    """Close the account for good: sessions end, mailings stop, and the row becomes a nameless tombstone."""
    runs.cancel_open_runs(session, SkipReason.CANCELLED, owner_id=user.id, now=now)
    stop = update(Mailing).where(Mailing.owner_id == user.id)
    stopped = {"stopped_at": func.coalesce(Mailing.stopped_at, now), "archived_at": now, "next_run_at": None}
    session.execute(stop.values(stopped))
    sign_ins.end_all(session, user.id)
    account_links.kill(session, user, now=now)
    session.execute(delete(AccountLetter).where(AccountLetter.user_id == user.id))
    session.execute(delete(UserRole).where(UserRole.user_id == user.id))
    session.execute(delete(Post).where(Post.author_id == user.id, Post.is_published.is_(False)))
    session.execute(update(Post).where(Post.author_id == user.id).values(author_id=None))
    _bury(user, now)
    post_writing.touch(session)  # kept pages of the blog still name the author
    session.flush()
    session.expire(user)


def _bury(user: User, now: datetime) -> None:
    # the address is free again; nobody can own one under .invalid (RFC 2606)
    user.email = user.email_key = f"deleted-{user.id}@deleted.invalid"
    user.username = user.username_key = None
    user.first_name = user.last_name = user.blocked_reason = ""
    user.password_hash = NO_PASSWORD
    user.wants_notices = False
    user.deleted_at = now


def erase_some(session: Session, *, now: datetime, commit: Callable[[], None]) -> None:
    """Go on erasing for a few seconds, in windows so short that nobody waits for the lock."""
    until = monotonic() + SLICE_S
    leaving = select(User.id).where(User.deleted_at.is_not(None), User.erased_at.is_(None))
    for user_id in session.scalars(leaving.limit(20)).all():
        if not _has_open_run(session, user_id) and _erase(session, user_id, until, commit):
            session.execute(update(User).where(User.id == user_id).values(erased_at=now))
            commit()


def _has_open_run(session: Session, user_id: int) -> bool:
    # what is on the wire is still to be written down
    still_open = select(Run.id).where(Run.owner_id == user_id, Run.state == RunState.OPEN)
    return session.scalar(still_open.limit(1)) is not None


def _erase(session: Session, user_id: int, until: float, commit: Callable[[], None]) -> bool:
    """True when nothing is left."""
    written = select(Run.id).where(Run.owner_id == user_id, Run.version_id.is_not(None))
    for run_id in session.scalars(written).all():
        if not _erase_run(session, run_id, until, commit):
            return False
    if not _erase_clients(session, user_id, until, commit):
        return False
    _erase_rest(session, user_id)
    commit()
    return True


def _erase_run(session: Session, run_id: int, until: float, commit: Callable[[], None]) -> bool:
    after = -1
    while monotonic() < until:
        ids = select(Attempt.client_id).where(Attempt.run_id == run_id, Attempt.client_id > after)
        window = session.scalars(ids.order_by(Attempt.client_id).limit(WINDOW)).all()
        if not window:
            blank = {"version_id": None, "held_words": ""}
            session.execute(update(Run).where(Run.id == run_id).values(blank))
            # after the row's lock: whoever counts this run just now is through, or finds it gone
            summaries.erase(session, run_id)
            commit()
            return True
        mine = (Attempt.run_id == run_id, Attempt.client_id > after, Attempt.client_id <= window[-1])
        session.execute(update(Attempt).where(*mine, Attempt.address != "").values(address="", reply_text=""))
        commit()
        after = window[-1]
    return False


def _erase_clients(session: Session, user_id: int, until: float, commit: Callable[[], None]) -> bool:
    while monotonic() < until:
        window = session.scalars(select(Client.id).where(Client.owner_id == user_id).limit(WINDOW)).all()
        if not window:
            return True
        session.execute(delete(Client).where(Client.id.in_(window)))
        commit()
    return False


def _erase_rest(session: Session, user_id: int) -> None:
    for table in (Suppression, Tag, MessageVersion):
        session.execute(delete(table).where(table.owner_id == user_id))
    session.execute(update(Mailing).where(Mailing.owner_id == user_id).values(title="", disabled_reason=""))
    # a mailing's message cannot be deleted from under it: it is emptied
    session.execute(update(Message).where(Message.owner_id == user_id).values(subject="", text="", html=""))
    own = (AuditEntry.user_id == user_id) | (AuditEntry.actor_id == user_id)
    session.execute(update(AuditEntry).where(own).values(address="", browser="", detail=""))
    session.execute(update(AuditEntry).where(AuditEntry.actor_id == user_id).values(actor="", reason=""))
