"""The part of the loop in tests of the ledger: takes windows, answers for the mail server, reads what was written."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from mailer.dispatch.ledger.ledger import SqlLedger
from mailer.dispatch.ledger.types import Finished, Order, Recipient, Settlement, Turn, Window
from mailer.models import Attempt, Claim, DailyTotal, Retry, Run
from mailer.rules.outcome import Outcome
from tests.support import world

AT = datetime(2026, 3, 2, 9, 1, tzinfo=UTC)
Fate = Callable[[Recipient], Finished]


def fate(outcome: Outcome = Outcome.ACCEPTED, **facts: Any) -> Fate:
    """What the server says to everybody."""
    codes = {Outcome.ACCEPTED: 250, Outcome.REFUSED: 550, Outcome.DEFERRED: 451}

    def say(one: Recipient) -> Finished:
        said = Finished(
            client_id=one.client_id,
            number=one.number,
            address=one.address,
            started_at=AT,
            took_ms=7,
            outcome=outcome,
            reply_code=codes.get(outcome),
            reply_text=f"{outcome} it is",
        )
        return said._replace(**facts)

    return say


ACCEPT = fate()
DEFER = fate(Outcome.DEFERRED, retry_at=AT)
REFUSE = fate(Outcome.REFUSED)


def settled(window: Window, say: Fate = ACCEPT, *, back: Iterable[Recipient] = ()) -> Settlement:
    """The whole window answered, but for those that go back."""
    back = tuple(back)
    finished = tuple(say(one) for one in window.recipients if one not in back)
    return Settlement(window.claim_id, window.run_id, finished, back)


class Play:
    """One owner, one mailing, one run, as far as a test needs no more."""

    def __init__(self, session: Session, ledger: SqlLedger) -> None:
        self.session = session
        self.ledger = ledger
        self.owner = world.make_user(session)
        self.run_id = 0

    def open(self, n: int = 3, *, mailing: dict[str, Any] | None = None, **facts: Any) -> list[int]:
        """Make `n` clients and open a run to them; the clients' ids."""
        ids = world.make_clients(self.session, self.owner, n)
        self.mailing = world.make_mailing(self.session, self.owner, **(mailing or {}))
        self.run_id = world.make_run(self.session, self.mailing, **facts).id
        self.session.commit()
        return ids

    def turn(self, *settlements: Settlement, size: int = 100, worker: str = "w1") -> Turn:
        """Settle these and take the next window. What the test has built is there by then."""
        self.session.commit()
        return self.ledger.turn(settlements, Order(self.run_id, size), worker=worker)

    def settle(self, *settlements: Settlement, worker: str = "w1") -> Turn:
        """Settle these and take nothing."""
        self.session.commit()
        return self.ledger.turn(settlements, None, worker=worker)

    def take(self, *, size: int = 100, worker: str = "w1") -> Window:
        """A window that must be there."""
        window = self.turn(size=size, worker=worker).window
        assert window is not None
        return window

    def read(self) -> Session:
        """A session of one reading: on SQLite an open one would keep the ledger waiting."""
        self.session.commit()
        return Session(self.session.get_bind())

    def run(self) -> Run:
        """The row, fresh."""
        with self.read() as session:
            return session.get_one(Run, self.run_id)

    def set(self, row: Any, **facts: Any) -> None:
        """Change a row as a service would, and commit."""
        kind, row_id = type(row), row.id
        with self.read() as session:
            session.execute(update(kind).where(kind.id == row_id).values(**facts))
            session.commit()

    def log(self) -> list[Attempt]:
        """The run's rows, by client and number."""
        mine = select(Attempt).where(Attempt.run_id == self.run_id).order_by(Attempt.client_id, Attempt.number)
        with self.read() as session:
            return list(session.scalars(mine))

    def said(self) -> list[tuple[int, str, str | None]]:
        """The log as (number, outcome, reason)."""
        return [(row.number, row.outcome.value, row.reason and row.reason.value) for row in self.log()]

    def retries(self) -> list[tuple[int, int]]:
        """Who waits to be tried: (client id, number)."""
        with self.read() as session:
            found = session.execute(select(Retry.client_id, Retry.number).order_by(Retry.client_id))
            return [(client_id, number) for client_id, number in found]

    def claims(self) -> int:
        """How many claims stand."""
        with self.read() as session:
            return session.scalar(select(func.count()).select_from(Claim)) or 0

    def counters(self) -> dict[str, int]:
        """The run's counters that are not zero."""
        run = self.run()
        names = ("total", "accepted", "refused", "skipped", "unanswered", "deferred")
        return {name: getattr(run, name) for name in names if getattr(run, name)}

    def days(self) -> Counter[str]:
        """The owner's daily totals, over all days."""
        totals: Counter[str] = Counter()
        with self.read() as session:
            for outcome, n in session.execute(select(DailyTotal.outcome, DailyTotal.n)):
                totals[outcome.value] += n
        return totals

    def in_a_moment(self) -> datetime:
        """Later than any clock of this test."""
        return datetime.now(UTC) + timedelta(hours=1)
