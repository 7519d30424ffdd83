"""What a run's page tells beyond its counters: reasons, domains, times. Of a closed run they are kept and exact; while
it is open they are counted from its rows, as far as that is quickly done, and the page says how far that is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, select, type_coerce
from sqlalchemy.orm import Session

from mailer.models import Attempt, Run, RunDomain, RunReason, RunTime
from mailer.rules.outcome import Outcome, SkipReason
from mailer.services import troubles
from mailer.services.attempts import begun_second
from mailer.services.figures import NOWHERE, moment, width_for
from mailer.services.troubles import ADDRESSES_LOOKED_AT, Domains, Trouble, Troubles


@dataclass(frozen=True, slots=True)
class Times:
    """Attempts by when they began, in pieces of `width_s` seconds, in order; pieces without any are left out."""

    width_s: int
    pieces: Sequence[tuple[datetime, Counter[Outcome]]]


@dataclass(frozen=True, slots=True)
class RunFigures:
    """All three. `times` is empty for a long run that is not counted yet."""

    troubles: Troubles
    domains: Domains
    times: Times


def of_run(session: Session, run: Run) -> RunFigures:
    """The kept ones where they are kept."""
    if run.summarised_at is not None:
        return RunFigures(_kept_troubles(session, run.id), _kept_domains(session, run.id), _kept_times(session, run.id))
    return RunFigures(troubles.of_run(session, run), troubles.domains(session, run.id), _live_times(session, run))


def counts_of(row: RunDomain | RunTime) -> Counter[Outcome]:
    """The columns of a kept row by outcome."""
    return Counter({outcome: n for outcome in Outcome if (n := getattr(row, outcome.value))})


def _kept_troubles(session: Session, run_id: int) -> Troubles:
    statement = select(RunReason).where(RunReason.run_id == run_id).order_by(RunReason.n.desc())
    return Troubles([_trouble(row) for row in session.scalars(statement)])


def _trouble(row: RunReason) -> Trouble:
    reason = SkipReason(row.reason) if row.reason else None
    return Trouble(row.outcome, reason, row.reply_code or None, row.enhanced, row.n, row.words)


def _kept_domains(session: Session, run_id: int) -> Domains:
    rows = session.scalars(select(RunDomain).where(RunDomain.run_id == run_id))
    found = [(row.domain, counts_of(row)) for row in rows]
    found.sort(key=lambda item: (item[0] == NOWHERE, -item[1].total(), item[0]))
    return Domains(found, sum(counts.total() for _domain, counts in found), is_all=True)


def _kept_times(session: Session, run_id: int) -> Times:
    """The finer of the two widths that are kept."""
    rows = session.scalars(select(RunTime).where(RunTime.run_id == run_id).order_by(RunTime.begins_at)).all()
    finest_s = min((row.width_s for row in rows), default=1)
    return Times(finest_s, [(row.begins_at, counts_of(row)) for row in rows if row.width_s == finest_s])


def _live_times(session: Session, run: Run) -> Times:
    columns = begun_second(session).label("second"), type_coerce(Attempt.outcome, String)
    statement = select(*columns).where(Attempt.run_id == run.id).limit(ADDRESSES_LOOKED_AT + 1)
    rows = session.execute(statement).all() if run.total <= ADDRESSES_LOOKED_AT else []
    if not rows or len(rows) > ADDRESSES_LOOKED_AT:
        return Times(1, ())
    last = max(second for second, _outcome in rows)
    width_s = width_for(run.opened_at, moment(last))
    pieces: dict[int, Counter[Outcome]] = {}
    for second, outcome in rows:
        pieces.setdefault(second - second % width_s, Counter())[Outcome(outcome)] += 1
    return Times(width_s, [(moment(second), pieces[second]) for second in sorted(pieces)])
