"""What somebody takes along is written down, though the request that fetches it writes nothing."""

import logging
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from huey import Huey
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.dispatch import exports
from mailer.models import AuditEntry, User
from mailer.orm import reading
from mailer.rules.outcome import Outcome
from mailer.services import audit, departure
from tests.auth import matrix
from tests.engine.processes import GENTLE, start_consumer
from tests.reports.logbook import AT, finished_run
from tests.support.people import sign_in
from tests.support.processes import wait_until
from tests.support.redis import PrivateRedis
from tests.support.smtp_server import SmtpServer
from tests.support.world import NOW


@pytest.fixture
def anna_id(session: Session, anna: User) -> int:
    """Her id, with no transaction left open by asking for it."""
    found = anna.id
    session.rollback()
    return found


def rows(session: Session) -> list[AuditEntry]:
    """The exports written down so far."""
    session.rollback()
    with reading():  # or the look would hold the write lock that the consumer needs
        found = list(session.scalars(select(AuditEntry).where(AuditEntry.verb == "report.export")))
    for row in found:
        session.expunge(row)
    session.rollback()
    return found


def work_off(app: Flask) -> int:
    """Do what waits in the queue, as the consumer does; how many tasks."""
    huey: Huey = app.extensions["huey"]
    done = 0
    while task := huey.dequeue():
        huey.execute(task)
        done += 1
    return done


def test_a_consumer_writes_down_who_took_which_log_along(
    app: Flask, web: FlaskClient, session: Session, anna: User, anna_id: int, smtp: SmtpServer, tmp_path: Path
) -> None:
    sign_in(web, anna)
    run = finished_run(session, anna, [Outcome.ACCEPTED, Outcome.REFUSED])
    assert web.get(f"/reports/attempts.csv?run={run.id}&outcome=refused&q=c2@").text.count("\n") == 2
    with web.get("/reports/attempts.csv"):
        pass
    consumer = start_consumer(app, tmp_path / "log", *GENTLE)
    try:
        wait_until(lambda: len(rows(session)) == 2, what="the rows to be written")
    finally:
        consumer.terminate()
        consumer.wait()
    one, other = sorted(rows(session), key=lambda row: row.at)
    assert (one.actor, one.user_id, one.address) == ("anna@example.org", anna_id, "127.0.0.1")
    assert one.detail == f"run {run.id}, refused, address with c2@"
    assert (other.detail, one.object_id != other.object_id) == ("all runs", True)
    page = web.get("/auth/activity").text
    assert page.count("Report exported") == 2


def test_the_request_writes_nothing_and_a_head_takes_nothing_along(
    app: Flask,
    web: FlaskClient,
    session: Session,
    anna: User,
    anna_id: int,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sign_in(web, anna)
    finished_run(session, anna, [Outcome.ACCEPTED])
    session.commit()
    before = matrix.dump(tmp_path / "mailer.db")
    with caplog.at_level(logging.INFO, "mailer.audit"):
        assert web.head("/reports/attempts.csv").data == b""
        assert (caplog.text, work_off(app)) == ("", 0)
        web.get("/reports/attempts.csv")
    assert matrix.is_kept(before, matrix.dump(tmp_path / "mailer.db"), "HEAD")
    assert f"report.export: user {anna_id}, all runs, at 20" in caplog.text
    assert "from 127.0.0.1" in caplog.text
    assert (work_off(app), len(rows(session))) == (1, 1)


def test_somebody_elses_run_leaves_no_trace_of_an_export(app: Flask, web: FlaskClient, anna: User) -> None:
    sign_in(web, anna)
    assert web.get("/reports/attempts.csv?run=999").status_code == 404
    assert work_off(app) == 0


@pytest.mark.both_databases
def test_a_doubled_task_writes_one_row(app: Flask, session: Session, anna_id: int) -> None:
    facts = {"detail": "all runs", "address": "127.0.0.1", "browser": ""}
    for mark in (7, 7, 8):
        with app.app_context():
            exports.write_down(mark, anna_id, "report.export", facts, at=AT)
    assert [(row.object_id, row.at) for row in rows(session)] == [(7, AT), (8, AT)]


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_two_workers_with_one_task_write_one_row(session: Session, anna_id: int) -> None:
    with Session(session.get_bind()) as one, Session(session.get_bind()) as other:
        assert audit.record_once(one, "report.export", mark=7, actor=one.get_one(User, anna_id), now=NOW)
        assert not other.connection().exec_driver_sql("SELECT pg_try_advisory_xact_lock(7)").scalar()
        one.commit()
        assert not audit.record_once(other, "report.export", mark=7, actor=other.get_one(User, anna_id), now=NOW)


def test_the_export_works_without_a_queue(
    web: FlaskClient,
    session: Session,
    anna: User,
    redis: PrivateRedis,
    redis_url: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sign_in(web, anna)
    finished_run(session, anna, [Outcome.ACCEPTED])
    redis.server.stop()
    try:
        with caplog.at_level(logging.INFO, "mailer.audit"):
            assert web.get("/reports/attempts.csv").text.count("\n") == 2
    finally:
        redis.server.start()
    assert "report.export: user" in caplog.text
    assert "gets no row in the audit" in caplog.text


def test_of_a_person_who_has_left_nothing_is_written(app: Flask, session: Session, anna: User) -> None:
    anna_id = anna.id
    departure.leave(session, anna, now=NOW)
    session.commit()
    facts = {"detail": "all runs", "address": "127.0.0.1", "browser": ""}
    with app.app_context():
        exports.write_down(7, anna_id, "report.export", facts, at=AT)
    assert rows(session) == []


def test_whatever_a_get_hands_out_as_a_file_is_written_down(app: Flask, session: Session) -> None:
    world = matrix.build(session)
    files = []
    for person in ("owner", "admin"):
        web = app.test_client()
        sign_in(web, world.people[person])  # type: ignore[arg-type]
        for rule, _method in matrix.routes(app, ("GET",)):
            answer = web.get(matrix.path_of(app, rule, world))
            if answer.headers.get("Content-Disposition", "").startswith("attachment"):
                files.append(rule.endpoint)
                assert work_off(app) == 1, f"{rule} hands out a file and nobody is told"
            answer.close()
    assert files == ["reports.attempts_csv"] * 2
