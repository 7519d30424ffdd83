"""The audit: who did what to whom, when, from where. Rows are only ever added; no secret may be handed in."""

from datetime import datetime

from sqlalchemy import Select, select
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


def one_line(text: str, most: int) -> str:
    """`text` cut to `most`, control and bidirectional characters as escapes: no row can forge another."""
    shown = (char if char.isprintable() else char.encode("unicode_escape").decode() for char in text[:most])
    return "".join(shown)[:most]


def entries_of(user: User) -> Select[AuditEntry]:
    """What concerns this person's account, newest first."""
    return select(AuditEntry).where(AuditEntry.user_id == user.id).order_by(AuditEntry.id.desc())
