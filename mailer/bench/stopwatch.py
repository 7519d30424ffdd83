"""A ledger that looks at its watch: what the database costs, and when a run was closed. It decides nothing."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from mailer.dispatch.ledger.drivers import Answer, Column, Driver, Gathered, Table, Transaction
from mailer.dispatch.ledger.ledger import SqlLedger
from mailer.dispatch.ledger.limits import Limits
from mailer.dispatch.ledger.types import Order, Settlement, Turn

NO_LIMITS = Limits()


class TimedLedger(SqlLedger):
    """Seconds are monotonic; `db_cpu_s` is our own processor time, not the server's."""

    def __init__(self, driver: Driver) -> None:
        """No daily limit and no brake: a benchmark refuses nobody."""
        super().__init__(driver, NO_LIMITS)
        self.db_wall_s = self.db_cpu_s = 0.0
        self.first_s = self.closed_s = 0.0
        self.closed = 0
        self.windows = 0

    def turns(self, settlements: Sequence[Settlement], orders: Sequence[Order], *, worker: str) -> list[Turn]:
        """As the ledger's own."""
        wall_s, cpu_s = time.monotonic(), time.thread_time()
        made = super().turns(settlements, orders, worker=worker)
        self.db_wall_s += time.monotonic() - wall_s
        self.db_cpu_s += time.thread_time() - cpu_s
        self.windows += 1
        if not self.first_s and any(one.finished or one.accepted for one in settlements):
            self.first_s = time.monotonic()
        return made

    def finish_complete(self, now: datetime) -> list[int]:
        """As the ledger's own."""
        closed = super().finish_complete(now)
        if closed:
            self.closed += len(closed)
            self.closed_s = time.monotonic()
        return closed


class _Counted(Transaction):
    """Passes on what it is told and counts it."""

    def __init__(self, inner: Transaction, count: Callable[[], None]) -> None:
        super().__init__(inner.driver)
        self._inner = inner
        self._count = count

    def ask(self, sql: str, values: Sequence[Any] = ()) -> Answer:
        """One more statement."""
        self._count()
        return self._inner.ask(sql, values)

    def gather(self, sql: str, columns: Sequence[str], values: Sequence[Any] = ()) -> Gathered:
        """One more statement."""
        self._count()
        return self._inner.gather(sql, columns, values)

    def insert(self, table: Table, columns: Sequence[Column]) -> None:
        """One more statement."""
        self._count()
        self._inner.insert(table, columns)


class StatementCount:
    """`n` statements have gone through this driver (BEGIN and COMMIT are not counted)."""

    def __init__(self, driver: Driver) -> None:
        self.n = 0
        self._own = driver._transaction
        driver._transaction = self._transaction  # type: ignore[method-assign]

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Transaction]:
        with self._own(writes=writes) as work:
            yield _Counted(work, self._add)

    def _add(self) -> None:
        self.n += 1
