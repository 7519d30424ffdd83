"""What a link in a letter means, and the one thing it may do: put the address that the letter went to on its
owner's list. Works though the client is deleted, the mailing archived or the owner blocked."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, load_only

from mailer.models import Attempt, Client, MessageVersion, Run, Secret, SuppressionReason
from mailer.rules.errors import NotFound
from mailer.services import addresses, suppressions
from mailer.services.addresses import Address
from mailer.tokens import read_unsubscribe_token


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who is to be left alone, by whom. Without a run its owner is erased, and nobody is left who would write."""

    run: Run | None
    address: Address | None


def read(session: Session, token: str) -> Subscription:
    """What the token names; raises NotFound for one that we did not make."""
    key = session.scalar(select(Secret.value).where(Secret.name == "unsubscribe"))
    ids = read_unsubscribe_token(key, token) if key else None
    if ids is None:
        raise NotFound
    run_id, client_id = ids
    shown = load_only(MessageVersion.from_name, MessageVersion.locale, raiseload=True)
    run = session.scalar(select(Run).where(Run.id == run_id).options(joinedload(Run.version).options(shown)))
    return Subscription(run, _address(session, run, client_id) if run else None)


def unsubscribe(session: Session, subscription: Subscription, *, now: datetime) -> None:
    """Write to this address no more; doing it twice changes nothing."""
    run, address = subscription.run, subscription.address
    if run is None or address is None:
        return
    suppressions.add(session, run.owner_id, address, SuppressionReason.UNSUBSCRIBED, now=now, run_id=run.id)


def _address(session: Session, run: Run, client_id: int) -> Address | None:
    """Where the letter went; until that is written down, where the client's letters go."""
    attempts = select(Attempt.address).where(Attempt.run_id == run.id, Attempt.client_id == client_id)
    raw = session.scalar(attempts.order_by(Attempt.number.desc()).limit(1))
    if raw is None:
        raw = session.scalar(select(Client.email).where(Client.owner_id == run.owner_id, Client.id == client_id))
    if raw is None:
        return None
    return addresses.read(raw) or Address(raw, raw.casefold())
