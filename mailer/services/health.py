"""Whether the service does its work, in a few numbers without private data: for probes, not for people."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.models import Heartbeat, HeldReason, Run
from mailer.rules.outcome import Step
from mailer.services.reports import IS_OPEN

TICK_IS_LATE = timedelta(minutes=5)
# the words of a run that waits for a server begin with the step, see `Chores`; the rest of them is nobody's business
STEPS = {f"{step}:": step.value for step in Step}


@dataclass(frozen=True, slots=True)
class Health:
    """Ages in seconds; None: there was no tick yet, or no run is open.

    `waiting` counts runs by the reason, `trouble_at` those that wait for a mail server by the step that failed.
    """

    tick_age_s: int | None
    oldest_open_run_age_s: int | None
    open_runs: int
    waiting: dict[str, int]
    trouble_at: dict[str, int]

    @property
    def is_ticking(self) -> bool:
        """Whether mailings that fall due would be noticed."""
        return self.tick_age_s is not None and self.tick_age_s <= TICK_IS_LATE.total_seconds()


def look(session: Session, *, now: datetime) -> Health:
    """Two small statements; the database answers, or they raise."""
    beat_at = session.scalar(select(Heartbeat.beat_at).where(Heartbeat.name == "tick"))
    step = func.substr(Run.held_words, 1, max(map(len, STEPS))).label("step")
    counted = select(Run.held_reason, step, func.count(), func.min(Run.opened_at)).where(IS_OPEN)
    open_runs = session.execute(counted.group_by(Run.held_reason, "step")).all()
    waiting, trouble_at = Counter[str](), Counter[str]()
    for reason, words, n, _ in open_runs:
        if reason:
            waiting[reason.value] += n
        if reason in {HeldReason.SERVER, HeldReason.SENDER_REFUSED} and (at := _step(words)):
            trouble_at[at] += n
    oldest = min((opened_at for *_, opened_at in open_runs), default=None)
    return Health(
        tick_age_s=_age_s(beat_at, now),
        oldest_open_run_age_s=_age_s(oldest, now),
        open_runs=sum(n for _, _, n, _ in open_runs),
        waiting=waiting,
        trouble_at=trouble_at,
    )


def _step(words: str) -> str | None:
    return next((step for opening, step in STEPS.items() if words.startswith(opening)), None)


def _age_s(at: datetime | None, now: datetime) -> int | None:
    return None if at is None else max(int((now - at).total_seconds()), 0)
