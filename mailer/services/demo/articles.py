"""The blog of the story: five posts with photos, in both languages, written by the moderator."""

import io
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from mailer.models import User
from mailer.services import photos, post_content, post_writing
from mailer.services.demo import pictures
from mailer.services.photos import Album
from mailer.services.post_writing import PostFacts

FOLDER = Path(__file__).with_name("posts")


@dataclass(frozen=True, slots=True)
class Article:
    """A post: its text is posts/<name>.html, its photo the lighthouse at `hour`."""

    name: str
    title: str
    hour: str
    alt: str
    days_ago: int
    views: int


ARTICLES = (
    Article("evenings", "Как мы перестали рассылать письма по вечерам", "sunset", "Маяк на закате", 54, 83),
    Article("words", "Every letter keeps the server’s own words", "storm", "A lighthouse in a storm", 40, 61),
    Article("month-ends", "Расписание, которое помнит про 31-е число", "dawn", "Маяк на рассвете", 27, 47),
    Article("one-click", "One click, and they are out", "day", "A lighthouse on a bright day", 13, 38),
    Article("night", "Ночь, когда выключили свет", "night", "Маяк и звёзды", 4, 22),
)


def publish(session: Session, author: User, album: Album, *, now: datetime) -> None:
    """Write all posts, each on its own day."""
    for article in ARTICLES:
        photo = album.add(photos.develop(io.BytesIO(pictures.draw(article.hour))))
        facts = PostFacts(article.title, _text(article.name), photo, article.alt, is_published=True)
        post = post_writing.create(session, author.id, facts, now=now - timedelta(days=article.days_ago))
        post.views = article.views


def _text(name: str) -> str:
    html = (FOLDER / f"{name}.html").read_text(encoding="utf-8")
    return post_content.clean(html, lambda _source: None)
