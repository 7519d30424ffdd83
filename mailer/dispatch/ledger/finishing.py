"""Closing runs: only when nothing is left, and only when the rows of the log add up to the run's total."""

import json
import logging
from collections.abc import Sequence
from datetime import datetime

from mailer.dispatch.ledger.drivers import Driver, Row
from mailer.dispatch.ledger.facts import NEXT_TRY, lock
from mailer.models import RunState
from mailer.rules.outcome import SkipReason

log = logging.getLogger(__name__)

AT_ONCE = 500
_CANCELS = frozenset({SkipReason.STOPPED, SkipReason.CANCELLED, SkipReason.OWNER_BLOCKED})
_COUNTED = ("accepted", "refused", "skipped", "unanswered")

_IS_LEFT = f"""r.state = 'open' AND r.is_exhausted AND NOT EXISTS (SELECT 1 FROM claim c WHERE c.run_id = r.id)
  AND {NEXT_TRY} IS NULL"""  # noqa: S608 — our own constants
_COMPLETE = f"""
SELECT r.id, r.drain_reason, r.total, r.accepted, r.refused, r.skipped, r.unanswered
FROM run r WHERE {_IS_LEFT} ORDER BY r.id LIMIT %s"""  # noqa: S608 — our own constants
# by themselves those that went well, nearly all of them: to group them by the outcome would sort the rows first. The
# others have an index of their own
_ROWS = """
SELECT run_id, 'accepted', count(*) FROM attempt
WHERE {these} AND outcome = 'accepted' AND resent_at IS NULL GROUP BY run_id
UNION ALL SELECT run_id, outcome, count(*) FROM attempt
WHERE {these} AND outcome != 'accepted' AND resent_at IS NULL GROUP BY run_id, outcome"""
# the counters as they were compared: whoever sent again since has changed them
_CLOSE = f"""
UPDATE run AS r SET state = v.state, finished_at = v.finished_at, deferred = 0,
  held_reason = NULL, held_at = NULL, held_until = NULL
FROM {{v}} WHERE r.id = v.run_id AND r.total = v.total AND r.accepted = v.accepted AND r.refused = v.refused
  AND r.skipped = v.skipped AND r.unanswered = v.unanswered AND {_IS_LEFT} RETURNING id"""  # noqa: S608 — our own constants
_CLOSED = (
    ("run_id", "int8"), ("total", "int4"), *((name, "int4") for name in _COUNTED), ("state", "varchar"),
    ("finished_at", "timestamptz"),
)  # fmt: skip


def finish_complete(driver: Driver, now: datetime) -> list[int]:
    """See `Ledger.finish_complete`. The rows are counted outside the write lock: a million take a moment."""
    with driver.reading() as work:
        runs = work.rows(_COMPLETE, (AT_ONCE,))
        counted: dict[tuple[int, str], int] = {}
        if runs:
            ids = driver.ids(run[0] for run in runs)
            rows = work.rows(_ROWS.format(these=driver.among("run_id")), (ids, ids))
            counted = {(run_id, outcome): n for run_id, outcome, n in rows}
    right = [run for run in runs if _adds_up(run, tuple(counted.get((run[0], name), 0) for name in _COUNTED))]
    return _close(driver, right, now) if right else []


def _adds_up(run: Row, counted: Row) -> bool:
    """Each counter equals its rows, and all rows together the total."""
    run_id, total, kept = run[0], run[2], run[3:]
    if counted == kept and sum(counted) == total:
        return True
    log.error(
        "ALARM run %d stays open: total %d, counters %s, rows %s", run_id, total,
        dict(zip(_COUNTED, kept, strict=True)), dict(zip(_COUNTED, counted, strict=True)),
    )  # fmt: skip
    return False


def _close(driver: Driver, runs: Sequence[Row], now: datetime) -> list[int]:
    rows = [(run[0], *run[2:], _end_of(run[1]).value, driver.stamp(now)) for run in runs]
    with driver.transaction() as work:
        lock(work, [run[0] for run in runs])
        closed = work.rows(_CLOSE.format(v=driver.relation(_CLOSED)), (json.dumps(rows),))
    return sorted(row[0] for row in closed)


def _end_of(drain_reason: str | None) -> RunState:
    return RunState.CANCELLED if drain_reason in _CANCELS else RunState.DONE
