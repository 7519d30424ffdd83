"""`flask send` as a person or a crontab runs it: a process of its own."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine as Database
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.models import Attempt, Claim, Mailing, Run, RunState
from tests.engine.processes import GENTLE, flask_send, start_consumer
from tests.support import world
from tests.support.smtp_server import SmtpServer

Plan = Callable[..., int]


@pytest.fixture
def plan(engine: Database) -> Plan:
    """A mailing that became due five minutes ago; its id."""

    def build(clients: int = 5) -> int:
        at = datetime.now(UTC) - timedelta(minutes=5)
        with Session(engine) as session:
            owner = world.make_user(session)
            world.make_clients(session, owner, clients)
            mailing = world.make_mailing(session, owner, starts_at=at.replace(tzinfo=None))
            session.commit()
            return mailing.id

    return build


def count(engine: Database, kind: type) -> int:
    """Rows of a table."""
    with Session(engine) as session:
        return session.scalar(select(func.count()).select_from(kind)) or 0


@pytest.mark.both_databases
def test_sending_twice_in_a_row_sends_each_client_exactly_one_letter(
    app: Flask, engine: Database, smtp: SmtpServer, plan: Plan
) -> None:
    plan(clients=40)
    first = flask_send(app)
    assert (first.returncode, first.stdout) == (0, "1 runs: 40 accepted, 0 refused, 0 unanswered, 0 skipped.\n")
    second = flask_send(app)
    assert second.returncode == 0
    assert "0 accepted" in second.stdout
    assert len(smtp.recipients()) == len(set(smtp.recipients())) == 40
    with Session(engine) as session:
        assert session.scalars(select(Run.state)).all() == [RunState.DONE]


def test_a_refusal_shows_in_the_exit_code_and_a_deferral_does_not(
    app: Flask, smtp: SmtpServer, plan: Plan
) -> None:
    smtp.add("rcpt", "*-1@*", code=451, times=1)
    plan()
    done = flask_send(app)
    assert [fault.code for fault in smtp.faults] == [451]
    assert done.returncode == 0
    assert "1 deferred" in done.stdout
    smtp.add("rcpt", "*-2@*", code=550)
    plan()
    done = flask_send(app)
    assert [fault.code for fault in smtp.faults] == [451, 550]
    assert done.returncode == 1
    assert "1 refused" in done.stdout
    # a crontab may be all there is: the owner hears of it without a worker
    assert [to for to in smtp.recipients() if to.startswith("owner")]


def test_a_dry_run_says_what_is_due_and_writes_nothing(
    app: Flask, engine: Database, smtp: SmtpServer, plan: Plan
) -> None:
    mailing_id = plan(clients=7)
    done = flask_send(app, "--dry-run")
    assert done.returncode == 0
    assert f"mailing {mailing_id} " in done.stdout
    assert "7 recipients" in done.stdout
    assert smtp.letters == []
    assert count(engine, Run) == count(engine, Attempt) == 0


def test_only_the_mailing_asked_for_is_sent_and_only_when_it_is_due(
    app: Flask, engine: Database, smtp: SmtpServer, plan: Plan
) -> None:
    plan(clients=3)
    wanted = plan(clients=4)
    with Session(engine) as session:
        other = world.make_mailing(session, world.make_user(session), next_run_at=datetime.now(UTC) + timedelta(1))
        session.commit()
        other_id = other.id
    assert "0 runs" in flask_send(app, "--mailing", str(other_id)).stdout
    assert "4 accepted" in flask_send(app, "--mailing", str(wanted)).stdout
    assert len(smtp.letters) == 4
    assert count(engine, Run) == 1
    assert flask_send(app, "--mailing", "999").returncode == 1


def test_beside_a_consumer_on_sqlite_it_waits_for_the_others_work(
    app: Flask, engine: Database, smtp: SmtpServer, plan: Plan, tmp_path: Path
) -> None:
    smtp.script.delay_s = 0.02
    plan(clients=400)
    consumer = start_consumer(app, tmp_path / "log", *GENTLE, SEND_CONNECTIONS="5")
    try:
        smtp.wait_for(20, timeout_s=30)
        done = flask_send(app)
    finally:
        consumer.terminate()
        consumer.wait()
    assert done.returncode == 0
    assert len(smtp.recipients()) == len(set(smtp.recipients())) == 400
    with Session(engine) as session:
        assert session.scalars(select(Run.state)).all() == [RunState.DONE]
        assert session.scalars(select(Mailing.next_run_at)).one() is not None


@pytest.mark.fault
@pytest.mark.parametrize("keeps", [(), ("keeps",)], ids=["and gives all back", "and keeps its claims"])
def test_sending_that_broke_off_says_so_and_the_next_goes_on(
    app: Flask, engine: Database, smtp: SmtpServer, plan: Plan, keeps: tuple[str, ...]
) -> None:
    smtp.script.delay_s = 0.02  # so that something is left when the first result comes
    plan(clients=60)
    broken = flask_send(app, module=("tests.engine.breaking", *keeps))
    assert "a mistake of ours" in broken.stderr
    assert "Not everything was sent" in broken.stdout
    assert broken.returncode == 1
    assert count(engine, Claim) == len(keeps)
    then = flask_send(app)
    assert "Not everything" not in then.stdout
    assert len(smtp.recipients()) == len(set(smtp.recipients()))
    with Session(engine) as session:
        (run,) = session.scalars(select(Run))
    assert run.state is RunState.DONE
    assert run.accepted + run.unanswered == run.total == 60


def test_without_a_mail_server_the_run_waits_and_says_why(app: Flask, engine: Database, plan: Plan) -> None:
    plan()
    done = flask_send(app)
    assert done.returncode == 0
    assert "MAIL_SERVER" in done.stdout
    assert count(engine, Attempt) == 0
