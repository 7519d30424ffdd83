"""The grid: by hand, and whole years of it against the oracle."""

import sys
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.rules.schedule import Frequency, Schedule, count_between, latest_by, next_after, occurrences
from tests.rules import oracle
from tests.rules.test_clockwork import ZONES, at, wall


def plan(start: str, frequency: str = "daily", *, zone: str = "Europe/Moscow", **rest: Any) -> Schedule:
    return Schedule(wall(start), zone, Frequency(frequency), **rest)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        pytest.param(plan("2026-02-27 09:00"), ["02-27", "02-28", "03-01"], id="daily"),
        pytest.param(plan("2026-02-27 09:00", interval=3), ["02-27", "03-02", "03-05"], id="every third day"),
        pytest.param(plan("2026-02-27 09:00", "weekly"), ["02-27", "03-06", "03-13"], id="weekly"),
        pytest.param(plan("2026-02-27 09:00", "weekly", interval=2), ["02-27", "03-13", "03-27"], id="fortnightly"),
        pytest.param(plan("2026-01-31 09:00", "monthly"), ["01-31", "02-28", "03-31"], id="month ends do not drift"),
        pytest.param(plan("2024-01-30 09:00", "monthly"), ["01-30", "02-29", "03-30"], id="the 30th in a leap year"),
        pytest.param(plan("2024-02-29 09:00", "monthly", interval=12), ["02-29", "02-28", "02-28"], id="29 February"),
        pytest.param(plan("2025-11-15 09:00", "monthly", interval=2), ["11-15", "01-15", "03-15"], id="over new year"),
        pytest.param(plan("2026-02-27 09:00", "once"), ["02-27"], id="once"),
        pytest.param(plan("2026-02-27 09:00", ends_at=wall("2026-02-28 09:00")), ["02-27", "02-28"], id="end counts"),
        pytest.param(plan("2026-02-27 09:00", ends_at=wall("2026-02-28 08:59")), ["02-27"], id="the end is exact"),
        pytest.param(plan("2999-12-30 09:00"), ["12-30", "12-31"], id="the calendar ends too"),
    ],
)  # fmt: skip
def test_the_first_days(schedule: Schedule, expected: list[str]) -> None:
    assert [f"{o.due_on:%m-%d}" for o in islice(occurrences(schedule), 3)] == expected


def test_the_hour_on_the_wall_does_not_drift_after_the_spring_gap() -> None:
    grid = islice(occurrences(plan("2026-03-07 02:30", zone="America/New_York")), 3)

    assert [(o.number, o.wall.hour, o.at) for o in grid] == [
        (1, 2, at("2026-03-07 07:30")),
        (2, 2, at("2026-03-08 07:00")),
        (3, 2, at("2026-03-09 06:30")),
    ]


def test_a_repeated_hour_goes_out_once() -> None:
    schedule = plan("2026-10-31 01:30", zone="America/New_York")

    assert count_between(schedule, at("2026-11-01 00:00"), at("2026-11-02 00:00")) == 1


def test_midnight_that_came_before_the_evening_came_again_is_over() -> None:
    # Newfoundland used to set its clocks back at one minute past midnight: 00:01 became 23:01 of the day before.
    newest = latest_by(plan("2010-11-01 00:00", zone="America/St_Johns"), at("2010-11-07 02:40"))

    assert newest is not None
    assert newest.wall == wall("2010-11-07 00:00")


@pytest.mark.parametrize("frequency", Frequency)
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("year", "minute"), [(2010, 0), (2024, 30)])
def test_three_years_are_what_the_oracle_says(frequency: Frequency, zone: str, year: int, minute: int) -> None:
    for hour in (0, 2, 23):
        schedule = Schedule(wall(f"{year}-01-31 {hour:02}:{minute:02}"), zone, frequency)
        until = wall(f"{year + 3}-01-01")
        ours = [o.at for o in occurrences(Schedule(schedule.starts_at, zone, frequency, 1, until))]

        assert ours == oracle.moments(schedule, until=until)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    start = draw(st.datetimes(wall("2010-01-01"), wall("2012-12-31"))).replace(second=0, microsecond=0)
    lasts = draw(st.none() | st.timedeltas(timedelta(minutes=1), timedelta(days=900)))
    return Schedule(
        start,
        draw(st.sampled_from(ZONES)),
        draw(st.sampled_from(Frequency)),
        draw(st.integers(1, 40)),
        None if lasts is None else start + lasts,
    )


