"""What owners write. Every query starts with its owner; a message that a living mailing uses stays."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, exists, or_, select
from sqlalchemy.orm import Session

from mailer.models import Mailing, Message
from mailer.orm import to_change
from mailer.rules import placeholders
from mailer.rules.errors import Conflict, NotFound
from mailer.rules.placeholders import Placeholder
from mailer.services.clients import like


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """What a form says about a message."""

    subject: str
    text: str
    html: str


def owned_by(owner_id: int) -> Select[Message]:
    """The owner's messages that are not deleted."""
    return select(Message).where(Message.owner_id == owner_id, Message.deleted_at.is_(None))


def search(owner_id: int, *, q: str = "") -> Select[Message]:
    """The owner's messages, last changed first, whose subject or text holds `q`."""
    statement = owned_by(owner_id).order_by(Message.updated_at.desc(), Message.id.desc())
    if not q:
        return statement
    # both databases fold only what their locale knows; the usual spellings of a word are asked for by name
    spellings = sorted({q, q.lower(), q.upper(), q.capitalize(), q.title()})
    columns = (Message.subject, Message.text)
    return statement.where(or_(*(like(column, word) for column in columns for word in spellings)))


def get(session: Session, owner_id: int, message_id: int) -> Message:
    """The owner's message; raises NotFound for a missing one and for somebody else's."""
    return _found(session, owned_by(owner_id).where(Message.id == message_id))


def take(session: Session, message: Message) -> Message:
    """Read it anew; nobody else changes it until the end of the transaction. Raises NotFound when it is gone."""
    return _found(session, to_change(owned_by(message.owner_id).where(Message.id == message.id)))


def _found(session: Session, statement: Select[Message]) -> Message:
    found = session.scalar(statement)
    if found is None:
        raise NotFound
    return found


def create(session: Session, owner_id: int, facts: MessageFacts, *, now: datetime) -> Message:
    """Add a message."""
    message = Message(owner_id=owner_id, created_at=now, updated_at=now)
    _write(message, facts)
    session.add(message)
    session.flush()
    return message


def update(session: Session, message: Message, facts: MessageFacts, *, now: datetime) -> None:
    """Change a message; runs that are open go on with the version they froze."""
    message.updated_at = now
    _write(message, facts)
    session.flush()


def _write(message: Message, facts: MessageFacts) -> None:
    message.subject, message.text, message.html = facts.subject, facts.text, facts.html


def living_mailings(session: Session, message: Message) -> Sequence[Mailing]:
    """The mailings that will still send this message."""
    statement = (
        select(Mailing)
        .where(Mailing.owner_id == message.owner_id, Mailing.message_id == message.id)
        .where(Mailing.archived_at.is_(None), Mailing.stopped_at.is_(None))
        .where(or_(Mailing.next_run_at.is_not(None), Mailing.is_draft, _rests()))
        .order_by(Mailing.id)
    )
    return session.scalars(statement).all()


def _rests() -> ColumnElement[bool]:
    return or_(Mailing.paused_at.is_not(None), Mailing.disabled_at.is_not(None))


def delete(session: Session, message: Message, *, now: datetime) -> None:
    """Delete a message; raises Conflict("in_use") while a living mailing uses it."""
    if living_mailings(session, message):
        raise Conflict("in_use")
    if session.scalar(select(exists().where(Mailing.message_id == message.id))):
        message.deleted_at = now
    else:
        session.delete(message)
    session.flush()


def filled(text: str, values: Mapping[str, str], *, is_html: bool) -> str:
    """`text` as one recipient would read it, for previews."""
    return "".join(_shown(piece, values, is_html=is_html) for piece in placeholders.parse(text))


def _shown(piece: str | Placeholder, values: Mapping[str, str], *, is_html: bool) -> str:
    if isinstance(piece, str):
        return piece
    # an HTML part is markup: its fallback is escaped already, a person's name is not
    value = values.get(piece.name, "").strip()
    if not value:
        return piece.fallback
    return html.escape(value) if is_html else value
