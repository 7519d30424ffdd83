"""How the whole service does, in a few sums for the moderators' first page. Reads kept counters, never the log."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.models import DailyTotal, Mailing, Run, User
from mailer.rules.outcome import Outcome
from mailer.services import oversight
from mailer.services.oversight import Share
from mailer.services.reports import IS_OPEN

DAYS, SHOWN = 14, 5
WEEK = timedelta(days=7)
NO_LETTERS = dict.fromkeys(Outcome, 0)


@dataclass(slots=True)
class Pulse:
    """Sums at one moment. `per_day`: the last 14 days, oldest first."""

    open_runs: int = 0
    planned: int = 0
    new_users: int = 0
    per_day: dict[date, dict[Outcome, int]] = field(default_factory=dict)

    @property
    def today(self) -> dict[Outcome, int]:
        """The last day's outcomes."""
        return next(reversed(self.per_day.values()), NO_LETTERS)


def take(session: Session, *, today: date, now: datetime) -> Pulse:
    """Four sums over small or indexed tables; worth keeping for a minute."""
    planned = select(func.count()).select_from(Mailing).where(Mailing.next_run_at.is_not(None))
    newcomers = select(func.count()).select_from(User).where(User.created_at > now - WEEK, oversight.ORDINARY)
    return Pulse(
        open_runs=session.scalar(select(func.count()).select_from(Run).where(IS_OPEN)) or 0,
        planned=session.scalar(planned) or 0,
        new_users=session.scalar(newcomers) or 0,
        per_day=_per_day(session, today),
    )


def _per_day(session: Session, today: date) -> dict[date, dict[Outcome, int]]:
    first = today - timedelta(days=DAYS - 1)
    found = {first + timedelta(days=n): dict(NO_LETTERS) for n in range(DAYS)}
    statement = (
        select(DailyTotal.counted_on, DailyTotal.outcome, func.sum(DailyTotal.n))
        .where(DailyTotal.counted_on >= first, DailyTotal.counted_on <= today)
        .group_by(DailyTotal.counted_on, DailyTotal.outcome)
    )
    for on, outcome, n in session.execute(statement):
        found[on][outcome] = int(n)
    return found


def most_refused(session: Session, *, today: date) -> list[tuple[int, Share]]:
    """Ids of the ordinary owners with most refused letters in the last 14 days."""
    first = today - timedelta(days=DAYS - 1)
    refused = func.sum(DailyTotal.n)
    statement = (
        select(DailyTotal.owner_id)
        .join(User, User.id == DailyTotal.owner_id)
        .where(DailyTotal.counted_on >= first, DailyTotal.outcome == Outcome.REFUSED, oversight.ORDINARY)
        .group_by(DailyTotal.owner_id)
        .order_by(refused.desc())
        .limit(SHOWN)
    )
    ids = session.scalars(statement).all()
    shares = oversight.user_shares(session, ids, today=today, days=DAYS)
    return [(owner_id, shares.get(owner_id, Share())) for owner_id in ids]


def switched_off(session: Session, viewer: User) -> list[Mailing]:
    """The mailings switched off last."""
    statement = oversight.mailings(viewer).where(Mailing.disabled_at.is_not(None))
    return list(session.scalars(statement.order_by(Mailing.disabled_at.desc()).limit(SHOWN)))
