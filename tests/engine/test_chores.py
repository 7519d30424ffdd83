"""When mail server and database fail together: runs are put to rest as soon as that can be written, in no haste."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from mailer.dispatch.ledger import LedgerUnavailable
from mailer.dispatch.loop.books import RETRY_S
from mailer.dispatch.loop.chores import LOOK_S, RENEW_S, Chores
from mailer.models import HeldReason
from tests.engine.conftest import Room
from tests.support.smtp_server import SmtpServer

Build = Callable[..., Room]
REFUSES = """
CREATE TRIGGER no_rest BEFORE UPDATE OF held_reason ON run
BEGIN SELECT raise(ABORT, 'not now'); END"""


def execute(here: Room, sql: str) -> None:
    with here.database.begin() as connection:
        connection.execute(text(sql))


@pytest.mark.parametrize(
    ("code", "reason"),
    [(550, HeldReason.SENDER_REFUSED), (530, HeldReason.SERVER), (535, HeldReason.SERVER), (450, HeldReason.SERVER)],
)
def test_a_server_that_wants_us_to_sign_in_has_not_refused_our_address(
    room: Build, smtp: SmtpServer, code: int, reason: HeldReason
) -> None:
    smtp.add("mail", code=code, text="not like this")
    here = room(clients=3)
    here.work(5)
    assert smtp.faults
    assert (here.run().held_reason, here.run().held_words) == (reason, f"mail: {code} not like this")


@pytest.mark.fault
def test_a_database_that_cannot_put_runs_to_rest_is_asked_calmly_until_it_can(
    room: Build, smtp: SmtpServer, caplog: pytest.LogCaptureFixture, until: Callable[..., None]
) -> None:
    smtp.add("banner", code=421, text="closed for repairs")
    here = room(clients=5)
    execute(here, REFUSES)
    here.work(2)
    asked = [record for record in caplog.records if "the database did not answer" in record.message]
    assert 2 <= len(asked) <= 2 * 2 / RETRY_S
    execute(here, "DROP TRIGGER no_rest")
    until(lambda: here.run().held_reason is HeldReason.SERVER, what="the run to rest")
    until(lambda: here.claims() == [], what="its letters to go back")


@dataclass
class Desk:
    """Chores with a clerk who keeps what he is told, a wire in trouble, and a clock that is moved by hand."""

    now_s: float = 100.0
    jobs: list[tuple[Any, Any, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        books: Any = SimpleNamespace(hands={}, rota=[], may_be_complete=False, is_clean=True)
        bag: Any = SimpleNamespace(trouble_seen=None)
        clerk: Any = SimpleNamespace(submit=lambda *job: self.jobs.append(job))
        wire: Any = SimpleNamespace(resting=False)
        parts: Any = SimpleNamespace(ledger=None, clock=None, monotonic=lambda: self.now_s)
        self.wire = wire
        self.chores = Chores(parts, books, bag, clerk, wire, worker="worker", mailing_id=None)

    def turn(self, *, after_s: float = 0.0) -> int:
        """A turn of the loop: how many jobs it gave to the clerk."""
        self.now_s += after_s
        count = len(self.jobs)
        self.chores.do_what_is_due(may_look=True)
        return len(self.jobs) - count

    def fail(self, place: int) -> None:
        """That job comes to nothing."""
        _job, _then, failed = self.jobs[place]
        failed(LedgerUnavailable("gone"))


def test_what_fails_ends_nothing_else_that_is_being_done() -> None:
    desk = Desk()
    assert desk.turn() == 1  # it looks for runs
    desk.wire.resting = True
    assert desk.turn(after_s=RENEW_S) == 2  # puts them to rest, and renews its leases
    desk.fail(2)
    assert desk.turn(after_s=LOOK_S) == 0, "it looks, or puts to rest, a second time"
    desk.fail(1)
    desk.fail(0)
    assert desk.turn() == 0
    assert desk.turn(after_s=RETRY_S) == 1  # puts them to rest again, and looks for none meanwhile
    assert desk.chores.is_holding
