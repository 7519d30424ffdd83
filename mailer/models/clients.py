"""The address book: clients, their tags, and the list of addresses never to write to again."""

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailer.extensions import Model
from mailer.orm import Id, Moment, stored_by_value


class SuppressionReason(StrEnum):
    """Why an address is never written to again."""

    UNSUBSCRIBED = "unsubscribed"
    DEAD_ADDRESS = "dead_address"
    COMPLAINT = "complaint"
    MANUAL = "manual"


class Client(Model):
    """A person in an owner's address book. `address_key` decides who is the same person."""

    __tablename__ = "client"
    __table_args__ = (UniqueConstraint("owner_id", "address_key"), {"sqlite_autoincrement": True})

    id: Mapped[Id]
    owner_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254))
    address_key: Mapped[str] = mapped_column(String(254))
    full_name: Mapped[str] = mapped_column(String(200), default="")
    comment: Mapped[str] = mapped_column(String(2000), default="")
    created_at: Mapped[Moment]
    updated_at: Mapped[Moment]
    address_changed_at: Mapped[Moment | None]

    tags: Mapped[list["Tag"]] = relationship(
        secondary="client_tag", back_populates="clients", order_by="Tag.name_key", passive_deletes=True
    )


# the engine walks an owner's clients by id; pages list the newest first
Index("ix_client_owner_id_id", Client.owner_id, Client.id)


class Tag(Model):
    """An owner's word for a group of clients."""

    __tablename__ = "tag"
    __table_args__ = (UniqueConstraint("owner_id", "name_key"), {"sqlite_autoincrement": True})

    id: Mapped[Id]
    owner_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(50))
    name_key: Mapped[str] = mapped_column(String(50))

    clients: Mapped[list[Client]] = relationship(
        secondary="client_tag", back_populates="tags", passive_deletes=True
    )


class ClientTag(Model):
    """One tag on one client; indexed from the tag's side too, because runs walk a tag by client id."""

    __tablename__ = "client_tag"
    __table_args__ = (Index("ix_client_tag_tag_id_client_id", "tag_id", "client_id"),)

    client_id: Mapped[int] = mapped_column(ForeignKey("client.id", ondelete="CASCADE"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True)


class Suppression(Model):
    """Never write to this address for this owner again. Survives deleting and re-importing the client."""

    __tablename__ = "suppression"
    __table_args__ = (UniqueConstraint("owner_id", "address_key"), {"sqlite_autoincrement": True})

    id: Mapped[Id]
    owner_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    address: Mapped[str] = mapped_column(String(254))
    address_key: Mapped[str] = mapped_column(String(254))
    reason: Mapped[SuppressionReason] = mapped_column(stored_by_value(SuppressionReason, name="reason"))
    note: Mapped[str] = mapped_column(String(500), default="")
    run_id: Mapped[int | None]
    created_at: Mapped[Moment]


# the engine asks twice a second who was suppressed since
Index("ix_suppression_created_at", Suppression.created_at)
