"""What probes are told: the truth, in numbers, without an account."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mailer.clock import utcnow
from mailer.models import Heartbeat, HeldReason, RunState
from tests.support.fixtures_app import AppConfig
from tests.support.world import make_mailing, make_run, make_user


def tick(session: Session, *, ago: timedelta) -> None:
    session.add(Heartbeat(name="tick", beat_at=utcnow() - ago))


@pytest.mark.both_databases
def test_a_healthy_service_says_so(web: FlaskClient, session: Session) -> None:
    tick(session, ago=timedelta(seconds=20))
    owner = make_user(session)
    opened_at = utcnow() - timedelta(minutes=10)
    for reason in (None, HeldReason.SERVER, HeldReason.SERVER, HeldReason.BRAKE):
        held_at = utcnow() if reason else None
        make_run(session, make_mailing(session, owner), opened_at=opened_at, held_reason=reason, held_at=held_at)
    make_run(session, make_mailing(session, owner), state=RunState.DONE)
    response = web.get("/health")
    found = response.get_json()
    assert response.status_code == 200
    assert (found["status"], found["database"]) == ("ok", True)
    assert 20 <= found["last_tick_age_s"] < 60
    assert 600 <= found["oldest_open_run_age_s"] < 660
    assert (found["open_runs"], found["waiting_runs"]) == (4, {"server": 2, "brake": 1})
    assert found["trouble_at"] == {}
    assert "Set-Cookie" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.both_databases
def test_it_tells_at_which_step_the_mail_server_fails_and_not_what_it_says(web: FlaskClient, session: Session) -> None:
    tick(session, ago=timedelta(seconds=20))
    owner = make_user(session)
    server, sender = HeldReason.SERVER, HeldReason.SENDER_REFUSED
    for reason, words in [
        (server, "auth: 535 5.7.8 who are you?"),
        (server, "auth: 535 5.7.8 who are you now?"),
        (server, "starttls: the server offers no STARTTLS"),
        (sender, "mail: 550 5.7.1 not you"),
        (server, "MAIL_SERVER is not set: there is nobody to hand letters to."),
        (HeldReason.PAUSED, "connect: of old"),
        (None, "connect: of old"),
    ]:
        held_at = utcnow() if reason else None
        make_run(session, make_mailing(session, owner), held_reason=reason, held_at=held_at, held_words=words)
    response = web.get("/health")
    found = response.get_json()
    assert found["trouble_at"] == {"auth": 2, "starttls": 1, "mail": 1}
    assert (found["open_runs"], found["waiting_runs"]) == (7, {"server": 4, "sender_refused": 1, "paused": 1})
    assert "535" not in response.text


@pytest.mark.parametrize("ago", [None, timedelta(minutes=6)], ids=["no tick yet", "a late tick"])
def test_a_service_that_does_not_tick_fails(web: FlaskClient, session: Session, ago: timedelta | None) -> None:
    if ago:
        tick(session, ago=ago)
    response = web.get("/health")
    assert response.status_code == 503
    assert response.get_json()["status"] == "failing"


def test_a_dead_database_fails_without_a_trace(make_app: object, app_config: AppConfig, tmp_path: Path) -> None:
    app = make_app(database_url=f"sqlite:///{tmp_path / 'empty.db'}")  # type: ignore[operator]
    response = app.test_client().get("/health")
    assert response.status_code == 503
    assert response.get_json() == {"status": "failing", "database": False}
