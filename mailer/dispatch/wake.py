"""The bell on the web's side: ask a worker to look now instead of at the next full minute."""

import logging
import sqlite3

from flask import current_app
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


def wake() -> None:
    """Ring after the commit. A deaf queue costs at most a minute: the row is saved, the tick will find it."""
    try:
        current_app.extensions["mailer.bell"]()
    except (RedisError, sqlite3.Error, OSError) as error:
        log.warning("the queue does not answer; the next tick will do: %s", error)
