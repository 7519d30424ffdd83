"""Whether the service does its work, in a few numbers without private data: for probes, not for people."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.models import Heartbeat, Run
from mailer.services.reports import IS_OPEN

TICK_IS_LATE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Health:
    """Ages in seconds; None: there was no tick yet, or no run is open."""

    tick_age_s: int | None
    oldest_open_run_age_s: int | None
    open_runs: int
    waiting: dict[str, int]

    @property
    def is_ticking(self) -> bool:
        """Whether mailings that fall due would be noticed."""
        return self.tick_age_s is not None and self.tick_age_s <= TICK_IS_LATE.total_seconds()


def look(session: Session, *, now: datetime) -> Health:
    """Two small statements; the database answers, or they raise."""
    beat_at = session.scalar(select(Heartbeat.beat_at).where(Heartbeat.name == "tick"))
    counted = select(Run.held_reason, func.count(), func.min(Run.opened_at)).where(IS_OPEN)
    open_runs = session.execute(counted.group_by(Run.held_reason)).all()
    oldest = min((opened_at for _, _, opened_at in open_runs), default=None)
    return Health(
        tick_age_s=_age_s(beat_at, now),
        oldest_open_run_age_s=_age_s(oldest, now),
        open_runs=sum(n for _, n, _ in open_runs),
        waiting={reason.value: n for reason, n, _ in open_runs if reason},
    )


def _age_s(at: datetime | None, now: datetime) -> int | None:
    return None if at is None else max(int((now - at).total_seconds()), 0)
