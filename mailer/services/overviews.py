"""What an owner's overview tells of closed runs: the hours at which letters go out, and what mail servers said most.
Sums over kept figures, never over the log."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from operator import add
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from mailer.models import Run, RunReason, RunTime
from mailer.models.summaries import QUARTER_S
from mailer.rules.outcome import Outcome
from mailer.services.summaries import IS_HALF_COUNTED
from mailer.services.troubles import Trouble

REPLIES_SHOWN = 8
# said literally, so that both databases see that the index of quarters holds the answer
_IS_QUARTER = RunTime.width_s == bindparam("quarter", QUARTER_S, literal_execute=True)
_OUTCOMES = tuple(Outcome)
_REPLIED = (Outcome.REFUSED, Outcome.DEFERRED)


@dataclass(frozen=True, slots=True)
class Overview:
    """Per hour of the local day, from 0 to 23; and the most frequent replies, the first one first."""

    hours: list[Counter[Outcome]]
    replies: list[Trouble]

    @property
    def has_hours(self) -> bool:
        """Whether there is anything to draw."""
        return any(hour.total() for hour in self.hours)


def take(session: Session, owner_id: int, *, since: datetime, zone: ZoneInfo) -> Overview:
    """Of attempts begun since then; the replies are of runs that were due since then."""
    return Overview(_hours(session, owner_id, since, zone), _replies(session, owner_id, since))


def _hours(session: Session, owner_id: int, since: datetime, zone: ZoneInfo) -> list[Counter[Outcome]]:
    sums = [func.sum(getattr(RunTime, outcome.value)) for outcome in _OUTCOMES]
    half = select(Run.id).where(Run.owner_id == owner_id, IS_HALF_COUNTED)
    mine = RunTime.owner_id == owner_id, RunTime.begins_at >= since, _IS_QUARTER, RunTime.run_id.not_in(half)
    found = [[0] * len(_OUTCOMES) for _ in range(24)]
    for at, *counts in session.execute(select(RunTime.begins_at, *sums).where(*mine).group_by(RunTime.begins_at)):
        # no zone's offset is finer than a quarter of an hour, so each quarter lies in one hour
        hour = found[at.astimezone(zone).hour]
        hour[:] = map(add, hour, counts)
    return [Counter(dict(zip(_OUTCOMES, hour, strict=True))) for hour in found]


def _replies(session: Session, owner_id: int, since: datetime) -> list[Trouble]:
    group = RunReason.outcome, RunReason.reply_code, RunReason.enhanced
    n = func.sum(RunReason.n).label("n")
    statement = (
        select(*group, n, func.max(RunReason.words).label("words"))
        .join(Run, Run.id == RunReason.run_id)
        .where(Run.owner_id == owner_id, Run.scheduled_for >= since, ~IS_HALF_COUNTED)
        .where(RunReason.outcome.in_(_REPLIED), RunReason.reply_code > 0)
        .group_by(*group)
        .order_by(n.desc(), *group)
    )
    return [
        Trouble(row.outcome, None, row.reply_code, row.enhanced, int(row.n), row.words)
        for row in session.execute(statement.limit(REPLIES_SHOWN))
    ]
