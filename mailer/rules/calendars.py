"""Month grids: which days a plan sends on, and which of them other plans use too. Pure; days are local dates."""

from calendar import Calendar
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date

MOST_MONTHS = 3


@dataclass(frozen=True, slots=True)
class Day:
    """One square. `others`: the titles of other plans that send on it."""

    on: date
    is_inside: bool
    is_due: bool
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Month:
    """A grid of whole weeks; days of the months around it stand outside."""

    first: date
    weeks: tuple[tuple[Day, ...], ...]


def months_with(due: Set[date]) -> list[date]:
    """The first days of the first months that hold a due day."""
    return sorted({day.replace(day=1) for day in due})[:MOST_MONTHS]


def month_of(first: date, due: Set[date], others: Mapping[date, Sequence[str]], *, week_starts: int = 0) -> Month:
    """The grid of one month; `week_starts` counts from Monday, 0."""
    weeks = Calendar(week_starts).monthdatescalendar(first.year, first.month)
    return Month(first, tuple(tuple(_day(on, first, due, others) for on in week) for week in weeks))


def _day(on: date, first: date, due: Set[date], others: Mapping[date, Sequence[str]]) -> Day:
    is_inside = on.month == first.month
    return Day(on, is_inside, is_inside and on in due, tuple(others.get(on, ())) if is_inside else ())
