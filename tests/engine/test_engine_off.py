"""Off means off: in the middle of a run no letter begins more than a second later."""

import threading
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from mailer.dispatch.ledger import open_driver
from mailer.dispatch.ledger.drivers import Driver
from mailer.dispatch.ledger.ledger import SqlLedger
from mailer.dispatch.ledger.limits import Limits
from mailer.dispatch.ledger.types import OffReading, Order, Settlement, Turn
from mailer.models import Mailing, Run, User
from mailer.rules.outcome import SkipReason
from tests.engine.conftest import Room
from tests.support import world
from tests.support.smtp_server import SmtpServer

Build = Callable[..., Room]
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)

WAYS: dict[str, tuple[type, dict[str, Any]]] = {
    "paused": (Mailing, {"paused_at": NOW}),
    "switched off by a moderator": (Mailing, {"disabled_at": NOW}),
    "stopped early": (Run, {"drain_reason": SkipReason.STOPPED}),
    "its owner blocked": (User, {"blocked_at": NOW}),
}


@pytest.mark.both_databases
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_no_letter_begins_a_second_after_a_run_is_switched_off(
    room: Build, smtp: SmtpServer, way: tuple[type, dict[str, Any]]
) -> None:
    smtp.script.delay_s = 0.05
    here = room(clients=2000, connections=10)
    here.engine.begin()
    smtp.wait_for(20)
    here.change(way[0], **way[1])
    off_at = datetime.now(UTC)
    here.work()
    here.engine.close()
    late = [one for one in smtp.letters if one.received_at > off_at + timedelta(seconds=1.1)]
    assert len(smtp.letters) < 500, "the run was over before it was switched off"
    assert late == []
    assert here.claims() == []
    accepted = [row for row in here.log() if row.outcome == "accepted"]
    assert len(accepted) == len(smtp.letters) == len(set(smtp.recipients()))


class SlowOnceLedger(SqlLedger):
    """The real one; a write of the loop's own waits once: `meanwhile` happens, and the off-switch has told of it."""

    def __init__(self, driver: Driver, meanwhile: Callable[[], None]) -> None:
        super().__init__(driver, Limits())
        self.meanwhile = meanwhile
        self.may_wait = False
        self.has_waited, self.has_told = threading.Event(), threading.Event()
        self._has_read = False

    def turns(self, settlements: Sequence[Settlement], orders: Sequence[Order], *, worker: str) -> list[Turn]:
        if self.may_wait and threading.current_thread().name == "shift":
            self.may_wait = False
            self.meanwhile()
            assert self.has_told.wait(30)
            self.has_waited.set()
        return super().turns(settlements, orders, worker=worker)

    def read_off(self, run_ids: Collection[int], since: datetime) -> OffReading:
        if self._has_read:  # asked again, so the news is out
            self.has_told.set()
        reading = super().read_off(run_ids, since)
        self._has_read = bool(reading.closed)
        return reading


@pytest.mark.both_databases
def test_what_was_switched_off_while_the_loop_waited_for_the_disk_is_not_begun_after_it(
    room: Build, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailer.dispatch.loop.books.RUSH_S", 60.0)  # the loop does all its writing itself
    monkeypatch.setattr("mailer.dispatch.loop.books.QUICK_S", 60.0)
    here = room(clients=5000, connections=10)
    ledger = SlowOnceLedger(open_driver(here.database), lambda: here.change(Mailing, paused_at=NOW))
    here.restart(ledger=ledger)
    here.engine.begin()
    smtp.wait_for(100)
    ledger.may_wait = True
    assert ledger.has_waited.wait(30)
    before = len(smtp.letters)
    here.send()
    assert before < 5000, "the run was over before it was switched off"
    assert len(smtp.letters) == before
    assert here.outcomes() == ["accepted"] * before
    assert here.claims() == []


def test_a_paused_run_goes_on_where_it_stopped(room: Build, smtp: SmtpServer) -> None:
    smtp.script.delay_s = 0.02
    here = room(clients=300, connections=10)
    here.engine.begin()
    smtp.wait_for(20)
    here.change(Mailing, paused_at=NOW)
    here.work()
    assert len(smtp.letters) < 300
    here.change(Mailing, paused_at=None)
    smtp.script.delay_s = 0
    here.send()
    assert len(set(smtp.recipients())) == len(smtp.letters) == 300
    assert here.adds_up()


def test_a_stopped_run_writes_the_rest_down_as_skipped(room: Build, smtp: SmtpServer) -> None:
    smtp.script.delay_s = 0.05
    here = room(clients=300, connections=5)
    here.engine.begin()
    smtp.wait_for(10)
    here.change(Run, drain_reason=SkipReason.STOPPED)
    here.send()
    outcomes = here.outcomes()
    assert outcomes.count("skipped") == 300 - len(smtp.letters) > 0
    assert here.run().state == "cancelled"
    assert here.adds_up()


@pytest.mark.both_databases
def test_who_unsubscribes_in_mid_run_gets_nothing_more(room: Build, smtp: SmtpServer) -> None:
    smtp.script.delay_s = 0.1
    here = room(clients=150, connections=5)
    last = f"{smtp_address(here, 149)}"
    here.engine.begin()
    smtp.wait_for(5)
    with Session(here.database) as session:
        owner = session.get_one(User, here.owner_id)
        world.make_suppression(session, owner, last, created_at=datetime.now(UTC))
        session.commit()
    here.send()
    assert last not in smtp.recipients()
    (row,) = [row for row in here.log() if row.address == last]
    assert (row.outcome, row.reason) == ("skipped", "unsubscribed")
    assert len(smtp.letters) == 149
    assert here.adds_up()


@pytest.mark.both_databases
def test_no_letter_to_the_unsubscribed_begins_a_second_later(room: Build, smtp: SmtpServer) -> None:
    smtp.script.delay_s = 0.2
    here = room(clients=60, connections=5)
    gone = {smtp_address(here, index) for index in range(10, 60)}
    here.engine.begin()
    smtp.wait_for(5)
    with Session(here.database) as session:
        owner = session.get_one(User, here.owner_id)
        for address in gone:
            world.make_suppression(session, owner, address, created_at=datetime.now(UTC))
        session.commit()
    off_at = datetime.now(UTC)
    here.send()
    # a letter that began within the second has its answer 0.2 s after
    late = [one for one in smtp.letters if one.recipient in gone and one.received_at > off_at + timedelta(seconds=1.3)]
    assert late == []
    skipped = {row.address for row in here.log() if row.outcome == "skipped"}
    assert skipped == gone - set(smtp.recipients())
    assert len(skipped) > 10, "they had their letters before"
    assert here.adds_up()


def smtp_address(here: Room, index: int) -> str:
    """The address of the run's n-th client."""
    with Session(here.database) as session:
        clients = session.query(world.Client).filter_by(owner_id=here.owner_id).order_by(world.Client.id)
        return str(clients[index].email)
