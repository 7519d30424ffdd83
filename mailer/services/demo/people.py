"""The people of the story as rows: who signs in, whom the bookshop writes to, and who wants no more letters."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from mailer.models import Client, SuppressionReason, User
from mailer.rules.outcome import SkipReason
from mailer.services import addresses, clients, roles, suppressions
from mailer.services.accounts import NewAccount, create
from mailer.services.addresses import Address
from mailer.services.clients import ClientFacts
from mailer.services.demo import cast


@dataclass(frozen=True, slots=True)
class Scene:
    """Where the story is set: the settings' zone and language, the hash of everybody's password, and the present."""

    time_zone: str
    locale: str
    password_hash: str
    now: datetime


def settle(session: Session, person: cast.Person, scene: Scene) -> User:
    """Someone who can sign in, confirmed and trusted since two months."""
    joined = scene.now - timedelta(days=64)
    new = NewAccount(known(person.email), scene.password_hash, scene.time_zone, scene.locale)
    user = create(session, new, now=joined)
    user.first_name, user.last_name = person.names[scene.locale]
    user.confirmed_at = user.trusted_at = joined
    for role in person.roles:
        roles.grant(session, user, role, now=joined, actor="demo")
    return user


def fill_book(session: Session, owner: User, scene: Scene) -> list[Client]:
    """The bookshop's forty clients, in the order they joined."""
    return [
        clients.create(
            session,
            owner.id,
            ClientFacts(known(reader.email), reader.name, reader.comment, reader.tags),
            now=scene.now - timedelta(days=reader.days_ago),
        )
        for reader in cast.readers()
    ]


@dataclass(frozen=True, slots=True)
class Stop:
    """Since when a client gets nothing, and what the log says instead."""

    since: datetime
    reason: SkipReason


def stop_some(session: Session, owner: User, book: list[Client], scene: Scene) -> dict[int, Stop]:
    """One has unsubscribed and one address is dead: their stops by client id."""
    stopped = {
        cast.WEARY: (12, SkipReason.UNSUBSCRIBED, SuppressionReason.UNSUBSCRIBED),
        cast.GONE: (20, SkipReason.SUPPRESSED, SuppressionReason.DEAD_ADDRESS),
    }
    found = {}
    for client in book:
        if part := stopped.get(client.email.partition("@")[0]):
            days_ago, said, why = part
            since = scene.now - timedelta(days=days_ago)
            suppressions.add(session, owner.id, Address(client.email, client.address_key), why, now=since)
            found[client.id] = Stop(since, said)
    return found


def known(email: str) -> Address:
    """An address of the story; raises ValueError for one that is none."""
    address = addresses.read(email)
    if address is None:
        raise ValueError(email)
    return address
