"""Counts closed runs for the reports, a little each minute: reads stretches of the log, hands them to the summaries.

Reads outside the write transaction, never holds more than a stretch, and may die anywhere: what was counted is kept
together with how far it was counted.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import accumulate, takewhile
from time import monotonic
from typing import Any

from sqlalchemy import ColumnElement, String, case, select, type_coerce
from sqlalchemy.orm import Session

from mailer import orm
from mailer.models import Attempt
from mailer.rules.outcome import Outcome
from mailer.services import summaries
from mailer.services.attempts import begun_second
from mailer.services.figures import Figures, Row, count, width_for
from mailer.services.summaries import Stretch

# of a consumer with one worker: the next tick must not wait
SLICE_S = 2.0
# attempts in memory at once, and closed runs that one look finds
ROWS, RUNS = 20_000, 400


def keep(session: Session, *, now: datetime, commit: Callable[[], None], slice_s: float = SLICE_S) -> int:
    """Count closed runs for about `slice_s` seconds at most; how many stretches of the log were kept."""
    commit()  # what the caller may have begun: reading must take no write lock
    until, kept = monotonic() + slice_s, 0
    while stretches := _look(session):
        added = summaries.add(session, stretches, now=now)
        commit()
        kept += added
        # none was right: somebody else counts the same runs just now
        if not added or monotonic() >= until:
            break
    return kept


def _look(session: Session) -> list[Stretch]:
    """The next stretch of a long run, or the whole logs of several short ones; none when all is kept."""
    with orm.reading():
        runs = summaries.wanted(session, most=RUNS)
        found = (_short_ones(session, runs) or [_next_part(session, runs[0])]) if runs else []
        session.rollback()
    return found


def _short_ones(session: Session, runs: Sequence[Any]) -> list[Stretch]:
    """The first short runs, as many as fit into one stretch together: they do not wait for a long one."""
    candidates = [run for run in runs if run.total <= ROWS and run.summarised_upto <= 0]
    sizes = accumulate(run.total for run in candidates)
    short = [run for run, size in zip(candidates, sizes, strict=True) if size <= ROWS]
    rows = _rows(session, Attempt.run_id.in_([run.id for run in short])) if short else []
    if len(rows) == ROWS:  # more tries than recipients: the last log may not be all here
        cut = rows[-1][0]
        short = list(takewhile(lambda run: run.id != cut, short))
    widths = {run.id: width_for(run.opened_at, run.finished_at) for run in short}
    found = count((row for row in rows if row[0] in widths), widths)
    return [_stretch(run, found[run.id], run.summarised_upto, is_last=True) for run in short]


def _next_part(session: Session, run: Any) -> Stretch:
    """Of one long run, as far as whole clients go."""
    upto = max(run.summarised_upto, 0)
    rows = _rows(session, Attempt.run_id == run.id, Attempt.client_id > upto)
    is_last = len(rows) < ROWS
    if not is_last:
        cut = rows[-1][1]
        while rows[-1][1] == cut:
            rows.pop()
    figures = count(rows, {run.id: width_for(run.opened_at, run.finished_at)})
    return _stretch(run, figures[run.id], rows[-1][1] if rows else upto, is_last=is_last)


def _stretch(run: Any, figures: Figures, upto: int, *, is_last: bool) -> Stretch:
    return Stretch(run.id, run.owner_id, run.summarised_upto, upto, is_last, figures)


def _rows(session: Session, *which: ColumnElement[bool]) -> list[Row]:
    """At most ROWS, by their key; as plain values, for a converted row costs three times as much."""
    is_usual = type_coerce(Attempt.outcome, String) == Outcome.ACCEPTED.value
    columns = (
        Attempt.run_id,
        Attempt.client_id,
        begun_second(session),
        Attempt.address,
        type_coerce(Attempt.outcome, String),
        type_coerce(Attempt.reason, String),
        Attempt.reply_code,
        case((is_usual, ""), else_=Attempt.reply_text),
    )
    statement = select(*columns).where(*which).order_by(Attempt.run_id, Attempt.client_id, Attempt.number).limit(ROWS)
    return session.connection().execute(statement).all()  # type: ignore[return-value]
