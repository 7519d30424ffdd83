"""Exports by GET: a request that reads may write nothing, so the queue writes the audit's row, once for each export.

The log line comes at once; it is the only trace where the queue or the database does not answer.
"""

import logging
import secrets
import sqlite3
from datetime import datetime

from flask import Flask, current_app
from huey import Huey
from huey.exceptions import HueyException
from redis.exceptions import RedisError

from mailer.extensions import db
from mailer.models import User
from mailer.services import audit

log = logging.getLogger("mailer.audit")

PRIORITY = 4  # it must not wait for an engine that is always at work, nor hold up the tick
MARK_BITS = 48
_TASK = "mailer.exports"


def register(app: Flask, huey: Huey) -> None:
    """Hang our task on this process's queue."""

    @huey.task(name="write_export_down", priority=PRIORITY)
    def write(mark: int, user_id: int, verb: str, facts: dict[str, str], at: datetime) -> None:
        with app.app_context():
            write_down(mark, user_id, verb, facts, at=at)

    app.extensions[_TASK] = write


def note(user: User, verb: str, *, detail: str, address: str, browser: str, now: datetime) -> None:
    """Log that this person takes `detail` along, and hand the audit's row to the queue. Never fails."""
    mark = secrets.randbits(MARK_BITS)
    log.info("%s: user %s, %s, at %s from %s, number %s", verb, user.id, detail, now.isoformat(), address, mark)
    facts = {"detail": detail, "address": address, "browser": browser}
    try:
        current_app.extensions[_TASK](mark, user.id, verb, facts, now)
    except (RedisError, HueyException, sqlite3.Error, OSError) as error:
        log.warning("the queue does not answer, export %s gets no row in the audit: %s", mark, error)


def write_down(mark: int, user_id: int, verb: str, facts: dict[str, str], *, at: datetime) -> None:
    """The row, unless it stands there already or the person is gone."""
    session = db.session()
    user = session.get(User, user_id)
    if user is not None and user.deleted_at is None:
        audit.record_once(session, verb, mark=mark, actor=user, now=at, **facts)
    session.commit()
