"""Builders of posts and of people who may write them; pictures as bytes."""

import io
from datetime import timedelta
from itertools import count
from typing import Any

from PIL import Image
from sqlalchemy.orm import Session

from mailer.models import Post, User, UserRole
from mailer.rules.access import Role
from mailer.services import post_writing
from mailer.services.post_writing import PostFacts
from tests.support.world import NOW, make_user

_minutes = count()


def make_moderator(session: Session) -> User:
    """A moderator of the blog."""
    user = make_user(session)
    session.add(UserRole(user_id=user.id, role=Role.BLOG_MODERATOR, granted_at=NOW))
    session.flush()
    return user


def make_post(
    session: Session, author: User, title: str = "A post", content: str = "<p>Text</p>", **facts: Any
) -> Post:
    """A published post, newer than the one before."""
    now = NOW + timedelta(minutes=next(_minutes))
    found = PostFacts(title=title, content=content, **({"is_published": True} | facts))
    return post_writing.create(session, author.id, found, now=now)


def picture(kind: str = "JPEG", size: tuple[int, int] = (60, 40), **options: Any) -> bytes:
    """An honest picture: red on the left, blue on the right."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def upload(content: bytes, name: str = "photo.jpg") -> tuple[io.BytesIO, str]:
    """As a form posts it."""
    return io.BytesIO(content), name
