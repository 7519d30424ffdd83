"""The public front page and the blog: reading, writing, feeds, pictures."""

from mailer.blueprints.blog import feeds, front, media, reading, writing
from mailer.blueprints.blog.room import blog

__all__ = ["feeds", "front", "media", "reading", "writing"]
blueprints = (blog,)
