"""All of an owner's mailings at one glance, and the runs of one of them side by side. Kept counters only."""

from collections import Counter
from datetime import datetime, time, timedelta

from flask import render_template, request
from flask_login import current_user, login_required

from mailer.blueprints.reports.advice import advised
from mailer.blueprints.reports.room import reports
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.rules.outcome import Outcome
from mailer.services import overviews, runs
from mailer.services import reports as book
from mailer.web.locales import zone
from mailer.web.paging import page_of

PERIODS = (7, 30, 90)
RUNS_COMPARED = 15


@reports.get("/")
@login_required
def index() -> str:
    """Letters per day by outcome, the share that was refused, hours, replies, the last runs, and those that wait."""
    wanted = request.args.get("days", "")
    days = int(wanted) if wanted in {str(period) for period in PERIODS} else 30
    session, owner_id, here = db.session(), current_user.id, zone()
    today = utcnow().astimezone(here).date()
    per_day = book.per_day(session, owner_id, until=today, days=days)
    since = datetime.combine(today - timedelta(days=days - 1), time.min, here)
    seen = overviews.take(session, owner_id, since=since, zone=here)
    totals: Counter[Outcome] = Counter()
    for counts in per_day.values():
        totals.update(counts)
    return render_template(
        "reports/index.html",
        per_day=per_day,
        totals=totals,
        days=days,
        periods=PERIODS,
        hours=seen.hours if seen.has_hours else [],
        replies=advised(seen.replies),
        latest=book.latest(session, owner_id),
        waiting=book.waiting(session, owner_id),
    )


@reports.get("/mailings/<int:mailing_id>")
@login_required
def mailing(mailing_id: int) -> str:
    """The mailing's runs, newest first."""
    found = book.mailing(db.session(), current_user.id, mailing_id)
    page = page_of(runs.of_mailing(found.id), per_page=RUNS_COMPARED)
    return render_template("reports/mailing.html", mailing=found, page=page)
