"""The queue is wiped, or a worker sleeps while its claims are taken: nothing is lost, nothing doubled."""

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from mailer.models import RunState
from tests.engine.conftest import Room
from tests.engine.processes import GENTLE, start_consumer
from tests.support.redis import PrivateRedis
from tests.support.smtp_server import SmtpServer

Build = Callable[..., Room]
Until = Callable[..., None]
pytestmark = pytest.mark.fault


@pytest.fixture
def consumer(app: Flask, tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts consumers that end with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        started.append(start_consumer(app, tmp_path / "log", *GENTLE, SEND_CONNECTIONS="10"))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_a_wiped_queue_loses_nothing_and_doubles_nothing(
    room: Build,
    smtp: SmtpServer,
    redis: PrivateRedis,
    redis_url: str,
    consumer: Callable[[], subprocess.Popen[bytes]],
    until: Until,
) -> None:
    smtp.script.delay_s = 0.02
    here = room(clients=2500)
    first = consumer()
    smtp.wait_for(100, timeout_s=30)
    redis.wipe()
    first.kill()
    first.wait()
    assert here.run().state is RunState.OPEN
    smtp.script.delay_s = 0
    consumer()
    until(lambda: here.run().state is RunState.DONE, what="the run to be done")
    assert len(smtp.recipients()) == len(set(smtp.recipients()))
    outcomes = here.outcomes()
    assert outcomes.count("accepted") + outcomes.count("unanswered") == 2500
    assert outcomes.count("unanswered") <= 10
    assert here.adds_up()


@pytest.mark.both_databases
def test_a_worker_whose_claims_were_taken_while_it_slept_lets_go_of_them(
    room: Build,
    app: Flask,
    smtp: SmtpServer,
    consumer: Callable[[], subprocess.Popen[bytes]],
    until: Until,
) -> None:
    smtp.script.delay_s = 0.02
    here = room(clients=1500)
    first = consumer()
    smtp.wait_for(100, timeout_s=30)
    first.send_signal(signal.SIGSTOP)
    assert here.claims(), "the stop struck when nothing was in hand"
    here.engine.close()
    here.restart()
    # another host would settle the claims as unanswered after lease and grace; here they are taken away at once
    taken_away = {claim.id for claim in here.claims()}
    here.change(type(here.claims()[0]), worker="elsewhere-1")
    before = len(smtp.letters)
    first.send_signal(signal.SIGCONT)
    until(lambda: first.poll() is not None or b"is gone" in log_of(here, app), what="the worker to notice")
    assert len(smtp.letters) >= before
    assert taken_away <= {claim.id for claim in here.claims()}
    assert len(smtp.recipients()) == len(set(smtp.recipients()))


def log_of(here: Room, app: Flask) -> bytes:
    """What the consumers said."""
    path = Path(app.config["MAILER"].instance_dir) / "log"
    return path.read_bytes() if path.exists() else b""
