"""Wall clocks and UTC, by hand where people would argue, and against the walk along the clock."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.rules.schedule import day_ends_at, is_known_zone, known_zones, to_utc, to_wall
from tests.rules.oracle import moment_of

ZONES = [
    "Africa/Cairo",
    "America/New_York",
    "America/Santiago",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Europe/Moscow",
    "Pacific/Apia",
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("zone", "shown", "expected"),
    [
        pytest.param("UTC", "2026-03-01 09:00", "2026-03-01 09:00", id="no zone at all"),
        pytest.param("Europe/Moscow", "2026-07-01 09:00", "2026-07-01 06:00", id="a zone without changes"),
        pytest.param("America/New_York", "2026-03-08 01:59", "2026-03-08 06:59", id="before the spring gap"),
        pytest.param("America/New_York", "2026-03-08 02:00", "2026-03-08 07:00", id="where the gap begins"),
        pytest.param("America/New_York", "2026-03-08 02:30", "2026-03-08 07:00", id="inside the spring gap"),
        pytest.param("America/New_York", "2026-03-08 03:00", "2026-03-08 07:00", id="where the gap ends"),
        pytest.param("America/New_York", "2026-11-01 01:30", "2026-11-01 05:30", id="a repeated hour: the first"),
        pytest.param("America/New_York", "2026-11-01 02:00", "2026-11-01 07:00", id="after the repeated hour"),
        pytest.param("Africa/Cairo", "2026-04-24 00:00", "2026-04-23 22:00", id="a gap at midnight"),
        pytest.param("Africa/Cairo", "2026-04-24 00:30:15.5", "2026-04-23 22:00", id="a gap cuts seconds off"),
        pytest.param("Africa/Cairo", "2026-10-29 23:30", "2026-10-29 20:30", id="the hour before midnight twice"),
        pytest.param("Australia/Lord_Howe", "2026-10-04 02:10", "2026-10-03 15:30", id="a gap of half an hour"),
        pytest.param("Pacific/Apia", "2011-12-30 10:00", "2011-12-30 10:00", id="a day that never was"),
        pytest.param("Asia/Kathmandu", "2026-01-01 00:00", "2025-12-31 18:15", id="a quarter of an hour"),
    ],
)  # fmt: skip
def test_a_wall_time_becomes_a_moment(zone: str, shown: str, expected: str) -> None:
    assert to_utc(wall(shown), zone) == at(expected)


@settings(deadline=None)
@given(
    st.sampled_from(ZONES),
    st.datetimes(wall("2009-01-01"), wall("2030-12-31")).map(lambda w: w.replace(second=0, microsecond=0)),
)
def test_it_is_the_first_moment_at_which_the_clock_shows_that_or_more(zone: str, shown: datetime) -> None:
    assert to_utc(shown, zone) == moment_of(shown, zone)


@settings(deadline=None)
@given(
    st.sampled_from(ZONES),
    st.datetimes(wall("2009-01-01"), wall("2030-01-01")),
    st.timedeltas(timedelta(0), timedelta(days=2)),
)
def test_moments_never_go_back_as_the_wall_clock_goes_on(zone: str, shown: datetime, later: timedelta) -> None:
    assert to_utc(shown, zone) <= to_utc(shown + later, zone)


def test_what_the_wall_shows_is_naive_and_keeps_no_trace_of_the_repeated_hour() -> None:
    shown = to_wall(at("2026-11-01 06:30"), "America/New_York")

    assert (shown, shown.tzinfo, shown.fold) == (wall("2026-11-01 01:30"), None, 0)


def test_any_aware_moment_can_be_shown() -> None:
    plus_five = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=5)))

    assert to_wall(plus_five, "Europe/Moscow") == wall("2026-01-01 10:00")


def test_a_wall_time_with_a_zone_of_its_own_is_refused() -> None:
    with pytest.raises(ValueError, match="no zone of its own"):
        to_utc(at("2026-01-01"), "UTC")


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a zone"):
        to_wall(wall("2026-01-01"), "UTC")


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        pytest.param("Europe/Moscow", date(2026, 3, 1), "2026-03-01 21:00", id="midnight"),
        pytest.param("Africa/Cairo", date(2026, 4, 23), "2026-04-23 22:00", id="no midnight: the gap is there"),
        pytest.param("Africa/Cairo", date(2026, 10, 29), "2026-10-29 22:00", id="a day of 25 hours"),
        pytest.param("America/Havana", date(2026, 10, 31), "2026-11-01 04:00", id="midnight comes twice: the first"),
    ],
)
def test_a_local_day_ends(zone: str, day: date, expected: str) -> None:
    assert day_ends_at(day, zone) == at(expected)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "europe/moscow", "Europe", "../etc/passwd", "a\0b", "Moscow "])
def test_what_is_no_zone_is_not_known(name: str) -> None:
    assert not is_known_zone(name)


@pytest.mark.parametrize("name", ["UTC", "Europe/Moscow", "Asia/Yekaterinburg", "Pacific/Apia"])
def test_zones_are_known_by_their_names(name: str) -> None:
    assert is_known_zone(name)
    assert name in known_zones()
