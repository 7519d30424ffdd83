"""Who did what, when, from where. Written by services, read under the profile and in the panel."""

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mailer.extensions import Model
from mailer.orm import BigId, Id, Moment


class AuditEntry(Model):
    """One act. No foreign keys: it outlives whom it speaks of. No secrets, one line per field."""

    __tablename__ = "audit"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[Id]
    at: Mapped[Moment]
    # who acted; empty for a visitor or the service itself
    actor_id: Mapped[int | None] = mapped_column(BigId)
    actor: Mapped[str] = mapped_column(String(254), default="")
    # whose account it concerns
    user_id: Mapped[int | None] = mapped_column(BigId)
    verb: Mapped[str] = mapped_column(String(60))
    object_kind: Mapped[str] = mapped_column(String(40), default="")
    object_id: Mapped[int | None] = mapped_column(BigId)
    reason: Mapped[str] = mapped_column(String(500), default="")
    detail: Mapped[str] = mapped_column(Text, default="")
    address: Mapped[str] = mapped_column(String(45), default="")
    browser: Mapped[str] = mapped_column(String(200), default="")


Index("ix_audit_user_id_id", AuditEntry.user_id, AuditEntry.id)
Index("ix_audit_actor_id_id", AuditEntry.actor_id, AuditEntry.id)
