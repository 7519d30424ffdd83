"""What the tick does with a mailing whose time has come. Moscow: 09:00 on the wall is 06:00 UTC."""

from dataclasses import dataclass
from datetime import date, datetime

import pytest

from mailer.rules.schedule import (
    Frequency,
    Missed,
    MissedRun,
    Schedule,
    decide,
    to_wall,
)
from tests.rules.test_clockwork import at, wall
from tests.rules.test_occurrences import plan

LATE, SKIP = MissedRun.SEND_LATE, MissedRun.SKIP
DAILY = plan("2026-03-01 09:00")
NIGHTLY = plan("2026-03-01 23:50")
EARLY = plan("2026-03-01 00:05")
WEEKLY = plan("2026-03-01 09:00", "weekly")
ONCE = plan("2026-03-01 09:00", "once")
ENDING = plan("2026-03-01 09:00", ends_at=wall("2026-03-05 12:00"))


@dataclass(frozen=True)
class Case:
    """Days and hours of March 2026 in UTC; either choice unless one is named."""

    name: str
    schedule: Schedule
    seen: str
    now: str
    choice: MissedRun | None = None
    opens: str | None = None
    late: str | None = None
    missed: tuple[str, int] | None = None
    again: str | None = None


CASES = [
    Case(
        "days missed, today on the dot",
        DAILY,
        "02 06:00",
        "05 06:00",
        opens="05 06:00",
        missed=("04 06:00", 3),
        again="06 06:00",
    ),
    Case(
        "days missed, today just on time",
        DAILY,
        "02 06:00",
        "05 06:15",
        opens="05 06:00",
        missed=("04 06:00", 3),
        again="06 06:00",
    ),
    Case("at once, just on time", DAILY, "05 08:00", "05 08:15", opens="05 08:00", again="06 06:00"),
    Case("not due yet", DAILY, "05 06:00", "05 05:59", again="05 06:00"),
    Case("on the dot", DAILY, "05 06:00", "05 06:00", opens="05 06:00", again="06 06:00"),
    Case("just on time", DAILY, "05 06:00", "05 06:15", opens="05 06:00", again="06 06:00"),
    Case("on time, though midnight passed", NIGHTLY, "05 20:50", "05 21:04", opens="05 20:50", again="06 20:50"),
    Case("late: sent", DAILY, "05 06:00", "05 06:16", choice=LATE, late="05 06:00", again="06 06:00"),
    Case("late: skipped", DAILY, "05 06:00", "05 06:16", choice=SKIP, missed=("05 06:00", 1), again="06 06:00"),
    Case(
        "late: in the day's last minute", DAILY, "05 06:00", "05 20:59", choice=LATE, late="05 06:00", again="06 06:00"
    ),
    Case("late: its day is over", DAILY, "05 06:00", "05 21:00", missed=("05 06:00", 1), again="06 06:00"),
    Case("late: midnight passed", NIGHTLY, "05 20:50", "05 21:06", missed=("05 20:50", 1), again="06 20:50"),
    Case(
        "days missed, today on time",
        DAILY,
        "02 06:00",
        "05 06:10",
        opens="05 06:00",
        missed=("04 06:00", 3),
        again="06 06:00",
    ),
    Case(
        "days missed, today late: sent",
        DAILY,
        "02 06:00",
        "05 07:00",
        choice=LATE,
        late="05 06:00",
        missed=("04 06:00", 3),
        again="06 06:00",
    ),
    Case(
        "days missed, today late: skipped",
        DAILY,
        "02 06:00",
        "05 07:00",
        choice=SKIP,
        missed=("05 06:00", 4),
        again="06 06:00",
    ),
    Case("days missed, today to come", DAILY, "02 06:00", "05 05:00", missed=("04 06:00", 3), again="05 06:00"),
    Case(
        "yesterday missed, today late",
        DAILY,
        "04 06:00",
        "05 07:00",
        choice=LATE,
        late="05 06:00",
        missed=("04 06:00", 1),
        again="06 06:00",
    ),
    Case("a week's day missed", WEEKLY, "01 06:00", "03 06:00", missed=("01 06:00", 1), again="08 06:00"),
    Case(
        "a week missed, this on time",
        WEEKLY,
        "01 06:00",
        "08 06:01",
        opens="08 06:00",
        missed=("01 06:00", 1),
        again="15 06:00",
    ),
    Case("once: on time", ONCE, "01 06:00", "01 06:01", opens="01 06:00"),
    Case("once: late", ONCE, "01 06:00", "01 12:00", choice=LATE, late="01 06:00"),
    Case("once: missed for good", ONCE, "01 06:00", "09 12:00", missed=("01 06:00", 1)),
    Case("the last one", ENDING, "05 06:00", "05 06:01", opens="05 06:00"),
    Case("the last one late, after the end", ENDING, "05 06:00", "05 10:00", choice=LATE, late="05 06:00"),
    Case("slept past the end", ENDING, "02 06:00", "20 10:00", missed=("05 06:00", 4)),
    # off the grid: a mailing whose start was past, opened at once
    Case("at once, after today's time", DAILY, "05 08:00", "05 08:01", opens="05 08:00", again="06 06:00"),
    Case("at once stands for today's", DAILY, "05 03:00", "05 03:01", opens="05 03:00", again="06 06:00"),
    Case("at once gives way to today's own", DAILY, "05 05:50", "05 06:02", opens="05 06:00", again="06 06:00"),
    Case("at once, late: sent", DAILY, "05 03:00", "05 05:00", choice=LATE, late="05 03:00", again="06 06:00"),
    Case("at once, late: today's own is still to come", DAILY, "05 03:00", "05 05:00", choice=SKIP, again="05 06:00"),
    Case("at once, late: today's own is on time", DAILY, "05 03:00", "05 06:05", opens="05 06:00", again="06 06:00"),
    Case(
        "at once and today's own late: sent once",
        DAILY,
        "05 03:00",
        "05 09:00",
        choice=LATE,
        late="05 06:00",
        again="06 06:00",
    ),
    Case(
        "at once and today's own late: one missed",
        DAILY,
        "05 03:00",
        "05 09:00",
        choice=SKIP,
        missed=("05 06:00", 1),
        again="06 06:00",
    ),
    Case(
        "at once, late: skipped", DAILY, "05 08:00", "05 09:00", choice=SKIP, missed=("05 08:00", 1), again="06 06:00"
    ),
    Case(
        "at once missed, today on time",
        DAILY,
        "05 08:00",
        "07 06:05",
        opens="07 06:00",
        missed=("06 06:00", 2),
        again="08 06:00",
    ),
    Case(
        "at once alone missed",
        DAILY,
        "05 08:00",
        "06 06:05",
        opens="06 06:00",
        missed=("05 08:00", 1),
        again="07 06:00",
    ),
    Case("at once, its day is over", WEEKLY, "05 08:00", "05 22:00", missed=("05 08:00", 1), again="08 06:00"),
    Case("at once, once", ONCE, "05 08:00", "05 08:01", opens="05 08:00"),
    Case("two on time: one a tick", EARLY, "05 20:58", "05 21:07", opens="05 20:58", again="05 21:05"),
    Case(
        "one late, one on time",
        EARLY,
        "05 20:48",
        "05 21:07",
        opens="05 21:05",
        missed=("05 20:48", 1),
        again="06 21:05",
    ),
]


