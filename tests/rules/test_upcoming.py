"""The moments a mailing will send at, and when its runs give up."""

from datetime import date, datetime
from typing import Any

import pytest

from mailer.rules.schedule import Schedule, due_now, due_on, first_run_at, give_up_at, next_run_at, preview
from tests.rules.test_clockwork import at, wall
from tests.rules.test_occurrences import plan

# In Moscow, always three hours ahead of UTC: nine in the morning of the 10th is 06:00.
DAILY = plan("2026-03-10 09:00")


@pytest.mark.parametrize(
    ("schedule", "now", "expected"),
    [
        pytest.param(DAILY, "2026-03-01 00:00", "2026-03-10 06:00", id="a start to come"),
        pytest.param(DAILY, "2026-03-10 06:00", "2026-03-10 06:00", id="a start right now"),
        pytest.param(DAILY, "2026-03-12 01:23", "2026-03-12 01:23", id="a past start: at once"),
        pytest.param(
            plan("2026-03-10 09:00", "once"), "2027-01-01 00:00", "2027-01-01 00:00", id="once, long ago: at once"
        ),
        pytest.param(
            plan("2026-03-10 09:00", "weekly", ends_at=wall("2026-03-12 09:00")),
            "2026-03-12 06:00",
            "2026-03-12 06:00",
            id="at its last moment: at once",
        ),
        pytest.param(plan("2026-03-10 09:00", ends_at=wall("2026-03-12 09:00")), "2026-03-12 06:01", None, id="over"),
    ],
)
def test_a_mailing_being_scheduled_first_sends(schedule: Schedule, now: str, expected: str | None) -> None:
    assert first_run_at(schedule, at(now)) == (expected and at(expected))


@pytest.mark.parametrize(
    ("now", "sent_on", "expected"),
    [
        pytest.param("2026-03-01 00:00", None, "2026-03-10 06:00", id="before the start"),
        pytest.param("2026-03-10 06:00", None, "2026-03-11 06:00", id="strictly after now"),
        pytest.param("2026-03-11 03:00", None, "2026-03-11 06:00", id="later today"),
        pytest.param("2026-03-11 03:00", date(2026, 3, 11), "2026-03-12 06:00", id="today's letters went"),
        pytest.param("2026-03-11 03:00", date(2026, 3, 10), "2026-03-11 06:00", id="yesterday's letters went"),
        pytest.param("2026-03-12 06:00", None, None, id="nothing left"),
        pytest.param("2026-03-12 03:00", date(2026, 3, 12), None, id="the last day's letters went"),
    ],
)
def test_a_mailing_switched_on_again_next_sends(now: str, sent_on: date | None, expected: str | None) -> None:
    schedule = plan("2026-03-10 09:00", ends_at=wall("2026-03-12 10:00"))

    assert next_run_at(schedule, at(now), sent_on=sent_on) == (expected and at(expected))


@pytest.mark.parametrize(
    ("schedule", "scheduled_for", "expected"),
    [
        pytest.param(plan("2026-03-10 09:00", "weekly"), "2026-03-10 06:00", "2026-03-10 21:00", id="at midnight"),
        pytest.param(
            plan("2026-03-10 22:00", "weekly"), "2026-03-10 19:00", "2026-03-11 01:00", id="six hours if later"
        ),
        pytest.param(
            plan("2026-03-10 22:00", "once"), "2026-03-10 19:00", "2026-03-11 01:00", id="with nothing to follow"
        ),
        pytest.param(
            plan("2026-03-10 23:00"), "2026-03-12 20:30", "2026-03-13 02:30", id="its own day's time is no limit"
        ),
        pytest.param(plan("2026-03-10 01:00"), "2026-03-11 20:50", "2026-03-11 22:00", id="not past the next one"),
        pytest.param(
            plan("2026-10-28 09:00", zone="Africa/Cairo"),
            "2026-10-29 06:00",
            "2026-10-29 22:00",
            id="a day of 25 hours",
        ),
    ],
)
def test_a_run_gives_up(schedule: Schedule, scheduled_for: str, expected: str) -> None:
    assert give_up_at(schedule, at(scheduled_for)) == at(expected)


def test_send_now_is_a_run_of_the_local_day() -> None:
    due = due_now(DAILY, at("2026-03-14 22:30"))

    assert (due.due_on, due.scheduled_for, due.late) == (date(2026, 3, 15), at("2026-03-14 22:30"), False)
    assert due.give_up_at == at("2026-03-15 21:00")


def test_a_day_that_never_was_keeps_its_own_date() -> None:
    schedule = plan("2011-12-29 10:00", zone="Pacific/Apia")

    assert due_on(schedule, at("2011-12-30 10:00")) == date(2011, 12, 30)


@pytest.mark.parametrize(
    ("schedule", "now", "options", "expected"),
    [
        pytest.param(
            DAILY, "2026-03-01 00:00", {}, ["03-10 06:00", "03-11 06:00", "03-12 06:00"], id="a start to come"
        ),
        pytest.param(
            DAILY, "2026-03-14 03:00", {}, ["03-14 03:00", "03-15 06:00", "03-16 06:00"], id="at once stands for today"
        ),
        pytest.param(
            DAILY,
            "2026-03-14 08:00",
            {},
            ["03-14 08:00", "03-15 06:00", "03-16 06:00"],
            id="at once after today's time",
        ),
        pytest.param(
            DAILY,
            "2026-03-14 03:00",
            {"sent_on": date(2026, 3, 14)},
            ["03-15 06:00", "03-16 06:00", "03-17 06:00"],
            id="today's letters went",
        ),
        pytest.param(plan("2026-03-10 09:00", "once"), "2026-03-01 00:00", {}, ["03-10 06:00"], id="once"),
        pytest.param(
            plan("2026-03-10 09:00", ends_at=wall("2026-03-11 09:00")),
            "2026-03-11 05:00",
            {},
            ["03-11 05:00"],
            id="the last day",
        ),
        pytest.param(plan("2026-03-10 09:00", ends_at=wall("2026-03-11 09:00")), "2026-03-12 05:00", {}, [], id="over"),
    ],
)
def test_the_form_shows(schedule: Schedule, now: str, options: dict[str, Any], expected: list[str]) -> None:
    shown = preview(schedule, at(now), 3, **options)

    assert [f"{moment:%m-%d %H:%M}" for moment in shown] == expected


def test_the_form_may_ask_for_one_or_none() -> None:
    now: datetime = at("2026-03-01 00:00")

    assert preview(DAILY, now, 1) == [at("2026-03-10 06:00")]
    assert preview(DAILY, now, 0) == []
