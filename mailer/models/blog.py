"""Posts of the public blog, their pictures, and the number by which caches know that something has changed."""

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailer.extensions import Model
from mailer.models.accounts import User
from mailer.orm import BigId, Id, Moment


class Post(Model):
    """A post: sanitised HTML, perhaps a cover photo (the random name its three sizes share)."""

    __tablename__ = "post"
    __table_args__ = (UniqueConstraint("slug"), {"sqlite_autoincrement": True})

    id: Mapped[Id]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    slug: Mapped[str] = mapped_column(String(220))
    content: Mapped[str] = mapped_column(Text)
    # made from title and content when saved: for lists, for reading time, for the search in any case of letters
    excerpt: Mapped[str] = mapped_column(String(400), default="")
    words: Mapped[int] = mapped_column(default=0)
    search_key: Mapped[str] = mapped_column(Text, default="")
    photo: Mapped[str] = mapped_column(String(64), default="")
    photo_alt: Mapped[str] = mapped_column(String(300), default="")
    is_published: Mapped[bool] = mapped_column(default=False)
    published_at: Mapped[Moment | None]
    views: Mapped[int] = mapped_column(default=0)
    milestone_noticed_at: Mapped[Moment | None]
    created_at: Mapped[Moment]
    updated_at: Mapped[Moment]

    author: Mapped[User | None] = relationship()


Index("ix_post_is_published_published_at", Post.is_published, Post.published_at)


class PostPhoto(Model):
    """A picture that a post shows, as its cover or in its text. Files without such a row are nobody's."""

    __tablename__ = "post_photo"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id", ondelete="CASCADE"), index=True)


class Revision(Model):
    """How often a part of the site has changed. Cached pages carry the number they were made from."""

    __tablename__ = "revision"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    number: Mapped[int] = mapped_column(BigId, default=0)
