"""Frozen content: what a run sends, whatever becomes of its message later. Kept once per owner and content."""

from dataclasses import astuple, dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.models import Message, MessageVersion, User


@dataclass(frozen=True, slots=True)
class Content:
    """All that a letter is made of but its recipient; in the order in which it is hashed."""

    subject: str
    text: str
    html: str
    from_name: str
    reply_to: str
    locale: str

    @property
    def sha256(self) -> bytes:
        """What tells contents apart. Each part is preceded by its length, so that no two can be confused."""
        parts = (part.encode() for part in astuple(self))
        return sha256(b"".join(b"%d:%b" % (len(part), part) for part in parts)).digest()


def content_of(message: Message, owner: User) -> Content:
    """The message as it stands now, from its owner."""
    return Content(
        subject=message.subject,
        text=message.text,
        html=message.html,
        from_name=owner.display_name,
        reply_to=owner.email,
        locale=owner.locale,
    )


def freeze(session: Session, message: Message, owner: User, *, now: datetime) -> MessageVersion:
    """The version that holds this content: the one there is, or a new one."""
    content = content_of(message, owner)
    mine = select(MessageVersion).where(MessageVersion.owner_id == owner.id, MessageVersion.sha256 == content.sha256)
    found = session.scalar(mine)
    if found is None:
        names = ("subject", "text", "html", "from_name", "reply_to", "locale")
        facts = dict(zip(names, astuple(content), strict=True))
        found = MessageVersion(owner_id=owner.id, sha256=content.sha256, created_at=now, **facts)
        session.add(found)
        session.flush()
    return found
