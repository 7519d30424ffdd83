"""A real `huey_consumer`, killed, stopped, doubled: nobody gets two letters, nobody is forgotten."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from mailer.models import Run, RunState
from tests.engine.conftest import Room
from tests.engine.processes import GENTLE, start_consumer
from tests.support.smtp_server import SmtpServer

Build = Callable[..., Room]
Start = Callable[..., subprocess.Popen[bytes]]
Until = Callable[..., None]
pytestmark = pytest.mark.fault
CONNECTIONS = 10


@pytest.fixture
def consumer(app: Flask, tmp_path: Path) -> Iterator[Start]:
    """Starts consumers; those that still run are killed at the end, and their words shown when the test fails."""
    started: list[subprocess.Popen[bytes]] = []
    log = tmp_path / "consumer.log"

    def start(*options: str) -> subprocess.Popen[bytes]:
        started.append(start_consumer(app, log, *(options or GENTLE), SEND_CONNECTIONS=str(CONNECTIONS)))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
    sys.stdout.write(log.read_text() if log.exists() else "")


def is_done(here: Room) -> bool:
    """The run is closed, which the ledger does only when its rows add up."""
    return here.run().state is RunState.DONE


@pytest.mark.both_databases
def test_a_consumer_killed_in_mid_run_doubles_nobody_and_forgets_nobody(
    room: Build, smtp: SmtpServer, consumer: Start, until: Until
) -> None:
    smtp.script.delay_s = 0.02
    here = room(clients=600)
    first = consumer()
    smtp.wait_for(100, timeout_s=30)
    first.kill()
    first.wait()
    assert here.claims(), "the kill struck when nothing was in hand"
    smtp.script.delay_s = 0
    consumer()
    until(lambda: is_done(here), what="the run to be done")
    outcomes = here.outcomes()
    assert len(smtp.recipients()) == len(set(smtp.recipients()))
    assert outcomes.count("accepted") + outcomes.count("unanswered") == 600
    assert outcomes.count("unanswered") <= CONNECTIONS
    accepted = {row.address for row in here.log() if row.outcome == "accepted"}
    assert accepted <= set(smtp.recipients())
    assert len(set(smtp.recipients()) - accepted) <= outcomes.count("unanswered")
    assert here.adds_up()


GENTLE_SIGNALS = [(GENTLE, signal.SIGTERM), (("-w", "1"), signal.SIGINT), (("-w", "1"), signal.SIGTERM)]


@pytest.mark.parametrize(("options", "how"), GENTLE_SIGNALS, ids=["-g TERM", "INT by default", "TERM by default"])
def test_a_gentle_stop_leaves_nothing_unanswered_and_nothing_in_hand(
    room: Build, smtp: SmtpServer, consumer: Start, options: tuple[str, ...], how: int
) -> None:
    smtp.script.delay_s = 0.02
    here = room(clients=3000)
    process = consumer(*options)
    smtp.wait_for(100, timeout_s=30)
    process.send_signal(how)
    assert process.wait(30) == 0
    assert here.claims() == []
    assert here.run().state is RunState.OPEN
    outcomes = here.outcomes()
    assert set(outcomes) == {"accepted"}
    assert len(outcomes) == len(smtp.letters) == len(set(smtp.recipients())) < 3000


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_two_consumers_share_a_run_without_a_double(
    room: Build, smtp: SmtpServer, redis_url: str, consumer: Start, until: Until
) -> None:
    smtp.script.delay_s = 0.2  # so that there is something left to share when both are up
    here = room(clients=3000)
    workers: set[str] = set()
    consumer()
    consumer("-w", "2", "-n")

    def is_shared() -> bool:
        workers.update(claim.worker for claim in here.claims())
        return len(workers) > 1

    until(is_shared, what="both to have claimed")
    smtp.script.delay_s = 0
    until(lambda: is_done(here), what="the run to be done")
    assert here.outcomes() == ["accepted"] * 3000
    assert len(smtp.recipients()) == len(set(smtp.recipients())) == 3000
    assert here.adds_up()


def test_a_server_that_comes_back_finds_the_run_waiting(
    room: Build, smtp: SmtpServer, consumer: Start, until: Until
) -> None:
    smtp.add("banner", code=421, text="closed for repairs")
    here = room(clients=20)
    first = consumer()
    until(lambda: here.run().held_reason is not None, what="the run to be held")
    assert smtp.faults
    assert here.log() == []
    smtp.clear()
    here.change(Run, held_until=here.run().opened_at)
    first.kill()
    consumer()
    until(lambda: is_done(here), what="the run to be done")
    assert here.outcomes() == ["accepted"] * 20


def test_a_run_goes_on_as_soon_as_its_pause_is_over(
    room: Build, smtp: SmtpServer, consumer: Start, until: Until
) -> None:
    smtp.add("banner", code=421, text="back in a moment")
    here = room(clients=20)
    consumer()
    until(lambda: here.run().held_reason is not None, what="the run to be held")
    smtp.clear()
    until(lambda: is_done(here), what="the run to be done before the next tick", timeout_s=40)
    assert here.outcomes() == ["accepted"] * 20
