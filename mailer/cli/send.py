"""`flask send`: one tick and everything that is due, in this process. For a crontab, or for an impatient person."""

import signal
import sys
import time
from types import FrameType

import click
from flask import current_app
from flask.cli import with_appcontext

from mailer.clock import utcnow
from mailer.dispatch import progress
from mailer.dispatch.account_mail import do_chores
from mailer.dispatch.engine import Engine, build_engine
from mailer.dispatch.progress import Progress
from mailer.dispatch.tick import tick
from mailer.extensions import db
from mailer.models import Mailing
from mailer.orm import reading

SLICE_S = 0.5
WIDTH = 30


@click.command("send")
@click.option("--mailing", "mailing_id", type=int, help="Only this mailing; it is sent when it is due, not before.")
@click.option("--dry-run", is_flag=True, help="Say what is due, send and write nothing.")
@with_appcontext
def send(mailing_id: int | None, *, dry_run: bool) -> None:
    """Send everything that is due now.

    The exit code is 0 when all that is due was sent and nothing was refused or unanswered, and 1 otherwise.
    Deferred letters are not waited for: a later `flask send`, or the worker, tries them again.
    """
    if mailing_id is not None and db.session.get(Mailing, mailing_id) is None:
        raise click.ClickException(f"There is no mailing {mailing_id}.")
    db.session.rollback()  # SQLite: what was read must not hold the write lock while we send
    if dry_run:
        _say_due(mailing_id)
        return
    signal.signal(signal.SIGTERM, _interrupt)
    engine = build_engine(current_app)
    try:
        result, is_complete = _send(engine, mailing_id)
    finally:
        engine.close()
    do_chores(now=utcnow())  # a crontab may be all there is: owners are to hear of their runs
    sys.exit(1 if result.refused or result.unanswered or not is_complete else 0)


def _send(engine: Engine, mailing_id: int | None) -> tuple[Progress, bool]:
    """What came of it, and whether nothing is left that could be sent now."""
    before_ids = _open_runs(mailing_id)
    before = _progress(before_ids)
    tick(engine.parts.ledger, now=utcnow(), folder=engine.parts.folder, mailing_id=mailing_id)
    run_ids = sorted({*before_ids, *_open_runs(mailing_id)})
    bar = Bar()
    while True:
        report = engine.work(SLICE_S, mailing_id=mailing_id)
        now = _progress(run_ids)
        bar.draw(now, "another process sends" if report.is_elsewhere else report.trouble)
        if report.is_elsewhere or report.is_stuck:
            time.sleep(SLICE_S)
        if report.is_over or (report.is_elsewhere and not _has_work(engine, run_ids, mailing_id)):
            break
    engine.close()
    bar.end()
    result = _progress(run_ids) - before
    _say_result(result, run_ids)
    is_complete = not (report.is_broken or engine.parts.ledger.open_runs(1, mailing_id=mailing_id))
    if not is_complete:
        click.echo("Not everything was sent, the log says why: `flask send` goes on where it stopped.")
    return result, is_complete


def _has_work(engine: Engine, run_ids: list[int], mailing_id: int | None) -> bool:
    """Does the other process still have something to do that is ours to wait for?"""
    with reading():
        is_claimed = progress.is_claimed(db.session(), run_ids)
        db.session.rollback()
    return is_claimed or bool(engine.parts.ledger.open_runs(1, mailing_id=mailing_id))


def _open_runs(mailing_id: int | None) -> list[int]:
    with reading():
        found = progress.open_runs(db.session(), mailing_id)
        db.session.rollback()
    return found


def _progress(run_ids: list[int]) -> Progress:
    with reading():
        found = progress.progress(db.session(), run_ids)
        db.session.rollback()
    return found


def _say_result(result: Progress, run_ids: list[int]) -> None:
    click.echo(
        f"{len(run_ids)} runs: {result.accepted} accepted, {result.refused} refused, "
        f"{result.unanswered} unanswered, {result.skipped} skipped."
    )
    with reading():
        now = progress.progress(db.session(), run_ids)
        reasons = progress.waiting(db.session(), run_ids)
        is_claimed = progress.is_claimed(db.session(), run_ids)
        db.session.rollback()
    if now.deferred:
        click.echo(f"{now.deferred} deferred: they will be tried again later.")
    if now.begun:
        where = " in the hands of another process, or of one that died" if is_claimed else ""
        click.echo(f"{now.begun} wait to be sent{where}.")
    for reason, n in reasons.items():
        click.echo(f"{n} runs wait: {reason}")


def _say_due(mailing_id: int | None) -> None:
    runs = 0
    with reading():
        for one in progress.due(db.session(), mailing_id, now=utcnow()):
            runs += 1
            state = "open" if one.is_open else "due"
            waits = f", waits: {one.held_words}" if one.held_words else ""
            at = f"{state} since {one.at:%Y-%m-%d %H:%M} UTC"
            many = f"{'' if one.is_exact else 'up to '}{one.recipients} recipients"
            click.echo(f"mailing {one.mailing_id} “{one.title}”: {at}, {many}{waits}")
        db.session.rollback()
    click.echo(f"{runs} runs would be sent. Nothing was sent." if runs else "Nothing is due.")


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """SIGTERM ends as Ctrl-C does: gently."""
    raise KeyboardInterrupt


class Bar:
    """Progress on standard error, when a terminal is there to see it."""

    def __init__(self) -> None:
        self._is_seen = sys.stderr.isatty()

    def draw(self, now: Progress, note: str) -> None:
        """One line, over the last one."""
        if not self._is_seen:
            return
        most = max(now.expected, now.total, 1)
        filled = WIDTH * min(now.settled, most) // most
        line = f"[{'#' * filled}{'.' * (WIDTH - filled)}] {now.settled}/{most} {note[:60]}"
        click.echo(f"\r\x1b[K{line}", err=True, nl=False)

    def end(self) -> None:
        """Leave the last line standing."""
        if self._is_seen:
            click.echo("", err=True)
