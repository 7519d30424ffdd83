"""What the tick does with a mailing whose time has come: what it opens, what it calls missed, when to look next.
At most one run per verdict, so an outage never ends in a burst."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from mailer.rules.clockwork import day_ends_at, to_wall
from mailer.rules.occurrences import Schedule, count_between, latest_by, next_after
from mailer.rules.upcoming import due_on, give_up_at, next_run_at

ON_TIME = timedelta(minutes=15)
_INSTANT = timedelta(microseconds=1)


class MissedRun(StrEnum):
    """The owner's choice for an occurrence that was found too late."""

    SEND_LATE = "send_late"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Due:
    """A run to be opened now."""

    due_on: date
    scheduled_for: datetime
    give_up_at: datetime
    late: bool


@dataclass(frozen=True, slots=True)
class Missed:
    """All that was missed, as one row: the newest missed one, and how many there were."""

    due_on: date
    scheduled_for: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the tick does with one mailing. `next_run_at` may already be due: then the next tick opens it."""

    opens: Due | None
    missed: Missed | None
    next_run_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Point:
    """A time that came: of the grid, or off it (a run that was to start at once)."""

    due_on: date
    at: datetime


def due_now(schedule: Schedule, now: datetime) -> Due:
    """The run of "send now": today's, and it stands for today's occurrence (see `sent_on`)."""
    return _due(schedule, _Point(to_wall(now, schedule.time_zone).date(), now), late=False)


def decide(schedule: Schedule, *, seen: datetime, now: datetime, missed_run: MissedRun) -> Verdict:
    """The tick's verdict on a mailing whose `next_run_at` is `seen`; opens one run at most, never a burst."""
    if seen > now:
        return Verdict(None, None, seen)
    first = _first_point(schedule, seen, now)
    opens = _on_time(schedule, first, now)
    if opens is not None:
        return _opening(schedule, first, opens, late=False)
    newest = _newest_before(schedule, first, now)
    if missed_run is MissedRun.SEND_LATE and now < day_ends_at(newest.due_on, schedule.time_zone):
        return _opening(schedule, first, newest, late=True)
    return _missing(schedule, first, newest, now)


def _first_point(schedule: Schedule, seen: datetime, now: datetime) -> _Point:
    """`seen` itself; off the grid it gives way to its own day's occurrence where that has come as well."""
    day = due_on(schedule, seen)
    following = next_after(schedule, seen)
    if following is not None and following.due_on == day and following.at <= now:
        return _Point(day, following.at)
    return _Point(day, seen)


def _on_time(schedule: Schedule, first: _Point, now: datetime) -> _Point | None:
    """The oldest point that is not yet late: were there two, the next tick finds the other on time too."""
    edge = now - ON_TIME
    if first.at >= edge:
        return first
    fresh = next_after(schedule, edge - _INSTANT)
    return _Point(fresh.due_on, fresh.at) if fresh is not None and fresh.at <= now else None


def _newest_before(schedule: Schedule, first: _Point, moment: datetime) -> _Point:
    newest = latest_by(schedule, moment - _INSTANT)
    return first if newest is None or newest.at <= first.at else _Point(newest.due_on, newest.at)


def _opening(schedule: Schedule, first: _Point, opens: _Point, *, late: bool) -> Verdict:
    """Open one; whatever came before it is missed; the next is of another day."""
    missed = None if opens == first else _missed(schedule, first, _newest_before(schedule, first, opens.at))
    following = next_run_at(schedule, opens.at, sent_on=opens.due_on)
    return Verdict(_due(schedule, opens, late=late), missed, following)


def _missing(schedule: Schedule, first: _Point, newest: _Point, now: datetime) -> Verdict:
    """Open none. A point off the grid whose own day's occurrence is still to come has missed nothing."""
    following = next_after(schedule, now)
    if following is not None and following.due_on == newest.due_on:
        return Verdict(None, None, following.at)
    return Verdict(None, _missed(schedule, first, newest), None if following is None else following.at)


def _missed(schedule: Schedule, first: _Point, newest: _Point) -> Missed:
    return Missed(newest.due_on, newest.at, 1 + count_between(schedule, first.at, newest.at))


def _due(schedule: Schedule, point: _Point, *, late: bool) -> Due:
    return Due(point.due_on, point.at, give_up_at(schedule, point.at), late)
