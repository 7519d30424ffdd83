"""The blueprint, and what its pages share: who reads, and how a post is shown."""

from datetime import datetime
from typing import Any

from flask import Blueprint, current_app
from flask_login import current_user

from mailer.config import Config
from mailer.dispatch.notes import public_link
from mailer.models import Post
from mailer.services.inline_photos import for_screens
from mailer.services.post_content import reading_minutes
from mailer.services.posts import Writer, byline
from mailer.web.formats import day
from mailer.web.locales import zone

blog = Blueprint("blog", __name__)
blog.add_app_template_global(byline)
blog.add_app_template_global(reading_minutes)
blog.add_app_template_filter(for_screens)


@blog.app_template_filter()
def local_day(at: datetime) -> str:
    """The date of a moment where the reader is."""
    return day(at.astimezone(zone()).date())


def reader() -> Writer:
    """Who is behind this request."""
    return Writer.of(current_user) if current_user.is_authenticated else Writer()


def config() -> Config:
    """The settings."""
    found: Config = current_app.config["MAILER"]
    return found


def card(post: Post) -> dict[str, Any]:
    """What search engines and messengers show of a post: addresses are absolute, made from PUBLIC_URL."""
    link = public_link("blog.view", slug=post.slug)
    image = public_link("blog.photo", file=f"{post.photo}-l.jpg") if post.photo else ""
    return {"link": link, "image": image}
