"""A second opinion on schedules that shares no line with the product: dates by dateutil's rrule, and moments from
the list of an hour-by-hour walk along the zone's clock (UTC to wall only, which is never ambiguous)."""

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from dateutil import rrule

from mailer.rules.schedule import Schedule

_FREQUENCIES: dict[str, Literal[1, 2, 3]] = {"daily": rrule.DAILY, "weekly": rrule.WEEKLY, "monthly": rrule.MONTHLY}


def offset_at(at: datetime, zone: str) -> timedelta:
    offset = at.astimezone(ZoneInfo(zone)).utcoffset()
    assert offset is not None
    return offset


@cache
def stretches(zone: str, year: int) -> list[tuple[datetime, datetime, timedelta]]:
    """(from, to, offset) between one change of clocks and the next, some days around that year."""
    start, end = datetime(year - 1, 12, 25, tzinfo=UTC), datetime(year + 1, 1, 7, tzinfo=UTC)
    hours = [start + timedelta(hours=n) for n in range(int((end - start).total_seconds()) // 3600 + 1)]
    changes = [start]
    for earlier, later in pairwise(hours):
        if offset_at(earlier, zone) != offset_at(later, zone):
            minutes = (earlier + timedelta(minutes=n) for n in range(1, 61))
            changes.append(next(m for m in minutes if offset_at(m, zone) != offset_at(earlier, zone)))
    return [(a, b, offset_at(a, zone)) for a, b in pairwise([*changes, end])]


def moment_of(wall: datetime, zone: str) -> datetime:
    """The first moment at which the clock shows `wall` or more."""
    for start, end, offset in stretches(zone, wall.year):
        if end.replace(tzinfo=None) + offset > wall:
            return max(start, (wall - offset).replace(tzinfo=UTC))
    raise AssertionError("the walk is too short")


def walls(schedule: Schedule, *, until: datetime) -> list[datetime]:
    """Every wall time of the schedule up to `until`."""
    start, end = schedule.starts_at, min(until, schedule.ends_at or until)
    if schedule.frequency == "once":
        return [start] if start <= end else []
    at_month_end = schedule.frequency == "monthly" and start.day > 28
    rule = rrule.rrule(
        _FREQUENCIES[schedule.frequency],
        dtstart=start,
        interval=schedule.interval,
        until=end,
        bymonthday=tuple(range(28, start.day + 1)) if at_month_end else None,
        bysetpos=-1 if at_month_end else None,
    )
    return list(rule)


def moments(schedule: Schedule, *, until: datetime) -> list[datetime]:
    return [moment_of(wall, schedule.time_zone) for wall in walls(schedule, until=until)]
