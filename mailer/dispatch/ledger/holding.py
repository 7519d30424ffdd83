"""Runs that wait for a server, and runs that wait for nothing any more."""

from collections.abc import Collection
from datetime import datetime

from mailer.dispatch.ledger.drivers import Driver
from mailer.dispatch.ledger.facts import FROM, lock
from mailer.models import HeldReason
from mailer.rules.outcome import SkipReason

WORDS = 1000
_BY_TROUBLE = "held_reason IN ('server', 'sender_refused')"

# one step of growth for one spell of trouble, however many connections report it
_HOLD = f"""
UPDATE run SET held_reason = %s, held_words = %s, held_until = %s, held_count = held_count + 1,
  held_at = coalesce(held_at, {{now}})
WHERE {{these}} AND state = 'open' AND drain_reason IS NULL
  AND (held_reason IS NULL OR ({_BY_TROUBLE} AND held_until <= {{now}}))
RETURNING id"""  # noqa: S608 — our own constants
_RELEASE = f"""
UPDATE run SET held_reason = NULL, held_at = NULL, held_until = NULL
WHERE {{these}} AND state = 'open' AND {_BY_TROUBLE} AND held_until <= {{now}}
RETURNING id"""  # noqa: S608 — our own constants
_DUE = f"SELECT id FROM run WHERE state = 'open' AND {_BY_TROUBLE} AND held_until <= {{now}}"  # noqa: S608
_PAUSE = f"SELECT min(-({{left}})) FROM run WHERE state = 'open' AND {_BY_TROUBLE} AND held_until > {{now}}"  # noqa: S608

# the services say so at once; here stands what would else stay open for ever
_DEAD_ENDS = f"""
SELECT r.id, CASE WHEN u.blocked_at IS NOT NULL OR u.deleted_at IS NOT NULL THEN 'owner_blocked'
    WHEN m.stopped_at IS NOT NULL THEN 'stopped' WHEN m.archived_at IS NOT NULL THEN 'cancelled'
    ELSE 'too_late' END
{FROM}
WHERE r.state = 'open' AND r.drain_reason IS NULL
  AND (u.blocked_at IS NOT NULL OR u.deleted_at IS NOT NULL OR m.stopped_at IS NOT NULL
    OR m.archived_at IS NOT NULL
    OR (r.give_up_at <= %s
      AND (m.paused_at IS NOT NULL OR m.disabled_at IS NOT NULL OR r.held_reason IS NOT NULL)))"""
_DRAIN = "UPDATE run SET drain_reason = %s WHERE id = %s AND state = 'open' AND drain_reason IS NULL"


def hold(
    driver: Driver, run_ids: Collection[int], reason: HeldReason, words: str, until: datetime | None
) -> set[int]:
    """See `Ledger.hold`."""
    sql = _HOLD.format(these=driver.among("id"), now=driver.now)
    values = (reason.value, words.replace("\0", "")[:WORDS], None if until is None else driver.moment(until))
    with driver.transaction() as work:
        lock(work, run_ids)
        return {row[0] for row in work.rows(sql, (*values, driver.ids(run_ids)))}


def release_due(driver: Driver) -> set[int]:
    """See `Ledger.release_due`."""
    with driver.reading() as work:
        due = [row[0] for row in work.rows(_DUE.format(now=driver.now))]
    if not due:
        return set()
    with driver.transaction() as work:
        lock(work, due)
        sql = _RELEASE.format(these=driver.among("id"), now=driver.now)
        return {row[0] for row in work.rows(sql, (driver.ids(due),))}


def pause_s(driver: Driver) -> float | None:
    """See `Ledger.pause_s`."""
    with driver.reading() as work:
        (left_s,) = work.rows(_PAUSE.format(left=driver.seconds_since("held_until"), now=driver.now))[0]
    return None if left_s is None else float(left_s)


def close_dead_ends(driver: Driver, now: datetime) -> set[int]:
    """See `Ledger.close_dead_ends`."""
    with driver.reading() as work:
        found = work.rows(_DEAD_ENDS, (driver.moment(now),))
    if not found:
        return set()
    with driver.transaction() as work:
        lock(work, [run_id for run_id, _reason in found])
        for run_id, reason in found:
            work.run(_DRAIN, (SkipReason(reason).value, run_id))
    return {run_id for run_id, _reason in found}
