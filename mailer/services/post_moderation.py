"""Publishing and hiding posts from the panel, many at once. Writing them is in `post_writing`; callers commit."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from mailer.models import Post, User
from mailer.rules.errors import Conflict, NotFound
from mailer.services.post_writing import touch

MOST_AT_ONCE = 200


def judged(session: Session, ids: Sequence[int]) -> Sequence[Post]:
    """These posts; raises NotFound when one of them is missing."""
    found = session.scalars(select(Post).where(Post.id.in_(set(ids))).order_by(Post.id)).all()
    if not found or len(found) != len(set(ids)) or len(found) > MOST_AT_ONCE:
        raise NotFound
    return found


def publish(session: Session, posts: Sequence[Post], *, by: User, reason: str, now: datetime) -> list[Post]:
    """Let readers see them; a post keeps the day of its first publication. Raises Conflict for nothing."""
    first_day = func.coalesce(Post.published_at, now)
    return _changed(session, [one for one in posts if _set(session, one, True, now, published_at=first_day)])


def hide(session: Session, posts: Sequence[Post], *, by: User, reason: str, now: datetime) -> list[Post]:
    """Take them from readers; the texts stay. Raises Conflict for nothing."""
    return _changed(session, [one for one in posts if _set(session, one, False, now)])


def _set(session: Session, post: Post, is_published: bool, now: datetime, **facts: object) -> bool:
    seen = (Post.id == post.id, Post.is_published.is_(not is_published))
    mark = update(Post).where(*seen).values(is_published=is_published, updated_at=now, **facts)
    done = session.execute(mark.execution_options(synchronize_session=False))
    session.expire(post)
    return bool(done.rowcount)  # type: ignore[attr-defined]


def _changed(session: Session, posts: list[Post]) -> list[Post]:
    if not posts:
        raise Conflict("status")
    touch(session)
    return posts
