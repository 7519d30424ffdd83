"""The grid of a mailing's due times, computed from its start and never stored ahead.
Every step is counted from the start, so that 31 January, 28 February, 31 March do not drift."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import count, takewhile

from mailer.rules.clockwork import is_known_zone, to_utc, to_wall

FIRST_YEAR, LAST_YEAR = 1970, 2999
MAX_INTERVAL = 366
_DAYS = {"daily": 1, "weekly": 7}


class Frequency(StrEnum):
    """How often; `interval` widens it (weekly with interval 2 is every second week)."""

    ONCE = "once"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a mailing is due: `starts_at` and `ends_at` (inclusive) are naive, on the wall in `time_zone`."""

    starts_at: datetime
    time_zone: str
    frequency: Frequency
    interval: int = 1
    ends_at: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse nonsense with ValueError: forms have said it in a person's words before."""
        walls = [self.starts_at] if self.ends_at is None else [self.starts_at, self.ends_at]
        if any(wall.tzinfo is not None for wall in walls):
            raise ValueError("start and end are wall times, without a zone")
        if not all(FIRST_YEAR <= wall.year <= LAST_YEAR for wall in walls):
            raise ValueError(f"years from {FIRST_YEAR} to {LAST_YEAR} only")
        if self.ends_at is not None and self.ends_at <= self.starts_at:
            raise ValueError("the end is not after the start")
        if not is_known_zone(self.time_zone):
            raise ValueError(f"unknown time zone: {self.time_zone}")
        if not 1 <= self.interval <= MAX_INTERVAL:
            raise ValueError(f"intervals from 1 to {MAX_INTERVAL} only")


@dataclass(frozen=True, slots=True)
class Occurrence:
    """The n-th due time (the start is number 1): on the wall, and as the UTC moment it stands for."""

    number: int
    wall: datetime
    at: datetime

    @property
    def due_on(self) -> date:
        """The local day it belongs to, even where a change of clocks moved the moment itself."""
        return self.wall.date()


def occurrences(schedule: Schedule, *, after: datetime | None = None) -> Iterator[Occurrence]:
    """In order of time, lazily; those strictly after the moment `after`, found without walking to it."""
    first = 1 if after is None else _newest_number(schedule, after) + 1
    last = 1 if schedule.frequency is Frequency.ONCE else None
    numbers = count(first) if last is None else range(first, last + 1)
    return takewhile(lambda o: _is_within(schedule, o.wall), (_occurrence(schedule, n) for n in numbers))


def next_after(schedule: Schedule, moment: datetime) -> Occurrence | None:
    """The first one strictly after `moment`."""
    return next(occurrences(schedule, after=moment), None)


def latest_by(schedule: Schedule, moment: datetime) -> Occurrence | None:
    """The newest one at or before `moment`."""
    number = _newest_number(schedule, moment)
    return _occurrence(schedule, number) if number else None


def count_between(schedule: Schedule, after: datetime, until: datetime) -> int:
    """How many are after `after` and not later than `until`."""
    return max(0, _newest_number(schedule, until) - _newest_number(schedule, after))


def _occurrence(schedule: Schedule, number: int) -> Occurrence:
    wall = _wall(schedule, number - 1)
    return Occurrence(number, wall, to_utc(wall, schedule.time_zone))


def _wall(schedule: Schedule, step: int) -> datetime:
    """The wall time `step` steps from the start; a month without that day gives its last one."""
    start, steps = schedule.starts_at, step * schedule.interval
    if schedule.frequency is not Frequency.MONTHLY:
        return start + timedelta(days=steps * _DAYS.get(schedule.frequency, 0))
    years, month = divmod(start.month - 1 + steps, 12)
    year = start.year + years
    return start.replace(year=year, month=month + 1, day=min(start.day, monthrange(year, month + 1)[1]))


def _is_within(schedule: Schedule, wall: datetime) -> bool:
    return wall.year <= LAST_YEAR and (schedule.ends_at is None or wall <= schedule.ends_at)


def _newest_number(schedule: Schedule, moment: datetime) -> int:
    """The number of the newest one at or before `moment`, 0 for none.

    A guess from the calendar, never too small, is walked down by the few steps it may be too large:
    a repeated hour can put a wall time of tomorrow before a moment of today.
    """
    day = min(to_wall(moment, schedule.time_zone).date(), date(LAST_YEAR, 12, 31)) + timedelta(days=1)
    number = _number_on(schedule, day if schedule.ends_at is None else min(day, schedule.ends_at.date()))
    while number > 0:
        newest = _occurrence(schedule, number)
        if newest.at <= moment and _is_within(schedule, newest.wall):
            break
        number -= 1
    return max(number, 0)


def _number_on(schedule: Schedule, day: date) -> int:
    """The number due on `day` or last before it, by the calendar alone; a month counts from its first day."""
    start = schedule.starts_at.date()
    if schedule.frequency is Frequency.ONCE:
        return 1
    if schedule.frequency is Frequency.MONTHLY:
        months = (day.year - start.year) * 12 + day.month - start.month
        return months // schedule.interval + 1
    return (day - start).days // (_DAYS[schedule.frequency] * schedule.interval) + 1
