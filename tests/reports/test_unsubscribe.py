"""The link in a letter: looking changes nothing, one press is enough, and it works whatever became of the sender."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from mailer.clock import utcnow
from mailer.models import Attempt, Client, Mailing, Run, Secret, Suppression, SuppressionReason, User
from mailer.rules.outcome import Outcome
from mailer.tokens import unsubscribe_token
from tests.reports.logbook import row, write
from tests.support.people import sign_in
from tests.support.world import make_client, make_mailing, make_run, make_suppression, make_user, make_version


@pytest.fixture
def letter(session: Session) -> tuple[Run, Client]:
    """A letter that went to anna@example.org."""
    owner = make_user(session)
    anna = make_client(session, owner, email="anna@example.org")
    run = make_run(session, make_mailing(session, owner), version_id=make_version(session, owner, from_name="Shop").id)
    write(session, run, [row(run, anna.id, address="anna@example.org")])
    return run, anna


def link(session: Session, run_id: int, client_id: int) -> str:
    """What stands in the letter."""
    key = session.scalars(select(Secret.value).where(Secret.name == "unsubscribe")).one()
    return f"/unsubscribe/{unsubscribe_token(key, run_id, client_id)}"


def suppressed(session: Session) -> list[tuple[int, str, SuppressionReason, int | None]]:
    """The whole list."""
    session.expire_all()
    rows = session.scalars(select(Suppression)).all()
    return [(one.owner_id, one.address_key, one.reason, one.run_id) for one in rows]


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_changes_nothing(web: FlaskClient, session: Session, letter: tuple[Run, Client], method: str) -> None:
    response = getattr(web, method)(link(session, letter[0].id, letter[1].id))
    assert response.status_code == 200
    assert suppressed(session) == []
    if method == "get":
        assert "Shop will not write to a…@example.org" in response.text
        assert "anna@" not in response.text


@pytest.mark.both_databases
def test_one_click_without_cookie_or_token_is_enough(
    web: FlaskClient, session: Session, letter: tuple[Run, Client]
) -> None:
    run, anna = letter
    path = link(session, run.id, anna.id)
    for _ in range(2):  # mail programs and people press twice
        response = web.post(path, data={"List-Unsubscribe": "One-Click"})
        assert response.status_code == 200
        assert "You have been unsubscribed" in response.text
    assert suppressed(session) == [(run.owner_id, "anna@example.org", SuppressionReason.UNSUBSCRIBED, run.id)]


def test_the_answer_sets_no_cookie_and_leaks_no_address(
    web: FlaskClient, session: Session, letter: tuple[Run, Client]
) -> None:
    path = link(session, letter[0].id, letter[1].id)
    for response in (web.get(path), web.post(path)):
        assert "Set-Cookie" not in response.headers
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Robots-Tag"] == "noindex"


def test_a_body_of_files_is_a_click_too(web: FlaskClient, session: Session, letter: tuple[Run, Client]) -> None:
    path = link(session, letter[0].id, letter[1].id)
    body = {"List-Unsubscribe": "One-Click"}
    assert web.post(path, data=body, content_type="multipart/form-data").status_code == 200
    assert len(suppressed(session)) == 1


def test_a_token_that_we_did_not_make_is_a_missing_page(web: FlaskClient, session: Session) -> None:
    for token in ("x", "AAAA", "%D1%8F", "0" * 300, "-_-", "=="):
        assert web.get(f"/unsubscribe/{token}").status_code == 404
        assert web.post(f"/unsubscribe/{token}").status_code == 404
    assert suppressed(session) == []


def test_a_changed_token_is_a_missing_page(web: FlaskClient, session: Session, letter: tuple[Run, Client]) -> None:
    path = link(session, letter[0].id, letter[1].id)
    other = path[:-1] + ("A" if path[-1] != "A" else "B")
    assert (web.get(other).status_code, web.post(other).status_code) == (404, 404)
    assert web.get(path + "=").status_code == 404


@pytest.mark.both_databases
def test_it_works_though_all_else_is_gone(web: FlaskClient, session: Session, letter: tuple[Run, Client]) -> None:
    run, anna = letter
    path = link(session, run.id, anna.id)
    session.delete(anna)
    session.get_one(Mailing, run.mailing_id).archived_at = utcnow()
    session.get_one(User, run.owner_id).blocked_at = utcnow()
    assert web.post(path).status_code == 200
    assert [key for _, key, _, _ in suppressed(session)] == ["anna@example.org"]


def test_the_address_that_the_letter_went_to_is_meant(
    web: FlaskClient, session: Session, letter: tuple[Run, Client]
) -> None:
    run, anna = letter
    anna.email, anna.address_key = "new@example.org", "new@example.org"
    web.post(link(session, run.id, anna.id))
    assert [key for _, key, _, _ in suppressed(session)] == ["anna@example.org"]


def test_a_letter_not_yet_in_the_log_means_its_client(
    web: FlaskClient, session: Session, letter: tuple[Run, Client]
) -> None:
    run, anna = letter
    session.execute(delete(Attempt))
    web.post(link(session, run.id, anna.id))
    assert [key for _, key, _, _ in suppressed(session)] == ["anna@example.org"]


def test_an_earlier_reason_stands(web: FlaskClient, session: Session, letter: tuple[Run, Client]) -> None:
    run, anna = letter
    make_suppression(session, session.get_one(User, run.owner_id), "anna@example.org", reason="complaint")
    assert web.post(link(session, run.id, anna.id)).status_code == 200
    assert [reason for _, _, reason, _ in suppressed(session)] == [SuppressionReason.COMPLAINT]


def test_a_link_of_an_erased_owner_is_answered_kindly(web: FlaskClient, session: Session) -> None:
    path = link(session, 4242, 1)
    assert web.post(path).status_code == 200
    assert suppressed(session) == []


def test_the_page_speaks_the_letter_s_language(web: FlaskClient, session: Session) -> None:
    owner = make_user(session, locale="ru")
    run = make_run(session, make_mailing(session, owner))
    write(session, run, [row(run, 1, Outcome.ACCEPTED)])
    page = web.get(link(session, run.id, 1), headers={"Accept-Language": "en"}).text
    assert '<html lang="ru"' in page


def test_a_signed_in_reader_is_not_asked_who_they_are(
    web: FlaskClient, session: Session, letter: tuple[Run, Client]
) -> None:
    reader = make_user(session, email="reader@example.org")
    sign_in(web, reader)
    assert "reader@example.org" not in web.get(link(session, letter[0].id, letter[1].id)).text


def test_a_new_secret_key_kills_no_link(app: Flask, session: Session, letter: tuple[Run, Client]) -> None:
    path = link(session, letter[0].id, letter[1].id)
    session.commit()
    app.config["SECRET_KEY"] = "another" * 8
    assert app.test_client().get(path).status_code == 200
