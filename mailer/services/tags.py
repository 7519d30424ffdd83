"""An owner's tags: made when first used, gone when the last client loses them. `name_key` decides what is the same."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Select, delete, exists, func, select
from sqlalchemy.orm import Session

from mailer.models import ClientTag, MailingTag, Tag

MAX_NAME = 50
MAX_PER_CLIENT = 20


def names_in(text: str) -> list[str]:
    """The distinct names in a line separated by commas or semicolons, in the order written."""
    found: dict[str, str] = {}
    for raw in text.replace(";", ",").split(","):
        name = " ".join(raw.split())
        if name:
            found.setdefault(name.casefold(), name)
    return list(found.values())


def owned_by(owner_id: int) -> Select[Tag]:
    """All tags of an owner, by name."""
    return select(Tag).where(Tag.owner_id == owner_id).order_by(Tag.name_key)


def with_counts(session: Session, owner_id: int) -> Sequence[tuple[Tag, int]]:
    """Each tag of an owner and how many clients carry it."""
    statement = (
        select(Tag, func.count(ClientTag.client_id))
        .outerjoin(ClientTag, ClientTag.tag_id == Tag.id)
        .where(Tag.owner_id == owner_id)
        .group_by(Tag.id)
        .order_by(Tag.name_key)
    )
    return [(tag, n) for tag, n in session.execute(statement)]


def ensure(session: Session, owner_id: int, names: Iterable[str]) -> list[Tag]:
    """The owner's tags of these names; those that were not there yet are made."""
    wanted = {name.casefold(): name for name in names}
    if not wanted:
        return []
    known = {tag.name_key: tag for tag in session.scalars(owned_by(owner_id).where(Tag.name_key.in_(wanted)))}
    for key, name in wanted.items():
        if key not in known:
            known[key] = Tag(owner_id=owner_id, name=name, name_key=key)
            session.add(known[key])
    session.flush()
    return [known[key] for key in wanted]


def drop_unused(session: Session, owner_id: int) -> None:
    """Forget tags that no client carries and no mailing's audience names."""
    session.execute(
        delete(Tag)
        .where(Tag.owner_id == owner_id)
        .where(~exists().where(ClientTag.tag_id == Tag.id), ~exists().where(MailingTag.tag_id == Tag.id))
    )