def march(text: str) -> datetime:
    return at(f"2026-03-{text}")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("choice", MissedRun)
def test_the_tick_finds_a_mailing(case: Case, choice: MissedRun) -> None:
    verdict = decide(case.schedule, seen=march(case.seen), now=march(case.now), missed_run=case.choice or choice)
    due, gone = verdict.opens, verdict.missed
    opens = case.opens or case.late

    assert (due and (due.scheduled_for, due.late)) == (opens and (march(opens), opens == case.late))
    assert (gone and (gone.scheduled_for, gone.count)) == (case.missed and (march(case.missed[0]), case.missed[1]))
    assert verdict.next_run_at == (case.again and march(case.again))


def test_days_are_the_local_ones() -> None:
    verdict = decide(EARLY, seen=march("04 21:05"), now=march("06 21:06"), missed_run=SKIP)

    assert verdict.opens is not None
    assert verdict.opens.due_on == date(2026, 3, 7)
    assert verdict.missed == Missed(date(2026, 3, 6), march("05 21:05"), 2)


def test_a_run_opened_late_still_has_until_midnight() -> None:
    verdict = decide(DAILY, seen=march("05 06:00"), now=march("05 19:00"), missed_run=LATE)

    assert verdict.opens is not None
    assert verdict.opens.give_up_at == march("05 21:00")


def test_three_years_of_sleep_are_one_missed_row() -> None:
    verdict = decide(DAILY, seen=march("02 06:00"), now=at("2029-03-02 05:00"), missed_run=LATE)

    assert verdict.opens is None
    assert verdict.missed == Missed(date(2029, 3, 1), at("2029-03-01 06:00"), 3 * 365 + 1)


def test_a_run_that_was_to_start_at_once_is_for_its_local_day() -> None:
    schedule = Schedule(wall("2026-03-01 09:00"), "Pacific/Auckland", Frequency.MONTHLY)
    verdict = decide(schedule, seen=march("10 20:00"), now=march("10 20:01"), missed_run=SKIP)

    assert verdict.opens is not None
    assert verdict.opens.due_on == to_wall(march("10 20:00"), "Pacific/Auckland").date() == date(2026, 3, 11)
