"""An owner's address book. Every query starts with its owner; another owner's id is a missing one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session, selectinload

from mailer.models import Client, ClientTag, Suppression, Tag, User
from mailer.orm import to_change
from mailer.rules.errors import Conflict, NotFound
from mailer.services import tags
from mailer.services.addresses import Address


@dataclass(frozen=True, slots=True)
class ClientFacts:
    """What a form says about a client."""

    address: Address
    full_name: str = ""
    comment: str = ""
    tag_names: tuple[str, ...] = ()


def owned_by(owner_id: int) -> Select[Client]:
    """All clients of an owner."""
    return select(Client).where(Client.owner_id == owner_id)


def search(owner_id: int, *, q: str = "", tag: str = "", status: str = "") -> Select[Client]:
    """The owner's clients, newest first, whose name or address holds `q`, with that tag, suppressed or not."""
    statement = owned_by(owner_id).options(selectinload(Client.tags)).order_by(Client.id.desc())
    if q:
        statement = statement.where(_holds(q))
    if tag:
        statement = statement.where(
            exists()
            .where(ClientTag.client_id == Client.id, ClientTag.tag_id == Tag.id)
            .where(Tag.owner_id == owner_id, Tag.name_key == tag.casefold())
        )
    if status in {"suppressed", "active"}:
        suppressed = is_suppressed()
        statement = statement.where(suppressed if status == "suppressed" else ~suppressed)
    return statement


def is_suppressed() -> ColumnElement[bool]:
    """The condition: this client's address is on its owner's suppression list."""
    return exists().where(
        Suppression.owner_id == Client.owner_id, Suppression.address_key == Client.address_key
    )


def like(column: Any, q: str) -> ColumnElement[bool]:
    """`column` holds `q`, read literally."""
    return column.ilike("%" + _escaped(q) + "%", escape="\\")


def _escaped(q: str) -> str:
    return q.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")


def _holds(q: str) -> ColumnElement[bool]:
    # the key is folded already, so Cyrillic and Latin addresses are found in any case on both databases
    key = Client.address_key.like("%" + _escaped(q.casefold()) + "%", escape="\\")
    names = {q, q.lower(), q.upper(), q.title()}
    return or_(key, *(like(Client.full_name, name) for name in sorted(names)))


def get(session: Session, owner_id: int, client_id: int) -> Client:
    """The owner's client; raises NotFound for a missing one and for somebody else's."""
    return _found(session, owned_by(owner_id).where(Client.id == client_id))


def take(session: Session, client: Client) -> Client:
    """Read it anew; nobody else changes it until the end of the transaction. Raises NotFound when it is gone."""
    take_book(session, client.owner_id)  # an import's new tags are a change too
    return _found(session, to_change(owned_by(client.owner_id).where(Client.id == client.id)))


def _found(session: Session, statement: Select[Client]) -> Client:
    found = session.scalar(statement.options(selectinload(Client.tags)))
    if found is None:
        raise NotFound
    return found


def with_address(session: Session, owner_id: int, address: Address) -> Client | None:
    """The owner's client of this address, if there is one."""
    return session.scalar(owned_by(owner_id).where(Client.address_key == address.key))


def how_many(session: Session, owner_id: int) -> int:
    """The size of the owner's address book."""
    return session.scalar(select(func.count()).select_from(Client).where(Client.owner_id == owner_id)) or 0


def take_book(session: Session, owner_id: int) -> None:
    """Until the end of the transaction nobody else adds to this owner's book.

    PostgreSQL: else two presses of one button both find the address, or a new tag, missing. SQLite has one writer.
    """
    session.execute(select(User.id).where(User.id == owner_id).with_for_update(key_share=True))


def create(session: Session, owner_id: int, facts: ClientFacts, *, now: datetime) -> Client:
    """Add a client; raises Conflict("address") when the owner has that address already."""
    take_book(session, owner_id)
    _refuse_second(session, owner_id, facts.address, but=None)
    client = Client(owner_id=owner_id, created_at=now, updated_at=now)
    _write(session, client, facts)
    session.add(client)
    session.flush()
    return client


def update(session: Session, client: Client, facts: ClientFacts, *, now: datetime) -> None:
    """Change a client that was taken; a changed address is skipped by runs that are already open."""
    _refuse_second(session, client.owner_id, facts.address, but=client.id)
    if client.address_key != facts.address.key:
        client.address_changed_at = now
    client.updated_at = now
    _write(session, client, facts)
    session.flush()
    tags.drop_unused(session, client.owner_id)


def delete(session: Session, client: Client) -> None:
    """Remove a client from the book; the log and the suppression list keep what they know."""
    owner_id = client.owner_id
    session.delete(client)
    session.flush()
    tags.drop_unused(session, owner_id)


def _write(session: Session, client: Client, facts: ClientFacts) -> None:
    client.email, client.address_key = facts.address.email, facts.address.key
    client.full_name, client.comment = facts.full_name, facts.comment
    client.tags = tags.ensure(session, client.owner_id, facts.tag_names)


def _refuse_second(session: Session, owner_id: int, address: Address, *, but: int | None) -> None:
    other = with_address(session, owner_id, address)
    if other is not None and other.id != but:
        raise Conflict("address", client_id=other.id)
