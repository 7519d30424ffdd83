"""The profile, the change of address, one's own sessions and one's own audit."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.clock import utcnow
from mailer.models import SignIn, User
from mailer.orm import reading
from mailer.rules.lifecycle import Verb
from mailer.services import account_links, accounts, addresses, audit
from mailer.services.account_links import Purpose
from tests.auth.conftest import PASSWORD
from tests.auth.mailbox import collect, path_in, text_of
from tests.support.people import post, sign_in
from tests.support.world import make_user

PROFILE = {
    "username": "anna",
    "first_name": "Анна",
    "last_name": "Каренина",
    "time_zone": "Asia/Tokyo",
    "locale": "ru",
    "wants_notices": "y",
}


def test_a_profile_is_changed(web: FlaskClient, session: Session, anna: User) -> None:
    sign_in(web, anna)
    assert post(web, "/auth/profile/edit", PROFILE).location == "/auth/profile"
    page = web.get("/auth/profile").text
    assert '<html lang="ru"' in page
    assert "Анна Каренина" in page
    assert "Asia/Tokyo" in page


BAD = {
    "an unknown zone": {"time_zone": "Mars/Base"},
    "an unknown language": {"locale": "tlh"},
    "a name that reads as an address": {"username": "a@b"},
    "a name with a space": {"username": "an na"},
    "a name too short": {"username": "an"},
    "a name too long": {"username": "a" * 41},
    "letters that fold into words": {"username": "\ufdfa" * 20},
    "another's name": {"username": "BORIS"},
    "a second line": {"first_name": "Anna\r\nBcc: x"},
    "an override of direction": {"first_name": "Anna\u202e"},
    "a name far too long": {"last_name": "x" * 101},
}


@pytest.mark.parametrize("facts", BAD.values(), ids=BAD.keys())
def test_what_cannot_be_a_profile_is_refused(
    web: FlaskClient, session: Session, anna: User, facts: dict[str, str]
) -> None:
    make_user(session, username="boris", username_key="boris")
    sign_in(web, anna)
    answer = post(web, "/auth/profile/edit", {**PROFILE, **facts})
    assert answer.status_code == 422
    assert "Каренина" in answer.text or "last_name" in facts
    session.refresh(anna)
    assert anna.first_name == "Olga"


def test_emoji_and_html_in_a_name_are_just_text(web: FlaskClient, anna: User) -> None:
    sign_in(web, anna)
    post(web, "/auth/profile/edit", {**PROFILE, "first_name": "🌸<b>Anna"})
    page = web.get("/auth/profile").text
    assert "🌸&lt;b&gt;Anna" in page
    assert "<b>Anna" not in page


def test_nobody_makes_themselves_a_moderator(web: FlaskClient, session: Session, anna: User) -> None:
    sign_in(web, anna)
    extra = {"role": "admin", "roles": "admin", "id": "1", "email": "x@example.org", "blocked_at": "1"}
    post(web, "/auth/profile/edit", {**PROFILE, **extra})
    session.refresh(anna)
    assert (anna.role_set, anna.email, anna.blocked_at) == (frozenset(), "anna@example.org", None)
    assert anna.trusted_at


def test_an_empty_user_name_is_no_name(web: FlaskClient, session: Session, anna: User) -> None:
    sign_in(web, anna)
    post(web, "/auth/profile/edit", {**PROFILE, "username": ""})
    session.refresh(anna)
    assert (anna.username, anna.username_key) == (None, None)


def test_a_new_address_is_proven_before_it_counts(app: Flask, web: FlaskClient, session: Session, anna: User) -> None:
    sign_in(web, anna)
    form = {"email": "anna@new.example.org", "current_password": PASSWORD}
    assert post(web, "/auth/email", form, current_password="wrong horse").status_code == 422
    assert post(web, "/auth/email", form).location == "/auth/profile"
    (letter,) = collect(app)
    assert letter["To"] == "anna@new.example.org"
    reset = account_links.issue(session, anna, Purpose.RESET, email=anna.email, now=utcnow())
    anywhere = app.test_client()
    assert anywhere.get(path_in(letter)).status_code == 200
    session.refresh(anna)
    assert anna.email == "anna@example.org"
    session.rollback()
    assert post(anywhere, path_in(letter)).location == "/auth/login"
    session.refresh(anna)
    assert (anna.email, anna.email_key) == ("anna@new.example.org", "anna@new.example.org")
    session.rollback()
    (notice,) = collect(app)
    assert notice["To"] == "anna@example.org"
    assert "anna@new.example.org" in text_of(notice)
    assert web.get(f"/auth/reset/{reset}").status_code == 400
    assert post(anywhere, path_in(letter)).status_code == 400


def test_a_taken_address_answers_alike_and_its_owner_is_told(
    app: Flask, web: FlaskClient, session: Session, anna: User
) -> None:
    make_user(session, email="boris@example.org", locale="ru")
    sign_in(web, anna)
    answer = post(web, "/auth/email", email="Boris@example.org", current_password=PASSWORD)
    assert answer.location == "/auth/profile"
    (letter,) = collect(app)
    assert letter["To"] == "boris@example.org"
    assert "/auth/email/" not in text_of(letter)


def test_an_address_taken_meanwhile_is_not_moved_to(app: Flask, web: FlaskClient, session: Session, anna: User) -> None:
    address = addresses.read("new@example.org")
    assert address
    accounts.ask_for_email(session, anna, address, now=utcnow())
    session.commit()
    (letter,) = collect(app)
    make_user(session, email="new@example.org")
    assert post(web, path_in(letter)).status_code == 400


def test_one_of_ones_own_sessions_is_ended(app: Flask, web: FlaskClient, anna: User) -> None:
    elsewhere = app.test_client()
    sign_in(web, anna)
    other = sign_in(elsewhere, anna)
    assert other in web.get("/auth/sessions").text
    assert post(web, "/auth/sessions/end", session=other).location == "/auth/sessions"
    assert elsewhere.get("/auth/profile").status_code == 303
    assert web.get("/auth/profile").status_code == 200


@pytest.mark.parametrize(("column", "days"), [("last_seen_at", 14), ("created_at", 30)])
def test_a_session_that_is_over_is_not_shown(
    app: Flask, web: FlaskClient, session: Session, anna: User, column: str, days: int
) -> None:
    over, nearly = (session.get_one(SignIn, sign_in(app.test_client(), anna)) for _browser in range(2))
    setattr(over, column, utcnow() - timedelta(days=days, minutes=1))
    setattr(nearly, column, utcnow() - timedelta(days=days) + timedelta(minutes=1))
    hashes = over.id_hash, nearly.id_hash
    sign_in(web, anna)
    page = web.get("/auth/sessions").text
    assert [one in page for one in hashes] == [False, True]


@pytest.mark.both_databases
def test_no_session_is_named_with_a_nul(web: FlaskClient, session: Session, anna: User) -> None:
    sign_in(web, anna)
    assert post(web, "/auth/sessions/end", session="a\0b").status_code == 404


def test_nobody_ends_anothers_session(app: Flask, web: FlaskClient, session: Session, anna: User) -> None:
    elsewhere = app.test_client()
    boris = sign_in(elsewhere, make_user(session))
    sign_in(web, anna)
    assert post(web, "/auth/sessions/end", session=boris).status_code == 404
    assert post(web, "/auth/sessions/end-others").status_code == 303
    assert elsewhere.get("/auth/profile").status_code == 200


def test_all_other_sessions_are_ended(app: Flask, web: FlaskClient, session: Session, anna: User) -> None:
    sign_in(app.test_client(), anna)
    here = sign_in(web, anna)
    post(web, "/auth/sessions/end-others")
    with reading():
        assert session.scalars(select(SignIn.id_hash)).all() == [here]


def test_an_owner_sees_what_happened_to_the_account_and_no_more(web: FlaskClient, session: Session, anna: User) -> None:
    boris = make_user(session, email="boris@example.org")
    audit.record(session, "clients.import", now=utcnow(), actor=anna, detail="added 3")
    audit.record(session, "account.block", now=utcnow(), actor=boris, user_id=anna.id, address="192.0.2.77")
    audit.record(session, "clients.import", now=utcnow(), actor=boris, detail="secret of Boris")
    sign_in(web, anna)
    page = web.get("/auth/activity").text
    assert "Clients imported" in page
    assert "added 3" in page
    assert "by a moderator" in page
    assert "192.0.2.77" not in page
    assert "Boris" not in page
    assert "boris" not in page


@pytest.mark.parametrize("verb", [one.value for one in Verb if one is not Verb.EDIT])
def test_what_was_done_to_a_mailing_is_said_in_words(web: FlaskClient, session: Session, anna: User, verb: str) -> None:
    audit.record(session, f"mailing.{verb}", now=utcnow(), actor=anna)
    sign_in(web, anna)
    page = web.get("/auth/activity").text
    assert f"mailing.{verb}" not in page


def test_who_gave_no_name_has_a_dash_in_its_place(web: FlaskClient, session: Session, anna: User) -> None:
    anna.first_name = anna.last_name = ""
    sign_in(web, anna)
    assert "<dt>Name</dt><dd>—</dd>" in web.get("/auth/profile").text


NAMES = {
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": "Firefox on Linux",
    "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0": "Edge on Windows",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1": "Safari on iPhone",
    "<script>": "Unknown browser on an unknown system",
}


@pytest.mark.parametrize(("user_agent", "name"), NAMES.items(), ids=NAMES.values())
def test_a_session_is_called_what_a_person_would_call_it(
    web: FlaskClient, session: Session, anna: User, user_agent: str, name: str
) -> None:
    session.get_one(SignIn, sign_in(web, anna)).browser = user_agent
    page = web.get("/auth/sessions").text
    assert name in page
    assert "<script>" not in page
