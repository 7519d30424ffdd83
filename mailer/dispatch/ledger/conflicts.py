"""When a key of the log is taken already: an alarm, and the rest is written all the same.

It cannot happen while claims, cursor and rows agree, except after a COMMIT whose answer was lost.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from mailer.dispatch.ledger.drivers import Driver, Row, Transaction
from mailer.dispatch.ledger.types import Settlement

log = logging.getLogger(__name__)

_WRITTEN = "SELECT client_id, number, outcome, started_at FROM attempt WHERE run_id = %s AND {these}"
_WAITING = "SELECT client_id FROM retry WHERE run_id = %s AND {these}"
Written = dict[tuple[int, int], tuple[str, datetime]]


def without_written(work: Transaction, run_id: int, found: Sequence[Row]) -> list[Row]:
    """Candidates (client_id, number, …) less those that have this row of the log already."""
    written = _written(work, run_id, [row[0] for row in found])
    for row in found:
        if row[:2] in written:
            log.error("ALARM run %d: client %d was to be claimed again as attempt %d", run_id, *row[:2])
    return [row for row in found if row[:2] not in written]


def unwritten(driver: Driver, settlements: Sequence[Settlement]) -> list[Settlement]:
    """The settlements less what is written already, which is counted in the program's log."""
    asked = [settlement.row_by_row for settlement in settlements]
    with driver.reading() as work:
        found = [_unwritten(work, settlement) for settlement in asked]
    for before, left in zip(asked, found, strict=True):
        _count(before, left)
    return found


def _unwritten(work: Transaction, settlement: Settlement) -> Settlement:
    driver = work.driver
    ids = [one.client_id for one in settlement.finished] + [one.client_id for one in settlement.back]
    written = _written(work, settlement.run_id, ids)
    found = work.rows(_WAITING.format(these=driver.among("client_id")), (settlement.run_id, driver.ids(ids)))
    waiting = {row[0] for row in found}
    for one in settlement.finished:
        before = written.get((one.client_id, one.number))
        if before is not None and before != (one.outcome, one.started_at):
            log.error(
                "ALARM run %d: client %d attempt %d is %s in the log, not written again as %s",
                settlement.run_id, one.client_id, one.number, before[0], one.outcome,
            )  # fmt: skip
    for client_id in waiting:
        log.error("ALARM run %d: client %d waits for another try already", settlement.run_id, client_id)
    return replace(
        settlement,
        finished=tuple(
            one._replace(retry_at=None) if one.client_id in waiting else one
            for one in settlement.finished
            if (one.client_id, one.number) not in written
        ),
        back=tuple(one for one in settlement.back if one.client_id not in waiting),
    )


def _count(asked: Settlement, left: Settlement) -> None:
    rows, waiting = len(asked.finished) - len(left.finished), len(asked.back) - len(left.back)
    if rows or waiting:
        log.warning(
            "run %d, claim %d: %d of %d rows are there already, %d of %d that go back wait already",
            asked.run_id, asked.claim_id, rows, len(asked.finished), waiting, len(asked.back),
        )  # fmt: skip


def _written(work: Transaction, run_id: int, client_ids: Sequence[int]) -> Written:
    driver = work.driver
    found = work.rows(_WRITTEN.format(these=driver.among("client_id")), (run_id, driver.ids(client_ids)))
    return {row[:2]: (row[2], driver.read_moment(row[3])) for row in found}
