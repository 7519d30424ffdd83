"""What owners write, and the frozen content that runs send."""

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailer.extensions import Model
from mailer.models.accounts import User
from mailer.orm import Id, Moment


class Message(Model):
    """Subject, text and optional HTML, with placeholders, as the owner last saved them."""

    __tablename__ = "message"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[Id]
    owner_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    subject: Mapped[str] = mapped_column(String(255))
    text: Mapped[str] = mapped_column(Text, default="")
    html: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[Moment]
    updated_at: Mapped[Moment]
    # gone for people; kept while a finished mailing still points here
    deleted_at: Mapped[Moment | None]

    owner: Mapped[User] = relationship()


Index("ix_message_owner_id_updated_at", Message.owner_id, Message.updated_at)


class MessageVersion(Model):
    """Content as one or more runs sent it: never edited, kept once per owner and distinct content."""

    __tablename__ = "message_version"
    __table_args__ = (UniqueConstraint("owner_id", "sha256"), {"sqlite_autoincrement": True})

    id: Mapped[Id]
    owner_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    subject: Mapped[str] = mapped_column(String(255))
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    from_name: Mapped[str] = mapped_column(String(255))
    reply_to: Mapped[str] = mapped_column(String(254))
    locale: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[Moment]
