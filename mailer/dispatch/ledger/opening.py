"""Opening what is due: compare-and-set of each mailing's next time, its run, its frozen content. A batch per COMMIT.

Any number of ticks may do this at once: the mailing's row decides who opens, and UNIQUE is the belt.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfoNotFoundError

from mailer.dispatch.ledger import freezing
from mailer.dispatch.ledger.drivers import Driver, Row, Transaction
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
_MOVE = """
UPDATE mailing SET next_run_at = v.coming_at FROM {v}
WHERE mailing.id = v.mailing_id AND mailing.next_run_at = v.seen_at RETURNING id"""
_MOVED = (("mailing_id", "int8"), ("coming_at", "timestamptz"), ("seen_at", "timestamptz"))
_RUNS = """
INSERT INTO run (mailing_id, owner_id, due_on, scheduled_for, version_id, state, missed_count, held_words, held_count,
  cursor, upto_client_id, is_exhausted, total, accepted, refused, skipped, unanswered, deferred,
  give_up_at, opened_at, finished_at)
SELECT v.mailing_id, v.owner_id, v.due_on, v.scheduled_for, v.version_id, v.state, v.missed_count, '', 0,
  0, v.upto_client_id, v.is_exhausted, 0, 0, 0, 0, 0, 0, v.give_up_at, v.opened_at, v.finished_at
FROM {v} WHERE TRUE ON CONFLICT (mailing_id, due_on) DO NOTHING RETURNING id, state"""
_RUN = (
    ("mailing_id", "int8"), ("owner_id", "int8"), ("due_on", "date"), ("scheduled_for", "timestamptz"),
    ("version_id", "int8"), ("state", "varchar"), ("missed_count", "int4"), ("upto_client_id", "int8"),
    ("is_exhausted", "bool"), ("give_up_at", "timestamptz"), ("opened_at", "timestamptz"),
    ("finished_at", "timestamptz"),
)  # fmt: skip


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
        rows = [
            _opened(driver, p, p.verdict.opens, versions[p.owner_id, p.content], now) for p in moved if p.verdict.opens
        ]
        rows += [_missed(driver, p, p.verdict.missed, now) for p in moved if p.verdict.missed]
        runs = work.rows(_RUNS.format(v=driver.relation(_RUN)), (json.dumps(rows),)) if rows else []
    last = found[-1] if len(found) == AT_ONCE else None
    return Opened(
        run_ids=tuple(sorted(run_id for run_id, state in runs if state == RunState.OPEN)),
        missed_ids=tuple(sorted(run_id for run_id, state in runs if state == RunState.MISSED)),
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
    if not plans:
        return []
    stamp = work.driver.stamp
    moves = [
        (plan.mailing_id, plan.verdict.next_run_at and stamp(plan.verdict.next_run_at), stamp(plan.seen_at))
        for plan in plans
    ]
    moved = {row[0] for row in work.rows(_MOVE.format(v=work.driver.relation(_MOVED)), (json.dumps(moves),))}
    return [plan for plan in plans if plan.mailing_id in moved]


def _opened(driver: Driver, plan: _Plan, due: Due, version_id: int, now: datetime) -> Row:
    """In the order of _RUN, as JSON has it."""
    head = (plan.mailing_id, plan.owner_id, due.due_on.isoformat(), driver.stamp(due.scheduled_for))
    state = (version_id, RunState.OPEN.value, 0, plan.upto_client_id, False)
    return (*head, *state, driver.stamp(due.give_up_at), driver.stamp(now), None)


def _missed(driver: Driver, plan: _Plan, missed: Missed, now: datetime) -> Row:
    """Alike."""
    head = (plan.mailing_id, plan.owner_id, missed.due_on.isoformat(), driver.stamp(missed.scheduled_for))
    state = (None, RunState.MISSED.value, missed.count, 0, True)
    return (*head, *state, None, driver.stamp(now), driver.stamp(now))
