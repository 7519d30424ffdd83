"""`flask user` and `flask mail test`, as a person at a terminal uses them."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.config import MailServer, Site
from mailer.models import AuditEntry, SignIn, User
from tests.auth.conftest import PASSWORD
from tests.support.people import post, sign_in
from tests.support.smtp_server import SmtpServer


def run(app: Flask, *words: str, typed: str = "") -> tuple[int, str]:
    result = app.test_cli_runner().invoke(args=list(words), input=typed)
    return result.exit_code, result.output


def test_a_user_is_created_with_a_typed_password(app: Flask) -> None:
    code, said = run(app, "user", "create", "Anna@example.org", "--admin", typed=f"{PASSWORD}\n{PASSWORD}\n")
    assert (code, said.splitlines()[-1]) == (0, "Anna@example.org can sign in.")
    web = app.test_client()
    assert post(web, "/auth/login", login="anna@example.org", password=PASSWORD).status_code == 303
    assert "Administrator" in web.get("/auth/profile").text


LINKED = {"empty": ((), "\n"), "nobody to ask": ((), ""), "--link": (("--link",), "")}


@pytest.mark.parametrize(("words", "typed"), LINKED.values(), ids=LINKED.keys())
def test_without_a_password_a_link_is_printed(app: Flask, words: tuple[str, ...], typed: str) -> None:
    code, said = run(app, "user", "create", "anna@example.org", *words, typed=typed)
    assert code == 0
    link = said.split()[-1]
    assert link.startswith("http://localhost/auth/reset/")
    web = app.test_client()
    assert post(web, urlsplit(link).path, password=PASSWORD, password2=PASSWORD).status_code == 303
    assert post(web, "/auth/login", login="anna@example.org", password=PASSWORD).status_code == 303


REFUSED = {
    "no address": ("user", "create", "anna"),
    "no role": ("user", "grant", "anna@example.org", "emperor"),
    "nobody": ("user", "grant", "nobody@example.org", "admin"),
    "taken": ("user", "create", "anna@example.org", "--link"),
    "no mailbox": ("mail", "test", "anna"),
}


@pytest.mark.parametrize("words", REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_done_is_said_in_one_line(app: Flask, anna: User, words: tuple[str, ...]) -> None:
    code, said = run(app, *words)
    assert code != 0
    assert "Traceback" not in said
    assert "Error:" in said


WEAK = ("iloveyou", "short", "anna@example.org", "Letters of Anna", "letters of anna")


@pytest.mark.parametrize("password", WEAK)
def test_a_weak_password_is_refused(make_app: Callable[..., Flask], session: Session, password: str) -> None:
    app = make_app(site=Site(name="Letters of Anna"))
    code, said = run(app, "user", "create", "anna@example.org", typed=f"{password}\n{password}\n")
    assert (code, "Error:" in said) == (1, True)
    assert session.scalars(select(User)).all() == []


def test_a_role_is_given_and_taken_and_sessions_end(app: Flask, session: Session, anna: User) -> None:
    for verb, says in (("grant", "is blog-moderator now"), ("revoke", "is no blog-moderator any more")):
        sign_in(app.test_client(), anna)
        code, said = run(app, "user", verb, "Anna.K", "blog-moderator")
        assert (code, says in said) == (0, True)
        assert session.scalars(select(SignIn)).all() == []
        session.rollback()
    _code, said = run(app, "user", "revoke", "anna@example.org", "blog-moderator")
    assert "was no blog-moderator" in said
    rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(row.verb, row.actor, row.user_id) for row in rows] == [
        ("role.grant", "command line", anna.id),
        ("role.revoke", "command line", anna.id),
    ]


def test_a_test_letter_is_sent_and_the_answer_told(app: Flask, smtp: SmtpServer) -> None:
    code, said = run(app, "mail", "test", "anna@example.org")
    assert (code, "took the letter" in said) == (0, True)
    assert [letter.recipient for letter in smtp.letters] == ["anna@example.org"]
    smtp.add("rcpt", "*", code=550, text="no such user here")
    code, said = run(app, "mail", "test", "anna@example.org")
    assert code == 1
    assert "no such user here" in said


def test_a_dead_server_is_one_clear_line(make_app: Callable[..., Flask]) -> None:
    with SmtpServer() as gone:
        port = gone.port
    app = make_app(mail=MailServer(host="127.0.0.1", port=port, sender="news@example.org"))
    code, said = run(app, "mail", "test", "anna@example.org")
    assert code == 1
    assert "The letter was not taken" in said


@pytest.mark.parametrize(("words", "is_trusted"), [(("--admin",), True), ((), False)], ids=["admin", "nobody special"])
def test_an_administrator_is_trusted_with_any_number_of_letters(
    app: Flask, session: Session, words: tuple[str, ...], is_trusted: bool
) -> None:
    run(app, "user", "create", "boris@example.org", "--link", *words)
    boris = session.scalars(select(User).where(User.email_key == "boris@example.org")).one()
    assert (boris.trusted_at is not None) is is_trusted
