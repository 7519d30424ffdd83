"""The room of blog posts: all of them, drafts too; publish and hide. Writing and deleting are pages of the blog."""

from collections.abc import Sequence
from typing import Any, ClassVar

from flask import Response, url_for
from sqlalchemy import Select, select
from sqlalchemy.orm import defer, joinedload

from mailer.admin.lists import Listed, Narrowings
from mailer.admin.verdicts import OF_POSTS, asked_ids, chosen, pronounce
from mailer.admin.walls import door
from mailer.extensions import db
from mailer.models import Post
from mailer.rules.access import Room
from mailer.services import post_moderation


class Posts(Listed):
    """The list, and the verdicts on one or many."""

    room = Room.POSTS
    doors = frozenset({"index_view", "judge"})
    list_template = "admin/posts.html"
    column_list = column_sortable_list = ("id", "title", "published_at", "views")
    searched: ClassVar[Sequence[Any]] = (Post.title,)
    narrowings: ClassVar[Narrowings] = {
        "state": {"published": lambda: Post.is_published.is_(True), "hidden": lambda: Post.is_published.is_(False)},
    }

    def seen(self) -> Select[Any]:
        """All posts with their authors, without their text."""
        return select(Post).options(joinedload(Post.author), defer(Post.content), defer(Post.search_key))

    @door("/<any(publish, hide):verb>", "GET", "POST")
    @chosen
    def judge(self, verb: str) -> Response:
        """Ask for a reason and act; one id of nothing makes the whole request a 404."""
        posts = post_moderation.judged(db.session(), asked_ids())
        return pronounce(OF_POSTS[verb], posts, back=url_for(".index_view"))
