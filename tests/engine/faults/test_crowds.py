"""Many processes at once: eight ticks, five consumers of which one is killed and one stopped, and two on SQLite."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine as Database
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.bench.crash_count import Count
from mailer.config import ROOT
from mailer.dispatch.wake import wake
from mailer.models import Mailing, Run, User
from mailer.orm import reading
from tests.engine.conftest import Room
from tests.engine.faults.conftest import CONSUMER, PATIENCE_S, Start, finish, is_done, is_true, wait_until
from tests.engine.processes import environment
from tests.support import world
from tests.support.smtp_server import SmtpServer

Build = Callable[..., Room]
Counted = Callable[[Room], Count]
pytestmark = pytest.mark.fault
MAILINGS = 40
CONSUMERS = 5
LINES = 5
NARROW = {"SEND_CONNECTIONS": str(LINES), "SEND_WINDOW": "100"}
STARTED = re.compile(r"Huey consumer started with 1 thread, PID (\d+)")
CLIENTS, FEWER = 2500, 1500


@pytest.mark.both_databases
def test_eight_ticks_at_once_open_one_run_for_each_mailing(app: Flask, engine: Database) -> None:
    at = datetime.now(UTC) - timedelta(minutes=5)
    with Session(engine) as session:
        owner = world.make_user(session)
        for _ in range(MAILINGS):
            world.make_mailing(session, owner, starts_at=at.replace(tzinfo=None))
        session.commit()
    ticking = [sys.executable, "-m", "tests.engine.faults.ticks", "8"]
    done = subprocess.run(ticking, cwd=ROOT, env=environment(app), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    opened = json.loads(done.stdout)
    assert len(opened) == 8, done.stderr
    assert sum(opened) == MAILINGS
    assert "ALARM" not in done.stderr
    with Session(engine) as session:
        assert session.scalar(select(func.count(Run.mailing_id.distinct()))) == MAILINGS
        assert session.scalar(select(func.count()).select_from(Run)) == MAILINGS
        assert session.scalar(select(func.count()).where(Mailing.next_run_at < datetime.now(UTC))) == 0


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_five_consumers_of_which_one_is_killed_and_one_stopped(
    room: Build, smtp: SmtpServer, redis_url: str, start: Start, counted: Counted
) -> None:
    smtp.script.delay_s = 0.1
    here = room(clients=CLIENTS)
    here.change(User, wants_notices=False)  # a letter to the owner would be none of this run's
    consumers = {process.pid: process for process in (start(*CONSUMER, **NARROW) for _ in range(CONSUMERS))}
    seen: set[int] = set()

    def all_have_claimed() -> bool:
        seen.update(holders(here))
        return seen == consumers.keys()

    wait_until(all_have_claimed, what="all five to have claimed")
    killed, stopped, *_others = holders(here)
    consumers[killed].kill()
    consumers[stopped].send_signal(signal.SIGTERM)
    assert consumers[killed].wait(PATIENCE_S) == -signal.SIGKILL
    assert killed in holders(here), "the kill struck when nothing was in hand"
    assert consumers[stopped].wait(PATIENCE_S) == 0
    assert stopped not in holders(here)
    assert len(smtp.letters) < CLIENTS, "the run was over before"
    smtp.script.delay_s = 0
    finish(here)
    assert is_true(counted(here))
    assert here.outcomes().count("unanswered") <= LINES
    assert here.adds_up()


def test_of_two_consumers_on_sqlite_one_sends_and_the_other_takes_over_from_the_dead(
    room: Build, app: Flask, smtp: SmtpServer, start: Start, counted: Counted, words: Path
) -> None:
    smtp.script.delay_s = 0.1
    here = room(clients=FEWER)
    here.change(User, wants_notices=False)
    two = {process.pid: process for process in (start(*CONSUMER, **NARROW) for _ in range(2))}
    wait_until(lambda: set(STARTED.findall(words.read_text())) == {*map(str, two)}, what="both to be up")
    smtp.wait_for(20, timeout_s=PATIENCE_S)
    (sender,) = holders(here)
    (other,) = two.keys() - {sender}
    two[sender].kill()
    assert two[sender].wait(PATIENCE_S) == -signal.SIGKILL
    assert holders(here) == [sender], "the kill struck when nothing was in hand"
    with app.app_context():
        wake()  # as somebody who plans a mailing would; else the next full minute does
    wait_until(lambda: holders(here) == [other], what="the other to take over")
    smtp.script.delay_s = 0
    wait_until(lambda: is_done(here), what="the run to be done")
    assert two[other].poll() is None
    found = counted(here)
    assert is_true(found), found
    assert here.outcomes().count("accepted") + here.outcomes().count("unanswered") == FEWER
    assert here.outcomes().count("unanswered") <= LINES
    assert here.adds_up()


def holders(here: Room) -> list[int]:
    """The process ids of those who have something in hand: a worker's name is host, process and chance."""
    with reading():
        return sorted({int(claim.worker.rsplit("-", 2)[1]) for claim in here.claims()})
