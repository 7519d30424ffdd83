"""A moderator's act reaches a run in the middle, counted at the receiving mail server."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.dispatch.engine import Engine, build_engine
from mailer.models import Attempt, Mailing, Run, User
from tests.support.people import post, sign_in
from tests.support.smtp_server import SmtpServer
from tests.support.world import make_clients, make_mailing, make_run, make_user

CLIENTS = 300


@pytest.fixture
def engine_room(app: Flask, session: Session, smtp: SmtpServer) -> Iterator[Engine]:
    """The sending engine of this app, over a slow mail server."""
    smtp.script.delay_s = 0.05
    engine = build_engine(app)
    yield engine
    session.rollback()  # its lock would keep the engine from writing its last words
    engine.close()


@pytest.fixture
def sending(session: Session) -> Mailing:
    """A mailing in the middle of whose run something will happen."""
    owner = make_user(session, email="owner@example.org")
    make_clients(session, owner, CLIENTS)
    mailing = make_mailing(session, owner, next_run_at=None)
    make_run(session, mailing, give_up_at=datetime.now(UTC) + timedelta(hours=6))
    session.commit()
    return mailing


def outcomes(session: Session) -> dict[str, int]:
    counted = select(Attempt.outcome, func.count()).group_by(Attempt.outcome)
    return {str(outcome): n for outcome, n in session.execute(counted)}


def test_a_switched_off_mailing_stops_in_mid_run_and_goes_on_where_it_stopped(
    web: FlaskClient, session: Session, smtp: SmtpServer, engine_room: Engine, moderator: User, sending: Mailing
) -> None:
    mailing_id = sending.id
    sign_in(web, moderator)
    engine_room.begin()
    smtp.wait_for(10)
    assert post(web, "/admin/mailings/off", id=mailing_id, reason="Complaints").status_code == 303
    off_at = datetime.now(UTC)
    engine_room.work(20)
    assert len(smtp.letters) < CLIENTS
    assert [one for one in smtp.letters if one.received_at > off_at + timedelta(seconds=1.1)] == []
    session.expire_all()
    assert session.scalars(select(Run.state)).one() == "open"
    session.commit()
    smtp.script.delay_s = 0
    assert post(web, "/admin/mailings/on", id=mailing_id, reason="Cleared up").status_code == 303
    engine_room.work(20)
    assert len(smtp.letters) == len(set(smtp.recipients())) == CLIENTS
    session.expire_all()
    assert outcomes(session) == {"accepted": CLIENTS}


def test_a_blocked_owner_is_skipped_from_then_on(
    web: FlaskClient, session: Session, smtp: SmtpServer, engine_room: Engine, moderator: User, sending: Mailing
) -> None:
    owner_id = sending.owner_id
    sign_in(web, moderator)
    engine_room.begin()
    smtp.wait_for(10)
    assert post(web, "/admin/users/block", id=owner_id, reason="Spam").status_code == 303
    off_at = datetime.now(UTC)
    engine_room.work(20)
    assert [one for one in smtp.letters if one.received_at > off_at + timedelta(seconds=1.1)] == []
    session.expire_all()
    sent = len(smtp.letters)
    assert outcomes(session) == {"accepted": sent, "skipped": CLIENTS - sent}
    reasons = set(session.scalars(select(Attempt.reason).where(Attempt.outcome == "skipped")))
    assert reasons == {"owner_blocked"}
    assert session.scalars(select(Run.state)).one() == "cancelled"
