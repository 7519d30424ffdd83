"""How many clients a choice of recipients means, told while somebody chooses among a million.

Always the truth, never a long wait: what would take long to count exactly is told as "from … to …".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from mailer.models import Audience, Client, ClientTag, Mailing, MailingClient, Suppression, Tag
from mailer.services import clients

# a client with two tags counts once: sorting that out costs 0.4 s at a million, so only so many are sorted
MOST_SORTED = 100_000
MOST_SUPPRESSIONS = 5_000


@dataclass(frozen=True, slots=True)
class Choice:
    """An audience as a form or a mailing names it; ids that are not the owner's mean nobody."""

    audience: Audience
    tag_ids: Sequence[int] = ()
    client_ids: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Reach:
    """From `least` to `most` clients, the same number where it is known; `suppressed` of them get nothing.

    `suppressed` is None when the list is too long to be looked through while somebody waits.
    """

    least: int
    most: int
    suppressed: int | None = 0

    @property
    def is_exact(self) -> bool:
        """Whether the number is known."""
        return self.least == self.most


def choice_of(session: Session, mailing: Mailing) -> Choice:
    """A saved mailing's audience."""
    picked: Sequence[int] = ()
    if mailing.audience is Audience.PICKED:
        picked = session.scalars(select(MailingClient.client_id).where(MailingClient.mailing_id == mailing.id)).all()
    return Choice(mailing.audience, [tag.id for tag in mailing.tags], picked)


def reach(session: Session, owner_id: int, choice: Choice) -> Reach:
    """How many of the owner's clients are meant now."""
    least, most = _bounds(session, owner_id, choice)
    return Reach(least, most, _suppressed(session, owner_id, choice) if most else 0)


def _bounds(session: Session, owner_id: int, choice: Choice) -> tuple[int, int]:
    if choice.audience is Audience.ALL:
        n = clients.how_many(session, owner_id)
        return n, n
    if choice.audience is Audience.PICKED:
        n = _count(session, Client.owner_id == owner_id, Client.id.in_(choice.client_ids))
        return n, n
    return _tagged(session, owner_id, choice.tag_ids)


def _tagged(session: Session, owner_id: int, tag_ids: Sequence[int]) -> tuple[int, int]:
    each = (
        select(func.count())
        .select_from(ClientTag)
        .join(Tag, Tag.id == ClientTag.tag_id)
        .where(Tag.owner_id == owner_id, Tag.id.in_(tag_ids))
        .group_by(Tag.id)
    )
    counts = session.scalars(each).all()
    if len(counts) < 2:
        return sum(counts), sum(counts)
    if sum(counts) > MOST_SORTED:
        return max(counts), min(sum(counts), clients.how_many(session, owner_id))
    own = select(Tag.id).where(Tag.owner_id == owner_id, Tag.id.in_(tag_ids))
    distinct = select(func.count(ClientTag.client_id.distinct())).where(ClientTag.tag_id.in_(own))
    n = session.scalar(distinct) or 0
    return n, n


def _suppressed(session: Session, owner_id: int, choice: Choice) -> int | None:
    """Walks the suppression list, which is short, and not the address book, which is not."""
    stopped = select(Suppression.address_key).where(Suppression.owner_id == owner_id)
    many = select(func.count()).select_from(stopped.limit(MOST_SUPPRESSIONS + 1).subquery())
    if (session.scalar(many) or 0) > MOST_SUPPRESSIONS:
        return None
    meant = [Client.owner_id == owner_id, Client.address_key.in_(stopped)]
    if choice.audience is Audience.PICKED:
        meant.append(Client.id.in_(choice.client_ids))
    if choice.audience is Audience.TAGS:
        meant.append(exists().where(ClientTag.client_id == Client.id, ClientTag.tag_id.in_(choice.tag_ids)))
    return _count(session, *meant)


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(Client).where(*conditions)) or 0
