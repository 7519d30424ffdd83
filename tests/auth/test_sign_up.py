"""Sign-up and the proof of the address, as a visitor and as somebody who tries to learn who is here."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from mailer.clock import utcnow
from mailer.models import AccountToken, User
from mailer.orm import reading
from mailer.services import accounts, addresses
from tests.auth.mailbox import collect, link_in, path_in, text_of
from tests.support.people import post
from tests.support.world import make_user

FORM = {"email": "anna@example.org", "password": "correct horse", "password2": "correct horse"}


def sign_up(web: FlaskClient, **facts: str) -> TestResponse:
    return post(web, "/auth/register", {**FORM, **facts})


def who(session: Session, email: str = "anna@example.org") -> User:
    session.rollback()
    with reading():  # or the look would hold the write lock that the app needs
        return session.scalars(select(User).where(User.email == email)).one()


@pytest.mark.both_databases
def test_a_visitor_signs_up_confirms_and_signs_in(app: Flask, web: FlaskClient, session: Session) -> None:
    answer = sign_up(web, time_zone="Asia/Tokyo")
    assert (answer.status_code, answer.location) == (303, "/auth/sent")
    assert who(session).time_zone == "Asia/Tokyo"
    (letter,) = collect(app)
    assert letter["To"] == "anna@example.org"
    page = web.get(path_in(letter))
    assert b"anna@example.org" in page.data
    assert post(web, path_in(letter)).location == "/auth/login"
    assert who(session).confirmed_at
    assert post(web, "/auth/login", login="anna@example.org", password="correct horse").location == "/"
    assert b"Anna" in web.get("/auth/profile").data or b"anna" in web.get("/auth/profile").data


@pytest.mark.parametrize("method", ["get", "head"])
def test_a_link_scanner_confirms_nothing(app: Flask, web: FlaskClient, session: Session, method: str) -> None:
    sign_up(web)
    (letter,) = collect(app)
    answer = getattr(web, method)(path_in(letter))
    assert answer.status_code == 200
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert who(session).confirmed_at is None


def test_a_link_works_once(app: Flask, web: FlaskClient) -> None:
    sign_up(web)
    (letter,) = collect(app)
    assert post(web, path_in(letter)).status_code == 303
    again = post(web, path_in(letter))
    assert again.status_code == 400
    assert b'href="/auth/resend"' in again.data
    assert again.headers["Referrer-Policy"] == "no-referrer"


def test_a_link_is_not_kept_in_clear(app: Flask, web: FlaskClient, session: Session) -> None:
    sign_up(web)
    (letter,) = collect(app)
    token = path_in(letter).rpartition("/")[2]
    assert session.scalars(select(AccountToken.token_hash)).one() != token


def test_a_confirmation_link_is_dead_after_three_days(app: Flask, web: FlaskClient, session: Session) -> None:
    sign_up(web)
    (letter,) = collect(app)
    link = session.scalars(select(AccountToken)).one()
    assert link.expires_at - link.created_at == timedelta(days=3)
    link.expires_at = utcnow()
    session.commit()
    assert web.get(path_in(letter)).status_code == 400


def test_a_confirmation_link_resets_no_password(app: Flask, web: FlaskClient) -> None:
    sign_up(web)
    (letter,) = collect(app)
    assert web.get(path_in(letter).replace("confirm", "reset")).status_code == 400


def shown(answer: TestResponse) -> tuple[int, dict[str, str], str]:
    """Everything a visitor can see of an answer, without what differs from one visit to the next."""
    headers = {name: value for name, value in answer.headers if name not in {"Set-Cookie", "Date"}}
    return answer.status_code, headers, re.sub(r'name="csrf_token" value="[^"]*"', "", answer.text)


@pytest.mark.parametrize("path", ["/auth/register", "/auth/resend", "/auth/reset"])
def test_known_and_unknown_addresses_get_the_same_answer(app: Flask, session: Session, path: str) -> None:
    make_user(session, email="known@example.org")
    session.commit()
    known = shown(post(app.test_client(), path, {**FORM, "email": "known@example.org"}))
    unknown = shown(post(app.test_client(), path, {**FORM, "email": "unknown@example.org"}))
    assert known == unknown
    assert known[0] == 303


def test_a_known_address_is_told_in_a_letter(app: Flask, web: FlaskClient, session: Session) -> None:
    make_user(session, email="anna@example.org", password_hash="kept")
    sign_up(web)
    (letter,) = collect(app)
    assert letter["Subject"].startswith("You already have an account")
    assert link_in(letter) == "http://localhost/auth/login"
    assert who(session).password_hash == "kept"


def test_an_unknown_address_gets_no_letter(app: Flask, web: FlaskClient) -> None:
    for path in ("/auth/resend", "/auth/reset"):
        post(web, path, email="nobody@example.org")
    assert collect(app) == []


def test_letters_go_to_the_address_as_its_owner_spelled_it(app: Flask, web: FlaskClient, session: Session) -> None:
    make_user(session, email="Strasse@example.org", email_key="strasse@example.org")
    post(web, "/auth/reset", email="Straße@example.org")
    (letter,) = collect(app)
    assert letter["To"] == "Strasse@example.org"


@pytest.mark.both_databases
def test_a_button_pressed_many_times_makes_one_account(engine: Engine, session: Session) -> None:
    address = addresses.read("anna@example.org")
    assert address

    def press(n: int) -> None:
        with Session(engine) as own:
            accounts.sign_up(own, accounts.NewAccount(address, f"hash {n}", "UTC", "en"), now=utcnow())
            own.commit()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(press, range(6)))
    assert who(session)


def test_the_confirmation_is_sent_again(app: Flask, web: FlaskClient, session: Session) -> None:
    make_user(session, email="anna@example.org", password_hash="kept", confirmed_at=None)
    post(web, "/auth/resend", email="ANNA@example.org")
    (letter,) = collect(app)
    assert post(web, path_in(letter)).status_code == 303
    assert who(session).confirmed_at


def test_a_hostile_host_changes_no_link(app: Flask, web: FlaskClient) -> None:
    evil = "http://evil.example.org"
    page = web.get("/auth/register", base_url=evil)
    token = re.findall(r'name="csrf_token" value="([^"]*)"', page.text)[0]
    forged = {"X-Forwarded-Host": "evil.example.org", "Forwarded": "host=evil.example.org"}
    web.post("/auth/register", base_url=evil, headers=forged, data={**FORM, "csrf_token": token})
    (letter,) = collect(app)
    assert link_in(letter).startswith("http://localhost/auth/confirm/")
    assert "evil" not in text_of(letter)


BAD = {
    "no address": {"email": ""},
    "no @": {"email": "anna"},
    "far too long": {"email": "a" * 300 + "@example.org"},
    "a second line": {"email": "anna@example.org\r\nBcc: all@example.org"},
    "NUL": {"email": "anna\x00@example.org"},
    "HTML": {"email": "<script>@example.org"},
    "too short": {"password": "seven77", "password2": "seven77"},
    "too long": {"password": "x" * 129, "password2": "x" * 129},
    "common": {"password": "iloveyou", "password2": "iloveyou"},
    "the address": {"password": "Anna@example.org", "password2": "Anna@example.org"},
    "not repeated": {"password2": "another horse"},
    "NUL in the password": {"password": "correct\x00horse", "password2": "correct\x00horse"},
}


@pytest.mark.parametrize("facts", BAD.values(), ids=BAD.keys())
def test_what_cannot_be_an_account_is_not_stored(web: FlaskClient, session: Session, facts: dict[str, str]) -> None:
    answer = sign_up(web, **facts)
    assert answer.status_code == 422
    assert b"invalid-feedback" in answer.data
    assert session.scalar(select(func.count()).select_from(User)) == 0


def test_what_was_typed_is_kept_but_no_password(web: FlaskClient) -> None:
    answer = sign_up(web, password2="another horse")
    assert b"anna@example.org" in answer.data
    assert b"horse" not in answer.data


def test_extra_fields_are_ignored(web: FlaskClient, session: Session) -> None:
    extra = {"role": "admin", "roles": "admin", "confirmed_at": "2026-01-01", "trusted_at": "2026-01-01", "id": "77"}
    sign_up(web, time_zone="Mars/Base", **extra)
    user = who(session)
    assert (user.confirmed_at, user.trusted_at, user.role_set) == (None, None, frozenset())
    assert user.id != 77
    assert user.time_zone == "UTC"
