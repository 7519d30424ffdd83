"""Opening what is due: compare-and-set of each mailing's next time, its run, its frozen content. A batch per COMMIT.

Any number of ticks may do this at once: the mailing's row decides who opens, and UNIQUE is the belt.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfoNotFoundError

from mailer.dispatch.ledger import freezing
from mailer.dispatch.ledger.drivers import Answer, Driver, Row, Transaction
from mailer.dispatch.ledger.types import DueCursor, Opened
from mailer.models import RunState
from mailer.rules.schedule import Due, Frequency, Missed, MissedRun, Schedule, Verdict, decide
from mailer.services.versions import Content

log = logging.getLogger(__name__)

AT_ONCE = 500

# the first entry of the index of living mailings: a tenth of a millisecond among a million. Not EXISTS (… <= now):
# PostgreSQL's general plan for that reads the whole table
_EARLIEST = "SELECT m.next_run_at FROM mailing m WHERE m.next_run_at IS NOT NULL ORDER BY m.next_run_at LIMIT 1"
_DUE = """
SELECT m.id, m.next_run_at, m.owner_id, m.starts_at, m.ends_at, m.time_zone, m.frequency, m."interval", m.missed_run,
  (SELECT max(r.due_on) FROM run r WHERE r.mailing_id = m.id),
  (SELECT max(c.id) FROM client c WHERE c.owner_id = m.owner_id),
  g.subject, g.text, g.html, u.first_name, u.last_name, u.username, u.email, u.locale
FROM mailing m JOIN message g ON g.id = m.message_id JOIN "user" u ON u.id = m.owner_id
WHERE m.next_run_at <= %s AND (m.next_run_at, m.id) > (%s, %s) {of_mailing}
  AND m.paused_at IS NULL AND m.stopped_at IS NULL AND m.disabled_at IS NULL AND m.archived_at IS NULL
  AND NOT m.is_draft AND u.blocked_at IS NULL AND u.deleted_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM run r WHERE r.mailing_id = m.id AND r.state = 'open')
ORDER BY m.next_run_at, m.id LIMIT %s{lock}"""
_MOVE = "UPDATE mailing SET next_run_at = %s WHERE id = %s AND next_run_at = %s RETURNING id"
_RUN = """
INSERT INTO run (mailing_id, owner_id, due_on, scheduled_for, version_id, state, missed_count, held_words, held_count,
  cursor, upto_client_id, is_exhausted, total, accepted, refused, skipped, unanswered, deferred,
  give_up_at, opened_at, finished_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, '', 0, 0, %s, %s, 0, 0, 0, 0, 0, 0, %s, %s, %s)
ON CONFLICT (mailing_id, due_on) DO NOTHING RETURNING id"""


@dataclass(frozen=True, slots=True)
class _Plan:
    """A due mailing, and what the rules say to it."""

    mailing_id: int
    owner_id: int
    seen_at: datetime
    upto_client_id: int
    content: Content
    verdict: Verdict


def open_due(driver: Driver, now: datetime, after: DueCursor | None, mailing_id: int | None) -> Opened:
    """See `Ledger.open_due`."""
    with driver.reading() as work:
        earliest = work.rows(_EARLIEST)
    if not earliest or driver.read_moment(earliest[0][0]) > now:
        return Opened()
    with driver.transaction() as work:
        found = _due(work, now, after, mailing_id)
        moved = _move(work, [plan for plan in (_plan(work.driver, row, now) for row in found) if plan])
        versions = freezing.freeze(work, {(p.owner_id, p.content) for p in moved if p.verdict.opens}, now)
        opened = [
            _open(work, p, p.verdict.opens, versions[p.owner_id, p.content], now) for p in moved if p.verdict.opens
        ]
        missed = [_miss(work, p, p.verdict.missed, now) for p in moved if p.verdict.missed]
    last = found[-1] if len(found) == AT_ONCE else None
    return Opened(
        run_ids=tuple(row[0] for answer in opened for row in answer()),
        missed_ids=tuple(row[0] for answer in missed for row in answer()),
        last=None if last is None else DueCursor(driver.read_moment(last[1]), last[0]),
    )


def _due(work: Transaction, now: datetime, after: DueCursor | None, mailing_id: int | None) -> Sequence[Row]:
    """The next batch, by time; on PostgreSQL without those that another tick has in its hands."""
    driver = work.driver
    since = after or DueCursor(datetime.min.replace(tzinfo=now.tzinfo), 0)
    only = () if mailing_id is None else (mailing_id,)
    lock = " FOR UPDATE OF m SKIP LOCKED" if driver.lock_r else ""
    sql = _DUE.format(of_mailing="AND m.id = %s" if only else "", lock=lock)
    return work.rows(sql, (driver.moment(now), driver.moment(since.at), since.mailing_id, *only, AT_ONCE))


def _plan(driver: Driver, row: Row, now: datetime) -> _Plan | None:
    """One that cannot be computed must not keep the others from being sent."""
    seen_at = driver.read_moment(row[1])
    try:
        schedule = Schedule(
            starts_at=driver.read_wall(row[3]),
            ends_at=None if row[4] is None else driver.read_wall(row[4]),
            time_zone=row[5],
            frequency=Frequency(row[6]),
            interval=row[7],
        )
        verdict = decide(schedule, seen=seen_at, now=now, missed_run=MissedRun(row[8]))
    except (ValueError, ZoneInfoNotFoundError, OverflowError):
        log.exception("ALARM mailing %d: its schedule cannot be computed", row[0])
        return None
    if verdict.opens and row[9] is not None and verdict.opens.due_on <= driver.read_day(row[9]):
        log.warning("mailing %d has a run for %s already", row[0], verdict.opens.due_on)
        verdict = replace(verdict, opens=None)
    return _Plan(row[0], row[2], seen_at, row[10] or 0, freezing.content(row[11:19]), verdict)


def _move(work: Transaction, plans: Sequence[_Plan]) -> list[_Plan]:
    """Compare-and-set each next time; those that were still where they had been seen."""
    moment = work.driver.moment
    answers: list[tuple[_Plan, Answer]] = []
    for plan in plans:
        coming = plan.verdict.next_run_at
        values = (None if coming is None else moment(coming), plan.mailing_id, moment(plan.seen_at))
        answers.append((plan, work.ask(_MOVE, values)))
    return [plan for plan, answer in answers if answer()]


def _open(work: Transaction, plan: _Plan, due: Due, version_id: int, now: datetime) -> Answer:
    driver = work.driver
    head = (plan.mailing_id, plan.owner_id, driver.day(due.due_on), driver.moment(due.scheduled_for))
    state = (version_id, RunState.OPEN.value, 0, plan.upto_client_id, False)
    return work.ask(_RUN, (*head, *state, driver.moment(due.give_up_at), driver.moment(now), None))


def _miss(work: Transaction, plan: _Plan, missed: Missed, now: datetime) -> Answer:
    driver = work.driver
    head = (plan.mailing_id, plan.owner_id, driver.day(missed.due_on), driver.moment(missed.scheduled_for))
    state = (None, RunState.MISSED.value, missed.count, 0, True)
    return work.ask(_RUN, (*head, *state, None, driver.moment(now), driver.moment(now)))
