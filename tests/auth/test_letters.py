"""The service's own letters on the wire, and what happens when the mail server does not play along."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.clock import utcnow
from mailer.config import MailServer
from mailer.dispatch import account_mail
from mailer.mail.account import Letter, build, open_transport
from mailer.mail.patience import TROUBLE, PatientMail
from mailer.models import AccountLetter, User
from mailer.services import account_letters
from mailer.services.account_letters import Kind
from tests.auth.mailbox import collect, text_of
from tests.support.people import post
from tests.support.smtp_server import SmtpServer
from tests.support.world import make_user

LETTER = Letter("anna@example.org", "Тема", "Long " * 900 + "\nпривет\n", "<p>привет</p>")


def deliver(app: Flask, *, later: timedelta = timedelta(0)) -> int:
    with app.app_context():
        return account_mail.deliver_due(now=utcnow() + later)


def test_a_letter_on_the_wire(app: Flask, web: FlaskClient, session: Session, smtp: SmtpServer, anna: User) -> None:
    post(web, "/auth/reset", email="anna@example.org")
    assert deliver(app) == 1
    (letter,) = smtp.letters
    assert (letter.sender, letter.recipient) == ("", "anna@example.org")
    email = message_from_bytes(letter.raw, policy=default)
    assert email["Auto-Submitted"] == "auto-generated"
    assert email["From"] == "Mailer <news@example.org>"
    assert email["Message-ID"].endswith("@example.org>")
    assert [part.get_content_type() for part in email.walk()][1:] == ["text/plain", "text/html"]
    assert max(map(len, letter.raw.splitlines())) <= 998
    assert session.scalar(select(func.count()).select_from(AccountLetter)) == 0


def test_a_letter_that_was_not_taken_is_tried_again(
    app: Flask, web: FlaskClient, smtp: SmtpServer, session: Session, anna: User
) -> None:
    smtp.add("rcpt", "*", code=451, times=1)
    post(web, "/auth/reset", email="anna@example.org")
    assert deliver(app) == 0
    assert deliver(app) == 0, "it must wait a little"
    assert deliver(app, later=timedelta(minutes=3)) == 1
    assert len(smtp.letters) == 1


def test_a_server_that_is_not_there_loses_nothing(make_app: Callable[..., Flask], session: Session, anna: User) -> None:
    # nothing listens on a port that was free a moment ago
    with SmtpServer() as gone:
        port = gone.port
    app = make_app(mail=MailServer(host="127.0.0.1", port=port, sender="news@example.org"))
    assert post(app.test_client(), "/auth/reset", email="anna@example.org").status_code == 303
    assert deliver(app) == 0
    assert session.scalars(select(AccountLetter.tries)).all() == [1]


def test_letters_nobody_could_send_for_a_day_are_given_up(session: Session) -> None:
    account_letters.ask(session, Kind.RESET, email="anna@example.org", now=utcnow() - timedelta(hours=25))
    account_letters.ask(session, Kind.RESET, email="anna@example.org", now=utcnow())
    session.flush()
    assert account_letters.sweep(session, now=utcnow()) == 1


@pytest.mark.both_databases
def test_two_consumers_send_one_letter(app: Flask, smtp: SmtpServer, session: Session, anna: User) -> None:
    for _ in range(3):
        account_letters.ask(session, Kind.PASSWORD_CHANGED, email=anna.email, user=anna, now=utcnow())
    session.commit()
    with ThreadPoolExecutor(4) as pool:
        sent = sum(pool.map(lambda _n: deliver(app), range(4)))
    assert sent == len(smtp.letters) == 3


def test_letters_are_in_the_readers_language(app: Flask, web: FlaskClient, session: Session) -> None:
    make_user(session, email="ivan@example.org", locale="ru")
    session.commit()
    post(web, "/auth/reset", email="ivan@example.org")
    (letter,) = collect(app)
    html = letter.get_body(("html",))
    assert html is not None
    assert '<html lang="ru">' in html.get_content()


def test_the_queue_carries_no_secret(app: Flask, web: FlaskClient, anna: User) -> None:
    post(web, "/auth/reset", email="anna@example.org")
    (letter,) = collect(app)
    token = next(line for line in text_of(letter).splitlines() if "/reset/" in line).rpartition("/")[2]
    folder: Path = app.config["MAILER"].instance_dir
    kept = b"".join(path.read_bytes() for path in folder.glob("queue.db*"))
    database = b"".join(path.read_bytes() for path in folder.glob("mailer.db*"))
    assert kept
    assert token.encode() not in kept + database


def test_the_task_does_what_the_bell_asked_for(app: Flask, web: FlaskClient, smtp: SmtpServer, anna: User) -> None:
    huey = app.extensions["huey"]
    post(web, "/auth/reset", email="anna@example.org")
    huey.execute(huey.dequeue())
    assert [letter.recipient for letter in smtp.letters] == ["anna@example.org"]


def test_a_dead_queue_does_not_hinder_a_visitor(make_app: Callable[..., Flask], anna: User) -> None:
    app = make_app(redis_url="unix:///nowhere/at/all.sock", cache_enabled=False)
    assert post(app.test_client(), "/auth/reset", email="anna@example.org").status_code == 303
    assert len(collect(app)) == 1


def test_bytes_are_plain_enough_for_any_server() -> None:
    raw = build(LETTER, "news@example.org", "Mailer, the service", utcnow()).as_bytes()
    assert raw.isascii()
    assert max(map(len, raw.splitlines())) <= 998
    email = message_from_bytes(raw, policy=default)
    assert email["From"].addresses[0].display_name == "Mailer, the service"
    assert email["Subject"] == "Тема"


@pytest.mark.parametrize("place", ["to", "subject"])
def test_a_line_break_makes_no_header(place: str) -> None:
    facts = {"to": "anna@example.org", "subject": "x", "text": "", "html": ""}
    with pytest.raises(ValueError, match=r"."):
        build(Letter(**{**facts, place: "a@example.org\r\nBcc: b@example.org"}), "news@example.org", "x", utcnow())


def test_a_folder_letter_is_for_one_pair_of_eyes(tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    open_transport(MailServer(), site="Mailer", folder=folder).send(LETTER, now=utcnow())
    (path,) = folder.iterdir()
    assert path.suffix == ".eml"
    assert path.stat().st_mode & 0o077 == 0


def test_a_server_that_hangs_up_first_is_no_trouble(smtp: SmtpServer, tmp_path: Path) -> None:
    smtp.add("quit", "*", do="cut")
    server = MailServer(host="127.0.0.1", port=smtp.port, sender="news@example.org")
    open_transport(server, site="Mailer", folder=tmp_path).send(LETTER, now=utcnow())
    assert len(smtp.letters) == 1


def test_a_mute_server_is_not_waited_for_for_ever(smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailer.mail.patience.TIMEOUT_S", 0.2)
    smtp.add("banner", "*", do="hang")
    server = MailServer(host="127.0.0.1", port=smtp.port, sender="news@example.org")
    with pytest.raises(TROUBLE), PatientMail(server).connect():
        pass
