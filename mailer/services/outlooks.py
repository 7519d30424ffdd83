"""What lies ahead of a plan: its next times, their months, and the owner's other mailings on the same days.

Everything is computed from schedules and bounded: a page may ask for it at each change of a form.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice, takewhile

from sqlalchemy.orm import Session

from mailer.models import Mailing
from mailer.rules.calendars import Month, month_of, months_with
from mailer.rules.schedule import Schedule, due_on, occurrences, preview, to_wall
from mailer.services.mailings import keeps_schedule, owned_by, schedule_of

SHOWN = 6
LOOKED_AT = 93  # three months of a daily mailing
MOST_OTHERS = 30


@dataclass(frozen=True, slots=True)
class Clash:
    """Another mailing of the owner on `n` of the days in sight, the first of them `first_on`."""

    mailing: Mailing
    first_on: date
    n: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """`dates`: the next times, aware UTC. `months`: the grids they stand in. `clashes`: soonest first."""

    dates: Sequence[datetime] = ()
    months: Sequence[Month] = ()
    clashes: Sequence[Clash] = ()


def of_form(
    session: Session,
    owner_id: int,
    schedule: Schedule,
    mailing: Mailing | None,
    *,
    now: datetime,
    sent_on: date | None,
    week_starts: int,
) -> Outlook:
    """What a plan that is not saved yet would do; `mailing` is the one being edited, `sent_on` its last day."""
    if mailing is not None and mailing.next_run_at and keeps_schedule(mailing, schedule):
        return of_mailing(session, mailing, week_starts=week_starts)
    times = preview(schedule, now, LOOKED_AT, sent_on=sent_on)
    return _outlook(session, owner_id, schedule, times, mailing, week_starts=week_starts)


def of_mailing(session: Session, mailing: Mailing, *, week_starts: int) -> Outlook:
    """What a living mailing will do, beginning with its stored next time; empty for one that rests."""
    if mailing.next_run_at is None:
        return Outlook()
    schedule = schedule_of(mailing)
    times = list(islice(_times(schedule, mailing.next_run_at), LOOKED_AT))
    return _outlook(session, mailing.owner_id, schedule, times, mailing, week_starts=week_starts)


def _times(schedule: Schedule, first: datetime) -> Iterator[datetime]:
    """`first`, which may stand beside the grid ("send at once"), then the grid's later days."""
    yield first
    day = due_on(schedule, first)
    yield from (one.at for one in occurrences(schedule, after=first) if one.due_on > day)


def _outlook(
    session: Session,
    owner_id: int,
    schedule: Schedule,
    times: Sequence[datetime],
    but: Mailing | None,
    *,
    week_starts: int,
) -> Outlook:
    due = {due_on(schedule, at) for at in times}
    firsts = months_with(due)
    if not firsts:
        return Outlook()
    seen = {day for day in due if day.replace(day=1) in firsts}
    clashes, titles = _clashes(session, owner_id, schedule.time_zone, seen, but)
    months = [month_of(first, seen, titles, week_starts=week_starts) for first in firsts]
    return Outlook(times[:SHOWN], months, clashes)


def _clashes(
    session: Session, owner_id: int, zone: str, due: set[date], but: Mailing | None
) -> tuple[list[Clash], dict[date, list[str]]]:
    """Other living mailings on these days, as the clock of `zone` has them."""
    living = owned_by(owner_id).where(Mailing.next_run_at.is_not(None), Mailing.id != (but.id if but else 0))
    soonest = living.order_by(Mailing.next_run_at, Mailing.id).limit(MOST_OTHERS)
    found, titles = [], defaultdict(list)
    for other in session.scalars(soonest):
        days = [day for day in _days_until(other, max(due), zone) if day in due]
        for day in days:
            titles[day].append(other.title)
        if days:
            found.append(Clash(other, days[0], len(days)))
    return sorted(found, key=lambda clash: clash.first_on), titles


def _days_until(mailing: Mailing, last: date, zone: str) -> list[date]:
    if mailing.next_run_at is None:
        return []
    walls = (to_wall(at, zone).date() for at in islice(_times(schedule_of(mailing), mailing.next_run_at), LOOKED_AT))
    return list(takewhile(lambda day: day <= last, walls))
