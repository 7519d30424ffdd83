"""What the loop asks before it claims: which runs have work, and what must not be begun any more."""

from collections.abc import Collection
from datetime import datetime, timedelta

from mailer.dispatch.ledger import candidates
from mailer.dispatch.ledger.drivers import Driver, Row
from mailer.dispatch.ledger.facts import FROM, IS_OFF, NEXT_TRY, read_runs
from mailer.dispatch.ledger.types import OffReading, RunFacts
from mailer.orm import BUSY_TIMEOUT_MS

# clocks of hosts differ, and a row may be committed later than it was stamped: on SQLite it may wait so long
OVERLAP = timedelta(milliseconds=BUSY_TIMEOUT_MS, seconds=1)

_WAITS = """(r.held_reason IS NOT NULL AND NOT
  (r.held_reason IN ('server', 'sender_refused') AND coalesce(r.held_until <= {now}, FALSE)))"""
_OPEN_RUNS = f"""
SELECT r.id, r.mailing_id, r.owner_id, r.due_on, m.time_zone, r.version_id, r.give_up_at,
  r.drain_reason IS NOT NULL, r.held_count
{FROM}
WHERE r.state = 'open' AND (r.drain_reason IS NOT NULL OR NOT ({IS_OFF} OR {_WAITS}))
  AND (NOT r.is_exhausted OR {NEXT_TRY} <= {{now}}
    OR ((r.drain_reason IS NOT NULL OR r.give_up_at <= {{now}}) AND {NEXT_TRY} IS NOT NULL))
  {{of_mailing}}
ORDER BY r.id LIMIT %s"""
_ON = f"""
SELECT r.id, r.owner_id, r.state <> 'open' OR r.drain_reason IS NOT NULL OR {IS_OFF} OR {_WAITS}
{FROM} WHERE {{these}}"""
_SUPPRESSED = """
SELECT s.owner_id, s.address_key, c.id FROM suppression s
LEFT JOIN client c ON c.owner_id = s.owner_id AND c.address_key = s.address_key
WHERE s.created_at >= %s AND {these}"""
_OLDEST = "SELECT min(claimed_at) FROM claim WHERE {these}"
_EXPECTED = "UPDATE run SET expected = %s WHERE id = %s"


def open_runs(driver: Driver, limit: int, mailing_id: int | None) -> list[RunFacts]:
    """See `Ledger.open_runs`. In the order in which they were opened."""
    of_mailing = "" if mailing_id is None else "AND r.mailing_id = %s"
    values = (limit,) if mailing_id is None else (mailing_id, limit)
    with driver.reading() as work:
        found = work.rows(_OPEN_RUNS.format(now=driver.now, of_mailing=of_mailing), values)
    return [_run_facts(driver, row) for row in found]


def _run_facts(driver: Driver, row: Row) -> RunFacts:
    return RunFacts(
        run_id=row[0],
        mailing_id=row[1],
        owner_id=row[2],
        due_on=str(row[3]),
        time_zone=row[4],
        version_id=row[5],
        give_up_at=driver.read_moment(row[6]),
        is_draining=bool(row[7]),
        held_count=row[8],
    )


def read_off(driver: Driver, run_ids: Collection[int], since: datetime) -> OffReading:
    """See `Ledger.read_off`. A run that is gone altogether is closed too.

    A claim may have been long on its way: whoever was suppressed since it was made may be in it.
    """
    if not run_ids:
        return OffReading()
    with driver.reading() as work:
        ids = driver.ids(run_ids)
        runs = work.rows(_ON.format(now=driver.now, these=driver.among("r.id")), (ids,))
        owners = driver.ids({row[1] for row in runs})
        ((oldest,),) = work.rows(_OLDEST.format(these=driver.among("run_id")), (ids,))
        since = since if oldest is None else min(since, driver.read_moment(oldest))
        sql = _SUPPRESSED.format(these=driver.among("s.owner_id"))
        stops = work.rows(sql, (driver.moment(since - OVERLAP), owners))
    still_on = {row[0] for row in runs if not row[2]}
    return OffReading(
        closed=frozenset(run_ids) - still_on,
        suppressed=frozenset((owner_id, key) for owner_id, key, _client in stops),
        clients=frozenset(client_id for _owner, _key, client_id in stops if client_id is not None),
    )


def count_expected(driver: Driver, run_id: int) -> int:
    """See `Ledger.count_expected`. Counted outside the write lock: it may take a second for a million."""
    with driver.reading() as work:
        run = read_runs(work, {run_id})()[run_id]
        run.cursor = 0
        n = candidates.how_many(work, run)
    with driver.transaction() as work:
        work.run(_EXPECTED, (n, run_id))
    return n
