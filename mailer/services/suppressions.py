"""Addresses an owner never writes to again. Survives deleting and re-importing the client."""

from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mailer.models import Suppression, SuppressionReason
from mailer.rules.errors import NotFound
from mailer.services.addresses import Address
from mailer.services.clients import like


def owned_by(owner_id: int, *, q: str = "") -> Select[Suppression]:
    """The owner's list, newest first; `q` narrows it by address."""
    statement = select(Suppression).where(Suppression.owner_id == owner_id).order_by(Suppression.id.desc())
    return statement.where(like(Suppression.address_key, q.casefold())) if q else statement


def get(session: Session, owner_id: int, suppression_id: int) -> Suppression:
    """One row of the owner's list; raises NotFound."""
    found = session.scalar(owned_by(owner_id).where(Suppression.id == suppression_id))
    if found is None:
        raise NotFound
    return found


def of_address(session: Session, owner_id: int, address_key: str) -> Suppression | None:
    """Why this address is never written to, or None."""
    return session.scalar(owned_by(owner_id).where(Suppression.address_key == address_key))


def add(
    session: Session,
    owner_id: int,
    address: Address,
    reason: SuppressionReason,
    *,
    now: datetime,
    note: str = "",
    run_id: int | None = None,
) -> bool:
    """Put the address on the list; False when it is there already (the first reason stands)."""
    row = Suppression(
        owner_id=owner_id,
        address=address.email,
        address_key=address.key,
        reason=reason,
        note=note,
        run_id=run_id,
        created_at=now,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True


def lift(session: Session, suppression: Suppression) -> None:
    """Take the address off the list; the caller writes down why."""
    session.delete(suppression)
    session.flush()
