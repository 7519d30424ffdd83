"""Mailings: which message, to whom, from when until when, how often; and what became of the plan."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailer.extensions import Model
from mailer.models.accounts import User
from mailer.models.clients import Client, Tag
from mailer.models.messages import Message
from mailer.orm import Id, Moment, stored_by_value
from mailer.rules.schedule import Frequency, MissedRun


class Audience(StrEnum):
    """Who gets a mailing."""

    ALL = "all"
    TAGS = "tags"
    PICKED = "picked"


class Mailing(Model):
    """A plan. Its status is computed from the facts stored here, never stored itself."""

    __tablename__ = "mailing"
    __table_args__ = (
        CheckConstraint("ends_at IS NULL OR ends_at > starts_at", name="ends_after_start"),
        CheckConstraint('"interval" BETWEEN 1 AND 366', name="interval"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Id]
    owner_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(200))
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id", ondelete="RESTRICT"), index=True)
    audience: Mapped[Audience] = mapped_column(stored_by_value(Audience, name="audience"))
    # wall-clock time in `time_zone`: the one naive moment of the house (DESIGN, schedules)
    starts_at: Mapped[datetime] = mapped_column(DateTime)
    ends_at: Mapped[datetime | None] = mapped_column(DateTime)
    time_zone: Mapped[str] = mapped_column(String(64))
    frequency: Mapped[Frequency] = mapped_column(stored_by_value(Frequency, name="frequency"))
    interval: Mapped[int] = mapped_column(default=1)
    missed_run: Mapped[MissedRun] = mapped_column(stored_by_value(MissedRun, name="missed_run"))
    is_draft: Mapped[bool] = mapped_column(default=False)
    next_run_at: Mapped[Moment | None]
    paused_at: Mapped[Moment | None]
    stopped_at: Mapped[Moment | None]
    disabled_at: Mapped[Moment | None]
    disabled_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    disabled_reason: Mapped[str] = mapped_column(String(500), default="")
    archived_at: Mapped[Moment | None]
    created_at: Mapped[Moment]
    updated_at: Mapped[Moment]

    owner: Mapped[User] = relationship(foreign_keys=[owner_id])
    message: Mapped[Message] = relationship()
    tags: Mapped[list[Tag]] = relationship(secondary="mailing_tag", order_by="Tag.name_key", passive_deletes=True)
    picked: Mapped[list[Client]] = relationship(
        secondary="mailing_client", order_by="Client.id", passive_deletes=True
    )


Index("ix_mailing_owner_id_id", Mailing.owner_id, Mailing.id)
# the tick asks this index and nothing else: only living mailings with a next time are in it
Index(
    "ix_mailing_next_run_at",
    Mailing.next_run_at,
    sqlite_where=Mailing.next_run_at.is_not(None),
    postgresql_where=Mailing.next_run_at.is_not(None),
)


class MailingTag(Model):
    """One tag of a mailing's audience; clients with any of them are meant."""

    __tablename__ = "mailing_tag"

    mailing_id: Mapped[int] = mapped_column(ForeignKey("mailing.id", ondelete="CASCADE"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True, index=True)


class MailingClient(Model):
    """One picked client of a mailing's audience."""

    __tablename__ = "mailing_client"

    mailing_id: Mapped[int] = mapped_column(ForeignKey("mailing.id", ondelete="CASCADE"), primary_key=True)
    client_id: Mapped[int] = mapped_column(
        ForeignKey("client.id", ondelete="CASCADE"), primary_key=True, index=True
    )
