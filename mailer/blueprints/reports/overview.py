"""All of an owner's mailings at one glance, and the runs of one of them side by side. Kept counters only."""

from collections import Counter

from flask import render_template, request
from flask_login import current_user, login_required

from mailer.blueprints.reports.room import reports
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.rules.outcome import Outcome
from mailer.services import reports as book
from mailer.services import runs
from mailer.web.locales import zone
from mailer.web.paging import page_of

PERIODS = (7, 30, 90)
RUNS_COMPARED = 15


@reports.get("/")
@login_required
def index() -> str:
    """Letters per day by outcome, the share that was refused, the last runs, and those that wait."""
    wanted = request.args.get("days", "")
    days = int(wanted) if wanted in {str(period) for period in PERIODS} else 30
    session, owner_id = db.session(), current_user.id
    per_day = book.per_day(session, owner_id, until=utcnow().astimezone(zone()).date(), days=days)
    totals: Counter[Outcome] = Counter()
    for counts in per_day.values():
        totals.update(counts)
    return render_template(
        "reports/index.html",
        per_day=per_day,
        totals=totals,
        days=days,
        periods=PERIODS,
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
