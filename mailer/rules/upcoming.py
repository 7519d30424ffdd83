"""The moments a mailing will send at next, counted from now, and when a run has to give up.
All moments are aware UTC; `now` is always told, never read."""

from datetime import date, datetime, timedelta
from itertools import islice

from mailer.rules.clockwork import day_ends_at, to_utc, to_wall
from mailer.rules.occurrences import Schedule, latest_by, occurrences

LEAST_TIME = timedelta(hours=6)


def due_on(schedule: Schedule, moment: datetime) -> date:
    """The local day a run of this moment is for."""
    on_grid = latest_by(schedule, moment)
    if on_grid is not None and on_grid.at == moment:
        return on_grid.due_on
    return to_wall(moment, schedule.time_zone).date()


def first_run_at(schedule: Schedule, now: datetime) -> datetime | None:
    """For a mailing being scheduled: its start; `now` if that is past and the end is not; else None."""
    start = to_utc(schedule.starts_at, schedule.time_zone)
    if start >= now:
        return start
    if schedule.ends_at is not None and to_utc(schedule.ends_at, schedule.time_zone) < now:
        return None
    return now


def next_run_at(schedule: Schedule, now: datetime, *, sent_on: date | None = None) -> datetime | None:
    """Strictly after `now`, and on a later local day than `sent_on`, the last that has a run already."""
    later = (o.at for o in occurrences(schedule, after=now) if sent_on is None or o.due_on > sent_on)
    return next(later, None)


def give_up_at(schedule: Schedule, scheduled_for: datetime) -> datetime:
    """The end of its local day or six hours after its time, the later; but not past the next occurrence."""
    day = due_on(schedule, scheduled_for)
    limit = max(day_ends_at(day, schedule.time_zone), scheduled_for + LEAST_TIME)
    following = next_run_at(schedule, scheduled_for, sent_on=day)
    return limit if following is None else min(limit, following)


def preview(schedule: Schedule, now: datetime, n: int, *, sent_on: date | None = None) -> list[datetime]:
    """The next `n` moments it will send at, the one at once included; `sent_on` as in `next_run_at`."""
    first = first_run_at(schedule, now) if sent_on is None else next_run_at(schedule, now, sent_on=sent_on)
    if first is None:
        return []
    day = due_on(schedule, first)
    later = (o.at for o in occurrences(schedule, after=first) if o.due_on > day)
    return [first, *islice(later, n)][:n]
