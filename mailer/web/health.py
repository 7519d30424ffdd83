"""GET /health for load balancers and probes: no account, no cookie, no private data, and never a cached answer."""

import logging

from flask import Flask, Response, jsonify
from sqlalchemy.exc import SQLAlchemyError

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.services import health

log = logging.getLogger(__name__)


def install(app: Flask) -> None:
    """Add the address."""
    app.add_url_rule("/health", "web.health", answer)


def answer() -> Response:
    """200 when the database answers and the tick is on time, else 503; the numbers either way."""
    try:
        found = health.look(db.session(), now=utcnow())
    except SQLAlchemyError as error:  # to say so is what this page is for
        log.error("health: the database does not answer: %s", type(error).__name__)
        return _json(503, status="failing", database=False)
    return _json(
        200 if found.is_ticking else 503,
        status="ok" if found.is_ticking else "failing",
        database=True,
        last_tick_age_s=found.tick_age_s,
        oldest_open_run_age_s=found.oldest_open_run_age_s,
        open_runs=found.open_runs,
        waiting_runs=found.waiting,
        trouble_at=found.trouble_at,
    )


def _json(code: int, **facts: object) -> Response:
    response = jsonify(facts)
    response.status_code = code
    response.headers["Cache-Control"] = "no-store"
    return response
