"""The cache, which may be down at any moment: then nothing is found and nothing kept, and the page is made anew.
Nothing private is put here: only what every visitor sees."""

import logging
from collections.abc import Callable
from typing import Any

from mailer.blueprints.blog.room import config
from mailer.extensions import cache, db
from mailer.services import posts
from mailer.tokens import token_hash

log = logging.getLogger(__name__)

# a changed post or a renamed author is seen at once, by the revision in the key; old revisions go after this long
KEPT_S = 300


def page(name: str, make: Callable[[], str]) -> str:
    """The text `name` as of the blog's present revision, made when it is not there."""
    key = f"blog:{_settings()}:{posts.revision(db.session())}:{name}"
    found = fetch(key)
    if isinstance(found, str):
        return found
    made = make()
    keep(key, made, KEPT_S)
    return made


def _settings() -> str:
    # a restart with others is seen at once too
    used = config()
    return token_hash(f"{used.site.name}\n{used.public_url}\n{used.default_locale}")[:12]


def fetch(key: str) -> Any:
    """What was kept, or None."""
    return _tried(lambda: cache.get(key))


def keep(key: str, value: object, timeout_s: int) -> None:
    """Keep it, if the cache can."""
    _tried(lambda: cache.set(key, value, timeout=timeout_s))


def is_first(key: str, timeout_s: int) -> bool:
    """Whether nobody else has asked this within so many seconds; yes when nobody knows."""
    return _tried(lambda: cache.add(key, 1, timeout=timeout_s)) is not False


def _tried(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:  # every backend has errors of its own, and none of them may cost a page
        log.warning("the cache does not answer: %s", error)
        return None
