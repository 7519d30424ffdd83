"""One run: where it stands each second, why letters were not accepted, and the button for the unanswered ones."""

from datetime import UTC, datetime
from math import isfinite

from flask import Response, flash, make_response, render_template, request
from flask_babel import ngettext
from flask_login import current_user, login_required

from mailer.blueprints.reports.advice import advised
from mailer.blueprints.reports.room import reports
from mailer.blueprints.reports.timeline import draw
from mailer.clock import utcnow
from mailer.dispatch.wake import wake
from mailer.extensions import db
from mailer.models import Run, RunState
from mailer.rules.errors import Conflict
from mailer.rules.lifecycle import Verb
from mailer.services import mailings, run_figures, runs, troubles
from mailer.services import reports as book
from mailer.services.progress import Seen, progress_of
from mailer.web.acting import audit
from mailer.web.targets import see_other

REPLIES_SHOWN, REASONS_SHOWN = 8, 20


@reports.get("/runs/<int:run_id>")
@login_required
def run(run_id: int) -> str:
    """Totals that add up, the times, the reasons, the domains, the last replies."""
    session, now = db.session(), utcnow()
    found = book.get(session, current_user.id, run_id)
    figures = run_figures.of_run(session, found)
    return render_template(
        "reports/run.html",
        run=found,
        progress=progress_of(found, now=now),
        now=now,
        verbs=_verbs(found, now),
        groups=advised(figures.troubles.groups[:REASONS_SHOWN]),
        troubles=figures.troubles,
        most=troubles.LOOKED_AT,
        domains=figures.domains,
        shown=troubles.DOMAINS_SHOWN,
        timeline=draw(figures.times),
        attempts=book.furthest(session, run_id, most=REPLIES_SHOWN),
    )


@reports.get("/runs/<int:run_id>/live")
@login_required
def live(run_id: int) -> Response:
    """The part of the page that moves: the run's row, and nothing else, whatever the size of the run."""
    found, now = book.row(db.session(), current_user.id, run_id), utcnow()
    progress = progress_of(found, now=now, seen=_seen())
    response = make_response(render_template("reports/_live.html", run=found, progress=progress, now=now))
    if found.state is not RunState.OPEN:
        response.headers["HX-Refresh"] = "true"  # it is over: reasons and buttons of the page have changed
    return response


@reports.get("/runs/<int:run_id>/replies")
@login_required
def replies(run_id: int) -> str:
    """The attempts at the recipients that the run has reached last."""
    found = book.row(db.session(), current_user.id, run_id)
    attempts = book.furthest(db.session(), run_id, most=REPLIES_SHOWN)
    return render_template("reports/_replies.html", run=found, attempts=attempts)


@reports.route("/runs/<int:run_id>/resend", methods=["GET", "POST"])
@login_required
def resend(run_id: int) -> Response:
    """Explain, then send the unanswered ones again: the only way that a letter can ever arrive twice."""
    found = book.row(db.session(), current_user.id, run_id)
    if not found.unanswered:
        raise Conflict("none_unanswered")
    if request.method == "GET":
        return make_response(render_template("reports/resend.html", run=found))
    n = _send_again(found)
    wake()
    flash(ngettext("%(num)s letter is sent again.", "%(num)s letters are sent again.", n), "success")
    return see_other("reports.run", run_id=run_id)


def _verbs(run: Run, now: datetime) -> frozenset[Verb]:
    """What may be done to the mailing beside its moving run."""
    is_over = run.state is not RunState.OPEN or run.mailing.archived_at is not None
    return frozenset() if is_over else mailings.standing(db.session(), run.mailing, now=now).verbs


def _send_again(run: Run) -> int:
    n = runs.resend_unanswered(db.session(), run, now=utcnow())
    if not n:  # another click was faster
        raise Conflict("none_unanswered")
    audit("run.resend_unanswered", object_kind="run", object_id=run.id, detail=str(n))
    db.session.commit()
    return n


def _seen() -> Seen | None:
    """What the page saw last, from its own address; anything odd counts as nothing seen."""
    try:
        done, at_ms, speed = int(request.args["done"]), int(request.args["at"]), float(request.args["speed"])
        seen = Seen(done, datetime.fromtimestamp(at_ms / 1000, UTC), speed)
    except (KeyError, ValueError, OverflowError, OSError):
        return None
    return seen if isfinite(speed) and 0 <= speed < 1e9 and done >= 0 else None
