"""The gentle stop inside one process: what is not begun goes back, what is on the wire is finished and written."""

import threading
import time
from collections.abc import Callable, Sequence

import pytest
from flask import Flask

from mailer.dispatch.ledger import open_driver
from mailer.dispatch.ledger.ledger import SqlLedger
from mailer.dispatch.ledger.limits import Limits
from mailer.dispatch.ledger.types import Order, Settlement, Turn
from mailer.models import RunState
from tests.engine.conftest import Room
from tests.support.smtp_server import SmtpServer

Build = Callable[..., Room]
pytestmark = pytest.mark.fault


@pytest.mark.both_databases
def test_what_was_not_begun_is_sent_by_the_next_engine(room: Build, smtp: SmtpServer) -> None:
    smtp.script.delay_s = 0.02
    here = room(clients=300, connections=5)
    here.engine.begin()
    smtp.wait_for(20)
    here.engine.close()
    assert len(smtp.letters) < 300
    assert here.claims() == []
    assert set(here.outcomes()) == {"accepted"}
    assert len(here.log()) == len(smtp.letters)
    smtp.script.delay_s = 0
    here.restart()
    here.send()
    assert len(smtp.recipients()) == len(set(smtp.recipients())) == 300
    assert here.run().state is RunState.DONE
    assert here.adds_up()


def test_a_server_silent_for_too_long_leaves_only_what_was_on_the_wire_unanswered(
    room: Build, smtp: SmtpServer
) -> None:
    smtp.add("dot", do="hang")
    here = room(clients=50, connections=3)
    here.restart(stop_s=0.5)
    here.engine.begin()
    smtp.wait_for(faults=3)
    here.engine.close()
    assert 3 <= here.outcomes().count("unanswered") <= 5
    assert set(here.outcomes()) == {"unanswered"}
    assert here.claims() == []
    assert len(here.retries()) + len(here.log()) == here.run().total


def test_a_closed_engine_takes_no_more_work(room: Build, smtp: SmtpServer) -> None:
    here = room(clients=3)
    here.engine.close()
    assert here.work().is_taken
    assert smtp.letters == []


@pytest.mark.parametrize("is_made", [True, False], ids=["made before", "never made"])
def test_the_room_of_a_stopped_process_has_no_engine_that_works(
    room: Build, app: Flask, smtp: SmtpServer, is_made: bool
) -> None:
    room(clients=3)
    engines = app.extensions["mailer.room"]
    if is_made:
        engines.engine()
    engines.close()
    assert engines.engine().work().is_taken
    engines.engine().begin()
    assert smtp.letters == []


class SlowLedger(SqlLedger):
    """The real one, whose transactions wait for `may_go_on`."""

    asked, may_go_on = threading.Event(), threading.Event()

    def turns(self, settlements: Sequence[Settlement], orders: Sequence[Order], *, worker: str) -> list[Turn]:
        self.asked.set()
        assert self.may_go_on.wait(30)
        return super().turns(settlements, orders, worker=worker)


class SlowSender(SqlLedger):
    """The real one, who is told to become the sender in `asked` and may in `may_go_on`."""

    asked, may_go_on = threading.Event(), threading.Event()

    def take_sender(self, worker: str) -> bool:
        self.asked.set()
        assert self.may_go_on.wait(30)
        return super().take_sender(worker)


def test_a_stop_that_comes_while_a_shift_begins_stops_it(room: Build, smtp: SmtpServer) -> None:
    smtp.script.delay_s = 0.02
    here = room(clients=300, connections=5)
    ledger = SlowSender(open_driver(here.database), Limits())
    here.restart(ledger=ledger)
    beginning = threading.Thread(target=here.engine.begin)
    beginning.start()
    assert ledger.asked.wait(30)
    closing = threading.Thread(target=here.engine.close)
    closing.start()
    time.sleep(0.1)  # it stops what it finds by now
    ledger.may_go_on.set()
    beginning.join()
    closing.join()
    shift = here.engine._shift
    assert shift is None or shift.join(0), "nobody will stop it"
    assert here.claims() == []


def test_a_window_that_comes_while_stopping_goes_back_at_once(
    room: Build, smtp: SmtpServer, until: Callable[..., None]
) -> None:
    here = room(clients=30)
    ledger = SlowLedger(open_driver(here.database), Limits())
    here.restart(ledger=ledger, stop_s=1000)
    here.engine.begin()
    assert ledger.asked.wait(30)
    shift = here.engine._shift
    assert shift is not None
    closing = threading.Thread(target=here.engine.close)
    closing.start()
    until(lambda: shift._bag.is_shut, what="the stop to begin")
    ledger.may_go_on.set()
    closing.join()
    assert shift.join(0), "it waits for letters that nobody will send"
    assert here.claims() == []
    assert smtp.letters == []
    assert len(here.retries()) == 30