@settings(deadline=None)
@given(schedules(), st.datetimes(wall("2009-01-01"), wall("2015-01-01"), timezones=st.just(UTC)), st.data())
def test_seeking_finds_what_walking_finds(schedule: Schedule, moment: datetime, data: st.DataObject) -> None:
    grid = oracle.moments(schedule, until=wall("2018-12-31"))
    moment = data.draw(st.sampled_from([moment, *(m for m in grid[:50] if m.year < 2015)]))
    before, later = [m for m in grid if m <= moment], [m for m in grid if m > moment]
    newest, following = latest_by(schedule, moment), next_after(schedule, moment)

    assert (newest and newest.at) == (before[-1] if before else None)
    assert (newest.number if newest else 0) == len(before)
    assert (following and following.at) == (later[0] if later else None)
    assert count_between(schedule, moment, at("2019-01-03")) >= len(later)
    assert [o.at for o in islice(occurrences(schedule, after=moment), 5)][: len(later)] == later[:5]


@pytest.mark.parametrize("frequency", Frequency)
def test_a_moment_outside_the_calendar_finds_the_edge(frequency: Frequency) -> None:
    schedule = plan("2026-01-31 09:00", frequency)
    newest = latest_by(schedule, at("9990-01-01 00:00"))

    assert newest is not None
    assert newest.wall.year in {2026, 2999}
    assert latest_by(schedule, at("1950-01-01 00:00")) is None
    assert next_after(schedule, at("9990-01-01 00:00")) is None


def test_nothing_is_counted_backwards() -> None:
    assert count_between(plan("2026-01-01 09:00"), at("2026-02-01 00:00"), at("2026-01-10 00:00")) == 0


@pytest.mark.parametrize("frequency", [Frequency.DAILY, Frequency.WEEKLY, Frequency.MONTHLY])
def test_a_seek_over_three_centuries_walks_nowhere(frequency: Frequency) -> None:
    schedule = plan("1990-01-31 09:00", frequency)
    calls: list[str] = []
    sys.setprofile(lambda frame, event, _: calls.append(frame.f_code.co_name) if event == "call" else None)
    try:
        next_after(schedule, at("2290-01-01 12:00"))
    finally:
        sys.setprofile(None)

    assert 1 <= calls.count("_occurrence") <= 5


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        pytest.param({"starts_at": at("2026-01-01")}, "wall times", id="a start with a zone"),
        pytest.param({"ends_at": at("2026-02-01")}, "wall times", id="an end with a zone"),
        pytest.param({"starts_at": wall("1969-12-31")}, "years", id="a start before all calendars"),
        pytest.param({"ends_at": wall("3000-01-01")}, "years", id="an end in another millennium"),
        pytest.param({"ends_at": wall("2026-01-01")}, "not after the start", id="an end at the start"),
        pytest.param({"ends_at": wall("2025-12-31")}, "not after the start", id="an end before the start"),
        pytest.param({"time_zone": "Mars/Olympus"}, "unknown time zone", id="an unknown zone"),
        pytest.param({"interval": 0}, "intervals", id="never"),
        pytest.param({"interval": 367}, "intervals", id="too seldom"),
    ],
)
def test_nonsense_is_refused(values: dict[str, Any], complaint: str) -> None:
    sound: dict[str, Any] = {"starts_at": wall("2026-01-01"), "time_zone": "UTC", "frequency": Frequency.DAILY}

    with pytest.raises(ValueError, match=complaint):
        Schedule(**(sound | values))
