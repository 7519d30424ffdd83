"""Plain builders of a small world for tests: `make_mailing(session, audience="tags", tags=[vip])`.

Each adds and flushes one row with sensible facts (any column can be given by name) and commits nothing.
Mornings of March 2026 are the usual time; whoever tests time gives their own.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import count
from typing import Any, TypeVar

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from mailer.models import (
    Audience,
    Client,
    ClientTag,
    Mailing,
    Message,
    MessageVersion,
    Run,
    Suppression,
    SuppressionReason,
    Tag,
    User,
)
from mailer.orm import Base
from mailer.rules.schedule import Frequency, MissedRun

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_numbers = count(1)
_Row = TypeVar("_Row", bound=Base)


def make_user(session: Session, **facts: Any) -> User:
    """A confirmed, trusted user in UTC who reads English. The password cannot be guessed nor used."""
    n = next(_numbers)
    email = facts.setdefault("email", f"owner{n}@example.org")
    usual: dict[str, Any] = {
        "email_key": email.casefold(),
        "password_hash": "!",
        "first_name": "Olga",
        "last_name": f"Owner {n}",
        "time_zone": "UTC",
        "locale": "en",
        "created_at": NOW,
        "confirmed_at": NOW,
        "trusted_at": NOW,
    }
    return _add(session, User(**(usual | facts)))


def make_client(session: Session, owner: User, *, tags: Iterable[Tag] = (), **facts: Any) -> Client:
    """One client of this owner."""
    n = next(_numbers)
    email = facts.setdefault("email", f"client{n}@example.org")
    usual = {"address_key": email.casefold(), "full_name": f"Client {n}", "created_at": NOW, "updated_at": NOW}
    client = _add(session, Client(owner_id=owner.id, **(usual | facts)))
    for tag in tags:
        _add(session, ClientTag(client_id=client.id, tag_id=tag.id))
    return client


def make_clients(session: Session, owner: User, n: int, *, tags: Iterable[Tag] = ()) -> list[int]:
    """`n` clients in bulk, fit for a million; their ids, ascending. Addresses are c<number>@example.org."""
    first = next(_numbers)
    rows = [
        {
            "owner_id": owner.id,
            "email": f"c{first}-{i}@example.org",
            "address_key": f"c{first}-{i}@example.org",
            "full_name": f"Клиент {i}",
            "comment": "",
            "created_at": NOW,
            "updated_at": NOW,
        }
        for i in range(n)
    ]
    if rows:
        session.execute(insert(Client), rows)
    mine = select(Client.id).where(Client.owner_id == owner.id, Client.email.like(f"c{first}-%")).order_by(Client.id)
    ids = list(session.scalars(mine))
    for tag in tags:
        session.execute(insert(ClientTag), [{"client_id": i, "tag_id": tag.id} for i in ids])
    return ids


def make_tag(session: Session, owner: User, name: str = "") -> Tag:
    """One tag of this owner."""
    name = name or f"tag {next(_numbers)}"
    return _add(session, Tag(owner_id=owner.id, name=name, name_key=name.casefold()))


def make_suppression(session: Session, owner: User, email: str, **facts: Any) -> Suppression:
    """Never write to this address for this owner again; `reason` is "unsubscribed" unless told."""
    usual = {"address": email, "address_key": email.casefold(), "created_at": NOW}
    reason = facts.pop("reason", SuppressionReason.UNSUBSCRIBED)
    return _add(session, Suppression(owner_id=owner.id, reason=SuppressionReason(reason), **(usual | facts)))


def make_message(session: Session, owner: User, **facts: Any) -> Message:
    """A short message with a placeholder and an HTML part."""
    usual = {
        "subject": "News for {{ name | friend }}",
        "text": "Hello, {{ name | friend }}!",
        "html": "<p>Hello, {{ name | friend }}!</p>",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return _add(session, Message(owner_id=owner.id, **(usual | facts)))


def make_mailing(
    session: Session,
    owner: User,
    *,
    tags: Iterable[Tag] = (),
    picked: Iterable[Client | int] = (),
    **facts: Any,
) -> Mailing:
    """A daily mailing to all clients, due now (09:00 UTC on 2 March 2026), of a message made for it."""
    starts_at = facts.pop("starts_at", NOW.replace(tzinfo=None))
    usual: dict[str, Any] = {
        "title": f"Mailing {next(_numbers)}",
        "audience": Audience.ALL,
        "starts_at": starts_at,
        "time_zone": "UTC",
        "frequency": Frequency.DAILY,
        "missed_run": MissedRun.SEND_LATE,
        "next_run_at": starts_at.replace(tzinfo=UTC),
        "created_at": NOW,
        "updated_at": NOW,
    }
    if not {"message", "message_id"} & facts.keys():
        facts["message_id"] = make_message(session, owner).id
    if "message" in facts:
        facts["message_id"] = facts.pop("message").id
    mailing = Mailing(owner_id=owner.id, **(usual | facts))
    mailing.tags = list(tags)
    mailing.picked = [one if isinstance(one, Client) else session.get_one(Client, one) for one in picked]
    return _add(session, mailing)


def make_version(session: Session, owner: User, **facts: Any) -> MessageVersion:
    """Frozen content, distinct each time."""
    usual = {
        "sha256": sha256(str(next(_numbers)).encode()).digest(),
        "subject": "News for {{ name | friend }}",
        "text": "Hello, {{ name | friend }}!",
        "html": "",
        "from_name": owner.display_name,
        "reply_to": owner.email,
        "locale": owner.locale,
        "created_at": NOW,
    }
    return _add(session, MessageVersion(owner_id=owner.id, **(usual | facts)))


def make_run(session: Session, mailing: Mailing, **facts: Any) -> Run:
    """An open run of this mailing, as the tick opens it: nothing claimed yet, up to the owner's last client."""
    last = select(Client.id).where(Client.owner_id == mailing.owner_id).order_by(Client.id.desc()).limit(1)
    usual: dict[str, Any] = {
        "owner_id": mailing.owner_id,
        "due_on": date(2026, 3, 2),
        "scheduled_for": NOW,
        "opened_at": NOW,
        "give_up_at": datetime(2126, 3, 3, tzinfo=UTC),
        "upto_client_id": session.scalar(last) or 0,
    }
    if "version_id" not in facts:
        usual["version_id"] = make_version(session, mailing.owner).id
    return _add(session, Run(mailing_id=mailing.id, **(usual | facts)))


def _add(session: Session, row: _Row) -> _Row:
    session.add(row)
    session.flush()
    return row
