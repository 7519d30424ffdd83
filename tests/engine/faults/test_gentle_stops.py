"""SIGTERM to real processes: what is not begun goes back, what is on the wire is waited for, though not for ever."""

import signal
import time
from collections.abc import Callable

import pytest

from mailer.bench.crash_count import Count
from mailer.models import RunState
from tests.engine.conftest import Room
from tests.engine.faults.conftest import CONSUMER, FLASK_SEND, PATIENCE_S, Start, all_written, finish, is_true
from tests.support.smtp_server import SmtpServer

Build = Callable[..., Room]
Counted = Callable[[Room], Count]
pytestmark = pytest.mark.fault
LINES = 5
NARROW = {"SEND_CONNECTIONS": str(LINES), "SEND_WINDOW": "100"}
CLIENTS, ANSWERED = 400, 40


# half a minute long, for that is what it is about; nobody computes meanwhile
def test_a_consumer_at_a_mute_server_ends_by_itself_in_less_than_thirty_seconds(
    room: Build, smtp: SmtpServer, start: Start, counted: Counted
) -> None:
    smtp.add("dot", do="hang", skip=ANSWERED)
    here = room(clients=CLIENTS)
    consumer = start(*CONSUMER, **NARROW)
    smtp.wait_for(ANSWERED, faults=LINES, timeout_s=PATIENCE_S)
    all_written(here, smtp)
    stopped_s = time.monotonic()
    consumer.send_signal(signal.SIGTERM)
    assert consumer.wait(PATIENCE_S) == 0
    assert 20 < time.monotonic() - stopped_s < 30
    outcomes = here.outcomes()
    assert (outcomes.count("accepted"), outcomes.count("unanswered")) == (ANSWERED, LINES)
    assert len(outcomes) + len(here.retries()) == here.run().total
    assert here.claims() == []
    assert here.run().state is RunState.OPEN
    smtp.clear()
    smtp.wait_for(ANSWERED + LINES)  # it had taken them all the time
    finish(here)
    found = counted(here)
    assert is_true(found), found
    assert (found.letters, found.arrived) == (CLIENTS, LINES)
    assert here.adds_up()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_flask_send_stopped_in_mid_run_leaves_nothing_unanswered_and_nothing_in_hand(
    room: Build, smtp: SmtpServer, start: Start, counted: Counted, how: int
) -> None:
    smtp.script.delay_s = 0.02
    here = room(clients=CLIENTS)
    sending = start(*FLASK_SEND, **NARROW)
    smtp.wait_for(ANSWERED, timeout_s=PATIENCE_S)
    sending.send_signal(how)
    assert sending.wait(PATIENCE_S) == 1
    assert here.claims() == []
    assert here.run().state is RunState.OPEN
    assert here.outcomes() == ["accepted"] * len(smtp.letters)
    assert len(smtp.letters) < CLIENTS
    smtp.script.delay_s = 0
    finish(here)
    assert is_true(counted(here))
    assert here.outcomes() == ["accepted"] * CLIENTS
    assert here.adds_up()
