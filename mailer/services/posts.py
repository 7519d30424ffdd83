"""Posts: who may read which, and the queries of their lists. Drafts of others are missing ones (404).
Changing them is in `post_writing`."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnExpressionArgument, Select, false, func, or_, select, true
from sqlalchemy.orm import Session, defer, joinedload, lazyload

from mailer.models import Post, Revision, Secret, User
from mailer.rules.access import may_moderate_blog
from mailer.rules.errors import NotFound
from mailer.services.clients import like
from mailer.services.post_content import search_key

REVISION = "blog"
MOST_WORDS = 10  # each reads all texts
NEWEST_FIRST = (Post.published_at.desc(), Post.id.desc())


@dataclass(frozen=True, slots=True)
class Writer:
    """Who asks; a visitor by default."""

    user_id: int | None = None
    is_moderator: bool = False

    @classmethod
    def of(cls, user: User) -> "Writer":
        """A signed-in person."""
        return cls(user.id, may_moderate_blog(user.role_set))

    def may_write(self, post: Post) -> bool:
        """Change and delete: the author, and moderators of the blog."""
        return self.is_moderator or (self.user_id is not None and post.author_id == self.user_id)


def _cards(*conditions: ColumnExpressionArgument[bool]) -> Select[Post]:
    """What a list shows: posts with their authors, without the texts."""
    return _with_authors(*conditions).options(defer(Post.content), defer(Post.search_key))


def _with_authors(*conditions: ColumnExpressionArgument[bool]) -> Select[Post]:
    return select(Post).where(*conditions).options(joinedload(Post.author).options(lazyload(User.roles)))


def published() -> Select[Post]:
    """All that readers see, newest first."""
    return _cards(Post.is_published).order_by(*NEWEST_FIRST)


def search(q: str) -> Select[Post]:
    """Published posts whose title or text holds each word of `q`, in any case of letters, newest first."""
    key = func.replace(Post.search_key, "ё", "е")  # posts saved before `search_key` did so
    return published().where(*(like(key, word) for word in search_key(q).split()[:MOST_WORDS]))


def latest(most: int) -> Select[Post]:
    """The newest published posts with their texts, for the feed."""
    return _with_authors(Post.is_published).order_by(*NEWEST_FIRST).limit(most)


def addresses(most: int) -> Select[str, datetime]:
    """Slug and last change of the newest published posts, for the map."""
    return select(Post.slug, Post.updated_at).where(Post.is_published).order_by(*NEWEST_FIRST).limit(most)


def naming_key(session: Session) -> bytes:
    """What the feed's ids are made of: it goes wherever the posts go, and no setting changes it."""
    return session.scalars(select(Secret.value).where(Secret.name == "unsubscribe")).one()


def at_random(most: int) -> Select[Post]:
    """A few published posts by chance; only ids are shuffled."""
    some = select(Post.id).where(Post.is_published).order_by(func.random()).limit(most)
    return _cards(Post.id.in_(some))


def on_desk(writer: Writer, *, of_others: bool = False) -> Select[Post]:
    """One's own posts, last changed first; for a moderator, if asked, the drafts of others instead."""
    own = Post.author_id == writer.user_id
    foreign_drafts = ~Post.is_published & or_(Post.author_id.is_(None), Post.author_id != writer.user_id)
    wanted = foreign_drafts if of_others and writer.is_moderator else own
    return _cards(wanted).order_by(Post.updated_at.desc(), Post.id.desc())


def get(session: Session, slug: str, writer: Writer) -> Post:
    """The post, if this person may read it; raises NotFound."""
    mine = Post.author_id == writer.user_id if writer.user_id is not None else false()
    may_read = true() if writer.is_moderator else or_(Post.is_published, mine)
    found = session.scalar(_with_authors(Post.slug == slug, may_read).options(defer(Post.search_key)))
    if found is None:
        raise NotFound
    return found


def get_writable(session: Session, slug: str, writer: Writer) -> Post:
    """The post, if this person may change it; raises NotFound."""
    post = get(session, slug, writer)
    if not writer.may_write(post):
        raise NotFound
    return post


def byline(post: Post) -> str:
    """The author's name as readers see it; nothing for a nameless one: an address is nobody else's business."""
    author = post.author
    if author is None or author.deleted_at is not None:
        return ""
    return f"{author.first_name} {author.last_name}".strip() or author.username or ""


def revision(session: Session) -> int:
    """Changes with every change that readers can notice, in the same transaction."""
    return session.scalar(select(Revision.number).where(Revision.name == REVISION)) or 0
