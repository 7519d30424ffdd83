"""Redis is killed in mid-run and comes back empty: the alarm clock is gone for a while, and nothing else."""

import signal
from collections.abc import Callable

import pytest
from flask import Flask

from mailer.bench.crash_count import Count
from mailer.models import User
from tests.engine.conftest import Room
from tests.engine.faults.conftest import (
    CONSUMER,
    PATIENCE_S,
    Start,
    accepted_rows,
    is_done,
    is_true,
    wait_until,
)
from tests.support.redis import PrivateRedis
from tests.support.smtp_server import SmtpServer

pytestmark = pytest.mark.fault
CLIENTS = 1500


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_consumer_outlives_its_queue_and_sends_on_when_it_is_back(
    room: Callable[..., Room],
    app: Flask,
    smtp: SmtpServer,
    redis: PrivateRedis,
    redis_url: str,
    start: Start,
    counted: Callable[[Room], Count],
) -> None:
    smtp.script.delay_s = 0.05
    here = room(clients=CLIENTS)
    here.change(User, wants_notices=False)  # a letter to the owner would be none of this run's
    consumer = start(*CONSUMER, SEND_CONNECTIONS="5", SEND_WINDOW="100")
    smtp.wait_for(50, timeout_s=PATIENCE_S)
    redis.server.stop(signal.SIGKILL)
    try:
        assert not is_done(here), "the run was over before"
        before = accepted_rows(here)
        # what is in hand needs no queue
        wait_until(lambda: accepted_rows(here) >= before + 30, what="letters without a queue")
        assert consumer.poll() is None
    finally:
        redis.server.start()
    smtp.script.delay_s = 0
    wait_until(lambda: is_done(here), what="the run to be done")
    assert here.outcomes() == ["accepted"] * CLIENTS
    assert is_true(counted(here))
    assert here.adds_up()
    # what is asked for through the queue is done again, by the same consumer
    again = room(clients=20)
    app.extensions["mailer.bell"]()
    wait_until(lambda: is_done(again), what="the next run to be done")
    assert consumer.poll() is None
    consumer.send_signal(signal.SIGTERM)
    assert consumer.wait(PATIENCE_S) == 0
    assert again.outcomes() == ["accepted"] * 20
    assert is_true(counted(here))
