"""Counting readers: one atomic UPDATE each, and at a hundred a letter, asked for once in the same transaction."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from mailer.models import Post, User
from mailer.services import account_letters
from mailer.services.account_letters import Kind

MILESTONE = 100


def count(session: Session, post_id: int, *, site_address: str, now: datetime) -> bool:
    """Add one view to a published post; True when this was the one that asked for the letters."""
    here = update(Post).where(Post.id == post_id, Post.is_published).values(views=Post.views + 1)
    row = session.execute(here.returning(Post.views, Post.milestone_noticed_at)).one_or_none()
    if row is None or row.views < MILESTONE or row.milestone_noticed_at is not None:
        return False
    return _celebrate(session, post_id, site_address=site_address, now=now)


def _celebrate(session: Session, post_id: int, *, site_address: str, now: datetime) -> bool:
    # compare-and-set: of many readers at once exactly one finds the mark unset
    first = update(Post).where(Post.id == post_id, Post.milestone_noticed_at.is_(None))
    row = session.execute(first.values(milestone_noticed_at=now).returning(Post.author_id)).one_or_none()
    if row is None:
        return False
    author = session.get(User, row.author_id) if row.author_id else None
    if author is not None and author.is_active and author.email.casefold() != site_address.casefold():
        account_letters.ask(session, Kind.POST_READ, email=author.email, user=author, about_id=post_id, now=now)
    account_letters.ask(session, Kind.POST_READ, email=site_address, about_id=post_id, now=now)
    return True
