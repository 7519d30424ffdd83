"""The ledger itself: the verbs of `interface.Ledger`, each over one database's driver."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Engine

from mailer.dispatch.ledger import booking, finishing, holding, leases, opening, readings
from mailer.dispatch.ledger.drivers import Driver
from mailer.dispatch.ledger.limits import Limits
from mailer.dispatch.ledger.postgres import PostgresDriver
from mailer.dispatch.ledger.sqlite import SqliteDriver
from mailer.dispatch.ledger.types import (
    DeadClaim,
    DueCursor,
    OffReading,
    Opened,
    Order,
    RunFacts,
    Settlement,
    Turn,
)
from mailer.models import HeldReason


def open_driver(engine: Engine) -> Driver:
    """The manners of this engine's database."""
    return SqliteDriver(engine) if engine.dialect.name == "sqlite" else PostgresDriver(engine)


def open_ledger(engine: Engine, *, new_user_daily_limit: int = 0, refused_brake_percent: int = 0) -> "SqlLedger":
    """A ledger over the app's engine; holds no connection between transactions."""
    return SqlLedger(open_driver(engine), Limits(new_user_daily_limit, refused_brake_percent))


class SqlLedger:
    """See `interface.Ledger` for what each verb means."""

    def __init__(self, driver: Driver, limits: Limits) -> None:
        """Use `open_ledger`."""
        self._driver = driver
        self._limits = limits

    def turn(self, settlements: Sequence[Settlement], order: Order | None, *, worker: str) -> Turn:
        """Write results and take one window."""
        return self.turns(settlements, [order] if order else [], worker=worker)[0]

    def turns(self, settlements: Sequence[Settlement], orders: Sequence[Order], *, worker: str) -> list[Turn]:
        """Write results and take a window of each of these runs."""
        return booking.book(self._driver, self._limits, settlements, orders, worker)

    def drain(self, run_id: int, size: int) -> Turn:
        """Skip some of those who are not to be written to any more."""
        return booking.book_drain(self._driver, self._limits, run_id, size)

    def beat_if_quiet(self, name: str, now: datetime) -> bool:
        """Write a heartbeat, where nothing is due, open or claimed."""
        return leases.beat_if_quiet(self._driver, name, now)

    def open_runs(self, limit: int, *, mailing_id: int | None = None) -> list[RunFacts]:
        """Runs with something to claim."""
        return readings.open_runs(self._driver, limit, mailing_id)

    def open_due(self, now: datetime, *, after: DueCursor | None = None, mailing_id: int | None = None) -> Opened:
        """Open a batch of what is due."""
        return opening.open_due(self._driver, now, after, mailing_id)

    def renew(self, worker: str) -> set[int]:
        """Lease this worker's claims again."""
        return leases.renew(self._driver, worker)

    def give_back(self, worker: str, claim_ids: Collection[int]) -> None:
        """Put claims back of which nothing was begun."""
        back = leases.untouched(self._driver, worker, claim_ids)
        if back:
            self.turns(back, [], worker=worker)

    def read_off(self, run_ids: Collection[int], since: datetime) -> OffReading:
        """What must not be begun any more."""
        return readings.read_off(self._driver, run_ids, since)

    def hold(
        self, run_ids: Collection[int], reason: HeldReason, words: str, until: datetime | None
    ) -> set[int]:
        """Let runs wait."""
        return holding.hold(self._driver, run_ids, reason, words, until)

    def release_due(self) -> set[int]:
        """Take runs up again that have waited."""
        return holding.release_due(self._driver)

    def pause_s(self) -> float | None:
        """When the first run has waited."""
        return holding.pause_s(self._driver)

    def close_dead_ends(self, now: datetime) -> set[int]:
        """Drain what can never be sent."""
        return holding.close_dead_ends(self._driver, now)

    def count_expected(self, run_id: int) -> int:
        """Count the audience."""
        return readings.count_expected(self._driver, run_id)

    def finish_complete(self, now: datetime) -> list[int]:
        """Close what is complete and adds up."""
        return finishing.finish_complete(self._driver, now)

    def dead_claims(self, worker: str) -> list[DeadClaim]:
        """Claims of others."""
        return leases.dead_claims(self._driver, worker)

    def settle_dead(self, claim: DeadClaim, settlement: Settlement) -> bool:
        """Settle for another worker."""
        return booking.book_dead(self._driver, self._limits, claim, settlement)

    def take_sender(self, worker: str) -> bool:
        """Become the sender."""
        return leases.take_sender(self._driver, worker)

    def renew_sender(self, worker: str) -> bool:
        """Stay the sender."""
        return leases.renew_sender(self._driver, worker)

    def sender(self) -> str | None:
        """Who is the sender."""
        return leases.sender(self._driver)

    def leave_sender(self, worker: str) -> None:
        """Be it no more."""
        leases.leave_sender(self._driver, worker)

    def beat(self, name: str, now: datetime) -> None:
        """Write a heartbeat."""
        leases.beat(self._driver, name, now)
