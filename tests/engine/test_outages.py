"""The queue is wiped, or a worker sleeps while its claims are taken: nothing is lost, nothing doubled."""

import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from huey import Huey
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.bench.crash_count import count
from mailer.models import Claim, Client, RunState, User
from tests.engine.conftest import Room
from tests.engine.faults.conftest import is_true
from tests.engine.processes import GENTLE, put_to_sleep, start_consumer
from tests.support.redis import PrivateRedis
from tests.support.smtp_server import SmtpServer

Build = Callable[..., Room]
Start = Callable[[], subprocess.Popen[bytes]]
Until = Callable[..., None]
pytestmark = pytest.mark.fault
LINES = 10


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """What the consumers said."""
    return tmp_path / "words"


@pytest.fixture
def consumer(app: Flask, words: Path) -> Iterator[Start]:
    """Starts consumers that end with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        started.append(start_consumer(app, words, *GENTLE, SEND_CONNECTIONS=str(LINES)))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.both_databases
def test_a_wiped_queue_loses_nothing_and_doubles_nothing(
    room: Build, app: Flask, smtp: SmtpServer, redis: PrivateRedis, redis_url: str, consumer: Start, until: Until
) -> None:
    queue: Huey = app.extensions["huey"]
    smtp.script.delay_s = 0.02
    here = room(clients=2500)
    here.change(User, wants_notices=False)  # a letter to the owner would be none of this run's
    worker = consumer()
    smtp.wait_for(100, timeout_s=30)
    until(lambda: [task.name for task in queue.pending()] == ["slice"], what="something to be wiped")
    redis.wipe()
    assert queue.pending_count() == 0
    assert here.run().state is RunState.OPEN
    smtp.script.delay_s = 0
    until(lambda: here.run().state is RunState.DONE, what="the run to be done")
    assert worker.poll() is None
    assert here.outcomes() == ["accepted"] * 2500
    assert is_true(count(here.database, Counter(smtp.recipients())))
    assert here.adds_up()
    # and the queue is one again
    again = room(clients=20)
    app.extensions["mailer.bell"]()
    until(lambda: again.run().state is RunState.DONE, what="the next run to be done")
    assert worker.poll() is None


@pytest.mark.both_databases
def test_a_worker_whose_claims_were_taken_while_it_slept_lets_go_of_them(
    room: Build, smtp: SmtpServer, consumer: Start, words: Path, until: Until
) -> None:
    smtp.script.delay_s = 0.02
    here = room(clients=1500)
    worker = consumer()
    smtp.wait_for(100, timeout_s=30)
    put_to_sleep(worker, here.database)
    # another host would settle the claims as unanswered after lease and grace; here they are taken away at once
    taken = here.engine.parts.ledger.dead_claims("")
    assert taken, "the stop struck when nothing was in hand"
    here.change(Claim, worker="elsewhere-1")
    theirs = {one[2] for claim in taken for one in claim.recipients if one}
    assert not theirs <= set(smtp.recipients()), "they had been sent"
    worker.send_signal(signal.SIGCONT)
    gone = [f"claim {claim.claim_id} is gone" for claim in taken]
    until(lambda: all(one in words.read_text() for one in gone), what="the worker to notice")
    noticed = len(smtp.letters)
    others = everybody(here) - theirs
    until(lambda: others <= set(smtp.recipients()), what="the worker to go on with the others")
    assert worker.poll() is None
    late = [to for to in smtp.recipients()[noticed:] if to in theirs]
    assert len(late) <= LINES
    assert {claim.claim_id for claim in taken} <= {claim.id for claim in here.claims()}
    assert len(smtp.recipients()) == len(set(smtp.recipients()))
    assert {row.address for row in here.log() if row.outcome == "accepted"} <= set(smtp.recipients())


def everybody(here: Room) -> set[str]:
    """The addresses of all who are to get a letter."""
    with Session(here.database) as session:
        return set(session.scalars(select(Client.email).where(Client.owner_id == here.owner_id)))
