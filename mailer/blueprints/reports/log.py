"""The log itself: filtered by run and outcome, searched by address, page by page, and as a file that streams."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from flask import Response, render_template, request, stream_with_context
from flask_login import current_user, login_required

from mailer.blueprints.reports.room import reports
from mailer.clock import utcnow
from mailer.dispatch import exports
from mailer.extensions import db
from mailer.models import Run
from mailer.rules.errors import NotFound
from mailer.rules.outcome import Outcome
from mailer.services import log_pages
from mailer.services import reports as book
from mailer.services.attempts import LogRow, Place
from mailer.services.log_pages import Wanted
from mailer.web.acting import visitor_address

OUTCOMES = {outcome.value: outcome for outcome in Outcome}
RUNS_OFFERED = 30
LINES_AT_ONCE = 500
HEAD = (
    "run", "mailing", "due_on", "address", "attempt", "started_at", "took_ms",
    "outcome", "reason", "reply_code", "reply_text", "words_lost", "sent_again_at",
)  # fmt: skip
# a spreadsheet runs a cell that begins like this (CWE-1236)
ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@reports.get("/attempts")
@login_required
def attempts() -> str:
    """A page of the log."""
    wanted = _wanted()
    page = log_pages.page(db.session(), wanted, Place.read(request.args.get("after", "")))
    offered = list(book.latest(db.session(), current_user.id, most=RUNS_OFFERED))
    chosen = page.runs.get(wanted.run_id) if wanted.run_id else None
    if chosen and chosen not in offered:
        offered.append(chosen)
    return render_template("reports/attempts.html", page=page, wanted=wanted, run=chosen, offered=offered)


@reports.get("/attempts.csv")
@login_required
def attempts_csv() -> Response:
    """The same, all of it, as CSV; written while it is read, whatever its length."""
    wanted = _wanted()
    log_pages.page(db.session(), wanted, limit=1)  # a run that is not ours is a 404, not a broken file
    if request.method == "GET":  # a HEAD takes nothing along
        _note(wanted)
    name = f"attempts-{wanted.run_id}.csv" if wanted.run_id else "attempts.csv"
    response = Response(stream_with_context(_lines(wanted)), mimetype="text/csv", direct_passthrough=True)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _note(wanted: Wanted) -> None:
    """Have the export written down, with the filters that it was asked for."""
    parts = (
        f"run {wanted.run_id}" if wanted.run_id else "all runs",
        wanted.outcome,
        f"address with {wanted.part}" if wanted.part else "",
    )
    exports.note(
        current_user._get_current_object(),
        "report.export",
        detail=", ".join(filter(None, parts)),
        address=visitor_address(),
        browser=request.user_agent.string,
        now=utcnow(),
    )


def _wanted() -> Wanted:
    run = request.args.get("run", "").strip()
    if run and not (run.isascii() and run.isdigit() and len(run) < 19):
        raise NotFound
    return Wanted(
        owner_id=current_user.id,
        run_id=int(run) if run else None,
        outcome=OUTCOMES.get(request.args.get("outcome", "")),
        part=request.args.get("q", "").strip()[:200].replace("\x00", ""),
    )


def _lines(wanted: Wanted) -> Iterator[bytes]:
    """Some hundred lines at a time, each piece in UTF-8; the first opens with the mark that spreadsheets look for."""
    text = io.StringIO()
    text.write("\ufeff")
    writer = csv.writer(text)
    writer.writerow(HEAD)
    for number, (row, run) in enumerate(log_pages.every_row(db.session(), wanted), start=1):
        writer.writerow(_cells(row, run))
        if number % LINES_AT_ONCE == 0:
            yield text.getvalue().encode("utf-8", "replace")
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode("utf-8", "replace")


def _cells(row: LogRow, run: Run) -> tuple[Any, ...]:
    """In the order of HEAD; moments in UTC as ISO 8601, to the millisecond. Strangers wrote three of them."""
    return (
        row.run_id, _harmless(run.mailing.title), run.due_on, _harmless(row.address), row.number,
        row.started_at.isoformat(timespec="milliseconds"), row.took_ms,
        row.outcome, row.reason or "", row.reply_code or "", _harmless(row.reply_text),
        "yes" if row.is_rebuilt else "", row.resent_at.isoformat(timespec="seconds") if row.resent_at else "",
    )  # fmt: skip


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(ACTIVE) else cell
