"""Counts a reader: a browser's GET, once per session. In a transaction of its own beside the page's reading one;
whatever happens to it, the page is shown."""

import logging
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parseaddr

from flask import request, session
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from mailer.blueprints.blog.room import config
from mailer.clock import utcnow
from mailer.dispatch import account_mail
from mailer.extensions import db
from mailer.models import Post
from mailer.orm import BUSY_TIMEOUT_MS, writing
from mailer.services import readers

log = logging.getLogger(__name__)

BROWSER = re.compile(r"(mozilla|opera)/", re.IGNORECASE)  # so every browser begins; programs name their library
ROBOT = re.compile(
    # that begin so too: a Cubot is a telephone; most name their page about themselves, and those that visit a page for
    # somebody else call themselves …-User
    r"(?<!\bcu)bots?\b|https?://|-user\b|crawl|spider|slurp|preview|facebookexternalhit|embedly|archiver|monitor"
    r"|lighthouse|validator|feed|vkshare|mediapartners|headless|googleother|inspection-?tool|scripting engine|pingdom",
    re.IGNORECASE,
)
MOST_REMEMBERED = 100  # of a cookie's 4 KB
PATIENCE_MS = 2000  # a reader waits no longer for somebody else's write


def count_reader(post: Post) -> int:
    """Add a view to a published post, if this request is one; how many were added. Never raises."""
    seen: list[int] = session.get("seen", [])
    if not post.is_published or post.id in seen or not _is_reader():
        return 0
    post_id, (_name, site_address) = post.id, parseaddr(config().mail.sender)
    try:
        with _impatient_session() as own:
            has_letters = readers.count(own, post_id, site_address=site_address, now=utcnow())
            own.commit()
    except (SQLAlchemyError, sqlite3.Error) as error:
        log.warning("a view of post %s was not counted: %s", post_id, error)
        return 0
    session["seen"] = [*seen, post_id][-MOST_REMEMBERED:]
    if has_letters:
        account_mail.ring()
    return 1


def _is_reader() -> bool:
    agent = request.user_agent.string
    is_early = "prefetch" in (request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", ""))
    return request.method == "GET" and not is_early and bool(BROWSER.match(agent)) and not ROBOT.search(agent)


@contextmanager
def _impatient_session() -> Iterator[Session]:
    with writing(), db.engine.connect() as connection, Session(connection) as own:
        if connection.dialect.name != "sqlite":
            own.execute(text(f"SET LOCAL lock_timeout = {PATIENCE_MS}"))
            yield own
            return
        _wait(connection, PATIENCE_MS)
        try:
            yield own
        finally:
            own.rollback()
            _wait(connection, BUSY_TIMEOUT_MS)  # the next one to borrow this connection waits as usual


def _wait(connection: Connection, most_ms: int) -> None:
    # past SQLAlchemy, which would begin the transaction, and wait for it, before the limit is set
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)  # noqa: S101 - the dialect has said so
    raw.execute(f"PRAGMA busy_timeout={most_ms}")
