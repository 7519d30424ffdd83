"""The room of blog posts: all of them, drafts too. Writing, publishing and deleting are pages of the blog itself."""

from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import Select, select
from sqlalchemy.orm import defer, joinedload

from mailer.admin.lists import Listed, Narrowings
from mailer.models import Post
from mailer.rules.access import Room


class Posts(Listed):
    """The list."""

    room = Room.POSTS
    list_template = "admin/posts.html"
    column_list = column_sortable_list = ("id", "title", "published_at", "views")
    searched: ClassVar[Sequence[Any]] = (Post.title,)
    narrowings: ClassVar[Narrowings] = {
        "state": {"published": lambda: Post.is_published.is_(True), "hidden": lambda: Post.is_published.is_(False)},
    }

    def seen(self) -> Select[Any]:
        """All posts with their authors, without their text."""
        return select(Post).options(joinedload(Post.author), defer(Post.content))
