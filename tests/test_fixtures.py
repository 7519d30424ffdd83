"""The tests' own ground: it must catch what it promises to catch, and keep tests apart."""

import smtplib
import socket
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.config import Config
from mailer.models import User
from tests.support.chromium import Complaints
from tests.support.disks import fill, small_disk
from tests.support.fixtures_app import AppConfig
from tests.support.ports import Guard, ReachedOutError
from tests.support.redis import PrivateRedis
from tests.support.smtp_server import SmtpServer
from tests.support.world import make_user


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("127.0.0.1", 25)], ids=["another machine", "the mail server"])
def test_reaching_out_unasked_is_forbidden_and_remembered(address: tuple[str, int], stay_at_home: Guard) -> None:
    with socket.socket() as caller, pytest.raises(ReachedOutError):
        caller.connect(address)
    assert stay_at_home.reached.pop().endswith(f"{address[0]}:{address[1]}")


def test_code_that_swallows_every_error_cannot_hide_a_look_up(stay_at_home: Guard) -> None:
    try:
        smtplib.SMTP("smtp.example.org", 587)
    except Exception:
        assert len(stay_at_home.reached) == 1
    stay_at_home.reached.clear()


@pytest.mark.both_databases
@pytest.mark.parametrize("turn", ["first", "second"])
def test_a_test_begins_with_an_empty_database(turn: str, session: Session) -> None:
    assert session.scalar(select(func.count()).select_from(User)) == 0
    make_user(session, email="anna@example.org")
    session.commit()


@pytest.mark.both_databases
def test_both_databases_means_both(request: pytest.FixtureRequest, session: Session) -> None:
    assert session.get_bind().dialect.name == {"postgres": "postgresql"}.get(
        request.node.callspec.params["database_url"], "sqlite"
    )


def test_what_the_session_holds_does_not_lock_out_the_request(session: Session, web: FlaskClient) -> None:
    make_user(session)
    assert session.in_transaction()
    web.post("/nowhere")
    assert not session.in_transaction()


def test_redis_is_used_by_who_asks_for_it(redis_url: str, redis: PrivateRedis, app_config: AppConfig) -> None:
    settings: Config = app_config()
    assert settings.redis_url == redis_url
    redis.server.restart()
    assert redis.is_up()


def test_public_url_follows_the_live_server(app: Flask, live_server: str) -> None:
    assert app.config["MAILER"].public_url == live_server


def test_a_page_that_breaks_the_policy_is_noticed(browser: Browser, live_server: str) -> None:
    with browser.new_page(base_url=live_server) as page:
        complaints = Complaints(page, live_server)
        page.goto("/nowhere")
        assert complaints.seen == []
        page.evaluate("fetch('https://example.org/').catch(() => null)")
        assert any(line.startswith("policy: ") for line in complaints.seen)


def test_the_app_of_who_asks_for_a_mail_server_sends_to_it(smtp: SmtpServer, app: Flask) -> None:
    mail = app.config["MAILER"].mail
    with smtplib.SMTP(mail.host, mail.port, timeout=10) as client:
        client.sendmail("news@example.org", ["anna@example.org"], b"Subject: Hello\r\n\r\nHello\r\n")
    smtp.wait_for(1)
    assert smtp.recipients() == ["anna@example.org"]


def test_a_small_disk_gets_full_and_is_seen_by_its_own_test_only(tmp_path: Path) -> None:
    with small_disk(tmp_path, size=1 << 20):
        assert fill(tmp_path).stat().st_size == 1 << 20
        with pytest.raises(OSError, match="No space left"):
            (tmp_path / "more").write_bytes(b"x")
        assert str(tmp_path) not in Path("/proc/1/mounts").read_text("utf-8")
    assert list(tmp_path.iterdir()) == []
