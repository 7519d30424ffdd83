"""Messages through their pages."""

import email
import email.policy

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.models import Message, User
from tests.pages.bad_input import CONTROL, KEPT
from tests.support.people import post
from tests.support.smtp_server import SmtpServer
from tests.support.world import NOW, make_mailing, make_message, make_run


def messages_of(session: Session, owner: User) -> list[Message]:
    session.expire_all()
    return list(session.scalars(select(Message).where(Message.owner_id == owner.id)))


def test_a_message_is_written_and_read(web: FlaskClient, session: Session, owner: User) -> None:
    answer = post(
        web, "/messages/create", subject="Hi {{ name | friend }}", text="Text for {{ email }}", html="<b>{{ name }}</b>"
    )
    assert answer.status_code == 303
    page = web.get(answer.location).get_data(as_text=True)
    assert f"Hi {owner.display_name}" in page
    assert f"Text for {owner.email}" in page


@pytest.mark.parametrize(
    ("subject", "text", "field"),
    [
        ("", "text", "subject"),
        ("x" * 256, "text", "subject"),
        ("Hi", "", "text"),
        ("Hi {{ nam }}", "text", "subject"),
        ("Hi", "{{ name", "text"),
        ("Hi", "{{ a b }}", "text"),
        ("Hi", "a\x00b", "text"),
    ],
)
def test_what_cannot_be_sent_is_refused_beside_the_field(
    web: FlaskClient, session: Session, owner: User, subject: str, text: str, field: str
) -> None:
    answer = post(web, "/messages/create", subject=subject, text=text, html="")
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.get_data(as_text=True)
    assert not messages_of(session, owner)


@pytest.mark.parametrize("subject", CONTROL.values(), ids=CONTROL.keys())
def test_a_subject_cannot_smuggle_a_header(web: FlaskClient, session: Session, owner: User, subject: str) -> None:
    assert post(web, "/messages/create", subject=subject, text="text").status_code == 422
    assert not messages_of(session, owner)


@pytest.mark.parametrize("subject", KEPT.values(), ids=KEPT.keys())
def test_any_script_is_kept(web: FlaskClient, session: Session, owner: User, subject: str) -> None:
    answer = post(web, "/messages/create", subject=subject, text=subject)
    assert answer.status_code == 303
    assert messages_of(session, owner)[0].subject == subject
    assert "<script>alert(1)" not in web.get(answer.location).get_data(as_text=True)


def test_the_preview_is_alone_in_a_sandbox(web: FlaskClient, session: Session, owner: User) -> None:
    message = make_message(session, owner, html="<script>parent.x=1</script><p>Hello, {{ name }}</p>")
    owner.first_name = "<b>"
    answer = web.get(f"/messages/{message.id}/preview")
    policy = answer.headers["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert "allow-scripts" not in policy
    assert "Hello, &lt;b&gt;" in answer.get_data(as_text=True)


@pytest.mark.parametrize("path", ["", "/edit", "/delete", "/preview"])
def test_a_stranger_s_message_is_a_missing_one(
    web: FlaskClient, session: Session, owner: User, stranger: User, path: str
) -> None:
    theirs = make_message(session, stranger)
    assert web.get(f"/messages/{theirs.id}{path}").status_code == 404
    assert post(web, f"/messages/{theirs.id}/edit", subject="x", text="x").status_code == 404
    assert post(web, f"/messages/{theirs.id}/delete").status_code == 404


def test_a_message_of_a_living_mailing_stays_and_the_page_says_whose(
    web: FlaskClient, session: Session, owner: User
) -> None:
    message = make_message(session, owner)
    make_mailing(session, owner, message=message, title="Weekly news")
    assert "Weekly news" in web.get(f"/messages/{message.id}/delete").get_data(as_text=True)
    answer = post(web, f"/messages/{message.id}/delete")
    assert answer.status_code == 409
    assert "Weekly news" in answer.get_data(as_text=True)
    assert messages_of(session, owner)


@pytest.mark.parametrize(
    "facts",
    [
        {"paused_at": NOW, "next_run_at": None},
        {"is_draft": True, "next_run_at": None},
        {"disabled_at": NOW, "next_run_at": None},
    ],
)
def test_a_resting_mailing_keeps_its_message_too(
    web: FlaskClient, session: Session, owner: User, facts: dict[str, object]
) -> None:
    message = make_message(session, owner)
    make_mailing(session, owner, message=message, **facts)
    assert post(web, f"/messages/{message.id}/delete").status_code == 409


def test_a_message_of_a_finished_mailing_disappears_for_people(web: FlaskClient, session: Session, owner: User) -> None:
    message = make_message(session, owner, subject="Old news")
    make_run(session, make_mailing(session, owner, message=message, next_run_at=None), state="done")
    assert post(web, f"/messages/{message.id}/delete").status_code == 303
    assert web.get(f"/messages/{message.id}").status_code == 404
    assert "Old news" not in web.get("/messages/").get_data(as_text=True)


def test_a_message_nobody_uses_is_gone(web: FlaskClient, session: Session, owner: User) -> None:
    message = make_message(session, owner)
    assert post(web, f"/messages/{message.id}/delete").status_code == 303
    assert not messages_of(session, owner)


def test_the_list_searches_and_says_when_it_is_empty(web: FlaskClient, session: Session, owner: User) -> None:
    assert "No messages yet" in web.get("/messages/").get_data(as_text=True)
    make_message(session, owner, subject="Весенние новости")
    assert "Весенние" in web.get("/messages/?q=весенние").get_data(as_text=True)
    assert "Nothing matches" in web.get("/messages/?q=autumn").get_data(as_text=True)


def test_a_test_letter_reaches_its_author_as_clients_will_see_it(
    web: FlaskClient, session: Session, smtp: SmtpServer, owner: User
) -> None:
    message = make_message(session, owner, subject="Привет, {{ name | друг }}", html="<p>Hi {{ name }}</p>")
    assert post(web, f"/messages/{message.id}/test").status_code == 303
    smtp.wait_for(1)
    parsed = email.message_from_bytes(smtp.letters[0].raw, policy=email.policy.default)
    assert parsed["Subject"] == f"Привет, {owner.display_name}"
    assert parsed["To"].addresses[0].addr_spec == owner.email
    assert smtp.letters[0].sender == parsed["From"].addresses[0].addr_spec
    assert "on its way" in web.get(f"/messages/{message.id}").get_data(as_text=True)


def test_a_refused_test_letter_shows_the_server_s_words(
    web: FlaskClient, session: Session, smtp: SmtpServer, owner: User
) -> None:
    smtp.add("rcpt", owner.email, code=550, text="5.1.1 no such mailbox")
    message = make_message(session, owner)
    assert post(web, f"/messages/{message.id}/test").status_code == 303
    assert "no such mailbox" in web.get(f"/messages/{message.id}").get_data(as_text=True)
    assert smtp.faults
    assert not smtp.letters
