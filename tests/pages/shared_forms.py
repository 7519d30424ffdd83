"""The three forms that two tabs may have open at once, each with a row to make and the fields that a browser posts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from mailer.models import Client, Mailing, Message, User
from tests.support.world import make_client, make_mailing, make_message, make_tag


@dataclass(frozen=True)
class Kind:
    """One of the three forms: a row to make, how it is posted, and the field of it that the tests change."""

    room: str
    model: type[Client] | type[Message] | type[Mailing]
    make: Callable[[Session, User], Any]
    told: Callable[[Any], dict[str, Any]]
    field: str

    def path(self, row_id: int) -> str:
        """The page of the row."""
        return f"/{self.room}/{row_id}"

    def value(self, session: Session, row_id: int) -> object:
        """What is saved in that field."""
        session.rollback()
        return getattr(session.get_one(self.model, row_id), self.field)


def told_of_a_mailing(row: Mailing) -> dict[str, Any]:
    return {
        "title": row.title,
        "message": row.message_id,
        "audience": row.audience.value,
        "tags": [tag.id for tag in row.tags],
        "clients": [client.id for client in row.picked],
        "starts_at": f"{row.starts_at:%Y-%m-%dT%H:%M}",
        "frequency": row.frequency.value,
        "interval": str(row.interval),
        "time_zone": row.time_zone,
        "missed_run": row.missed_run.value,
    }


KINDS = {
    "client": Kind(
        "clients",
        Client,
        lambda session, owner: make_client(session, owner, tags=[make_tag(session, owner, "vip")]),
        lambda row: {"email": row.email, "full_name": row.full_name, "comment": "", "tags": "vip"},
        "comment",
    ),
    "message": Kind(
        "messages",
        Message,
        make_message,
        lambda row: {"subject": row.subject, "text": row.text, "html": row.html},
        "text",
    ),
    "mailing": Kind("mailings", Mailing, make_mailing, told_of_a_mailing, "title"),
}
