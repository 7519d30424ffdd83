"""However long the tick sleeps between two looks, no day is lost and none comes twice."""

from datetime import date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.rules.schedule import MissedRun, Schedule, decide, due_on, next_run_at
from tests.rules.test_clockwork import at
from tests.rules.test_occurrences import schedules

SLEEPS = st.lists(st.timedeltas(timedelta(seconds=1), timedelta(days=40)), max_size=12)


@settings(deadline=None)
@given(schedules(), SLEEPS, st.sampled_from(MissedRun), st.booleans())
def test_whatever_sleeps_the_tick_has_every_day_is_opened_or_missed_once(
    schedule: Schedule, sleeps: list[timedelta], choice: MissedRun, off_grid: bool
) -> None:
    """A tick that sleeps as it likes: days never repeat, at most one run a verdict, and the numbers add up."""
    now = at("2011-06-01 12:00")
    seen = now if off_grid else next_run_at(schedule, now)
    days: list[date] = []
    n_told = 0
    first = seen
    for sleep in sleeps:
        now += sleep
        while seen is not None and seen <= now:
            verdict = decide(schedule, seen=seen, now=now, missed_run=choice)
            told = [part.due_on for part in (verdict.missed, verdict.opens) if part]
            n_told += (verdict.missed.count if verdict.missed else 0) + (verdict.opens is not None)
            days += told
            assert verdict.next_run_at is None or verdict.next_run_at > seen
            assert verdict.opens is None or not verdict.opens.late or choice is MissedRun.SEND_LATE
            seen = verdict.next_run_at

    assert days == sorted(set(days))
    if first is not None and not off_grid:
        assert n_told == len(set(expected_days(schedule, first, now)))


def expected_days(schedule: Schedule, first: datetime, now: datetime) -> list[date]:
    """The local days from `first` to `now`, moment by moment."""
    days, moment = [], first if first <= now else None
    while moment is not None and moment <= now:
        days.append(due_on(schedule, moment))
        moment = next_run_at(schedule, moment)
    return days
