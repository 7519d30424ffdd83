"""The minute: open what is due, clean up after the dead, close what is complete. Eight at once do no harm.

It sends nothing; whoever sends is told by `on_opened`, after each transaction.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mailer.dispatch import remains
from mailer.dispatch.ledger.interface import Ledger
from mailer.dispatch.recovery import Recovered, recover

DRAIN_PAGE = 500
# turns in one minute's tick: the next one, and the engine, go on with what is left
DRAIN_TURNS = 40
RUNS = 1000


@dataclass(frozen=True, slots=True)
class TickReport:
    """What one minute brought."""

    opened: int
    missed: int
    recovered: Recovered
    finished: tuple[int, ...]


def tick(
    ledger: Ledger,
    *,
    now: datetime,
    folder: Path,
    mailing_id: int | None = None,
    on_opened: Callable[[], None] = lambda: None,
) -> TickReport:
    """One minute's work. `folder` holds the journals; `mailing_id` limits what is opened, not what is cleaned up."""
    if ledger.beat_if_quiet("tick", now):
        remains.sweep(folder, (), now)
        return TickReport(0, 0, Recovered(), ())
    opened, missed = _open_all(ledger, now, mailing_id, on_opened)
    recovered = recover(ledger, folder, now=now)
    ledger.close_dead_ends(now)
    ledger.release_due()
    _drain(ledger)
    finished = tuple(ledger.finish_complete(now))
    ledger.beat("tick", now)
    return TickReport(opened, missed, recovered, finished)


def _open_all(
    ledger: Ledger, now: datetime, mailing_id: int | None, on_opened: Callable[[], None]
) -> tuple[int, int]:
    opened = missed = 0
    batch = ledger.open_due(now, mailing_id=mailing_id)
    while True:
        opened += len(batch.run_ids)
        missed += len(batch.missed_ids)
        if batch.run_ids:
            on_opened()
        if batch.last is None:
            return opened, missed
        batch = ledger.open_due(now, after=batch.last, mailing_id=mailing_id)


def _drain(ledger: Ledger) -> None:
    """Write the skipped rows of cancelled runs: that needs no mail server, so nobody waits for one."""
    draining = [run.run_id for run in ledger.open_runs(RUNS) if run.is_draining]
    turns = 0
    for run_id in draining:
        is_dry = False
        while not is_dry and turns < DRAIN_TURNS:
            turn = ledger.drain(run_id, DRAIN_PAGE)
            is_dry = turn.is_dry or turn.is_closed
            turns += 1
