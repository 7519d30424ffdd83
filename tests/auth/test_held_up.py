"""A letter that cannot be sent, or a chore that fails, holds up nobody else."""

from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from mailer.clock import utcnow
from mailer.dispatch import account_mail
from mailer.models import AccountLetter, Run, User
from mailer.rules.outcome import Outcome
from mailer.services import account_letters
from mailer.services.account_letters import Kind
from tests.reports.logbook import finished_run
from tests.support.smtp_server import SmtpServer
from tests.support.world import make_user

CYRILLIC = "владелец@example.org"


@pytest.fixture
def ivan(session: Session) -> User:
    """Whose address has letters beyond ASCII before its @."""
    return make_user(session, email=CYRILLIC)


def ask(session: Session, user: User, *, minutes_ago: int = 0) -> None:
    at = utcnow() - timedelta(minutes=minutes_ago)
    account_letters.ask(session, Kind.PASSWORD_CHANGED, email=user.email, user=user, now=at)
    session.commit()


def deliver(app: Flask) -> int:
    with app.app_context():
        return account_mail.deliver_due(now=utcnow())


def test_an_address_beyond_ascii_gets_its_letter(app: Flask, smtp: SmtpServer, session: Session, ivan: User) -> None:
    ask(session, ivan)
    assert deliver(app) == 1
    (letter,) = smtp.letters
    assert letter.recipient == CYRILLIC
    assert message_from_bytes(letter.raw, policy=default)["To"] == CYRILLIC


def test_an_address_that_the_server_cannot_write_to_waits_and_the_next_letter_goes_out(
    app: Flask, smtp: SmtpServer, session: Session, anna: User, ivan: User
) -> None:
    smtp.script.smtputf8 = False
    ask(session, ivan, minutes_ago=1)
    ask(session, anna)
    assert deliver(app) == 1
    assert smtp.recipients() == [anna.email]
    assert session.scalars(select(AccountLetter.email)).all() == [CYRILLIC]


def test_a_refused_letter_waits_and_the_next_one_goes_out(
    app: Flask, smtp: SmtpServer, session: Session, anna: User, ivan: User
) -> None:
    smtp.add("rcpt", anna.email, code=550)
    ask(session, anna, minutes_ago=1)
    ask(session, ivan)
    assert deliver(app) == 1
    assert [fault.code for fault in smtp.faults] == [550]
    assert smtp.recipients() == [CYRILLIC]


def test_a_server_in_trouble_is_asked_once_a_round(app: Flask, smtp: SmtpServer, session: Session, anna: User) -> None:
    smtp.add("banner", code=421)
    for _ in range(3):
        ask(session, anna)
    assert deliver(app) == 0
    assert len(smtp.faults) == 1


@pytest.mark.both_databases
def test_a_chore_that_fails_keeps_none_of_the_others_from_being_done(
    app: Flask, session: Session, anna: User, caplog: pytest.LogCaptureFixture
) -> None:
    run_id = finished_run(session, anna, [Outcome.ACCEPTED]).id
    session.execute(text("DROP TABLE account_letter"))
    session.commit()
    with app.app_context():
        account_mail.do_chores(now=utcnow())
    assert session.get_one(Run, run_id).summarised_at
    failed = [record.message for record in caplog.records if record.name == account_mail.log.name]
    assert len(failed) == 2, "the outbox is not there, and cannot be tidied up"
