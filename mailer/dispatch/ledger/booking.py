"""The transaction of the hot path: write what is finished, take what is next, keep the counters. One COMMIT."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

from mailer.dispatch.ledger import conflicts
from mailer.dispatch.ledger.allowance import Allowance
from mailer.dispatch.ledger.drivers import Answer, Clash, Driver, Transaction
from mailer.dispatch.ledger.facts import RunRow, lock, read_runs
from mailer.dispatch.ledger.filling import Filling
from mailer.dispatch.ledger.limits import LEASE_S, Limits
from mailer.dispatch.ledger.settling import Settling
from mailer.dispatch.ledger.tally import Tally
from mailer.dispatch.ledger.types import DeadClaim, Order, Settlement, Turn

_CLAIMS = """
INSERT INTO claim (run_id, recipients, worker, claimed_at, leased_until) VALUES {rows} RETURNING run_id, id"""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Booking:
    """All that one transaction is asked to do. `dead`: on behalf of a worker whose lease must not have changed.

    `only_drains`: nobody may be claimed, for nobody would be sent to.
    """

    settlements: Sequence[Settlement]
    orders: Sequence[Order]
    worker: str
    dead: DeadClaim | None = None
    only_drains: bool = False
    is_careful: bool = False

    @property
    def run_ids(self) -> set[int]:
        """The runs that are touched."""
        return {one.run_id for one in self.settlements} | {one.run_id for one in self.orders}


def book(
    driver: Driver, limits: Limits, settlements: Sequence[Settlement], orders: Sequence[Order], worker: str
) -> list[Turn]:
    """See `Ledger.turns`."""
    if len({order.run_id for order in orders}) < len(orders):
        raise ValueError("a run is ordered once at a time: its cursor moves with the order")
    return _carefully(driver, limits, Booking(settlements, orders, worker))


def book_dead(driver: Driver, limits: Limits, claim: DeadClaim, settlement: Settlement) -> bool:
    """See `Ledger.settle_dead`."""
    turns = _carefully(driver, limits, Booking([settlement], [], claim.worker, dead=claim))
    return not turns[0].lost_claims


def book_drain(driver: Driver, limits: Limits, run_id: int, size: int) -> Turn:
    """See `Ledger.drain`."""
    return _carefully(driver, limits, Booking([], [Order(run_id, size)], "", only_drains=True))[0]


def _carefully(driver: Driver, limits: Limits, booking: Booking) -> list[Turn]:
    """A key that is taken already is looked into and cried about, and the rest is written."""
    try:
        return _book(driver, limits, booking)
    except Clash as clash:
        log.error("ALARM the database refused a transaction of the ledger: %s", clash)
        rest = conflicts.unwritten(driver, booking.settlements)
        return _book(driver, limits, replace(booking, settlements=rest, is_careful=True))


def _book(driver: Driver, limits: Limits, booking: Booking) -> list[Turn]:
    with driver.transaction() as work:
        lock(work, booking.run_ids)
        locked = read_runs(work, booking.run_ids)
        standing = _ask_standing(work, booking)
        runs, tally = locked(), Tally()
        lists: dict[int, str] = dict(standing())
        lost = Settling(work, runs, tally, is_dead=booking.dead is not None).settle(booking.settlements, lists)
        _brake(work, limits, booking, runs, tally)
        allowance = Allowance(work, limits.new_user_daily_limit)
        manner = {"only_drains": booking.only_drains, "is_careful": booking.is_careful}
        fillings = [
            Filling(work, order, runs.get(order.run_id), allowance, tally, **manner) for order in booking.orders
        ]
        _fill(fillings)
        for filling in fillings:
            filling.write()
        claimed = _claim(work, fillings, booking.worker)
        tally.write(work, runs)
    claim_ids: dict[int, int] = dict(claimed())
    turns = [filling.turn(claim_ids.get(filling.run_id)) for filling in fillings] or [Turn()]
    return [replace(turns[0], lost_claims=lost), *turns[1:]] if lost else turns


def _claim(work: Transaction, fillings: Sequence[Filling], worker: str) -> Answer:
    """Insert the claims in one statement: (run, claim) of each. After COMMIT."""
    driver = work.driver
    claims = [(*claim, worker) for filling in fillings if (claim := filling.claim())]
    if not claims:
        return list
    row = f"(%s, %s, %s, {driver.now}, {driver.later(LEASE_S)})"
    rows = ", ".join([row] * len(claims))
    return work.ask(_CLAIMS.format(rows=rows), [*chain.from_iterable(claims)])


def _ask_standing(work: Transaction, booking: Booking) -> Answer:
    """Which are still this worker's: (id, list). Only the claim of a dead one, or one that stays, needs its list."""
    if not booking.settlements:
        return list
    driver = work.driver
    needs_lists = booking.dead is not None or not all(one.is_over for one in booking.settlements)
    column = "recipients" if needs_lists else "''"
    sql = f"SELECT id, {column} FROM claim WHERE {driver.among('id')} AND worker = %s"  # noqa: S608
    values = (driver.ids(one.claim_id for one in booking.settlements), booking.worker)
    if booking.dead is None:
        return work.ask(sql, values)
    lock_claim = " FOR UPDATE" if driver.lock_r else ""
    return work.ask(f"{sql} AND leased_until = %s{lock_claim}", (*values, driver.moment(booking.dead.leased_until)))


def _brake(
    work: Transaction, limits: Limits, booking: Booking, runs: dict[int, RunRow], tally: Tally
) -> None:
    if limits.refused_brake_percent:
        for run_id in {one.run_id for one in booking.settlements} & runs.keys():
            tally.brake(work, runs[run_id], limits.refused_brake_percent)


def _fill(fillings: Sequence[Filling]) -> None:
    """The first pages are sent for together; few need another."""
    wanting = [filling for filling in fillings if filling.wants_more]
    for filling in wanting:
        filling.ask()
    for filling in wanting:
        filling.read()
        while filling.wants_more:
            filling.ask()
            filling.read()
