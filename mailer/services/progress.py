"""How far a run is: its kept counters put so that they add up, and how fast it goes. Pure: the row and the time in,
numbers out. The page that asks each second carries what it last saw, so nothing has to be remembered here."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailer.models import Run, RunState

# how much of the newest speed goes into the shown one: it should follow, not flicker
FRESH = 0.15
TOO_OLD = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page saw last: how many were done, when, and the speed it showed (letters per minute)."""

    done: int
    at: datetime
    per_minute: float


@dataclass(frozen=True, slots=True)
class Progress:
    """`total` is the sum of the seven; `in_hand`: with a worker or about to be; `ahead`: not yet begun."""

    accepted: int
    refused: int
    skipped: int
    unanswered: int
    deferred: int
    in_hand: int
    ahead: int
    per_minute: float
    left_for: timedelta | None
    is_counted: bool

    @property
    def done(self) -> int:
        """Recipients whose fate is final."""
        return self.accepted + self.refused + self.skipped + self.unanswered

    @property
    def left(self) -> int:
        """Everybody else."""
        return self.deferred + self.in_hand + self.ahead

    @property
    def total(self) -> int:
        """All recipients, as far as they are counted (`is_counted`)."""
        return self.done + self.left


def progress_of(run: Run, *, now: datetime, seen: Seen | None = None) -> Progress:
    """The state of `run`; with `seen` the speed of the last seconds, without it the average."""
    done = done_of(run)
    ahead = recipients(run) - run.total
    speed = _recent(run, done, now, seen) if seen else _average(run, done, now)
    is_moving = run.state is RunState.OPEN and run.held_reason is None
    return Progress(
        accepted=run.accepted,
        refused=run.refused,
        skipped=run.skipped,
        unanswered=run.unanswered,
        deferred=run.deferred,
        in_hand=max(run.total - done - run.deferred, 0),
        ahead=ahead,
        per_minute=speed,
        left_for=_left_for(run.total - done - run.deferred + ahead, speed) if is_moving else None,
        is_counted=_is_through(run) or run.expected is not None,
    )


def recipients(run: Run) -> int:
    """All of them, as far as they are counted: what every page means by the recipients of a run."""
    return run.total if _is_through(run) else max(run.expected or 0, run.total)


def done_of(run: Run) -> int:
    """Recipients whose fate is final."""
    return run.accepted + run.refused + run.skipped + run.unanswered


def _is_through(run: Run) -> bool:
    return run.state is not RunState.OPEN or run.is_exhausted


def _average(run: Run, done: int, now: datetime) -> float:
    took_s = ((run.finished_at or now) - run.opened_at).total_seconds()
    return 60 * done / took_s if took_s > 0 else 0.0


def _recent(run: Run, done: int, now: datetime, seen: Seen) -> float:
    """Smoothed; a page that slept begins anew with the average."""
    age = now - seen.at
    if age > TOO_OLD or done < seen.done:
        return _average(run, done, now)
    if age < timedelta(milliseconds=200):
        return seen.per_minute
    newest = 60 * (done - seen.done) / age.total_seconds()
    return seen.per_minute + FRESH * (newest - seen.per_minute)


def _left_for(left: int, per_minute: float) -> timedelta | None:
    """Those who are tried again later wait by the clock, not by the speed: they are not in it."""
    if left <= 0 or per_minute < 0.01:
        return None
    return timedelta(minutes=left / per_minute)
