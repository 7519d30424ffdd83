"""Month grids."""

from datetime import date, timedelta

import pytest

from mailer.rules.calendars import month_of, months_with

MARCH = date(2026, 3, 1)  # a Sunday


def test_only_the_first_three_months_with_a_due_day_are_shown() -> None:
    due = {date(2026, month, 15) for month in (1, 3, 4, 9, 10)}
    assert months_with(due) == [date(2026, 1, 1), date(2026, 3, 1), date(2026, 4, 1)]
    assert months_with(set()) == []


@pytest.mark.parametrize(
    ("week_starts", "first", "weeks"),
    [pytest.param(0, date(2026, 2, 23), 6, id="from Monday"), pytest.param(6, MARCH, 5, id="from Sunday")],
)
def test_a_grid_has_whole_weeks_from_the_reader_s_first_day(week_starts: int, first: date, weeks: int) -> None:
    month = month_of(MARCH, set(), {}, week_starts=week_starts)
    days = [day.on for week in month.weeks for day in week]
    assert (len(month.weeks), days) == (weeks, [first + timedelta(days=n) for n in range(7 * weeks)])
    assert [day.on.day for week in month.weeks for day in week if day.is_inside] == list(range(1, 32))


def test_a_day_outside_the_month_is_never_marked_twice() -> None:
    last = date(2026, 2, 28)
    month = month_of(MARCH, {last, MARCH}, {last: ["News"], MARCH: ["News", "Digest"]})
    marked = [day for week in month.weeks for day in week if day.is_due or day.others]
    assert [(day.on, day.is_due, day.others) for day in marked] == [(MARCH, True, ("News", "Digest"))]
