"""The audit: who did what to whom, when, from where. Rows are only ever added; no secret may be handed in."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from mailer.models import AuditEntry, User

Actor = User | str | None


def record(
    session: Session,
    verb: str,
    *,
    now: datetime,
    actor: Actor = None,
    user_id: int | None = None,
    object_kind: str = "",
    object_id: int | None = None,
    reason: str = "",
    detail: str = "",
    address: str = "",
    browser: str = "",
) -> None:
    """Add one row. `actor` is a user, a word such as "command line", or nobody (a visitor, the service).

    `user_id` is whose account it concerns; left out, it is the actor's own.
    """
    who = actor if isinstance(actor, User) else None
    session.add(
        AuditEntry(
            at=now,
            verb=one_line(verb, 60),
            actor_id=who.id if who else None,
            actor=one_line(who.email if who else str(actor or ""), 254),
            user_id=user_id if user_id is not None or who is None else who.id,
            object_kind=one_line(object_kind, 40),
            object_id=object_id,
            reason=one_line(reason, 500),
            detail=one_line(detail, 4000),
            address=one_line(address, 45),
            browser=one_line(browser, 200),
        )
    )


def record_once(session: Session, verb: str, *, mark: int, actor: User, now: datetime, **facts: Any) -> bool:
    """The same for an act that may be told twice: `mark`, its random number, is kept as the object's id.

    False when the row stands already; `facts` as `record` takes them.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(mark)))  # SQLite's writers take turns anyway
    mine = (AuditEntry.user_id == actor.id, AuditEntry.verb == verb, AuditEntry.object_id == mark)
    if session.scalar(select(AuditEntry.id).where(*mine)) is not None:
        return False
    record(session, verb, now=now, actor=actor, object_kind="export", object_id=mark, **facts)
    return True


def one_line(text: str, most: int) -> str:
    """`text` cut to `most`, control and bidirectional characters as escapes: no row can forge another."""
    shown = (char if char.isprintable() else char.encode("unicode_escape").decode() for char in text[:most])
    return "".join(shown)[:most]


def entries_of(user: User) -> Select[AuditEntry]:
    """What concerns this person's account, newest first."""
    return select(AuditEntry).where(AuditEntry.user_id == user.id).order_by(AuditEntry.id.desc())
