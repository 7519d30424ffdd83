"""A receiver that has each letter on disk before it answers, processes to kill, and the count afterwards."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from mailer.bench.crash_count import Count, count
from mailer.clock import utcnow
from mailer.config import ROOT
from mailer.dispatch.tick import tick
from mailer.models import RunState
from mailer.orm import reading
from tests.engine.conftest import Room
from tests.engine.processes import GENTLE, environment
from tests.support import processes
from tests.support.smtp_server import SmtpServer

Start = Callable[..., subprocess.Popen[bytes]]
CONSUMER = ("-m", "huey.bin.huey_consumer", "tasks.huey", *GENTLE)
# a machine that is busy with other tests starts a process in many times the usual second
PATIENCE_S = 100.0
FLASK_SEND = ("-m", "flask", "--app", "wsgi", "send")


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The receiver's file: a line per letter, synced before the letter is answered."""
    return tmp_path / "kept"


@pytest.fixture
def smtp(kept: Path) -> Iterator[SmtpServer]:
    """The scripted mail server, in the place of the forgetful one."""
    with SmtpServer(log=kept) as server:
        yield server


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """What the processes said."""
    return tmp_path / "words"


@pytest.fixture
def start(app: Flask, words: Path) -> Iterator[Start]:
    """Starts Python programs that serve the test's app; they end with the test, and a failed one shows their words."""
    started: list[subprocess.Popen[bytes]] = []

    def run(*command: str, **changes: str) -> subprocess.Popen[bytes]:
        with words.open("ab") as said:
            env = environment(app, **changes)
            process = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=env, stdout=said, stderr=said)
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
    sys.stdout.write(words.read_text(errors="replace") if words.exists() else "")


@pytest.fixture
def counted(kept: Path) -> Callable[[Room], Count]:
    """What the log says against what the receiver has on disk."""

    def look(here: Room) -> Count:
        lines = kept.read_text("utf-8").splitlines() if kept.exists() else []
        return count(here.database, Counter(json.loads(line)["recipient"] for line in lines))

    return look


def wait_until(is_so: Callable[[], bool], *, what: str) -> None:
    """Poll with this folder's patience."""
    processes.wait_until(is_so, what=what, timeout_s=PATIENCE_S)


def is_true(found: Count) -> bool:
    """No double, nobody lost, no lie in either direction."""
    return (found.doubles, found.lost, found.empty_rows, found.silent_letters) == (0, 0, 0, 0)


def finish(here: Room) -> None:
    """What the next worker does: the minute's tick with its recovery, and sending, until the run is closed."""
    here.engine.close()
    here.restart()

    def is_done() -> bool:
        tick(here.engine.parts.ledger, now=utcnow(), folder=here.engine.parts.folder)
        here.work(2)
        return here.run().state is RunState.DONE

    wait_until(is_done, what="the run to be done")
    here.engine.close()


def sending_slowly(smtp: SmtpServer, start: Start, *, lines: int) -> subprocess.Popen[bytes]:
    """A consumer in the middle of a run, with so many connections and small windows."""
    smtp.script.delay_s = 0.02
    worker = start(*CONSUMER, SEND_CONNECTIONS=str(lines), SEND_WINDOW="100")
    smtp.wait_for(50, timeout_s=PATIENCE_S)
    return worker


def accepted_rows(here: Room) -> int:
    """How many letters the log calls accepted; asks for no write lock."""
    with reading():
        return here.outcomes().count("accepted")


def all_written(here: Room, smtp: SmtpServer) -> None:
    """Wait until every answered letter has its row."""
    wait_until(lambda: accepted_rows(here) == len(smtp.letters), what="every answered letter to have its row")


def all_in_hand_sent(here: Room, smtp: SmtpServer) -> None:
    """Wait until every claimed letter has arrived, while a held database keeps the next claim from being made."""
    with reading():
        wait_until(lambda: len(smtp.letters) == here.run().total, what="every claimed letter to have arrived")


def is_done(here: Room) -> bool:
    """The run is closed, which the ledger does only when its rows add up; asks for no write lock."""
    with reading():
        return here.run().state is RunState.DONE
