"""Memory does not grow with the number of recipients: a real engine in a process of its own, weighed by the kernel."""

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import Engine as Database
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.bench import receivers, world
from mailer.config import ROOT
from mailer.models import Run, RunState
from tests.engine.processes import environment

FEW, MANY = 2_000, 40_000
MOST_KIB = 10 * 1024
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from Linux's /proc")


@pytest.fixture
def peak_kib(app: Flask, engine: Database) -> Iterator[Callable[[int], int]]:
    """Sends to so many clients of another owner; the most memory that the one sending process has ever had."""
    with receivers.own() as receiver:
        env = environment(app, MAIL_SERVER="127.0.0.1", MAIL_PORT=str(receiver.port))
        command = [sys.executable, "-m", "tests.engine.weighing"]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, cwd=ROOT, env=env, stdin=pipe, stdout=pipe, text=True) as process:
            assert process.stdin
            assert process.stdout

            def send(clients: int) -> int:
                owners = world.make_owners(engine, 1)
                world.fill_books(engine, owners, clients)
                world.plan(engine, owners)
                process.stdin.write("\n")
                process.stdin.flush()
                return int(process.stdout.readline())

            yield send
            process.stdin.close()
            try:
                assert process.wait(30) == 0
            finally:
                process.kill()


@pytest.mark.both_databases
def test_twenty_times_the_recipients_take_no_more_memory(peak_kib: Callable[[int], int], engine: Database) -> None:
    few = peak_kib(FEW)
    many = peak_kib(MANY)
    with Session(engine) as session:
        runs = session.execute(select(Run.state, Run.accepted).order_by(Run.id)).all()
    assert runs == [(RunState.DONE, FEW), (RunState.DONE, MANY)]
    assert many - few < MOST_KIB
